"""The engines themselves: what they refuse, how they fail, and that a native stack overflow is no outcome."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vm.guests import wasm

import executor.testing.engines.host_wasmtime as host
from executor.errors import InvalidConfig, InvalidValue, WatchdogExpired, WorkerDied
from executor.testing.engines import (
    NAMES,
    Answer,
    Astray,
    Call,
    Case,
    HostCalls,
    ProcessEngine,
    Returned,
    Row,
    TrapClass,
    Trapped,
    open_engine,
)
from executor.vm.metering import instrument

RECURSES = """(module (func $r (export "r") (param i32) (result i32) (if (result i32) (local.get 0)
  (then (i32.add (i32.const 1) (call $r (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 0)))))"""
SPINS = '(module (func (export "f") (loop (br 0))))'
FLOATS = """(module (func (export "f") (param f32 f64) (result i32 i64)
  (i32.reinterpret_f32 (local.get 0)) (i64.reinterpret_f64 (local.get 1))))"""
ONE_OF_EACH = ("wasmtime-speed", "v8")
GREETING = '{"engine": "none", "version": "1"}'


def _case(text: str, *calls: Call, budget: int = 1_000_000, **terms: int) -> Case:
    return Case("case", instrument(wasm(text)), budget, calls, **terms)


def _script(lines: str, **terms: str | float) -> ProcessEngine:
    code = f"import sys\nprint('{GREETING}', flush=True)\nfor line in sys.stdin:\n    {lines}"
    return ProcessEngine("script", lambda: [sys.executable, "-c", code], **terms)  # type: ignore[arg-type]


numbers = st.integers(-(2**63), 2**63 - 1)
arguments = st.lists(numbers | st.binary(max_size=9), max_size=3).map(tuple)
cases = st.builds(
    Case,
    st.text(max_size=9),
    st.binary(max_size=30),
    st.integers(0, 2**63 - 1),
    st.lists(st.builds(Call, st.text(max_size=5), arguments), max_size=3).map(tuple),
    st.integers(0, 2**31 - 1),
    st.integers(0, 2**16),
    st.lists(st.builds(Answer, st.integers(0, 2**31 - 1), st.binary(max_size=9)), max_size=3).map(tuple),
    st.booleans(),
    st.integers(0, 2**31 - 1),
)
texts = st.lists(numbers.map(str), max_size=3).map(tuple)
ends = (
    st.builds(Returned, texts, numbers, numbers)
    | st.builds(Trapped, st.sampled_from(TrapClass))
    | st.builds(Astray, st.integers(0, 2**32 - 1))
)
host_calls = st.builds(
    HostCalls,
    st.integers(0, 9),
    st.just("0" * 64),
    st.lists(st.tuples(st.just("log"), texts, numbers, numbers)).map(tuple),
)
rows = st.builds(
    Row,
    st.text(max_size=9),
    st.sampled_from(["ok", "trap", "refused"]),
    st.lists(ends, max_size=3).map(tuple),
    host_calls,
    st.none() | st.integers(0, 9),
    st.none() | st.integers(0, 9),
    st.none() | st.just("1" * 64),
    st.dictionaries(st.text(max_size=3), numbers.map(str), max_size=3).map(lambda found: tuple(sorted(found.items()))),
)


@given(case=cases)
def test_a_case_is_its_line(case: Case) -> None:
    """Every case survives its JSON line, one line of ASCII."""
    assert Case.of_line(case.line()) == case
    assert case.line().isascii()
    assert "\n" not in case.line()


@given(row=rows)
def test_a_row_is_its_line(row: Row) -> None:
    """Every row survives its JSON line, and a note makes no difference."""
    assert Row.of_line(row.line()) == row
    assert replace(row, note="words") == row


def test_a_case_of_another_module_is_refused() -> None:
    """The digest in a line is that of the module."""
    case = _case(SPINS)
    with pytest.raises(InvalidValue, match="not "):
        Case.of_terms(case.terms(), case.module + b"\0\1\0")


@pytest.mark.parametrize(
    "terms", [{"budget": 1 << 63}, {"budget": -1}, {"depth": 1 << 31}, {"pages": 65_537}, {"price": -1}]
)
def test_a_case_out_of_range_is_refused(terms: dict[str, int]) -> None:
    """What a global of the meter cannot hold is no case."""
    with pytest.raises(InvalidValue, match="out of range"):
        _case(SPINS, **({"budget": 1} | terms))


@pytest.mark.parametrize("name", NAMES)
def test_a_native_overflow_is_no_outcome(name: str) -> None:
    """Ours is met first at the profile's depth; without it the engine's own is told apart from every trap."""
    deep = Call("r", (50_000_000,))
    with open_engine(name) as engine:
        ours, theirs = engine.rows(
            [_case(RECURSES, deep, budget=10**12), _case(RECURSES, deep, budget=10**12, depth=2**31 - 1)]
        )
    assert ours.calls == (Trapped(TrapClass.STACK),)
    assert theirs.calls == (Trapped(TrapClass.NATIVE_STACK),)
    assert (theirs.pages, theirs.memory, theirs.globals) == (None, None, ())


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_floats_cross_as_bits(name: str) -> None:
    """Arguments are bits of either sign; a NaN arrives as the canonical one."""
    given_bits = ((0x3F800000, -(1 << 63)), (0x7FA00001, 0xFFF0000000000001), (-4194303, 0x7FF8 << 48))
    with open_engine(name) as engine:
        (row,) = engine.rows([_case(FLOATS, *(Call("f", pair) for pair in given_bits))])
    nans = (str(0x7FC00000), str(0x7FF8 << 48))
    assert [call.results for call in row.calls if isinstance(call, Returned)] == [
        (str(0x3F800000), str(-(1 << 63))),
        nans,
        nans,
    ]


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_a_module_that_does_not_compile_is_refused(name: str) -> None:
    """In a row, with the engine's words as a note."""
    with open_engine(name) as engine:
        (row,) = engine.rows([Case("broken", b"\0asm\1\0\0\0\1\2\3", 1, (Call("f"),))])
    assert (row.instance, row.calls, row.note != "") == ("refused", (), True)


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_exports_of_any_name_are_seen(name: str) -> None:
    """Names that JavaScript or UTF-8 decoders treat in a way of their own."""
    odd = ("__proto__", "constructor", "\ufeffg", "", "\u0000", "𐀀", "toString")
    quoted = [name.replace("\0", "\\00") for name in odd]
    text = " ".join(f'(global (export "{name}") i32 (i32.const {index}))' for index, name in enumerate(quoted, 1))
    with open_engine(name) as engine:
        (row,) = engine.rows([_case(f'(module {text} (func (export "\ufeff__proto__")))', Call("\ufeff__proto__"))])
    assert row.globals == tuple(sorted((name, str(index)) for index, name in enumerate(odd, 1)))
    assert [type(call) for call in row.calls] == [Returned]


def test_there_is_no_other_engine() -> None:
    """A mistyped name says which there are."""
    with pytest.raises(InvalidConfig, match="pulley64"):
        open_engine("wasmtime")


@pytest.mark.parametrize(
    "settings", ['{"consume_fuel": true}', '{"cranelift_nan_canonicalization": true}', '{"typo": 1}']
)
def test_settings_that_hide_or_are_unknown_are_refused(settings: str) -> None:
    """The engine's own fuel and NaNs are never on, and nothing is silently ignored."""
    command = [sys.executable, str(Path(host.__file__)), settings]
    with (
        ProcessEngine("refused", lambda: command) as engine,
        pytest.raises(WorkerDied, match=r"would hide|no setting typo"),
    ):
        list(engine.rows([_case(SPINS)]))


def test_a_hang_ends_at_the_watchdog_and_the_next_case_is_answered() -> None:
    """The process is killed, the case is named, another process goes on."""
    command = [sys.executable, str(Path(host.__file__)), "{}"]
    with ProcessEngine("slow", lambda: command, timeout_s=3) as engine:
        with pytest.raises(WatchdogExpired, match="case case"):
            list(engine.rows([_case(SPINS, Call("f"), budget=1 << 62)]))
        (row,) = engine.rows([_case(SPINS, Call("f"))])
    assert row.calls == (Trapped(TrapClass.OUT_OF_FUEL),)


def test_a_process_that_dies_says_why() -> None:
    """Its exit code and last words are in the error."""
    with _script("sys.exit('the end')") as engine, pytest.raises(WorkerDied, match=r"with 1 at case case: the end"):
        list(engine.rows([_case(SPINS)]))


def test_another_version_is_refused() -> None:
    """An environment that holds something else is not used."""
    with _script("pass", version="36.0.0") as engine, pytest.raises(WorkerDied, match=r"is version 1, not 36\.0\.0"):
        list(engine.rows([_case(SPINS)]))
