"""A lending market whose positions a function looks through at every tick: a fall, a liar, a stranger, and the gas."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp
from eth_abi.abi import decode, encode

from executor.chain.calls import transact
from executor.chain.client import ChainClient, checksum
from executor.chain.contract_events import Happened
from executor.chain.contracts import calldata
from executor.chain.subscriptions import create_subscription
from executor.chain.triggers import register_trigger, remove_trigger
from executor.demos.examples import example
from executor.demos.lending import ONE, PRICE_SCALE, RESERVE, Lending, positions_at
from executor.demos.stage import Stage
from executor.errors import HostFault, TransactionFailed
from executor.model.ids import Address, FunctionId, RegistrationId, RequestId
from executor.model.receipt import Receipt
from executor.model.report import Status
from executor.model.trigger import TriggerKind
from executor.model.trigger_config import CronConfig

NAME: Final = "guard"
ABOUT: Final = "300 positions of a lending market, looked through at every tick: a fall, a liar, and the gas."

POSITIONS: Final = 300
BEGINNING, FALLEN = "1842.17", "1621.11"  # dollars: 12 % less
PERIOD_S: Final = 20
SCHEDULE: Final = f"*/{PERIOD_S} * * * * *"
LIFETIME_S: Final = 60  # a price is worth nothing later
CALLBACK_GAS: Final = 300_000  # CollateralGuard.CALLBACK_GAS
BLOCK_S: Final = 0.5
LIAR: Final = 3
STRANGER: Final = 6  # an account
STRANGERS_WEI: Final = 10**18
TICKS: Final = 12  # until everybody is liquidated: one is unsettled, each of the others handles 8
TRIES: Final = 3  # of a tick: nodes that read too slowly agree on an error
SCAN_GAS: Final = 29_000_000  # a block has 30 million


async def play(stage: Stage, positions: int = POSITIONS) -> bool:
    """The market from its first price to the last liquidation."""
    await put_price(stage, BEGINNING)
    return await _Guard(stage, positions).play()


async def put_price(stage: Stage, dollars: str) -> None:
    """Move the price that the local exchanges tell."""
    url = f"http://{stage.devnet.overrides['exchange-a.test']}/price"
    async with aiohttp.ClientSession() as session, session.put(url, data=dollars) as answer:
        answer.raise_for_status()


@dataclass(frozen=True, slots=True)
class Tick:
    """One report of the clock's, and what the market did with it."""

    receipt: Receipt
    price: int
    named: tuple[Address, ...]
    events: Sequence[Happened]
    gas_used: int

    def of(self, name: str) -> list[Happened]:
        """The market's events of a name."""
        return [each for each in self.events if each.name == name]

    @property
    def checksummed(self) -> tuple[str, ...]:
        """The named accounts as the chain's client writes them."""
        return tuple(checksum(each) for each in self.named)


