"""A raffle of 5,000 tickets and loot boxes, decided by draws that the committee makes itself (docs/lottery.md)."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from executor.chain.logs import SeenRequest
from executor.crypto import bls
from executor.crypto.digests import keccak256
from executor.demos.examples import example
from executor.demos.facts import Facts
from executor.demos.lottery import LIAR, PRICE_WEI, STRANGER, Lottery, sale_over, sell
from executor.demos.stage import FINALITY_BLOCKS, POLL_S, Stage
from executor.demos.story import coins
from executor.errors import HostFault
from executor.model.function import Function
from executor.model.ids import RequestId
from executor.model.observation import Kind
from executor.model.receipt import Receipt

NAME: Final = "draws"
ABOUT: Final = "The committee draws by a key that no member holds, though one gives false parts."
COMMITTEE_DRAWS: Final = True

CONTRACT: Final = "CommitteeLottery"
WEIGHTS: Final = (1, 9, 90)
BOXES: Final = 5
PLAYER: Final = 6
KEY_TIMEOUT_S: Final = 120.0  # a key's making takes rounds, and its registration a transaction


async def registered_key(stage: Stage, epoch: int = 1) -> bytes:
    """The epoch's key of draws, once a quorum registered it; raises HostFault when that takes too long."""
    deployment, deadline = stage.devnet.deployment, time.monotonic() + KEY_TIMEOUT_S
    where = (deployment.router, deployment.committee, epoch)
    while not (key := bytes(await stage.view("Beacon", deployment.beacon, "drawKey", *where))):
        if time.monotonic() > deadline:
            raise HostFault(f"epoch {epoch} registered no key of draws within {KEY_TIMEOUT_S:g} s")
        await asyncio.sleep(POLL_S)
    return bls.from_evm_g2(key)


async def open_lottery(stage: Stage, function: Function) -> Lottery:
    """Function and games; neither has a setting, and the games' owner can change nothing."""
    function_id = await stage.register("committee-seed", function)
    deployment = stage.devnet.deployment
    place = (deployment.router, function_id, deployment.subscription, deployment.beacon)
    games = await stage.deploy(CONTRACT, *place)
    stage.story.line("contracts", f"{CONTRACT} {games}; Beacon {deployment.beacon}")
    return Lottery(stage, deployment.beacon, games, CONTRACT, 0)


async def verified(lottery: Lottery, request: RequestId, signature: bytes, epoch: int = 1) -> bytes:
    """A draw's value as the Beacon gives it; raises ChainError for a signature that is not the draw's."""
    deployment = lottery.stage.devnet.deployment
    where = (deployment.router, deployment.committee, epoch, bytes(request), 0)
    return bytes(await lottery.stage.view("Beacon", lottery.beacon, "verifyDraw", *where, bls.to_evm_g1(signature)))


def proof_of(receipt: Receipt) -> bytes:
    """The signature of a receipt's one draw."""
    (entry,) = receipt.transcript
    if entry.kind is not Kind.DRAW:
        raise HostFault("the receipt's transcript is no draw")
    return entry.value


async def play(stage: Stage) -> bool:
    """Show it."""
    facts, story = Facts(stage.story), stage.story
    story.chapter("The committee makes a key of which each member holds a share, and registers it")
    key = await registered_key(stage)
    story.line(
        "key", f"0x{key.hex()[:32]}…, by a quorum's signatures; any {stage.devnet.epoch.f + 1} members draw with it"
    )
    await stage.lie(LIAR, "wrong-part")
    story.line("fault", f"node {LIAR} gives parts of draws that are none")
    lottery = await open_lottery(stage, example("committee_seed"))
    over = await sell(lottery, facts)
    await sale_over(stage, over)
    receipt = await raffle(lottery, facts)
    await boxes(lottery, facts, receipt)
    return facts.held


async def answered(lottery: Lottery, seen: SeenRequest, facts: Facts) -> Receipt:
    """The committee's answer to a request, once that is final, and that it is the draw."""
    stage = lottery.stage
    await stage.mine(FINALITY_BLOCKS)
    await stage.delivered(seen.request_id)
    receipt = await stage.receipt(seen.request_id)
    proof = proof_of(receipt)
    seed = await lottery.seed(seen.request_id)
    facts.holds("the seed is the hash of the draw's one signature", seed == receipt.payload == keccak256(proof))
    facts.holds("the Beacon verifies it", await verified(lottery, seen.request_id, proof) == seed)
    return receipt


async def raffle(lottery: Lottery, facts: Facts) -> Receipt:
    """Closed by a stranger, drawn by the committee, chosen by the contract."""
    stage, story = lottery.stage, lottery.stage.story
    story.chapter("The raffle: a stranger closes it; when that is final, a quorum releases the draw")
    seen = await lottery.close(1)
    await facts.refused("asked for again", lottery.send("close", 1), "WrongStage")
    receipt = await answered(lottery, seen, facts)
    mined = await lottery.send("draw", 1, b"")
    for won in stage.happened(CONTRACT, lottery.raffles, mined):
        if won.name == "Won":
            story.line("won", f"ticket {won['ticket']:,} of {won['winner']}: {coins(won['prize'])}", "bold green")
    story.line("gas", f"{mined.gas_used:,} for the draw")
    await facts.refused("drawn again", lottery.send("draw", 1, b""), "WrongStage")
    facts.holds("the receipt verifies", await stage.verify(receipt))
    return receipt


async def boxes(lottery: Lottery, facts: Facts, other: Receipt) -> None:
    """Bought, drawn, claimed by somebody else; another request's draw opens nothing."""
    stage, story = lottery.stage, lottery.stage.story
    story.chapter(f"Loot boxes: {BOXES} at once, with items of weights {', '.join(map(str, WEIGHTS))}")
    await lottery.send("createBox", PRICE_WEI, 0, WEIGHTS, account=0)
    await stage.mark()
    seen = await stage.requested(await lottery.send("open", 1, BOXES, account=PLAYER, value_wei=PRICE_WEI * BOXES))
    foreign = verified(lottery, seen.request_id, proof_of(other))
    await facts.refused("the raffle's draw in its place", foreign, "BadDraw")
    await answered(lottery, seen, facts)
    mined = await lottery.send("claim", bytes(seen.request_id), b"", account=STRANGER)
    for claimed in stage.happened(CONTRACT, lottery.raffles, mined):
        if claimed.name == "BoxesClaimed":
            story.line("items", f"{claimed['items']} for {claimed['player']}", "bold green")
    await facts.refused("claimed again", lottery.send("claim", bytes(seen.request_id), b""), "UnknownOpening")
