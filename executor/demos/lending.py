"""A lending market with many positions, put on a stage: tokens, CollateralGuard, and a crowd that borrowed from it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from eth_typing import BlockNumber
from web3.types import FilterParams

from executor.chain.accounts import dev_accounts
from executor.chain.calls import view
from executor.chain.client import checksum
from executor.chain.contract_events import Happened, happened
from executor.chain.contracts import calldata
from executor.demos.stage import OWNER, Stage
from executor.errors import TransactionFailed
from executor.model.ids import Address, FunctionId

BASIS: Final = 10_000
ONE: Final = 10**18  # of either token
PRICE_SCALE: Final = 10**36
SEED_PRICE: Final = 1_842 * PRICE_SCALE  # what the first report is bounded by
LENT: Final = 100_000_000 * ONE
RESERVE: Final = 10_000_000 * ONE
DELAY_S: Final = 3_600  # before another function is believed
# Interest a second, loan to value, threshold, bonus, close factor, full close below, least debt.
TERMS: Final = (1_585_489_599, 7_500, 8_000, 500, 5_000, 9_500, 100 * ONE)
RULES: Final = (SEED_PRICE, 600, 1, 1_000)  # seed, oldest age, seconds between prices, 10 % from one to the next
UNLIMITED: Final = 2**256 - 1
BATCH: Final = 75  # positions in one transaction: 12 of a block's 30 million gas
POSITION_GAS: Final = 200_000  # 157,000 are used
COVERED: Final = (3_000, 6_600)  # debts of most, in hundredths of a percent of their collateral's value
RISKY: Final = (7_160, 7_490)  # of those that a fall of 12 % leaves with more than the threshold
RISKY_ONE_IN: Final = 25


@dataclass(frozen=True, slots=True)
class Lending:
    """The contracts of a market."""

    stage: Stage
    market: Address
    collateral: Address
    crowd: Address
    on_chain: Address  # the same computation in a contract
    since: int  # the block before the market's

    @classmethod
    async def open(cls, stage: Stage, function: FunctionId) -> Lending:
        """Deploy all of it; lenders' cash and the reserve are the owner's."""
        owner, router = dev_accounts()[OWNER].address, stage.client.router
        since = (await stage.client.head()).number
        collateral = await stage.deploy("DemoToken", "Wrapped Ether", "WETH")
        debt = await stage.deploy("DemoToken", "Dollar", "USD")
        crowd = await stage.deploy("DemoCrowd")
        on_chain = await stage.deploy("OnChainGuard")
        believed = (router, owner, function, owner, DELAY_S)
        market = await stage.deploy("CollateralGuard", *believed, (collateral, debt), TERMS, RULES)
        await stage.transact("DemoToken", debt, "mint", owner, LENT + RESERVE)
        await stage.transact("DemoToken", debt, "approve", market, UNLIMITED)
        await stage.transact("CollateralGuard", market, "supply", LENT)
        await stage.transact("CollateralGuard", market, "fundReserve", RESERVE)
        subscription = await stage.pay_for(market)
        await stage.transact("CollateralGuard", market, "setSubscription", subscription)
        return cls(stage, market, collateral, crowd, on_chain, since)

    @property
    def input(self) -> bytes:
        """What the function is given: abi.encode(market)."""
        return bytes(12) + self.market

    async def borrow(self, positions: Sequence[int]) -> None:
        """Open these positions (collateral << 128 | debt), each of an account of its own; raises TransactionFailed."""
        for start in range(0, len(positions), BATCH):
            words = list(positions[start : start + BATCH])
            data = calldata("DemoCrowd", "open", self.market, self.collateral, words)
            mined = await self.stage.sender().send(self.crowd, data, gas=len(words) * POSITION_GAS)
            if not mined.succeeded:
                raise TransactionFailed(f"open reverted in {mined.location.transaction}")

    async def view(self, function: str, *arguments: object, block: int | None = None) -> Any:
        """What a view of the market returns."""
        return await view(self.stage.client, "CollateralGuard", self.market, function, *arguments, block=block)

    async def unhealthy(self, price: int, *, block: int | None = None) -> list[Address]:
        """Whom the contract OnChainGuard names at this price, in its order."""
        found = await view(
            self.stage.client, "OnChainGuard", self.on_chain, "accounts", self.market, price, block=block
        )
        return [Address.from_hex(each) for each in found]

    async def events(self, *names: str) -> list[Happened]:
        """Everything of these names that the market told since it was there."""
        wanted = FilterParams(address=checksum(self.market), fromBlock=BlockNumber(self.since))
        logs = await self.stage.client.w3.eth.get_logs(wanted)
        return [each for each in happened("CollateralGuard", self.market, logs) if each.name in names]


def positions_at(price: int, count: int, seed: int = 1) -> list[int]:
    """So many positions (collateral << 128 | debt) at this price; one in RISKY_ONE_IN is near the most that is lent."""
    drawn = random.Random(seed)  # noqa: S311 - positions for a demonstration, not secrets
    positions = []
    for number in range(count):
        collateral = drawn.randrange(ONE, 100 * ONE)
        part = drawn.randrange(*(RISKY if number % RISKY_ONE_IN == 0 else COVERED))
        positions.append(collateral << 128 | collateral * price // PRICE_SCALE * part // BASIS)
    return positions
