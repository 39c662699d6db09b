"""A treasury on the network's chain that follows a market on another: contracts, function, trigger, and its moves."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from eth_abi.abi import encode

from executor.chain.client import ChainClient
from executor.chain.contract_events import Happened, happened
from executor.chain.triggers import remove_trigger
from executor.crypto.digests import keccak256
from executor.demos.examples import example
from executor.demos.pools import TRADER, UNIT, Pair, Pool, make_pair
from executor.demos.stage import FINALITY_BLOCKS, OWNER, Stage
from executor.errors import HostFault
from executor.model.function import Function
from executor.model.ids import Address, RegistrationId, RequestId
from executor.model.receipt import Receipt
from executor.model.request import ZERO_ADDRESS
from executor.model.trigger_config import LogConfig

CONTRACT: Final = "Rebalancer"
PLACEHOLDERS: Final = (b"0x" + b"00" * 19 + b"aa", b"0x" + b"00" * 19 + b"b0")  # in the example: market, its token0
SWAPPED: Final = keccak256(b"Swapped(address,address,address,uint256,uint256)")
PRICE: Final = 2_000  # dollars for one ether, at the beginning
HOME_DEPTHS: Final = (1_000 * UNIT, 2_000 * UNIT)  # ether in each of the home chain's pools
MARKET_DEPTH: Final = 50_000 * UNIT
HOLDINGS: Final = (100 * UNIT, 100_000 * UNIT)
# 10 ether or 20,000 dollars in one move, a second between moves, 1 percent below the quote, 10 from the last price.
BOUNDS: Final = (10 * UNIT, 20_000 * UNIT, 1, 100, 1_000)
PRICE_SCALE: Final = 10**36
DELAY_S: Final = 3_600  # the shortest that another function may be announced before it is believed
CALLBACK_GAS: Final = 300_000  # Rebalancer.CALLBACK_GAS
REFUSALS: Final = (
    *("None", "Malformed", "NothingToDo", "OtherNonce", "Expired", "DeadlineTooFar", "TooSoon", "TooMuch"),
    *("NotBestPool", "BelowMinimum", "SlippageTooWide", "PriceDeviates", "SwapFailed"),
)


@dataclass(frozen=True, slots=True)
class Move:
    """What a delivered report did: the contract's event, and what is in the treasury since."""

    receipt: Receipt
    event: Happened
    holdings: tuple[int, int]

    @property
    def refusal(self) -> str:
        """Why nothing was moved; empty where something was."""
        return refusal_of(self.event)


@dataclass(frozen=True, slots=True)
class Treasury:
    """The contract, the two pools it may use, and the market on the other chain that tells the price."""

    stage: Stage
    address: Address
    pools: tuple[Pool, Pool]
    market: Pool
    registration: RegistrationId

    @property
    def pair(self) -> Pair:
        """Its tokens."""
        return self.pools[0].pair

    async def holdings(self) -> tuple[int, int]:
        """Ether and dollars."""
        return await self.pair.held(self.address)

    async def tell(self, label: str) -> tuple[int, int]:
        """Say what it holds, and how much of the worth that is at the market's price."""
        ether, dollar = await self.holdings()
        price = await self.market.price()
        share = ether * price / (ether * price + dollar)
        amounts = f"{ether / UNIT:,.4f} dETH and {dollar / UNIT:,.2f} dUSD"
        self.stage.story.line(label, f"{amounts}: {share:.2%} in ether at {price:,.2f}")
        return ether, dollar

    async def requested(self) -> RequestId:
        """Ask for a move, as anybody may once a minute."""
        mined = await self.stage.transact(CONTRACT, self.address, "rebalance", account=TRADER)
        return (await self.stage.requested(mined)).request_id

    async def market_moves(self, price: int, *, home_too: bool = True, dump: int = 0) -> None:
        """The price becomes another on both chains; the market's Swapped event starts the function.

        The run stands on the first home block at or after that event's. `dump` is ether that somebody sells in each of
        the home chain's pools in the blocks after it.
        """
        if home_too:
            for pool in self.pools:
                await pool.bring_to(price)
        await self.stage.mark()
        clients = [self.stage.client, self.market.pair.client]
        at = max([int(time.time()), *[(await each.head()).timestamp + 1 for each in clients]])
        for client in clients:
            await client.rpc.call("evm_setNextBlockTimestamp", hex(at))
        await self.stage.mine(1)
        if dump:
            for pool in self.pools:
                await pool.sell(self.pair.ether, dump)
        await self.market.bring_to(price)
        await self.stage.mine(FINALITY_BLOCKS)  # a run stands on a final block
        self.stage.story.line("market", f"{await self.market.price():,.2f} on chain {self.stage.other.chain_id}")

    async def triggered(self) -> RequestId:
        """The run that the market's last move started."""
        return await self.stage.triggered(self.registration)

    async def followed(self, request: RequestId) -> Move:
        """Follow a run to its end, and tell what it did."""
        stage = self.stage
        await stage.delivered(request)
        receipt = await stage.receipt(request)
        if receipt.delivered is None or (mined := await stage.client.receipt(receipt.delivered.transaction)) is None:
            raise HostFault(f"the delivery of {request} is not on the chain")
        found = [each for each in happened(CONTRACT, self.address, mined.logs) if each.name in ("Moved", "MoveRefused")]
        if len(found) != 1:
            raise HostFault(f"{CONTRACT} told {len(found)} times what it made of {request}")
        self._tell(found[0])
        return Move(receipt, found[0], await self.tell("holds now"))

    def _tell(self, event: Happened) -> None:
        if refusal := refusal_of(event):
            self.stage.story.line("event", f"MoveRefused: {refusal}", "bold yellow")
            return
        sold, bought = "dETH", "dUSD"
        if Address.from_hex(event["tokenIn"]) == self.pair.dollar:
            sold, bought = bought, sold
        amounts = f"{event['amountIn'] / UNIT:,.4f} {sold} for {event['amountOut'] / UNIT:,.4f} {bought}"
        place = [pool.address for pool in self.pools].index(Address.from_hex(event["pool"]))
        self.stage.story.line("event", f"Moved, number {event['nonce']}: {amounts} in pool {place}", "bold green")