class _Guard:
    def __init__(self, stage: Stage, positions: int) -> None:
        self._stage, self._story, self._count = stage, stage.story, positions
        self._held = True
        self._scans: list[tuple[str, int, Tick]] = []

    async def play(self) -> bool:
        stage = self._stage
        self._story.chapter("A lending market, and a price that anyone may ask for")
        function = await stage.register("collateral-guard", example("collateral_guard"))
        lending = await Lending.open(stage, function)
        self._story.line("market", f"CollateralGuard {lending.market}")
        price = await self._first_price(lending)
        await self._borrow(lending, price)
        key = await self._watched(lending, function)
        await self._strangers(lending, function)
        await self._quiet(lending, key)
        await self._fall(lending, key)
        await remove_trigger(stage.client, stage.sender(), key)
        await self._books(lending)
        self._gas()
        return self._held

    def holds(self, what: str, fact: bool) -> None:
        """Tell whether something that should hold does."""
        self._held &= fact
        self._story.line("✓" if fact else "✗", what, "green" if fact else "bold red")

    # Scenes.

    async def _first_price(self, lending: Lending) -> int:
        stage = self._stage
        await stage.mark()
        asked = await stage.transact("CollateralGuard", lending.market, "check")
        seen = await stage.requested(asked)
        await stage.delivered(seen.request_id)
        price, _, settled = await lending.view("price")
        self.holds(f"price() = {dollars(price)}, settled: what nobody can borrow without", settled)
        return int(price)

    async def _borrow(self, lending: Lending, price: int) -> None:
        await lending.borrow(positions_at(price, self._count))
        count = await lending.view("borrowerCount")
        self.holds(f"{count} accounts have borrowed", count == self._count)

    async def _watched(self, lending: Lending, function: FunctionId) -> RegistrationId:
        """The owner's clock."""
        self._story.chapter(f"A clock: {SCHEDULE!r}, every {PERIOD_S} seconds")
        async with blocks(self._stage.client):
            key = await self._stage.trigger(
                function,
                CronConfig(schedule=SCHEDULE, lifetime_s=LIFETIME_S),
                lending.market,
                callback_gas_limit=CALLBACK_GAS,
                input=lending.input,
                name=b"guard",
            )
        self._story.line("registered", f"{key}: what it reports goes to the market's onReport")
        return key

    async def _quiet(self, lending: Lending, key: RegistrationId) -> None:
        self._story.chapter(f"A tick: {self._count} positions, four honest nodes, nobody to liquidate")
        tick = await self._tick(lending, key)
        self.holds("nobody is named, and the price moved", not tick.named and len(tick.of("PriceMoved")) == 1)
        self._scans.append(("before", await self._scan(lending, tick), tick))
        self._held &= await self._stage.verify(tick.receipt)

    async def _strangers(self, lending: Lending, function: FunctionId) -> None:
        """Somebody pushes a price of 1 itself; somebody registers the very same function as its own trigger."""
        self._story.chapter("A stranger's push")
        stage, client, sender = self._stage, self._stage.client, self._stage.sender(STRANGER)
        lie = encode(["uint256", "uint64", "address[]"], [1, 1, []])
        try:
            await transact(sender, "CollateralGuard", lending.market, "onReport", bytes(64), lie)
        except TransactionFailed as refused:
            self.holds(f"sent to the market itself: {refused}", True)
        else:
            self.holds("a push that no committee signed was taken", False)
        subscription = await create_subscription(client, sender, value_wei=STRANGERS_WEI)
        await stage.mark()
        key = await register_trigger(
            client,
            sender,
            kind=TriggerKind.CRON,
            function=function,
            config=CronConfig(schedule=SCHEDULE, lifetime_s=LIFETIME_S).canonical(),
            subscription=subscription,
            receiver=lending.market,
            callback_gas_limit=CALLBACK_GAS,
            input=lending.input,
        )
        told = await stage.delivered(await self._strike(key))
        await remove_trigger(client, sender, key)
        refused_there = told["callback_succeeded"] is False
        self.holds("by a trigger of its own: attested, charged to it, refused (UnexpectedReport)", refused_there)

    async def _fall(self, lending: Lending, key: RegistrationId) -> None:
        self._story.chapter(f"The price falls by 12 %, to {FALLEN} dollars; node {LIAR} tells ten times as much")
        await self._stage.lie(LIAR)
        await put_price(self._stage, FALLEN)
        ticks: list[Tick] = []
        outvoted: set[int] = set()
        for _ in range(TICKS):
            self._story.chapter(f"After the fall, tick {len(ticks) + 1}")
            ticks.append(await self._tick(lending, key))
            outvoted |= self._story.outvoted
            if len(ticks) == 1:
                self._scans.append(("after the fall", await self._scan(lending, ticks[0]), ticks[0]))
            price, _, settled = await lending.view("price")
            done = settled and not await lending.unhealthy(price)
            if done and LIAR in outvoted:
                break
        self.holds("no position is unhealthy any more", done)
        self.holds(f"node {LIAR} was outvoted, and nobody else", outvoted == {LIAR})
        first = ticks[0]
        self.holds(
            "the first report went beyond 10 %: unsettled, and nobody was liquidated", not first.of("Liquidated")
        )
        self._held &= await self._stage.verify(ticks[-1].receipt)

    async def _tick(self, lending: Lending, key: RegistrationId) -> Tick:
        """The next tick, from its event to what the market made of it."""
        stage = self._stage
        await stage.mark()
        for _ in range(TRIES):
            request = await self._strike(key)
            await stage.delivered(request)
            receipt = await stage.receipt(request)
            if receipt.attestation.reports[0].status is Status.RETURNED:
                break
            self._story.chapter(f"The run failed, {receipt.payload.decode(errors='replace')}: the next tick")
            await stage.mark()
        tick = await self._looked_at(lending, receipt)
        for event in tick.events:
            self._tell(event)
        block = tick.receipt.request.block_number
        same = await lending.unhealthy(tick.price, block=block) == list(tick.named)
        self.holds(f"OnChainGuard names the same {len(tick.named)} accounts in block {block}", same)
        return tick

    async def _strike(self, key: RegistrationId) -> RequestId:
        """The next tick: the chain's clock is moved on to it, so that nobody waits; then blocks until it is final."""
        client = self._stage.client
        due = ((await client.head()).timestamp // PERIOD_S + 1) * PERIOD_S
        await client.rpc.call("evm_setNextBlockTimestamp", hex(due))
        async with blocks(client):
            return await self._stage.triggered(key)

    async def _looked_at(self, lending: Lending, receipt: Receipt) -> Tick:
        stage = self._stage
        price, _, named = decode(["uint256", "uint64", "address[]"], receipt.payload)
        mined = await stage.delivery(receipt)
        events = stage.happened("CollateralGuard", lending.market, mined)
        accounts = tuple(Address.from_hex(each) for each in named)
        return Tick(receipt, price, accounts, events, mined.gas_used)

    def _tell(self, event: Happened) -> None:
        story = self._story
        match event.name:
            case "PriceMoved":
                what = "settled" if event["settled"] else "the bound of 10 %: unsettled"
                story.line("price", f"{dollars(event['value'])}, {what}")
            case "Liquidated":
                paid, seized = event["repaid"] / ONE, event["seized"] / ONE
                story.line("liquidated", f"{event['account']}: {paid:,.2f} USD for {seized:,.4f} WETH", "bold")
            case "ReportTaken":
                story.line("market", f"{event['handled']} of {event['accounts']} named accounts looked at")
            case name:
                story.line("market", f"{name} {dict(event.arguments)}")

    async def _books(self, lending: Lending) -> None:
        self._story.chapter("The reserve's books")
        done = await lending.events("Liquidated", "BadDebt")
        repaid = sum(each["repaid"] for each in done if each.name == "Liquidated")
        seized = sum(each["seized"] for each in done if each.name == "Liquidated")
        totals = await lending.view("totals")
        self.holds(f"paid {repaid / ONE:,.2f} USD, which the reserve has less", totals[5] == RESERVE - repaid)
        self.holds(f"got {seized / ONE:,.4f} WETH for it, bonus included", totals[6] == seized)
        self.holds("no debt went bad", all(each.name != "BadDebt" for each in done))

    async def _scan(self, lending: Lending, tick: Tick) -> int:
        """Gas of the same work in a transaction, at the tick's price; the positions are still as the tick saw them."""
        data = calldata("OnChainGuard", "scan", lending.market, tick.price)
        mined = await self._stage.sender().send(lending.on_chain, data, gas=SCAN_GAS)
        if not mined.succeeded:
            raise HostFault(f"scan ran out of gas in {mined.location.transaction}")
        (scanned,) = self._stage.happened("OnChainGuard", lending.on_chain, mined)
        self.holds("OnChainGuard, in a transaction, finds the same", tuple(scanned["accounts"]) == tick.checksummed)
        return mined.gas_used

    def _gas(self) -> None:
        self._story.chapter(
            "Gas: OnChainGuard.scan, which finds the same accounts, beside the whole delivery of the report"
        )
        for what, on_chain, tick in self._scans:
            fuel = tick.receipt.attestation.reports[0].fuel_used
            ratio = f"{on_chain / tick.gas_used:.0f} times as much"
            self._story.line(
                what, f"on chain {on_chain:,} gas; off chain {tick.gas_used:,} gas, {fuel:,} fuel: {ratio}"
            )
        self._story.line("", "by number of positions: docs/collateral-guard.md")


@contextlib.asynccontextmanager
async def blocks(client: ChainClient) -> AsyncIterator[None]:
    """Blocks without transactions, as a live chain has them: clocks strike in blocks, and blocks become final."""

    async def mine() -> None:
        while True:
            await client.rpc.call("evm_mine")
            await asyncio.sleep(BLOCK_S)

    task = asyncio.create_task(mine())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def dollars(price: int) -> str:
    """A price of the market's in dollars."""
    return f"{price * 100 // PRICE_SCALE / 100:,.2f} dollars"
