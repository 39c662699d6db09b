"""The rebalancer's arithmetic against the contract itself: whatever markets look like, its moves are taken and help."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from eth_abi.abi import decode, encode
from hypothesis import given, settings
from hypothesis import strategies as st

from executor.model.observation import Kind
from executor.model.outcome import Failed, Outcome, Returned
from executor.model.request import Request
from executor.model.transcript import Entry
from executor.testing import program_of
from executor.vm import Program, execute
from tests.demos.treasury import PRICE_SCALE, UNIT, Books, Treasury

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "rebalancer"
HEIGHT = b'{"aggregate":"median","label":"block of chain 4242"}'
LOOK = b'{"aggregate":{"fields":{"elsewhere":"identical","here":"identical"}},"label":"both chains"}'
TARGET, BAND, COST, BASIS = 5_000, 100, 60, 10_000  # the example's policy
NOTHING = (0, 0, 0, 0)
LIFE_S = 2_700
USUAL = ((1_000 * UNIT, 2_000_000 * UNIT), (2_000 * UNIT, 4_000_000 * UNIT))

reserves = st.integers(1, 2**112)
amounts = st.integers(0, 2**112)
near = st.integers(-500, 500).map(lambda basis: 10_000 + basis)


@cache
def program() -> Program:
    return program_of(FOLDER)


@cache
def treasury() -> Treasury:
    return Treasury()


def run(books: Books, market: tuple[int, ...], *, now: int = 0, nonce: int = 0, moved_at: int = 0) -> Outcome:
    """The function's outcome when the committee agreed on this; the market is worth of token0 and token1 in parts."""
    seen = {"here": books.line(nonce, moved_at), "elsewhere": ",".join(map(str, (*market, 18, 18)[:4]))}
    agreed = json.dumps(seen, separators=(",", ":"), sort_keys=True).encode()
    entries = (Entry(HEIGHT, Kind.VALUE, b"100"), Entry(LOOK, Kind.VALUE, agreed))
    at = now or treasury().now
    request = Request.local(
        program().function_id, encode(["address", "uint64"], ["0x" + "11" * 20, 0]), block_timestamp=at
    )
    return execute(program(), request, entries)


def output(books: Books, market: tuple[int, ...], **at: int) -> bytes:
    outcome = run(books, market, **at)
    assert isinstance(outcome, Returned), outcome
    return outcome.output


def move_of(out: bytes) -> tuple[int, ...]:
    return decode(["uint8", "uint8", "uint256", "uint256", "uint64", "uint64"], out)


def share_gap(balances: tuple[int, int], market: tuple[int, int]) -> int:
    """How far token0's share of the worth is from the target; times the worth, so exact."""
    worth0, worth1 = balances[0] * market[0], balances[1] * market[1]
    return worth0 * BASIS - TARGET * (worth0 + worth1)


def taken_and_helpful(books: Books, market: tuple[int, int]) -> bool:
    """The contract makes the proposed move; the share comes nearer its target, at a loss within the policy's."""
    out = output(books, market)
    with treasury().holding(books):
        became = treasury().push(out)
        after = treasury().balances()
    _, direction, amount, _, _, _ = move_of(out)
    if amount == 0:
        assert became == "NothingToDo"
        assert after == books.balances
        return False
    assert became == "Moved", became
    before_gap, after_gap = share_gap(books.balances, market), share_gap(after, market)
    assert abs(after_gap) < abs(before_gap)
    assert after_gap * before_gap >= 0, "not beyond the target"
    worths = [sum(held * worth for held, worth in zip(each, market, strict=True)) for each in (books.balances, after)]
    assert (worths[0] - worths[1]) * BASIS <= COST * amount * market[direction]
    return True


def test_the_contracts_tell_what_the_books_say() -> None:
    """Their storage is written directly."""
    books = Books(USUAL, (3, 4))
    with treasury().holding(books):
        assert treasury().views() == ([*USUAL], [3, 4])


@settings(max_examples=20, deadline=None)
@given(st.tuples(st.tuples(reserves, reserves), st.tuples(reserves, reserves)), st.tuples(amounts, amounts),
       st.tuples(reserves, reserves), st.tuples(amounts, amounts), st.integers(0, 9_999), st.integers(0, 9_999),
       st.integers(1, 2**200))  # fmt: skip
def test_whatever_the_numbers_a_move_is_taken_and_helps(
    pools, balances, market, most, slippage, deviation, price
) -> None:  # type: ignore[no-untyped-def]
    """Any reserves, balances, market and bounds, however far from each other."""
    taken_and_helpful(Books(pools, balances, most, slippage, deviation, price), market)


