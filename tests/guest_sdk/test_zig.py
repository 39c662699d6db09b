"""Zig: the same bytes anywhere, errors with words, and the example as a node runs it."""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path

import eth_abi
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from executor.cli import _compile_zig
from executor.cli._compile_zig import compile_zig
from executor.errors import InvalidConfig, InvalidModule

from .harness import CONTEXT, ROOT, Answer, Guest
from .test_abi import TYPED

CONFORMANCE = ROOT / "guest-sdk" / "conformance" / "zig"
EXAMPLES = ROOT / "guest-sdk" / "zig" / "examples"
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
GIVEN = """const executor = @import("executor");
const part = @import("part.zig");

pub fn run(input: []const u8) ![]const u8 {
    const list = [_]u8{ 1, 2, part.three };
    if (input.len == 0) return error.NothingGiven;
    if (input.len == 2) return executor.problem("{d} bytes are too many", .{input.len});
    const copy = try executor.allocator.dupe(u8, &list);
    copy[0] = list[input[0]];
    return copy;
}
"""


def message(head: dict[str, object], body: bytes) -> bytes:
    text = json.dumps(head).encode()
    return struct.pack("<I", len(text)) + text + body


def test_a_module_rebuilds_byte_for_byte(tmp_path: Path):
    """In another folder: only source, SDK and compiler decide; nothing is left in the function's folder."""
    shutil.copy(CONFORMANCE / "prices.zig", tmp_path / "prices.zig")
    assert compile_zig(tmp_path / "prices.zig", tmp_path / "build" / "other.wasm", tmp_path) == ("prices.zig",)
    assert (tmp_path / "build" / "other.wasm").read_bytes() == (CONFORMANCE / "built" / "prices.wasm").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["build", "prices.zig"]


def test_errors_and_panics_are_failures_with_words(tmp_path: Path):
    """An error's name, the words of one's own, and an index out of bounds; files that are imported count as inputs."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "given.zig").write_text(GIVEN)
    (tmp_path / "src" / "part.zig").write_text("pub const three = 3;\n")
    inputs = compile_zig(tmp_path / "src" / "given.zig", tmp_path / "given.wasm", tmp_path)
    assert inputs == ("src/given.zig", "src/part.zig")
    guest = Guest.load((tmp_path / "given.wasm").read_bytes())
    assert guest.run(None, b"\2").output == b"\3\2\3"
    for data, words in (
        (b"", "NothingGiven"),
        (b"ab", "2 bytes are too many"),
        (b"\5", "panic: index out of bounds: index 5, len 3"),
    ):
        run = guest.run(None, data)
        assert (run.ending, run.text) == ("failed", words)


def test_a_source_that_does_not_compile_is_named_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The compiler's own words, with the user's file; nothing is left."""
    (tmp_path / "wrong.zig").write_text("pub fn run(_: []const u8) ![]const u8 {\n    return 5;\n}\n")
    with pytest.raises(InvalidModule, match=r"wrong\.zig does not compile"):
        compile_zig(tmp_path / "wrong.zig", tmp_path / "build" / "wrong.wasm", tmp_path)
    assert "wrong.zig:2:12: error: " in capsys.readouterr().err
    assert list((tmp_path / "build").iterdir()) == []


def test_a_missing_compiler_is_named_with_what_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It comes from PyPI."""
    monkeypatch.setattr(_compile_zig, "find_spec", lambda _: None)
    with pytest.raises(InvalidConfig, match=r"pip install 'executor\[build\]'"):
        compile_zig(EXAMPLES / "eth_usd.zig", tmp_path / "x.wasm", EXAMPLES)


@pytest.fixture(scope="module")
def eth_usd(tmp_path_factory: pytest.TempPathFactory) -> Guest:
    """The example, built here."""
    out = tmp_path_factory.mktemp("zig") / "eth_usd.wasm"
    compile_zig(EXAMPLES / "eth_usd.zig", out, EXAMPLES)
    return Guest.load(out.read_bytes())


@pytest.mark.parametrize(
    ("reply", "proposal"),
    [
        ((0, message({"headers": {}, "status": 200}, b'{"price": "1842.17"}')), (0, b"1842.17")),
        ((0, message({"headers": {}, "status": 200}, b'{"price": 1842.5}')), (0, b"1842.5")),
        ((0, message({"headers": {}, "status": 200}, b'{"price": 1e5}')), (1, b"bad-value")),
        ((0, message({"headers": {}, "status": 200}, b'{"price": null}')), (1, b"threw")),
        ((0, message({"headers": {}, "status": 200}, b"[]")), (1, b"missing-path")),
        ((0, message({"headers": {}, "status": 200}, b'{"price"')), (1, b"threw")),
        ((0, message({"headers": []}, b"")), (1, b"missing-path")),
        ((0, b""), (1, b"threw")),
        ((0, b"\xff\xff\xff\xff{}"), (1, b"threw")),
        ((1, b"timeout"), (1, b"timeout")),
    ],
)
def test_what_a_reply_becomes(eth_usd: Guest, reply: Answer, proposal: Answer):
    """The price with the digits it was sent with, or a code that says why there is none; no length is believed."""
    run = eth_usd.run(None, calls={"http.fetch": lambda _: reply}, observing=True)
    assert (run.ending, (run.kind, run.output)) == ("proposed", proposal)


def test_what_is_agreed_becomes_the_output(eth_usd: Guest):
    """The price times 10^8 and the block's timestamp, as C's; an agreed error is the run's."""
    run = eth_usd.run(None, transcript=[(0, b"1842.175")])
    assert eth_abi.decode(["uint256", "uint64"], run.output) == (184_217_500_000, CONTEXT["block_timestamp"])
    assert run.specs == [b'{"aggregate":"median","label":"eth-usd"}']
    failed = eth_usd.run(None, transcript=[(1, b"no-agreement: too few")])
    assert (failed.ending, failed.text) == ("failed", "agreed error: no-agreement: too few")


@pytest.fixture(scope="module")
def values() -> Guest:
    return Guest.load((CONFORMANCE / "built" / "values.wasm").read_bytes())


def given_abi(types: list[str], data: bytes) -> bytes:
    return f"abi\n({','.join(types)})\n".encode() + data


@settings(max_examples=80, deadline=None, suppress_health_check=QUIET)
@given(typed=TYPED, flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=2))
def test_abi_agrees_with_eth_abi(values: Guest, typed: tuple[list[str], tuple[object, ...]], flips):
    """Decoding and encoding again gives the bytes back, of any type; hostile bytes end in values or an error."""
    data = bytearray(eth_abi.encode(*typed))
    for at, byte in flips if data else []:
        data[at % len(data)] = byte
    run = values.run(None, given_abi(typed[0], bytes(data)))
    assert run.ending == "returned" or (flips and run.ending == "failed" and not run.text.startswith("panic"))
    if not flips:
        assert run.output == data
