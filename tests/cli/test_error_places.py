"""Where a compiled function ended is told by the user's own file and line, whatever ended it, in every language."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_types import Run

from executor.cli import _places, _twins
from executor.errors import InvalidConfig
from tests.rust_compiler import use_pinned_rustc

C = """#include "executor.h"
static uint32_t deep(volatile uint32_t n) { return n > 100000000 ? n : n + deep(n + 1) + n; }
static executor_bytes look(void *state) {
    (void)state;
    executor_response reply = executor_call("http.fetch", executor_text("no request"));
    if (!reply.ok) executor_fail("no look");
    return reply.bytes;
}
EXECUTOR_FUNCTION(input) {
    volatile uint32_t zero = executor_keccak256(input).at[0] & 0;
    switch (input.at[0]) {
        case 'f': executor_fail("too few");
        case 'd': return (executor_bytes){input.at, 5 / zero};
        case 'l': for (;;) zero++;
        case 'r': return (executor_bytes){input.at, deep(1)};
        case 'o': return executor_observe("{\\"aggregate\\":\\"median\\"}", look, 0).bytes;
        case 'w': return executor_call("http.fetch", input).bytes;
    }
    return input;
}
"""
C_PLACES = {"fail": 12, "divide": 13, "loop": 14, "recurse": 2, "world": 17}
ZIG = """const executor = @import("executor");
const std = @import("std");
fn weigh(input: []const u8) ![]const u8 {
    _ = std.fmt.parseInt(u8, input, 10) catch 0; // an error that is handled
    switch (input[0]) {
        'e' => return error.TooFew,
        'p' => return executor.problem("{d} are too few", .{input.len}),
        'i' => return input[input[0]..],
        'o' => _ = try executor.observe(.median, .{}, look, .{}),
        'q' => _ = try executor.observe(.median, .{}, panics, .{}),
        else => {},
    }
    return input;
}
fn look() ![]const u8 {
    return error.NoLook;
}
fn panics() ![]const u8 {
    @panic("no look");
}
pub fn run(input: []const u8) ![]const u8 {
    return weigh(input);
}
"""
ASSEMBLYSCRIPT = """function pick(bytes: Uint8Array): u8 {
  return bytes[bytes.length];
}
export function main(input: Uint8Array): Uint8Array {
  if (input.length > 1) throw new Error("too many");
  input[0] = pick(input);
  return input;
}
"""
RUST = """use executor_guest::{function, Input};
function!(spin);
fn spin(input: Input) -> Vec<u8> {
    if input.len() > 1 {
        core::arch::wasm32::unreachable()
    }
    input.to_vec()
}
"""


def make(folder: Path, language: str, suffix: str, source: str) -> Path:
    """A function of one file."""
    (folder / "src").mkdir(parents=True)
    manifest = f'[function]\nname = "given"\nlanguage = "{language}"\nsource = "src/given{suffix}"\n'
    (folder / "function.toml").write_text(f"{manifest}[limits]\nfuel = 20_000_000\n")
    (folder / "src" / f"given{suffix}").write_text(source)
    return folder


def place(executor: Run, folder: Path, text: str) -> str:
    """Where a run over this input ended."""
    return str(json.loads(executor("run", folder, "--input", text, "--replies", "none.json", "--json").stdout)["place"])


@pytest.fixture
def replies(tmp_path: Path) -> None:
    """Nothing answers."""
    (tmp_path / "none.json").write_text("{}")


@pytest.mark.usefixtures("replies")
def test_c(executor: Run, tmp_path: Path) -> None:
    """Its failures, traps, endless loops and recursions; what it may not ask; and inside a look."""
    folder = make(tmp_path / "given", "c", ".c", C)
    assert executor("build", folder).returncode == 0
    for text, line in C_PLACES.items():
        assert place(executor, folder, text).startswith(f"src/given.c:{line}:"), text
    assert place(executor, folder, "xyz") == ""
    simulated = executor("simulate", folder, "--input", "loop")
    assert "reason         out of fuel: raise limits.fuel in function.toml (now 20000000)\n" in simulated.stdout
    assert "place          src/given.c:14" in simulated.stdout
    assert json.loads(executor("simulate", folder, "--input", "fail", "--json").stdout)["place"] == "src/given.c:12:19"
    done = executor("run", folder, "--input", "observe", "--replies", "none.json")
    assert "\n  place        src/given.c:6:20\n" in done.stdout
    assert len(list((folder / "build").glob("given.twin-*.wasm"))) == 1
    (folder / "src" / "given.c").write_text("\n" + C)
    assert executor("build", folder).returncode == 0
    assert place(executor, folder, "fail") == "src/given.c:13:19"
    assert len(list((folder / "build").glob("given.twin-*.wasm"))) == 1


@pytest.mark.usefixtures("replies")
def test_zig(executor: Run, tmp_path: Path) -> None:
    """Errors where they are first returned, by the user or for him; panics; and both inside a look."""
    folder = make(tmp_path / "given", "zig", ".zig", ZIG)
    assert executor("build", folder).returncode == 0
    assert place(executor, folder, "error") == "src/given.zig:6:16"
    assert place(executor, folder, "problem") == "src/given.zig:7:39"
    assert place(executor, folder, "index") == "src/given.zig:8:28"
    done = json.loads(executor("run", folder, "--input", "observe", "--replies", "none.json", "--json").stdout)
    assert (done["observations"][0]["place"], done["place"]) == ("src/given.zig:16:5", "src/given.zig:9:40")
    (look,) = json.loads(executor("run", folder, "--input", "quit", "--replies", "none.json", "--json").stdout)[
        "observations"
    ]
    assert (look["place"], look["logs"][0]["text"]) == ("src/given.zig:19:5", "the observation failed: panic: no look")


@pytest.mark.usefixtures("replies")
def test_assemblyscript(executor: Run, tmp_path: Path) -> None:
    """Where its own library threw, the user's line that called it; nothing twice where the error has its place."""
    folder = make(tmp_path / "given", "assemblyscript", ".ts", ASSEMBLYSCRIPT)
    assert executor("build", folder).returncode == 0
    assert place(executor, folder, "x") == "src/given.ts:2:10"
    many = json.loads(executor("run", folder, "--input", "xy", "--json").stdout)
    assert (many["error"], many["place"]) == ("too many (src/given.ts:5:25)", "")
    (folder / "src" / "given.ts").write_text(f"{ASSEMBLYSCRIPT}const wrong: u8 = textOf;")
    assert "src/given.ts(9,19)" in executor("build", folder).stderr