def refusal_of(event: Happened) -> str:
    """The contract's reason, or nothing of a move that was made."""
    return REFUSALS[event["refusal"]] if event.name == "MoveRefused" else ""


@asynccontextmanager
async def open_treasury(stage: Stage) -> AsyncIterator[Treasury]:
    """Everything on both chains, until the block is left."""
    other = ChainClient([stage.other.url], stage.other.chain_id, ZERO_ADDRESS)
    try:
        treasury = await _launch(stage, other)
        try:
            yield treasury
        finally:
            await remove_trigger(stage.client, stage.sender(), treasury.registration)
    finally:
        await other.close()


async def _launch(stage: Stage, other: ChainClient) -> Treasury:
    story = stage.story
    story.line("other chain", f"chain id {stage.other.chain_id}, {stage.other.url}")
    there = await make_pair(other, ether_first=False)  # the other way round than at home: chains know no order
    market = await there.pool(MARKET_DEPTH, PRICE)
    story.line("market", f"pool {market.address} there: {MARKET_DEPTH // UNIT:,} dETH at {PRICE:,}")
    pair = await make_pair(stage.client, ether_first=True)
    pools = (await pair.pool(HOME_DEPTHS[0], PRICE), await pair.pool(HOME_DEPTHS[1], PRICE))
    for place, pool in enumerate(pools):
        story.line(f"pool {place}", f"{pool.address} here: {HOME_DEPTHS[place] // UNIT:,} dETH at {PRICE:,}")
    function = await stage.register("rebalancer", _follow(example("rebalancer"), market))
    owner = stage.sender(OWNER).address
    address = await stage.deploy(
        *(CONTRACT, stage.devnet.deployment.router, owner, bytes(function), owner, DELAY_S, owner),
        *([pool.address for pool in pools], PRICE * PRICE_SCALE),
    )
    await stage.transact(CONTRACT, address, "setSubscription", await stage.pay_for(address))
    await stage.transact(CONTRACT, address, "setBounds", BOUNDS)
    for token, amount in zip(pair.tokens, HOLDINGS, strict=True):
        await pair.mint(token, address, amount)
    story.line("treasury", f"{CONTRACT} {address} believes this function and triggers of its owner's")
    config = LogConfig(
        addresses=[str(market.address)],
        topics=[["0x" + SWAPPED.hex()]],
        chain_id=stage.other.chain_id,
        confirmations=0,  # of chains that nobody reorganises; others: "finalized", the default
        per_hour=60,
    )
    own = encode(["address", "uint64"], [str(address), 0])
    registration = await stage.trigger(function, config, address, callback_gas_limit=CALLBACK_GAS, input=own)
    story.line("trigger", f"{registration}: any Swapped of the market, at most 60 an hour")
    return Treasury(stage, address, pools, market, registration)


def _follow(function: Function, market: Pool) -> Function:
    """The example with this market in its policy, as whoever deploys it writes it there."""
    source = function.source
    for placeholder, address in zip(PLACEHOLDERS, (market.address, market.pair.ether), strict=True):
        if source.count(placeholder) != 1:
            raise HostFault(f"the example names {placeholder.decode()} {source.count(placeholder)} times")
        source = source.replace(placeholder, str(address).encode())
    return replace(function, source=source)
