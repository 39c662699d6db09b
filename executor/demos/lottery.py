"""A raffle of 5,000 tickets, drawn by a function that is asked when the sale is over (docs/lottery.md)."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, Final

from executor.chain.client import Receipt as Mined
from executor.chain.logs import SeenRequest
from executor.crypto import bls
from executor.crypto.digests import draw_digest, ticket_randomness
from executor.crypto.draws import draw_value, verify_round
from executor.demos.examples import example
from executor.demos.facts import Facts
from executor.demos.stage import Stage
from executor.demos.story import coins
from executor.model.draw import DrandDraw, parse_draw
from executor.model.function import Function
from executor.model.ids import Address, Digest, RequestId
from executor.model.manifest import DrandChainTerms, DrandRandom
from executor.model.receipt import Receipt
from executor.node.reader import ask
from executor.testing.exchanges import RELAYS
from executor.testing.relays import CHAIN_HASH, development_chain

NAME: Final = "lottery"
ABOUT: Final = "5,000 tickets: anybody closes the raffle, and a round that nobody knew decides it."

DELAY_S: Final = 2  # from the closing to the round; of quicknet 30 at least
PRICE_WEI: Final = 10**15
SPONSORED_WEI: Final = 10**18
WINNERS: Final = 3
SHARE: Final = 1_000  # a tenth of the sales is the owner's
PURCHASES: Final = {5: 1_750, 6: 25, 7: 1_725, 8: 1_500}  # account: tickets
STRANGER: Final = 9
LIAR: Final = 3
BLOCKS: Final = 9  # of a sale, for development chains stamp each a second later than the last; and two to spare
PACE: Final = 10  # on a slow machine so many times what one transaction took
CONTRACT: Final = "FunctionRaffles"
TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Lottery:
    """The contracts of one lottery."""

    stage: Stage
    beacon: Address
    raffles: Address
    contract: str = CONTRACT
    delay_s: int = DELAY_S

    async def send(self, function: str, *arguments: object, account: int = STRANGER, value_wei: int = 0) -> Mined:
        """Call the raffles."""
        stage = self.stage
        sending = {"account": account, "value_wei": value_wei}
        return await stage.transact(self.contract, self.raffles, function, *arguments, **sending)

    async def view(self, function: str, *arguments: object) -> Any:
        """What the raffles' contract says now."""
        return await self.stage.view(self.contract, self.raffles, function, *arguments)

    async def seed(self, request: RequestId) -> bytes:
        """The seed of a closed raffle; zeros while nobody has shown it."""
        return bytes(await self.view("seedOf", bytes(request)))

    async def close(self, raffle: int) -> SeenRequest:
        """A stranger closes it, which is what asks the function."""
        await self.stage.mark()
        mined = await self.send("close", raffle)
        seen = await self.stage.requested(mined)
        self.stage.story.line("gas", f"{mined.gas_used:,} for closing and asking")
        return seen

    async def proven(self, request: RequestId, draw: DrandDraw, proof: bytes) -> bytes:
        """The seed as the chain's own check of the round gives it; raises ChainError for a false proof."""
        signature = bls.to_evm_g1(proof)
        drawn = await self.stage.view("ChainBeacon", self.beacon, "verifyRound", draw.round, signature)
        deployment = self.stage.devnet.deployment
        which = draw_digest(deployment.chain_id, deployment.router, request, draw.ordinal)
        return bytes(ticket_randomness(Digest(drawn), which))


def seed_function() -> Function:
    """examples/raffle_seed, on the chain of drand whose rounds the devnet's relays serve: quicknet's are not theirs."""
    function, chain = example("raffle_seed"), development_chain()
    own = DrandChainTerms(
        hash="0x" + chain.hash.hex(), key="0x" + chain.key.hex(), genesis=chain.genesis_s, period_s=chain.period_s
    )
    random = DrandRandom(source="drand", delay_s=DELAY_S, chain=own)
    capabilities = function.terms.capabilities.model_copy(update={"random": random})
    return replace(function, terms=function.terms.model_copy(update={"capabilities": capabilities}))