@pytest.mark.usefixtures("replies")
def test_rust(executor: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Traps; its errors and panics carry their places."""
    use_pinned_rustc(monkeypatch)
    folder = make(tmp_path / "given", "rust", ".rs", RUST)
    assert executor("build", folder).returncode == 0
    assert place(executor, folder, "xy") == "src/given.rs:5:9"


@pytest.mark.usefixtures("replies")
def test_without_a_compiler_a_run_ends_as_ever(executor: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the place is missing; so it is where the twin goes another way, or does not end."""
    folder = make(tmp_path / "given", "c", ".c", C)
    assert executor("build", folder).returncode == 0
    facts = json.loads(executor("run", folder, "--input", "fail", "--json").stdout)
    assert (facts["outcome"], facts["place"]) == ("failed", "src/given.c:12:19")
    (twin,) = (folder / "build").glob("given.twin-*.wasm")
    module = (folder / "build" / "given.wasm").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(_places, "RUN_S", 0)
        assert place(executor, folder, "loop") == ""
    for other in (module.replace(b"executor\x04fail", b"executor\x04fali"), b"no module"):
        twin.write_bytes(other)
        assert place(executor, folder, "fail") == ""
    twin.unlink()

    def missing(*_arguments: object) -> None:
        raise InvalidConfig("no compiler")

    monkeypatch.setattr(_twins, "compile_c", missing)
    assert place(executor, folder, "fail") == ""
