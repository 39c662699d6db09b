"""Functions that draw, in simulated committees: the same draw for all, in its time, whatever f members do."""

from __future__ import annotations

import pytest

from executor.model.function import Function
from executor.model.manifest import parse_terms
from executor.model.observation import Kind
from executor.model.outcome import Returned
from executor.testing import assert_agrees, assert_deterministic, simulate
from executor.testing.simulating import FAULT_NAMES
from tests.drawing_guest import drawing_guest


def drawing(delay_s: int = 30) -> Function:
    terms = {"limits": {"observations": 0}, "capabilities": {"random": {"source": "drand", "delay_s": delay_s}}}
    return Function(drawing_guest(), parse_terms(terms))


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