async def open_lottery(stage: Stage) -> Lottery:
    """Function, beacon and raffles; none of the three has an owner or a setting."""
    function, chain, deployment = seed_function(), development_chain(), stage.devnet.deployment
    function_id = await stage.register("raffle-seed", function)
    key = bls.to_evm_g2(chain.key)
    beacon = await stage.deploy("ChainBeacon", key, chain.genesis_s, chain.period_s, DELAY_S)
    place = (deployment.router, function_id, deployment.subscription, DELAY_S, beacon)
    raffles = await stage.deploy(CONTRACT, *place)
    stage.story.line("", f"one draw, of the first round {DELAY_S} s after the block that asks, and no observation")
    stage.story.line("contracts", f"FunctionRaffles {raffles}; ChainBeacon {beacon}, which verifies the rounds")
    return Lottery(stage, beacon, raffles)


async def sell(lottery: Lottery, facts: Facts) -> int:
    """Two raffles, of 5,000 tickets and of 25; the time at which their sale is over."""
    stage, story = lottery.stage, lottery.stage.story
    begun = time.monotonic()
    await stage.pay_for(lottery.raffles)
    pace = time.monotonic() - begun
    over = max((await stage.client.head()).timestamp, int(time.time())) + BLOCKS + ceil(PACE * pace)
    terms = (PRICE_WEI, over, lottery.delay_s, WINNERS, SHARE)
    await lottery.send("createRaffle", terms, account=0, value_wei=SPONSORED_WEI)
    await lottery.send("createRaffle", terms, account=0)
    await facts.refused("closed while tickets are sold", lottery.send("close", 1), "SalesOpen")
    for account, tickets in PURCHASES.items():
        await lottery.send("buy", 1, tickets, account=account, value_wei=PRICE_WEI * tickets)
        story.line("bought", f"{tickets:,} tickets by account {account}, in one word of storage")
    await lottery.send("buy", 2, 25, account=6, value_wei=PRICE_WEI * 25)
    return over


async def sale_over(stage: Stage, over: int) -> None:
    """Wait until nothing is sold any more, and for a block of that time: estimates may be for the last one."""
    while (head := (await stage.client.head()).timestamp) < over:
        if head + 1 < over:
            await asyncio.sleep(max(0.1, over - time.time()))
        await stage.client.rpc.call("evm_mine")


async def relayed(stage: Stage, draw: DrandDraw, fault: str = "") -> bytes:
    """A round's signature from one of the network's relays, as anybody gets it; unverified."""
    name = next(each for each, wrong in RELAYS.items() if wrong == fault)
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            told = await ask(f"http://{stage.devnet.overrides[name]}", f"/{CHAIN_HASH.hex()}/public/{draw.round}")
            if isinstance(told, dict) and "signature" in told:
                return bytes.fromhex(told["signature"])
            await asyncio.sleep(0.2)  # its time has not come


def drawn_by(receipt: Receipt) -> tuple[DrandDraw, bytes]:
    """The draw in a transcript, and its proof."""
    (entry,) = receipt.transcript
    draw = parse_draw(entry.spec)
    assert isinstance(draw, DrandDraw)
    return draw, entry.value


async def play(stage: Stage) -> bool:
    """Show it."""
    facts, story = Facts(stage.story), stage.story
    story.chapter(
        f"Two raffles on a network of which a relay forges rounds, and whose node {LIAR} votes for another round"
    )
    lottery = await open_lottery(stage)
    over, _ = await asyncio.gather(sell(lottery, facts), stage.lie(LIAR, "other-round"))
    await sale_over(stage, over)
    await _drawn_by_committee(lottery, facts)
    await _drawn_by_anybody(lottery, facts)
    return facts.held


