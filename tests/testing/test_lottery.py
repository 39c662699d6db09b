"""The lottery example: winners that a contract's own library would choose of the same draw, whoever is faulty."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from eth_abi.abi import decode, encode
from eth_hash.auto import keccak

from executor.crypto.digests import function_id
from executor.crypto.draws import draw_value
from executor.model.outcome import Failed, Returned
from executor.projects import load_function
from executor.testing import simulate
from executor.testing.simulated_committee import START_S, make_request

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "lottery"


def asked(tickets: int, winners: int) -> bytes:
    return encode(["uint256", "uint256"], [tickets, winners])


def chosen(seed: bytes, n: int, count: int) -> list[int]:
    """contracts/src/libraries/Randomness.sol, `sample`, once more."""
    used, moved, result = 0, dict[int, int](), []

    def below(limit: int) -> int:
        nonlocal used
        while True:
            word = int.from_bytes(keccak(seed + used.to_bytes(32, "big")), "big")
            used += 1
            if word < 2**256 // limit * limit:
                return word % limit

    for i in range(count):
        place = i + below(n - i)
        result.append(moved.get(place, place))
        moved[place] = moved.get(i, i)
    return result


@pytest.mark.parametrize(("tickets", "winners"), [(5_000, 3), (100, 100), (10**30, 5), (1, 1), (7, 0)])
def test_winners_are_the_draws(tickets: int, winners: int) -> None:
    """Different tickets, the same as the contract's library gives for the request's draw."""
    data = asked(tickets, winners)
    done = simulate(FOLDER, input=data, faults="wrong-output")
    assert isinstance(done.outcome, Returned), done.verdict()
    (found,) = decode(["uint256[]"], done.outcome.output)
    request = make_request()
    function = load_function(FOLDER)
    own = replace(request, function_id=function_id(function), input=data, block_timestamp=int(START_S))
    assert list(found) == chosen(draw_value(own, 0, done.transcript[0].value), tickets, winners)
    assert len(set(found)) == winners


@pytest.mark.parametrize(("tickets", "winners"), [(0, 1), (5, 6), (5_000, 101)])
def test_a_raffle_that_cannot_be_is_refused_before_any_draw(tickets: int, winners: int) -> None:
    """More winners than tickets, or than fit the output."""
    done = simulate(FOLDER, input=asked(tickets, winners))
    assert isinstance(done.outcome, Failed)
    assert done.transcript == ()
