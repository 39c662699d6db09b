"""A treasury that keeps its weights by a price from another chain, while endpoints lie and somebody moves the pools."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from executor.crypto.digests import keccak256
from executor.demos.network import describe_network
from executor.demos.pools import UNIT
from executor.demos.stage import Stage
from executor.demos.treasury import Move, Treasury, open_treasury
from executor.model.ids import Address
from executor.node.config_file import config_text
from executor.node.reader import ask
from executor.testing.rpc_relays import RpcRelay, Twist

NAME: Final = "rebalancer"
ABOUT: Final = "A treasury that trades by a price on another chain: two chains read, lying endpoints, moved pools."
OTHER_CHAIN: Final = True

DECEIVED, CAREFUL = 3, 2  # nodes: one has a lying endpoint of the other chain alone, one has it beside two others
RESERVES: Final = "0x" + keccak256(b"reserves()")[:4].hex()
TRIES: Final = 4  # for the deceived node to be heard in time: the fastest quorum settles a slot
DUMPED: Final = 60 * UNIT  # what moves the pools by more than the moves' minimum allows


async def play(stage: Stage) -> bool:
    """A request, a trigger while an endpoint lies, pools that were moved, and a move that comes too late."""
    story = stage.story
    story.chapter("Two chains")
    describe_network(story, stage.devnet)
    async with open_treasury(stage) as treasury:
        return await _Play(stage, treasury).play()


class _Play:
    def __init__(self, stage: Stage, treasury: Treasury) -> None:
        self._stage = stage
        self._story = stage.story
        self._treasury = treasury

    async def play(self) -> bool:
        """Every chapter, whatever the ones before came to."""
        chapters = (self._request, self._trigger, self._manipulated, self._too_late)
        return all([await chapter() for chapter in chapters])

    async def _request(self) -> bool:
        self._story.chapter("Too much ether: anybody asks for a move")
        before = await self._treasury.tell("holds")
        await self._stage.mark()
        move = await self._treasury.followed(await self._treasury.requested())
        return _sold_ether(move, before) and await self._stage.verify(move.receipt)

    async def _trigger(self) -> bool:
        story, treasury = self._story, self._treasury
        story.chapter(
            "The price rises on both chains: the market's event there starts the function, and an endpoint lies"
        )
        story.line("liar", f"all that node {DECEIVED} knows of the other chain; node {CAREFUL} has two more endpoints")
        moves = []
        async with lying_endpoint(self._stage, tenfold(treasury.market.address)) as liar:
            for attempt in range(TRIES):
                before = await treasury.tell("holds")
                move = await self._moved(2_060 + 20 * attempt)
                moves.append(_sold_ether(move, before))
                if DECEIVED in story.outvoted:
                    break
                story.line("", f"node {DECEIVED} came too late to be heard; once more")
            told = await self._told(CAREFUL, "endpoint-outvoted")
        said = f"node {CAREFUL}: {told['endpoint']} said {told['answer'][:80]} to {told['method']}"
        story.line("reported", said, "bold red")
        outvoted = DECEIVED in story.outvoted and liar.url.endswith(told["endpoint"])
        return await self._stage.verify(move.receipt) and all(moves) and outvoted

    async def _manipulated(self) -> bool:
        self._story.chapter(
            "Somebody pushes down the pools here, and only here: selling would lose by the market's price"
        )
        before = await self._treasury.tell("holds")
        for pool in self._treasury.pools:
            await pool.bring_to(1_950)
        move = await self._moved(2_150, home_too=False)
        return move.refusal == "NothingToDo" and move.holdings == before

    async def _too_late(self) -> bool:
        story, treasury = self._story, self._treasury
        story.chapter("Somebody sells in both pools, after the block that the nodes look at and before the delivery")
        before = await treasury.tell("holds")
        await treasury.market_moves(2_200, dump=DUMPED)
        move = await treasury.followed(await treasury.triggered())
        least = int.from_bytes(move.receipt.payload[96:128], "big") / UNIT
        story.line("", f"the pools pay less than the {least:,.2f} dUSD that were the least")
        return move.refusal == "BelowMinimum" and move.holdings == before

    async def _moved(self, price: int, *, home_too: bool = True) -> Move:
        await self._treasury.market_moves(price, home_too=home_too)
        return await self._treasury.followed(await self._treasury.triggered())

    async def _told(self, node: int, kind: str) -> dict[str, Any]:
        """A node's last event of a kind since its start; waits for it as long as for a request."""
        async with asyncio.timeout(60.0):
            while True:
                events = await ask(self._stage.devnet.nodes[node].url, "/v1/events?after=0")
                mine = [event for event in events if event["kind"] == kind]
                if mine:
                    return dict(mine[-1])
                await asyncio.sleep(0.1)


def _sold_ether(move: Move, before: tuple[int, int]) -> bool:
    return not move.refusal and move.holdings[0] < before[0] and move.holdings[1] > before[1]


def tenfold(pool: Address) -> Twist:
    """The pool has ten times the ether, so that its price is a tenth."""

    def twist(method: str, params: Any, result: Any) -> Any:
        asked = params[0] if method == "eth_call" and params else {}
        if asked.get("data") != RESERVES or str(asked.get("to")).lower() != str(pool):
            return result
        words = bytes.fromhex(result[2:])
        return f"0x{words[:32].hex()}{10 * int.from_bytes(words[32:], 'big'):064x}"

    return twist


@asynccontextmanager
async def lying_endpoint(stage: Stage, twist: Twist) -> AsyncIterator[RpcRelay]:
    """Within, one node reads the other chain through this endpoint alone, another through it and two honest ones."""
    async with RpcRelay(stage.other.url) as mirror, RpcRelay(stage.other.url, twist) as liar:
        try:
            urls = {DECEIVED: [liar.url], CAREFUL: [stage.other.url, mirror.url, liar.url]}
            await asyncio.gather(*(_read_through(stage, node, urls[node]) for node in urls))
            yield liar
        finally:
            await asyncio.gather(*(_read_through(stage, node, [stage.other.url]) for node in (DECEIVED, CAREFUL)))


async def _read_through(stage: Stage, node: int, urls: Sequence[str]) -> None:
    """Start a node again with these endpoints of the other chain."""
    path = stage.devnet.nodes[node].directory / "node.toml"
    values = tomllib.loads(path.read_text())
    values["chains"] = [{"id": stage.other.chain_id, "rpc_urls": list(urls)}]
    path.write_text(config_text(values))
    await stage.devnet.restart(node)
