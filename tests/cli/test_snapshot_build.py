"""Heavy starts: measured, frozen where that is better, and the same function afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cli_types import Run
from conftest import LOADER

from executor.crypto.digests import function_id
from executor.errors import InvalidModule
from executor.model.function import Function
from executor.model.observation import Kind
from executor.model.outcome import Awaiting, Failed, Returned
from executor.model.request import Request
from executor.model.transcript import Entry, Transcript
from executor.projects import load_function
from executor.testing import function_of_source
from executor.vm import Diagnostics, execute, freeze

HEAVY = """import { abi, Decimal, log, median, observe } from "executor";
const table = new Map();
for (let i = 0; i < 16000; i++) table.set(`k${i}`, (i * 7) % 1001);
const numbers = Float64Array.of(0.1 + 0.2, NaN, -0);
const settled = await Promise.resolve("settled");
let calls = 0;
log.info("made");
export default async function (input) {
  const text = input.text();
  if (text === "throw") throw new RangeError("on request");
  if (text === "time") return `${Date.now()} ${input.context.request_id}`;
  if (text === "look") return String(await observe(median, () => table.get("k1")));
  if (text === "deep") { const f = () => f(); try { f(); } catch (error) { return error.name; } }
  return [table.get(`k${text}`), ...numbers, settled, ++calls, Decimal.from(0.1)].join(" ");
}
"""
MANIFEST = '[function]\nname = "heavy"\nlanguage = "javascript"\nsource = "heavy.js"\n'


@pytest.fixture(scope="module")
def functions() -> tuple[Function, Function]:
    """The function as source, and frozen."""
    plain = function_of_source(HEAVY)
    return plain, Function(freeze(plain, loading=LOADER), plain.terms)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    """`make(snapshot, source)`: a folder."""

    def folder(snapshot: str, source: str = HEAVY) -> Path:
        place = tmp_path / "heavy"
        place.mkdir(exist_ok=True)
        (place / "function.toml").write_text(f'{MANIFEST}\n[build]\nsnapshot = "{snapshot}"\n')
        (place / "heavy.js").write_text(source)
        return place

    return folder


@pytest.mark.parametrize("text", ["5", "throw", "time", "deep", "look", ""])
def test_a_frozen_function_ends_as_its_source_does(functions: tuple[Function, Function], text: str) -> None:
    """Output, error and what it awaits; with a fraction of the fuel."""
    ends, fuel = [], []
    for function in functions:
        program, transcript, outcome = LOADER(function), Transcript(), None
        while outcome is None or isinstance(outcome, Awaiting):
            if isinstance(outcome, Awaiting):
                transcript = (*transcript, Entry(outcome.spec, Kind.VALUE, b"7.5"))
            request = replace(Request.local(program.function_id, text.encode()), function_id=program.function_id)
            outcome = execute(program, replace(request, block_timestamp=1_700_000_000), transcript)
        assert isinstance(outcome, Returned | Failed)
        ends.append((type(outcome), outcome.output if isinstance(outcome, Returned) else outcome.error, transcript))
        fuel.append(outcome.fuel_used)
    if text == "time":  # the context tells the function's id, which is another
        assert [end[1].split()[0] for end in ends] == [b"1700000000000"] * 2
    else:
        assert ends[0] == ends[1]
    assert fuel[1] + 60_000_000 < fuel[0]


def test_freezing_is_reproducible(functions: tuple[Function, Function]) -> None:
    """Twice the same bytes: nobody's machine, clock or compiler is in them."""
    plain, frozen = functions
    assert freeze(plain, loading=LOADER) == frozen.module


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("await new Promise(() => {}); export default () => ''", "the top level awaits a promise that never settles"),
        ("import { observe, median } from 'executor'; observe(median, () => 1); export default () => ''",
         "an observation is known inside the function only"),
        ("import { http } from 'executor'; http.get('https://a.example/'); export default () => ''",
         "works only inside observe"),
        ("import { keccak256 } from 'executor'; keccak256(new Uint8Array(1)); export default () => ''",
         "crypto.keccak256 is known inside the function only"),
        ("const began = Date.now(); export default () => ''", "the time is known inside the function only"),
        ("Promise.reject(new Error('lost')); export default () => ''", "Error: lost"),
        ("const x = ; export default () => ''", "SyntaxError"),
        ("for (;;) new Array(1000); export default () => ''", "OUT_OF_FUEL|out of memory"),
        ("export const nothing = 1", "must have `export default function"),
    ],
)  # fmt: skip
def test_what_cannot_be_frozen_is_refused(source: str, why: str) -> None:
    """A start that fails or asks for what only a run knows, with the engine's words."""
    with pytest.raises(InvalidModule, match=f"the start cannot be frozen: .*({why})"):
        freeze(function_of_source(source), loading=LOADER)


