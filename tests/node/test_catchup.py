"""A member that was away fetches the receipts it missed: checked in full, kept as its own, moving nothing."""

import asyncio
import contextlib
from dataclasses import replace
from functools import partial

import pytest
from aiohttp import web
from node_bench import Node, Script, make_epoch, make_request, one_slot, until
from test_requests import BLOCK, CHARGE, QUOTE, at, bill, book_of, delivery, seen

from executor.capabilities.member_networks import MemberNetworks
from executor.crypto.digests import request_id
from executor.model.observation import Kind, Observation
from executor.model.outcome import Returned
from executor.model.receipt import Receipt
from executor.node import catchup
from executor.node.catchup import KIND, CatchUp
from executor.node.receipts import ReceiptFiles
from executor.node.sessions import Session, Sessions
from executor.receipts import read_receipt
from executor.receipts.files import write_receipt
from executor.transport.memory import MemoryNetwork

KEY = request_id(make_request())
AWAY = 3


class Members:
    """The other members' HTTP: what each serves as the receipt of any request, and how often it was asked."""

    def __init__(self) -> None:
        self.served: dict[int, bytes] = {}
        self.asked: list[int] = []

    async def answer(self, request: web.Request) -> web.Response:
        member = int(request.match_info["member"])
        self.asked.append(member)
        if member not in self.served:
            return web.Response(status=404)
        return web.Response(body=self.served[member])


@pytest.fixture
async def members():
    return Members()


