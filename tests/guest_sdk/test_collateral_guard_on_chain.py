"""The collateral guard beside the market's own contract: the same accounts are unhealthy, to the unit."""

from __future__ import annotations

import random

import pytest
from eth_abi.abi import decode

from executor.model.outcome import Returned
from executor.model.transcript import Entry

from .guard_chain import GuardChain
from .guard_world import OUTPUT, Look, journey, logged, request

SCALE = 10**36
PRICE = 2_370 * 10**33  # 2.37 units of debt for a unit of collateral: what rounds away is a large part
# No interest: prices are put to the edge of debts, which must not grow meanwhile.
TERMS = (0, 7_500, 8_000, 500, 5_000, 9_500, 20)
COUNT = 24


def positions() -> list[tuple[int, int]]:
    """(collateral, debt) in hundreds of units, as much as may be lent or less."""
    drawn = random.Random(7)
    sizes = [drawn.randrange(200, 4_000) for _ in range(COUNT)]
    return [(size, size * PRICE // SCALE * drawn.randrange(5_500, 7_501) // 10_000) for size in sizes]


@pytest.fixture(scope="module")
def chain() -> GuardChain:
    """A market with many small positions."""
    made = GuardChain(TERMS, PRICE)
    made.report(PRICE)
    made.borrow(positions())
    return made


def given(chain: GuardChain) -> list[Entry]:
    """What a committee agrees on that reads the chain as it is."""
    _, entries = journey(Look(chain.views), request(bytes(12) + chain.market))
    return entries


def text(price: int) -> str:
    """A price as the exchanges say it: the market's, exactly."""
    return f"{price // SCALE}.{price % SCALE:036}"


def named(chain: GuardChain, price: int) -> list[str]:
    """Whom the function names."""
    outcome, _ = journey(Look(chain.views), request(bytes(12) + chain.market), text(price))
    assert isinstance(outcome, Returned), outcome
    told, _, accounts = decode(OUTPUT, outcome.output)
    assert told == price
    return list(accounts)


def edge(collateral: int, debt: int) -> int:
    """The least price at which this debt is covered: LendingMath.covers, solved by bisection."""
    low, high = 0, 100 * SCALE
    while low + 1 < high:
        middle = (low + high) // 2
        covered = collateral * middle // SCALE * TERMS[2] // 10_000 >= debt
        low, high = (low, middle) if covered else (middle, high)
    return high


def test_it_names_whom_the_contract_names_in_the_same_order(chain: GuardChain) -> None:
    """At prices from all healthy to all hopeless, OnChainGuard (LendingMath itself) and the function agree."""
    lengths = set[int]()
    for percent in (100, 93, 90, 85, 60):
        price = PRICE * percent // 100 + percent
        accounts = named(chain, price)
        assert accounts == chain.named(price), percent
        lengths.add(len(accounts))
    assert {0, 8} < lengths, "some prices leave everybody healthy, some a few, some more than a report names"


def test_the_market_liquidates_exactly_those_it_counts(chain: GuardChain) -> None:
    """At the very price where a debt is just covered, and one unit of price below; every account is tried on chain."""
    _, collateral, debt = max(chain.holdings(), key=lambda holding: holding[2] / holding[1])
    least = edge(collateral, debt)
    counted = []
    for price in (least, least - 1, least * 9 // 10):
        chain.report(price)
        unhealthy = [account for account, *_ in chain.holdings() if chain.liquidates(account)]
        assert logged(given(chain), text(price)).startswith(f"{len(unhealthy)} positions are unhealthy")
        assert set(named(chain, price)) <= set(unhealthy)
        counted.append(len(unhealthy))
    assert counted[0] < counted[1] < counted[2] < COUNT
