"""executor demo lottery, on the shared network: what its contract holds afterwards."""

from __future__ import annotations

import pytest
from eth_hash.auto import keccak

from executor.crypto.draws import draw_value
from executor.demos.identity import address_of
from executor.demos.lottery import (
    CONTRACT,
    DELAY_S,
    PRICE_WEI,
    PURCHASES,
    SPONSORED_WEI,
    STRANGER,
    WINNERS,
    Lottery,
    play,
)
from executor.demos.stage import Stage
from executor.errors import TransactionFailed
from executor.model.ids import Address
from executor.receipts.files import read_receipt

pytestmark = pytest.mark.asyncio(loop_scope="session")  # as the network they share
DRAWN = 2  # of IRaffles.sol's stages


def sample(seed: bytes, n: int, count: int) -> list[int]:
    """contracts/src/libraries/Randomness.sol once more; no word is refused at these sizes."""
    items = dict[int, int]()
    for i in range(count):
        word = int.from_bytes(keccak(seed + i.to_bytes(32, "big")), "big")
        place = i + word % (n - i)
        items[i], items[place] = items.get(place, place), items.get(i, i)
    return [items[i] for i in range(count)]


def buyer(ticket: int) -> int:
    """The account that bought a ticket."""
    for account, count in PURCHASES.items():
        if ticket < count:
            return account
        ticket -= count
    raise AssertionError("no such ticket")


async def test_the_lottery_is_played(stage: Stage) -> None:
    """The prizes are those of the tickets that the seed gives; only router and payer move anything."""
    assert await play(stage), stage.story.console.file.getvalue()
    receipts = [read_receipt(path) for path in sorted(stage.receipts.glob("receipt-*.json"))]
    (raffles,) = {receipt.request.consumer for receipt in receipts}
    assert isinstance(raffles, Address)
    lottery = Lottery(stage, raffles, raffles)
    by_request = {bytes(receipt.attestation.reports[0].request_id): receipt for receipt in receipts}
    tickets = {}
    for raffle in (1, 2):
        owner, tickets[raffle], where, _, terms, _, commitment = await lottery.view("raffle", raffle)
        assert (owner.lower(), where, terms[2]) == (str(address_of(0)), DRAWN, DELAY_S)
        receipt = by_request[commitment]
        (entry,) = receipt.transcript
        assert await lottery.view("seedOf", commitment) == draw_value(receipt.request, 0, entry.value)
    assert tickets == {1: sum(PURCHASES.values()), 2: 25}

    # Each of three tickets, drawn by the same stream, has the same prize; the second raffle was one buyer's.
    sales = PRICE_WEI * tickets[1]
    seed = await lottery.view("seedOf", (await lottery.view("raffle", 1))[6])
    expected = dict.fromkeys(PURCHASES, 0)
    for ticket in sample(seed, tickets[1], WINNERS):
        expected[buyer(ticket)] += (SPONSORED_WEI + sales - sales // 10) // WINNERS
    expected[6] += PRICE_WEI * 25 * 9 // 10 // WINNERS * WINNERS
    assert {account: await lottery.view("owed", address_of(account)) for account in PURCHASES} == expected
    held = await stage.client.balance(raffles)
    assert held == sum(expected.values()) + await lottery.view("owed", address_of(0))

    # A stranger answers for the committee, and begins a raffle that others would pay for.
    with pytest.raises(TransactionFailed, match="OnlyRouter"):
        await stage.transact(CONTRACT, raffles, "handleFulfillment", commitment, seed, b"", account=STRANGER)
    with pytest.raises(TransactionFailed, match="NotPayer"):
        await lottery.send("createRaffle", (1, 2**40, DELAY_S, 1, 0))