@pytest.fixture
async def nodes(tmp_path, members):
    """Three of four attest a request while the fourth is away; then it is there."""
    app = web.Application()
    app.router.add_get("/{member}/v1/receipts/{id}", members.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    network = MemoryNetwork(make_epoch(4, endpoint=f"http://127.0.0.1:{port}/{{}}"))
    made = [Node(tmp_path / str(index), network, index, one_slot) for index in range(4)]
    for node in made:
        await node.start()
    await made[AWAY].transport.close()
    yield made
    for node in made:
        with contextlib.suppress(Exception):
            await node.stop()
    await runner.cleanup()


@pytest.fixture
async def receipt(nodes) -> Receipt:
    """What the three have."""
    book = book_of(nodes[0])
    nodes[0].driver._on_attested = partial(book.attested, nodes[0].network.epoch)
    await book.take(seen())
    await asyncio.gather(*(node.see(make_request()) for node in nodes[1:AWAY]))
    await until(lambda: nodes[0].told("attested"), 20)
    return read_receipt(nodes[0].folder / "receipts" / f"{KEY}.json")


def encoded(receipt: Receipt, folder) -> bytes:
    write_receipt(folder / "written.json", receipt)
    return (folder / "written.json").read_bytes()


@pytest.fixture
async def away(nodes, monkeypatch):
    """The member that was away: its book, and its catching up, under way."""
    monkeypatch.setattr(catchup, "PASSES", 1)
    node = nodes[AWAY]
    book = book_of(node)
    sessions = Sessions()
    sessions.add(Session(node.network.epoch, AWAY, node.driver))
    node.catch_up = CatchUp(
        journal=node.journal,
        sessions=sessions,
        functions=node.functions,
        receipts=ReceiptFiles(node.folder / "receipts"),
        runs=Script(one_slot, lambda: Observation(Kind.VALUE, b"1")),
        events=node.events,
        connector=MemberNetworks(["127.0.0.0/8"]).connector,
        first_delay_s=0.01,
        pause_s=0.0,
    )
    book._misses = node.catch_up
    running = asyncio.create_task(node.catch_up.run(book))
    yield node, book
    running.cancel()


async def test_a_missed_receipt_is_fetched_checked_and_completed(nodes, receipt, members, away):
    """Where the delivery stands and what it cost is this node's own knowledge; no record, lock or vote follows."""
    node, book = away
    members.served = {0: encoded(replace(receipt, delivered=at(99), requested=at(98)), node.folder)}
    await book.take(seen())
    record = node.journal.find(KEY, "record")
    await book.take(delivery())
    await until(lambda: node.told("caught-up"))
    kept = read_receipt(node.folder / "receipts" / f"{KEY}.json")
    own_bill = await bill(0, QUOTE, CHARGE, BLOCK + 1)
    assert replace(receipt, requested=at(BLOCK), delivered=at(BLOCK + 1), bill=own_bill) == kept
    assert (node.journal.find(KEY, KIND), len(node.catch_up)) == (None, 0)
    assert node.attested == []
    assert record == node.journal.find(KEY, "record")


def other_output(receipt):
    return replace(receipt, payload=b"999")


def other_request(receipt):
    return replace(receipt, request=replace(receipt.request, nonce=7))


def other_epoch(receipt):
    return replace(receipt, epoch=replace(receipt.epoch, members=make_epoch(4).members))


def no_signatures(receipt):
    return replace(receipt, attestation=replace(receipt.attestation, proof=receipt.attestation.proof[:-1] + b"\0"))


def no_observations(receipt):
    return replace(receipt, transcript=(replace(receipt.transcript[0], observations=()),))


LIES = [other_output, other_request, other_epoch, no_signatures, no_observations]


async def test_members_that_lie_are_passed_over_by_name(nodes, receipt, members, away):
    """Each lie is refused for what it is; the next member's receipt is good."""
    node, book = away
    await book.take(seen())
    for number, lie in enumerate(LIES):
        members.served = {0: encoded(lie(receipt), node.folder)}
        await book.take(delivery()) if number == 0 else node.catch_up.miss(delivery())
        await until(lambda: len(node.told("receipt-missed")) == number + 1)  # noqa: B023 # awaited here
    members.served[1] = encoded(receipt, node.folder)
    node.catch_up.miss(delivery())
    await until(lambda: node.told("caught-up"))
    assert [0] * (len(LIES) + 1) == [each["member"] for each in node.told("receipt-refused")]
    assert node.told("caught-up")[0]["member"] == 1


async def test_what_an_own_run_does_not_confirm_is_refused(nodes, receipt, members, away):
    """Signatures of a quorum are not enough; nor is a status other than the delivered one."""
    node, book = away
    node.catch_up._runs = Script(lambda _transcript: Returned(b"other", 11), None)
    members.served = {0: encoded(receipt, node.folder)}
    await book.take(seen())
    await book.take(delivery())
    await until(lambda: node.told("receipt-missed"))
    assert "an own run ends otherwise" in node.told("receipt-refused")[0]["reason"]
    node.catch_up.miss(replace(delivery(), status=2))
    await until(lambda: len(node.told("receipt-missed")) == 2)
    assert "status 2 was delivered" in node.told("receipt-refused")[1]["reason"]


@pytest.mark.parametrize("garbage", [b"", b"{}", b"[" * 100_000, b"x" * 10_000_000])
async def test_garbage_and_floods_cost_one_ask_each(nodes, members, away, garbage, monkeypatch):
    """Nobody has a good one: every member is asked once a pass, and then it is told."""
    monkeypatch.setattr(catchup, "ROOM_BYTES", 1_000_000)
    node, book = away
    members.served = {0: garbage, 2: garbage}
    await book.take(seen())
    await book.take(delivery())
    await until(lambda: node.told("receipt-missed"))
    assert members.asked == [0, 1, 2]
    assert [each["member"] for each in node.told("receipt-refused")] == [0, 2]
    assert not (node.folder / "receipts" / f"{KEY}.json").exists()


async def test_what_is_wanted_is_bounded_and_survives_a_restart(nodes, away, monkeypatch):
    monkeypatch.setattr(catchup, "MAX_WANTED", 2)
    node, book = away
    node.catch_up._first_delay_s = 60.0
    for nonce in range(3):
        await book.take(seen(make_request(nonce)))
        await book.take(delivery(request_id(make_request(nonce))))
    assert (len(node.catch_up), len(node.told("receipt-missed"))) == (2, 1)
    await book.take(delivery(request_id(make_request(9))))  # never seen made
    again = CatchUp(
        journal=node.journal,
        sessions=Sessions(),
        functions=None,
        receipts=None,
        runs=None,
        events=node.events,
        connector=None,
    )
    again.restore()
    assert len(again) == 2
