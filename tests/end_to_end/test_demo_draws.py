"""Committees of real processes that make their own draws: 4 members of which one spoils them, and 7 with two."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest
from eth_hash.auto import keccak
from rich.console import Console

from executor.crypto import bls
from executor.demos import draws
from executor.demos.facts import Facts
from executor.demos.identity import address_of
from executor.demos.lottery import PRICE_WEI, STRANGER, Lottery
from executor.demos.stage import Stage
from executor.demos.story import Story
from executor.errors import ChainError, TransactionFailed
from executor.model.function import Function
from executor.model.manifest import parse_manifest
from executor.receipts.files import read_receipt
from executor.testing.devnet import Devnet, DevnetSettings
from tests.drawing_guest import drawing_guest
from tests.end_to_end.test_demo_lottery import sample

pytestmark = pytest.mark.asyncio(loop_scope="session")  # as the network they share
DRAWN = 2  # of IRaffles.sol's stages
MANIFEST = (
    '[function]\nname = "draw"\nlanguage = "wasm"\nsource = "draw.wasm"\n[limits]\nobservations = 0\n'
    '[capabilities.random]\nsource = "committee"\n'
)
TERMS = parse_manifest(MANIFEST).terms


async def test_the_committee_decides_a_raffle_and_loot_boxes(stage: Stage) -> None:
    """The winners are the tickets, and the items the rolls, that follow from the signatures in the receipts."""
    assert await draws.play(stage), stage.story.console.file.getvalue()
    raffled, opened = sorted(
        (read_receipt(path) for path in stage.receipts.glob("receipt-*.json")),
        key=lambda each: each.request.block_number,
    )
    lottery = Lottery(stage, stage.devnet.deployment.beacon, raffled.request.consumer, draws.CONTRACT, 0)
    _, tickets, where, *_, commitment = await lottery.view("raffle", 1)
    assert (tickets, where, commitment) == (5_000, DRAWN, raffled.attestation.reports[0].request_id)
    winners = [await lottery.view("ticketOwner", 1, ticket) for ticket in sample(raffled.payload, 5_000, 3)]
    owed = [await lottery.view("owed", winner) for winner in dict.fromkeys(winners)]
    assert sum(owed) == 3 * ((10**18 + 5_000 * PRICE_WEI * 9 // 10) // 3)
    rolls = [int.from_bytes(keccak(opened.payload + i.to_bytes(32, "big")), "big") % 100 for i in range(draws.BOXES)]
    items = [0 if roll < 1 else 1 if roll < 10 else 2 for roll in rolls]
    held = [await lottery.view("itemsOf", 1, address_of(draws.PLAYER), item) for item in range(3)]
    assert held == [items.count(item) for item in range(3)]


async def test_a_draw_whose_answer_is_no_seed_is_brought_by_anybody(stage: Stage) -> None:
    """The function answers with 64 bytes, which the lottery does not take: a stranger brings the draw's signature."""
    await draws.registered_key(stage)
    deployment = stage.devnet.deployment
    function = await stage.devnet.register(Function(drawing_guest(returned=64), TERMS))
    games = await stage.deploy(draws.CONTRACT, deployment.router, function, deployment.subscription, deployment.beacon)
    lottery = Lottery(stage, deployment.beacon, games, draws.CONTRACT, 0)
    await stage.pay_for(games)
    await lottery.send("createBox", PRICE_WEI, 0, draws.WEIGHTS, account=0)
    await stage.mark()
    seen = await stage.requested(await lottery.send("open", 1, 2, account=draws.PLAYER, value_wei=2 * PRICE_WEI))
    opening = bytes(seen.request_id)
    await stage.delivered(seen.request_id)
    receipt = await stage.receipt(seen.request_id)
    proof = draws.proof_of(receipt)
    assert receipt.payload == keccak(proof) + bytes(32)
    assert await lottery.seed(seen.request_id) == bytes(32)
    with pytest.raises(TransactionFailed, match="NoSeed"):
        await lottery.send("claim", opening, b"", account=STRANGER)
    negated = bytes([proof[0] ^ 0x20]) + proof[1:]
    with pytest.raises(TransactionFailed, match="BadDraw"):
        await lottery.send("claim", opening, bls.to_evm_g1(negated), account=STRANGER)
    with pytest.raises(ChainError, match="NoDrawKey"):
        await draws.verified(lottery, seen.request_id, proof, epoch=2)
    await lottery.send("claim", opening, bls.to_evm_g1(proof), account=STRANGER)
    assert await lottery.seed(seen.request_id) == keccak(proof)


@pytest.mark.anvil
async def test_seven_members_draw_with_two_that_spoil_it(tmp_path: Path) -> None:
    """f = 2: one gives false parts, one gives none; any three of the others make the one proof."""
    faults = {5: "wrong-part", 6: "no-part"}
    settings = DevnetSettings(
        chain="anvil", nodes=7, processes=2, poll_interval_s=0.5, committee_draws=True, faults=faults
    )
    async with Devnet(tmp_path / "network", settings) as devnet:
        story = Story(Console(file=io.StringIO(), width=500, highlight=False))
        stage, facts = Stage(devnet, story, tmp_path), Facts(story)
        await draws.registered_key(stage)
        lottery = await draws.open_lottery(stage, Function(drawing_guest(), TERMS))
        await stage.pay_for(lottery.raffles)
        over = max((await stage.client.head()).timestamp, int(time.time())) + 10
        await lottery.send("createRaffle", (PRICE_WEI, over, 0, 3, 1_000), account=0)
        await lottery.send("buy", 1, 7_000, account=8, value_wei=7_000 * PRICE_WEI)
        await draws.sale_over(stage, over)
        receipt = await draws.raffle(lottery, facts)
        await draws.boxes(lottery, facts, receipt)
        assert facts.held, story.console.file.getvalue()
        assert (devnet.epoch.n, devnet.epoch.f) == (7, 2)
        assert receipt.draw_key is not None