def test_a_plain_module_has_no_start() -> None:
    """There is nothing to freeze."""
    wat = '(module (memory (export "memory") 1) (func (export "alloc") (param i32) (result i32) (i32.const 0))'
    from wasmtime import wat2wasm

    module = bytes(wat2wasm(f'{wat} (func (export "run") (param i32 i32) (result i64) (i64.const 0)))'))
    with pytest.raises(InvalidModule, match="no start to freeze"):
        freeze(Function(module))


def test_build_measures_both_and_takes_the_better(
    executor: Run, make: Callable[..., Path], functions: tuple[Function, Function]
) -> None:
    """`auto` freezes what is heavy; the id is the snapshot's, and `run`, `verify-build` and `inspect` take it."""
    folder = make("auto")
    facts = json.loads(executor("build", folder, "--json").stdout)
    assert (facts["form"], facts["start"]["better"]) == ("module", "snapshot")
    assert facts["start"]["as_source"]["fuel"] > 5 * facts["start"]["as_snapshot"]["fuel"]
    assert facts["start"]["as_snapshot"]["bytes"] == len(functions[1].module)
    assert facts["function_id"] == str(function_id(functions[1])) == str(function_id(load_function(folder)))
    assert "'35 0.30000000000000004 NaN 0 settled 1 0.1'" in executor("run", folder, "--input", "5").stdout
    thrown = executor("run", folder, "--input", "throw").stdout
    assert "RangeError: on request (heavy.js:10:" in thrown
    done = executor("verify-build", folder, "--json")
    assert (done.returncode, json.loads(done.stdout)["same"]) == (0, True)
    (folder / "build" / "heavy.wasm").write_bytes(b"another")
    done = executor("verify-build", folder)
    assert (done.returncode, "build/heavy.wasm" in done.stdout) == (1, True)
    (folder / "heavy.js").write_text(HEAVY + "\n")
    assert "has changed since it was built" in executor("run", folder).stderr


def test_what_is_light_stays_source(executor: Run, make: Callable[..., Path]) -> None:
    """`auto` measures and says so; nothing is frozen, and the id is the source's."""
    source = "export default () => 'light';\n"
    folder = make("auto", source)
    printed = executor("build", folder).stdout
    assert "as snapshot" in printed
    assert "built as       source\n" in printed
    assert not (folder / "build" / "heavy.wasm").exists()
    assert function_id(load_function(folder)) == function_id(function_of_source(source))
    assert "'light'" in executor("run", folder).stdout


def test_a_heavy_start_is_told_where_nothing_is_frozen(executor: Run, make: Callable[..., Path]) -> None:
    """Whoever has not heard of snapshots hears of them; the id stays the source's."""
    printed = executor("build", make("never")).stdout
    assert 'build.snapshot = "auto" in function.toml may save most of it' in printed
    assert str(function_id(function_of_source(HEAVY))) in printed


def test_what_cannot_be_frozen_is_an_error_of_the_source(executor: Run, make: Callable[..., Path]) -> None:
    """With the user's file and line."""
    done = executor("build", make("always", "\nconst began = Date.now();\nexport default () => '';\n"))
    assert done.returncode == 2
    assert "function.source: heavy.js: the start cannot be frozen: TypeError: the time is known inside" in done.stderr
    assert "(heavy.js:2:" in done.stderr


@pytest.mark.parametrize("language", ["c", "python", "wasm"])
@pytest.mark.parametrize("setting", ['snapshot = "auto"', "minify = true"])
def test_settings_that_would_do_nothing_are_refused(
    executor: Run, make: Callable[..., Path], language: str, setting: str
) -> None:
    """Only JavaScript is bundled and frozen."""
    folder = make("auto", "")
    text = MANIFEST.replace('"javascript"', f'"{language}"')
    (folder / "function.toml").write_text(f"{text}\n[build]\n{setting}\n")
    done = executor("build", folder)
    assert (done.returncode, "build: these settings are for JavaScript and TypeScript" in done.stderr) == (2, True)


def test_diagnostics_tell_what_a_start_took(functions: tuple[Function, Function]) -> None:
    """Part of what the run burned; of a plain module the instance alone."""
    for function in functions:
        seen, program = Diagnostics(), LOADER(function)
        outcome = execute(program, Request.local(program.function_id), diagnostics=seen)
        assert isinstance(outcome, Returned)
        assert 0 < seen.start_fuel < outcome.fuel_used
    assert seen.start_fuel == program.instantiation_fuel
