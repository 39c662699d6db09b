"""The collateral guard over given markets: pages, decimals, order, both ways in, and everything that ends a run."""

from __future__ import annotations

import json

import pytest
from eth_abi.abi import decode

from executor.model.observation import Kind, Observation
from executor.model.outcome import Failed, Returned
from executor.protocol.triggering import as_triggered
from executor.testing import simulate
from executor.testing.checking import read_plan

from .guard_world import FOLDER, MARKET, OUTPUT, TIMESTAMP, Holdings, Look, journey, request, seen

ETHER, DOLLAR = 10**18, 10**6
WHOLE = "1000.00"  # dollars: one ether covers a debt of 800


def account(number: int) -> bytes:
    """A borrower's address."""
    return number.to_bytes(20, "big")


def output(market: Holdings, price: str = WHOLE) -> tuple[int, int, list[int]]:
    """Price, time and the numbers of the accounts that the function names."""
    outcome, _ = journey(Look(market), price=price)
    assert isinstance(outcome, Returned), outcome
    told, timestamp, named = decode(OUTPUT, outcome.output)
    return told, timestamp, [int(each, 16) for each in named]


@pytest.mark.parametrize(
    ("decimals", "places"), [((18, 6), 24), ((18, 18), 36), ((6, 18), 48), ((8, 6), 34), ((0, 0), 36)]
)
def test_the_price_is_in_the_smallest_units_of_both_tokens(decimals: tuple[int, int], places: int) -> None:
    price, timestamp, named = output(Holdings([], decimals), "1842.175")
    assert (price, timestamp, named) == (1_842_175 * 10 ** (places - 3), TIMESTAMP, [])


def test_a_debt_that_is_just_covered_is_healthy_and_one_unit_more_is_not() -> None:
    market = Holdings([(account(1), ETHER, 800 * DOLLAR), (account(2), ETHER, 800 * DOLLAR + 1)])
    assert output(market)[2] == [2]


def test_values_of_collateral_round_down_twice() -> None:
    """1.9 units of value are 1, and eight tenths of that none."""
    market = Holdings([(account(1), 1_900_000_000, 1), (account(2), 2_500_000_000, 1)])
    assert output(market)[2] == [1]


def test_the_unhealthiest_come_first_and_a_report_handles_eight() -> None:
    """Hopeless positions by their size, then those with the least of their debt covered, then by address."""
    tens = [(account(number), ETHER, (801 + number) * DOLLAR) for number in range(1, 11)]
    alike = [(account(30), ETHER, 820 * DOLLAR), (account(29), ETHER, 820 * DOLLAR)]
    hopeless = [(account(21), ETHER, 1_100 * DOLLAR), (account(22), 5 * ETHER, 5_500 * DOLLAR)]
    market = Holdings([*tens, *hopeless, *alike])
    assert output(market)[2] == [22, 21, 29, 30, 10, 9, 8, 7]


def test_a_position_that_may_lose_more_precedes_one_that_is_less_covered() -> None:
    """Ten ether at 93 percent may lose more than one at 94, should the price go on falling."""
    market = Holdings([(account(1), ETHER, 940 * DOLLAR), (account(2), 10 * ETHER, 9_300 * DOLLAR)])
    assert output(market)[2] == [2, 1]


def test_more_positions_than_an_observation_holds_come_in_several() -> None:
    """1,300: two pages of 600 and one of 100, in calls of 50; the last of all is found."""
    holdings = [(account(number), ETHER, 700 * DOLLAR) for number in range(1, 1_300)]
    look = Look(Holdings([*holdings, (account(1_300), ETHER, 900 * DOLLAR)]))
    outcome, entries = journey(look, price=WHOLE)
    assert isinstance(outcome, Returned)
    assert [json.loads(entry.spec)["label"] for entry in entries] == [
        "positions 0",
        "positions 600",
        "positions 1200",
        "price",
    ]
    assert [len(entry.value) for entry in entries[:3]] == [25 + 52 * 600, 52 * 600, 52 * 100]
    assert look.asked == [4, 2, 12, 12, 2]
    assert [int(each, 16) for each in decode(OUTPUT, outcome.output)[2]] == [1_300]


def test_a_clocks_run_takes_the_registrations_input() -> None:
    """The same output as a request's."""
    market = Holdings([(account(1), ETHER, 900 * DOLLAR)])
    told = {"event": {"scheduled_time": TIMESTAMP}, "input": "0x" + (bytes(12) + MARKET).hex(), "kind": "cron"}
    input = json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
    ticked = as_triggered(request(input))
    outcome, _ = journey(Look(market), ticked, WHOLE)
    requested, _ = journey(Look(market), price=WHOLE)
    assert isinstance(outcome, Returned)
    assert isinstance(requested, Returned)
    assert outcome.output == requested.output


@pytest.mark.parametrize(
    ("market", "code"),
    [
        (Holdings([], count=1_801), "too-many-positions"),
        (Holdings([(account(1), 1 << 128, 1)]), "bad-position"),
        (Holdings([(account(1), 1, 1 << 128)]), "bad-position"),
        (Holdings([], (60, 0)), "bad-decimals"),
        (lambda _to, _data: None, "evm-reverted"),
        (lambda _to, _data: b"", "evm-empty"),
    ],
)
def test_what_cannot_be_read_is_an_error_with_a_code(market: Holdings, code: str) -> None:
    assert seen(Look(market)) == Observation.error(code)


@pytest.mark.parametrize(
    ("answers", "price"),
    [
        (("1842.17", "1842.20", "1842.10"), b"1842.17"),
        (("1842.17", 503, "1842.10"), b"1842.10"),
        (("x", "1842.20", 500), None),
        ((500, 500, 500), None),
    ],
)
def test_two_of_three_exchanges_are_enough(answers: tuple[str | int, ...], price: bytes | None) -> None:
    look = Look(Holdings([]), answers)
    _, entries = journey(look)
    observed = Observation(entries[-1].kind, entries[-1].value)
    assert observed == (Observation.error("too-few-prices") if price is None else Observation(Kind.VALUE, price))


@pytest.mark.parametrize("price", ["0", "-3.5", "0.0000000000000000000000001"])
def test_a_price_that_is_nothing_fails(price: str) -> None:
    """It is no price in the market's units; the market keeps the last one."""
    outcome, _ = journey(Look(Holdings([])), price=price)
    assert isinstance(outcome, Failed)
    assert b"no-price" in outcome.error or b"the agreed price is nothing" in outcome.error


@pytest.mark.parametrize("input", [b"", bytes(31), b"\x01" + bytes(31)])
def test_an_input_that_names_no_market_fails(input: bytes) -> None:
    outcome, entries = journey(Look(Holdings([])), request(input))
    assert (isinstance(outcome, Failed), entries) == (True, [])


def test_the_example_replies_are_simulated_with_a_liar() -> None:
    """The folder's own replies, four members, one of which tells ten times the price."""
    plan = read_plan(FOLDER)
    done = simulate(FOLDER, input=plan.inputs[0], replies=plan.replies, faults="lying-observation")
    assert isinstance(done.outcome, Returned), done.verdict()
    price, _, named = decode(OUTPUT, done.outcome.output)
    assert price == 1_842_170_000 * 10**18
    assert [int(each, 16) for each in named] == [3]
