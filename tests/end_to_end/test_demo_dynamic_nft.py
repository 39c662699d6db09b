"""The dynamic NFT on a running network: what the chain says after the demo, and what lying feeds can do."""

from __future__ import annotations

import io
import re

import pytest

from executor.chain.accounts import dev_accounts
from executor.chain.client import checksum
from executor.chain.triggers import remove_trigger
from executor.crypto.digests import function_id
from executor.demos.dynamic_nft import ADA, BEN, CONTRACT, MATCH, Match, launch, play
from executor.demos.examples import example
from executor.demos.stage import Stage
from executor.model.ids import Address, RegistrationId
from executor.model.receipt import Receipt
from executor.receipts.files import read_receipt
from executor.testing.match_feeds import FEED_A, FEED_B, FEED_C

pytestmark = pytest.mark.asyncio(loop_scope="session")  # as the network they share


async def test_a_sale_and_a_refresh_show_the_match(stage: Stage) -> None:
    """The contract has the last score, each update was one event of its own, and nothing was pushed by a stranger."""
    assert await play(stage), stage.story.console.file.getvalue()
    assert isinstance(stage.story.console.file, io.StringIO)
    told = stage.story.console.file.getvalue()
    address = found(r"DynamicNft (0x[0-9a-f]{40})", told)
    nft, token = Address.from_hex(address), MATCH << 32 | 1
    known = await stage.view(CONTRACT, nft, "matchInfo", MATCH)
    assert (known[2], known[4:7]) == (1, (1, 1, 1)), "one token; 1:1, live"
    assert known[7].rstrip(b"\0").decode() == "Åland United"
    owner = await stage.view(CONTRACT, nft, "ownerOf", token)
    assert Address.from_hex(owner) in (dev_accounts()[ADA].address, dev_accounts()[BEN].address)
    assert await stage.view(CONTRACT, nft, "binding") == [
        1,
        bytes(function_id(example("dynamic_nft"))),
        checksum(dev_accounts()[0].address),
    ]
    receipts = [read_receipt(path) for path in stage.receipts.glob("receipt-*.json")]
    assert len(receipts) >= 3
    for receipt in receipts:
        assert await updates(stage, nft, receipt) == ["BatchMetadataUpdate", "MatchUpdated"]
    assert {receipt.request.origin is None for receipt in receipts} == {True, False}
    assert re.search(r"outvoted +node 3 said .*\[9,9,9,", told)
    await remove_trigger(
        stage.client, stage.sender(), RegistrationId.from_hex(found("trigger +(0x[0-9a-f]{64})", told))
    )


async def test_feeds_that_lie_to_each_node_differently_change_nothing(stage: Stage) -> None:
    """One of three is not believed. With two the nodes agree that there is no score, and the token stays as it was."""
    match = Match(stage, MATCH + 1)
    await match.move(status="live", minute=10, home_score=2, away_score=0)
    nft = await launch(stage, MATCH + 1)
    await match.spoil(FEED_A, "lying")
    try:
        token, minted = await nft.mint(ADA)
        shown = await nft.shown(token, await nft.started(minted))
        assert shown.score == (2, 0)
        await match.spoil(FEED_B, "lying")
        request = await nft.refresh(BEN)
        delivered = await stage.delivered(request)
        assert delivered["status"] == 1, "Failed"
        receipt = await stage.receipt(request)
        assert b"feeds-disagree" in receipt.payload
        assert await updates(stage, nft.address, receipt) == ["RunFailed"]
        assert (await nft.known())[4:6] == (2, 0)
        assert await stage.verify(receipt), "an agreed failure is attested like any outcome"
    finally:
        for feed in (FEED_A, FEED_B, FEED_C):
            await match.spoil(feed, "")
        await remove_trigger(stage.client, stage.sender(), nft.registration)


async def updates(stage: Stage, nft: Address, receipt: Receipt) -> list[str]:
    """The contract's own events in the delivery."""
    return [event.name for event in stage.happened(CONTRACT, nft, await stage.delivery(receipt))]


def found(pattern: str, text: str) -> str:
    """The first match."""
    match = re.search(pattern, text)
    assert match is not None, pattern
    return match[1]