async def _drawn_by_committee(lottery: Lottery, facts: Facts) -> None:
    """Raffle 1: the committee answers, and the contract chooses."""
    stage, story = lottery.stage, lottery.stage.story
    story.chapter("Raffle 1: a stranger closes it; that block is the request, and fixes the round")
    seen = await lottery.close(1)
    await facts.refused("asked for again", lottery.send("close", 1), "WrongStage")
    await stage.delivered(seen.request_id)
    receipt = await stage.receipt(seen.request_id)
    draw, proof = drawn_by(receipt)
    seed = await lottery.seed(seen.request_id)
    fixed = await fixed_draw(lottery, seen)
    facts.holds(f"round {draw.round} is the one that the request fixed", draw == fixed)
    same = seed == receipt.payload == draw_value(receipt.request, 0, proof)
    facts.holds("the contract's seed is the request's draw of that round", same)
    voters = {vote.member for vote in receipt.votes}
    facts.holds(f"node {LIAR}'s vote is not among those that attest", LIAR not in voters)

    story.chapter("The winners: the first places of a shuffle of all tickets by the seed, made on chain")
    mined = await lottery.send("draw", 1, b"")
    for won in stage.happened(CONTRACT, lottery.raffles, mined):
        if won.name == "Won":
            story.line("won", f"ticket {won['ticket']:,} of {won['winner']}: {coins(won['prize'])}", "bold green")
    story.line("gas", f"{mined.gas_used:,} for the draw")
    await facts.refused("drawn again", lottery.send("draw", 1, b""), "WrongStage")

    story.chapter("The proof: offline by whoever holds the receipt, and by a contract")
    facts.holds("the receipt verifies", await stage.verify(receipt))
    again = await lottery.proven(seen.request_id, draw, proof)
    facts.holds(f"ChainBeacon verifies round {draw.round} and gives the same seed", again == seed)
    forged = await relayed(stage, draw, "lying")
    refused = forged != proof and not verify_round(draw.key, draw.round, forged)
    facts.holds("one of the nodes' two relays serves a forged signature; no node took it", refused)
    await facts.refused("ChainBeacon on the forged one", lottery.proven(seen.request_id, draw, forged), "BadRound")


async def _drawn_by_anybody(lottery: Lottery, facts: Facts) -> None:
    """Raffle 2: a stranger needs no committee."""
    stage, story = lottery.stage, lottery.stage.story
    story.chapter("Raffle 2: a stranger does not wait for the committee")
    seen = await lottery.close(2)
    draw = await fixed_draw(lottery, seen)
    before = await relayed(stage, replace(draw, round=draw.round - 1))
    await facts.refused("the round before in its place", lottery.proven(seen.request_id, draw, before), "BadRound")
    proof = await relayed(stage, draw)
    mined = await lottery.send("draw", 2, bls.to_evm_g1(proof))
    what = f"with round {draw.round}'s signature from a relay, {mined.gas_used:,} gas"
    story.line("drawn", f"{what}: a committee that withholds its answer gains nothing")
    await stage.delivered(seen.request_id)
    receipt = await stage.receipt(seen.request_id)
    same = await lottery.seed(seen.request_id) == receipt.payload == draw_value(receipt.request, 0, proof)
    facts.holds("the committee's answer is the same seed", same)
    told = stage.happened(CONTRACT, lottery.raffles, await stage.delivery(receipt))
    facts.holds("nothing contradicts it", "SeedContradicted" not in {each.name for each in told})


async def fixed_draw(lottery: Lottery, seen: SeenRequest) -> DrandDraw:
    """The draw that a request fixed, by its block's time and the beacon's clock."""
    chain, time_s = development_chain(), seen.request.block_timestamp + DELAY_S
    round = await lottery.stage.view("ChainBeacon", lottery.beacon, "roundAt", time_s)
    return DrandDraw(0, chain.hash, chain.key, round, chain.time_of(round))