@settings(max_examples=30, deadline=None)
@given(st.tuples(near, near), st.tuples(st.integers(10, 500), st.integers(10, 500)),
       st.tuples(st.integers(0, 1_000), st.integers(0, 2_000_000)), near, st.integers(0, 300), st.integers(10, 3_000),
       st.integers(1, 200))  # fmt: skip
def test_of_markets_like_real_ones_too(prices, depths, balances, price, slippage, deviation, most) -> None:  # type: ignore[no-untyped-def]
    """Prices within a tenth of each other, pools of many times the treasury or a part of it."""
    pools = tuple(
        (depth * UNIT, depth * UNIT * 2_000 * each // BASIS) for depth, each in zip(depths, prices, strict=True)
    )
    books = Books(
        (pools[0], pools[1]),
        (balances[0] * UNIT, balances[1] * UNIT),
        (most * UNIT, most * 2_000 * UNIT),
        slippage,
        deviation,
    )
    taken_and_helpful(books, (2_000 * price, BASIS))


@pytest.mark.parametrize(
    ("balances", "price", "direction"),
    [
        ((100 * UNIT, 100_000 * UNIT), 2_000, 0),
        ((50 * UNIT, 200_000 * UNIT), 2_000, 1),
        ((50 * UNIT, 100_000 * UNIT), 2_150, 0),
        ((50 * UNIT, 100_000 * UNIT), 1_850, 1),
    ],
)
def test_what_is_too_much_is_sold_in_the_deeper_pool(balances: tuple[int, int], price: int, direction: int) -> None:
    """Whether the balances or the price everywhere brought the weights out of their band."""
    pools = tuple((depth * UNIT, depth * UNIT * price) for depth in (1_000, 2_000))
    books = Books((pools[0], pools[1]), balances, (10 * UNIT, 20_000 * UNIT))
    assert move_of(output(books, (price, 1)))[:2] == (1, direction)
    assert taken_and_helpful(books, (price, 1))


@pytest.mark.parametrize("pools_price", [1_900, 2_100])
def test_pools_that_somebody_moved_get_nothing(pools_price: int) -> None:
    """The home chain's pools alone are another price: a trade that would lose by the market's is none."""
    pools = tuple((depth * UNIT, depth * UNIT * pools_price) for depth in (1_000, 2_000))
    balances = (100 * UNIT, 100_000 * UNIT) if pools_price < 2_000 else (50 * UNIT, 200_000 * UNIT)
    assert not taken_and_helpful(Books((pools[0], pools[1]), balances), (2_000, 1))


def test_the_shallower_pool_is_used_where_it_pays_more() -> None:
    """Somebody pushed the deep one's price down."""
    books = Books((USUAL[0], (2_100 * UNIT, 3_900_000 * UNIT)), (100 * UNIT, 100_000 * UNIT), (UNIT, UNIT))
    pool, _, amount, least, deadline, _ = move_of(output(books, (2_000, 1)))
    assert (pool, amount) == (0, UNIT)
    assert 1_980 * UNIT < least < 1_990 * UNIT
    assert deadline == treasury().now + LIFE_S


@pytest.mark.parametrize(
    "changes",
    [
        {"balances": (50 * UNIT, 101_000 * UNIT)},  # within the band
        {"most": (0, 0)},
        {"deviation": 0, "price": 2_050 * PRICE_SCALE},
        {"deviation": 0, "price": 1_950 * PRICE_SCALE},
        {"balances": (0, 0)},
    ],
)
def test_nothing_is_proposed_where_nothing_would_be_taken_or_needed(changes: dict[str, object]) -> None:
    """The output says so, and the contract records it."""
    books = Books(USUAL, **({"balances": (100 * UNIT, 100_000 * UNIT)} | changes))  # type: ignore[arg-type]
    assert move_of(output(books, (2_000, 1)))[:4] == NOTHING
    assert not taken_and_helpful(books, (2_000, 1))


def test_it_waits_for_the_owners_interval() -> None:
    """A move before its end would be refused; at its end there is one."""
    books = Books(USUAL, (100 * UNIT, 100_000 * UNIT), interval=300)
    assert move_of(output(books, (2_000, 1), now=1_299, moved_at=1_000))[:4] == NOTHING
    assert move_of(output(books, (2_000, 1), now=1_300, moved_at=1_000, nonce=7))[5] == 7
    assert move_of(output(books, (2_000, 1), now=1_300, moved_at=1_000))[2] > 0


@pytest.mark.parametrize("market", [(0, 1), (1, 0), (2_000, 1, 18, 6)])
def test_a_market_without_a_price_or_with_other_units_is_an_error(market: tuple[int, ...]) -> None:
    """And no move."""
    outcome = run(Books(USUAL, (100 * UNIT, 100_000 * UNIT)), market)
    assert isinstance(outcome, Failed)
