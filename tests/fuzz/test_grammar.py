"""Guests of the grammar are valid, of the ABI, and hold every instruction of the profile."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from executor.model.function import Function
from executor.model.manifest import Terms
from executor.model.outcome import Returned
from executor.model.request import Request
from executor.testing.fuzz.coverage import instructions
from executor.testing.fuzz.guest import guest
from executor.testing.modules import modules
from executor.vm import execute, load
from executor.vm.metering.instructions import INSTRUCTIONS, MISCELLANEOUS, VECTOR

TERMS = Terms.model_validate({"limits": {"fuel": 3_000_000}})
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)


@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(modules())
def test_every_guest_loads_and_runs_twice_to_the_same_outcome(module: bytes) -> None:
    program = load(Function(module, TERMS))
    request = Request.local(program.function_id, b"input")

    assert execute(program, request) == execute(program, request)


@given(st.binary(max_size=300))
def test_the_same_decisions_make_the_same_guest(decisions: bytes) -> None:
    assert guest(decisions) == guest(decisions)


@given(st.binary(max_size=100), st.integers(0, 50))
def test_a_tape_that_has_run_out_goes_on_with_zeros(decisions: bytes, zeros: int) -> None:
    assert len(guest(decisions + bytes(zeros))) < 100_000


def test_the_guest_of_no_decisions_returns() -> None:
    program = load(Function(guest(b""), TERMS))

    assert isinstance(execute(program, Request.local(program.function_id, b"")), Returned)


def test_a_few_hundred_guests_hold_every_instruction_of_the_tables() -> None:
    source = random.Random(7)
    found: set[str] = set()
    for _ in range(250):
        found |= instructions(guest(source.randbytes(2_500)))

    named = {f"{code:02x}" for code in INSTRUCTIONS}
    named |= {f"fc.{code}" for code in MISCELLANEOUS} | {f"fd.{code}" for code in VECTOR}
    assert named - found == set()
