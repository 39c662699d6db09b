"""Functions that draw, in simulated committees: the same draw for all, in its time, whatever f members do."""

from __future__ import annotations

import pytest

from executor.crypto.digests import keccak256
from executor.model.draw import CommitteeDraw, parse_draw
from executor.model.function import Function
from executor.model.manifest import parse_terms
from executor.model.observation import Kind
from executor.model.outcome import Returned
from executor.testing import assert_agrees, assert_deterministic, simulate
from executor.testing.development_draws import development_proof
from executor.testing.simulating import FAULT_NAMES
from tests.drawing_guest import drawing_guest


def drawing(delay_s: int = 30) -> Function:
    terms = {"limits": {"observations": 0}, "capabilities": {"random": {"source": "drand", "delay_s": delay_s}}}
    return Function(drawing_guest(), parse_terms(terms))


def drawing_of_committee(draws: int = 2) -> Function:
    random = {"source": "committee", "draws": draws}
    return Function(drawing_guest(draws), parse_terms({"capabilities": {"random": random}}))


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


@pytest.mark.parametrize(("n", "seed"), [(1, 0), (4, 0), (4, 7), (7, 0)])
def test_a_committee_draws_by_the_development_key(n: int, seed: int) -> None:
    """By members' statements and parts, whoever is among them: what `executor run` draws for the same request."""
    done = simulate(drawing_of_committee(), n=n, seed=seed)
    assert isinstance(done.outcome, Returned), done.verdict()
    for ordinal, entry in enumerate(done.transcript):
        draw = parse_draw(entry.spec)
        assert isinstance(draw, CommitteeDraw)
        assert (draw.ordinal, entry.value) == (ordinal, development_proof(draw))
    assert done.outcome.output == b"".join(keccak256(entry.value) for entry in done.transcript)
    assert "draw 1 by the development key, which everybody knows" in done.verdict()


def test_a_committee_draws_on_its_functions_home_chain() -> None:
    """The committee of a request is of the request's chain, which its draws name."""
    grants = {"random": {"source": "committee", "draws": 1}, "evm": {"chains": [10]}}
    done = simulate(Function(drawing_guest(), parse_terms({"capabilities": grants})))
    assert isinstance(done.outcome, Returned), done.verdict()
    assert [draw.chain_id for draw in done.draws if isinstance(draw, CommitteeDraw)] == [10]


@pytest.mark.parametrize("fault", FAULT_NAMES)
def test_f_faulty_members_change_no_draw_of_the_committee(fault: str) -> None:
    """Every named fault, wrong parts among them; more than f silent ones end nothing."""
    done = simulate(drawing_of_committee(), faults=fault)
    assert done.outcome == simulate(drawing_of_committee()).outcome, done.verdict()


def test_a_quorum_that_is_silent_draws_nothing() -> None:
    """Two of four parts would make the key's signature, and are not asked for: three must say that it is settled."""
    done = simulate(drawing_of_committee(), faults={2: "silent", 3: "silent"}, limit_s=40.0)
    assert (done.outcome, done.transcript) == (None, ())


def test_the_assertions_draw_from_the_committee_too() -> None:
    """As from drand."""
    assert_agrees(drawing_of_committee(), replies={})
    assert_deterministic(drawing_of_committee(), variants=[])
