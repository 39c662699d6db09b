"""The examples that draw from their committee: what they choose follows from the one proof, whoever is faulty."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eth_abi.abi import decode, encode
from eth_hash.auto import keccak

from executor.model.observation import Kind
from executor.model.outcome import Failed, Returned
from executor.testing import simulate

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
ENTRANTS = ["ada", "alan", "barbara", "edsger", "grace", "john", "tony"]
URL = "http://entrants.test/entrants"


def chosen(seed: bytes, names: list[str], count: int) -> list[str]:
    """docs/randomness.md, "The stream", once more; no word is refused at these sizes."""
    names = list(names)
    for i in range(count):
        place = i + int.from_bytes(keccak(seed + i.to_bytes(32, "big")), "big") % (len(names) - i)
        names[i], names[place] = names[place], names[i]
    return names[:count]


@pytest.mark.parametrize("fault", ["", "wrong-output", "silent"])
def test_a_seed_is_the_hash_of_its_proof(fault: str) -> None:
    """What Beacon.verifyDraw gives a contract for the same signature."""
    done = simulate(EXAMPLES / "committee_seed", faults=fault or {})
    assert isinstance(done.outcome, Returned), done.verdict()
    (entry,) = done.transcript
    assert (entry.kind, len(entry.value)) == (Kind.DRAW, 48)
    assert done.outcome.output == keccak(entry.value)


def test_winners_are_drawn_of_the_agreed_list() -> None:
    """One member is told of an entrant that nobody else sees: the list is agreed on, then drawn from."""
    worlds = [*[{URL: ENTRANTS}] * 3, {URL: [*ENTRANTS, "mallory"]}]
    done = simulate(EXAMPLES / "prize_draw_python", input=encode(["uint256"], [3]), replies=worlds)
    assert isinstance(done.outcome, Returned), done.verdict()
    entries = done.transcript
    assert [entry.kind for entry in entries] == [Kind.VALUE, Kind.DRAW]
    assert json.loads(entries[0].value) == ENTRANTS
    (winners,) = decode(["string[]"], done.outcome.output)
    assert list(winners) == chosen(keccak(entries[1].value), ENTRANTS, 3)


def test_more_winners_than_entrants_are_refused_before_any_draw() -> None:
    """The list is settled, and nothing was drawn."""
    done = simulate(EXAMPLES / "prize_draw_python", input=encode(["uint256"], [8]), replies={URL: ENTRANTS})
    assert isinstance(done.outcome, Failed)
    assert [entry.kind for entry in done.transcript] == [Kind.VALUE]
