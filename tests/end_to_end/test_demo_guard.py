"""The collateral guard on real networks: the whole use case, and functions in JavaScript that read a chain."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from executor.chain.calls import view
from executor.demos import guard
from executor.demos.examples import example
from executor.demos.lending import RESERVE, RISKY_ONE_IN, Lending, positions_at
from executor.demos.stage import Stage
from executor.demos.story import Story
from executor.model.ids import Address
from executor.model.report import Status
from executor.testing.devnet import Devnet

pytestmark = pytest.mark.asyncio(loop_scope="session")  # as the network they share

POSITIONS = 2 * RISKY_ONE_IN  # two of them too near the edge


async def test_a_fall_is_followed_and_the_unhealthy_are_liquidated(last_devnet: Devnet, tmp_path: Path) -> None:
    """What `executor demo guard` shows, with fewer positions; the books are looked at beside what it says itself.

    Its clock leaves the chain's ahead of ours, so that nobody uses the network after it.
    """
    out = io.StringIO()
    stage = Stage(last_devnet, Story(Console(file=out, width=500, highlight=False)), tmp_path)
    assert await guard.play(stage, POSITIONS), out.getvalue()
    told = out.getvalue()
    assert "✗" not in told
    assert re.findall(r"outvoted +node (\d) said", told) != []
    assert "UnexpectedReport" in told
    market = Address.from_hex(re.findall(r"CollateralGuard (0x[0-9a-f]{40})", told)[0])
    liquidated = [Address.from_hex(each) for each in re.findall(r"liquidated +(0x[0-9a-fA-F]{40}):", told)]
    assert len(set(liquidated)) == len(liquidated) == POSITIONS // RISKY_ONE_IN

    async def of(function: str, *arguments: object) -> tuple[int, ...]:
        return tuple(await view(stage.client, "CollateralGuard", market, function, *arguments))

    price, _, settled = await of("price")
    totals = await of("totals")
    assert (settled, totals[5] < RESERVE, totals[6] > 0) == (True, True, True)
    holdings = await of("positions", 0, POSITIONS)
    assert len(holdings) == POSITIONS
    for _, collateral, debt in holdings:  # type: ignore[misc] # a struct
        assert collateral * price // 10**36 * 8_000 // 10_000 >= debt
    assert set(re.findall(r"receipt-\w+\.json", told)) <= names(tmp_path)


def names(folder: Path) -> set[str]:
    """Of the files in it."""
    return {path.name for path in folder.iterdir()}


@pytest.mark.anvil
@pytest.mark.parametrize("devnet", ["anvil"], indirect=True)
async def test_anyone_asks_for_a_check_on_anvil(stage: Stage) -> None:
    """A function in JavaScript reads a market's positions from a real node, at the request's own block."""
    lending = await Lending.open(stage, await stage.register("guard", example("collateral_guard")))
    asked = await stage.requested(await stage.transact("CollateralGuard", lending.market, "check"))
    await stage.delivered(asked.request_id)
    price, _, settled = await lending.view("price")
    assert settled
    await lending.borrow(positions_at(price, RISKY_ONE_IN))
    assert await lending.view("borrowerCount") == RISKY_ONE_IN
    assert await lending.unhealthy(price) == []
    receipt = await stage.receipt(asked.request_id)
    assert await stage.verify(receipt)


async def test_a_market_that_is_none_is_an_agreed_error(stage: Stage) -> None:
    """Every node finds no code there: the run fails, the consumer is told, and the receipt proves it."""
    function = await stage.register("guard", example("collateral_guard"))
    seen = await stage.devnet.request(function, bytes(12) + stage.sender().address)
    await stage.delivered(seen.request_id)
    receipt = await stage.receipt(seen.request_id)
    assert receipt.attestation.reports[0].status is Status.FAILED
    assert receipt.transcript[0].value == b"evm-empty"
    assert await stage.verify(receipt)
