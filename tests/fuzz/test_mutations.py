"""A damaged module is refused or it is a module: the loader does nothing else."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from executor.errors import InvalidModule
from executor.model.function import Function
from executor.model.manifest import Terms
from executor.model.request import Request
from executor.testing.fuzz.guest import guest
from executor.testing.fuzz.mutations import damaged, sections
from executor.testing.fuzz.tape import Tape
from executor.vm import execute, load

ROOT = Path(__file__).resolve().parents[2]
REAL = [path.read_bytes() for path in sorted((ROOT / "fixtures" / "guests").glob("*.wasm"))]
SMALL = [guest(bytes([number]) * 60) for number in range(5)]
TERMS = Terms.model_validate({"limits": {"fuel": 2_000_000, "memory_mib": 2}})


@settings(max_examples=250, deadline=None, suppress_health_check=(HealthCheck.too_slow,))
@given(st.sampled_from(REAL + SMALL), st.sampled_from(REAL + SMALL), st.binary(max_size=60))
def test_a_damaged_module_is_refused_or_runs(module: bytes, other: bytes, edits: bytes) -> None:
    try:
        program = load(Function(damaged(module, other, Tape(edits)), TERMS))
    except InvalidModule:
        return
    execute(program, Request.local(program.function_id, b"input"))


@given(st.sampled_from(REAL + SMALL), st.integers(min_value=0))
def test_a_module_cut_short_is_refused(module: bytes, place: int) -> None:
    shorter = module[: place % len(module)]
    try:
        load(Function(shorter, TERMS))
    except InvalidModule:
        return
    # What was cut off was custom sections: for the machine the same module.
    assert [part for part in sections(shorter) if part[0]] == [part for part in sections(module) if part[0]]


def test_the_quickjs_engine_with_one_byte_changed_is_refused_or_loads() -> None:
    engine = (ROOT / "executor" / "engines" / "quickjs.wasm").read_bytes()
    for place in (9, 60, 2_000, len(engine) - 5_000):
        try:
            load(Function(engine[:place] + bytes([engine[place] ^ 0x41]) + engine[place + 1 :], TERMS, b"1"))
        except InvalidModule:
            continue
