"""Functions that draw, in simulated committees: the same draw for all, in its time, whatever f members do."""

from __future__ import annotations

import pytest
import wasmtime

from executor.model.function import Function
from executor.model.manifest import parse_terms
from executor.model.observation import Kind
from executor.model.outcome import Returned
from executor.testing import assert_agrees, assert_deterministic, simulate
from executor.testing.simulating import FAULT_NAMES

GUEST = """
(module
  (import "executor" "call" (func $call (param i32 i32 i32 i32) (result i64)))
  (import "executor" "read" (func $read (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "random.draw")
  (func (export "alloc") (param i32) (result i32) (i32.const 4096))
  (func (export "run") (param i32 i32) (result i64)
    (drop (call $call (i32.const 0) (i32.const 11) (i32.const 0) (i32.const 0))) (call $read (i32.const 1024))
    (i64.const 0x0000040000000020)))
"""


def drawing(delay_s: int = 30) -> Function:
    terms = {"limits": {"observations": 0}, "capabilities": {"random": {"source": "drand", "delay_s": delay_s}}}
    return Function(wasmtime.wat2wasm(GUEST), parse_terms(terms))


def test_a_draw_from_quicknet_is_simulated() -> None:
    """Its round is the real one's number, its signature nobody's; simulated time passes until then."""
    done = simulate(drawing())
    (entry,) = done.transcript
    assert entry.kind is Kind.DRAW
    assert isinstance(done.outcome, Returned), done.verdict()
    assert len(done.outcome.output) == 32
    assert done.seconds > 29
    assert f"draw 0 from simulated round {done.draws[0].round}" in done.verdict()
    assert done == simulate(drawing())


def test_a_long_delay_is_waited_for() -> None:
    """`limit_s` comes on top of it."""
    assert simulate(drawing(3_600)).attested


@pytest.mark.parametrize("fault", FAULT_NAMES)
def test_f_faulty_members_change_no_draw(fault: str) -> None:
    """Every named fault."""
    done = simulate(drawing(), faults=fault)
    assert done.outcome == simulate(drawing()).outcome, done.verdict()


def test_the_assertions_draw_too() -> None:
    """The same run here and elsewhere; agreement without any observation."""
    assert_agrees(drawing(), replies={})
    assert_deterministic(drawing(), variants=[])
