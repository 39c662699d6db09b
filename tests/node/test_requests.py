"""Requests between chain and machine: seen, waiting, delivered, undone, vanished, overdue, restarted."""

from dataclasses import replace
from functools import partial

import pytest
from node_bench import FUNCTION, ZERO, make_request, until

from executor.chain.logs import Closed, Dropped, SeenDelivery, SeenExpiry, SeenRequest
from executor.chain.watcher import KEPT_BLOCKS, Mark, Scanned, Vanished
from executor.crypto.digests import request_id
from executor.errors import ChainError
from executor.model.billing import Asset, Charge, Prices, Quote
from executor.model.ids import Digest
from executor.model.receipt import Bill, ChainLocation
from executor.node.chain_memory import CURSOR, REREAD_BLOCKS
from executor.node.functions import FunctionStore
from executor.node.receipts import ReceiptFiles
from executor.node.requests import OVERDUE_S, RequestBook
from executor.protocol.record import decode_record
from executor.receipts import read_receipt
from executor.store.blobs import Blobs

RAW = make_request()
KEY = request_id(RAW)
BLOCK = 7
QUOTE, CHARGE = Quote(100, 1), Charge(30, 50, 20)
PRICES = Prices(fuel_price=1, slot_price=1, delivery_gas=1, max_tip=1, headroom=100, premium=0)


def at(block=BLOCK):
    return ChainLocation(Digest(b"t" * 32), block, Digest(b"b" * 32))


def seen(request=RAW, deadline=2_000):
    return SeenRequest(request, request_id(request), at(request.block_number), deadline, QUOTE)


def delivery(key=KEY, block=BLOCK + 1):
    return SeenDelivery(key, 0, True, ZERO, at(block), CHARGE)


async def bill(request, quote, charge, block):
    """What the router says of every subscription and block."""
    return Bill(Asset.NATIVE, quote, PRICES, charge)


def book_of(node, *, function=True, max_active=100, load_bill=bill):
    store = FunctionStore(node.journal, Blobs(node.folder / "blobs"), max_functions=10, max_bytes=10_000)
    if function:
        store.add(FUNCTION)
    node.functions = store
    return RequestBook(
        sessions=node.sessions,
        journal=node.journal,
        functions=store,
        events=node.events,
        receipts=ReceiptFiles(node.folder / "receipts"),
        load_bill=load_bill,
        max_active=max_active,
    )


@pytest.fixture
async def node(committee):
    """A committee of one: what it is given, it attests."""
    (one,) = await committee(1)
    return one


async def restarted(node):
    await node.stop()
    await node.start()
    book = book_of(node)
    await book.restore()
    return book


async def test_a_request_is_journaled_and_given_to_the_machine(node):
    book = book_of(node)
    await book.take(seen())
    await until(lambda: node.attested)
    assert book.open_count == 1
    assert node.journal.find(KEY, "request") is not None
    await book.take(seen())
    assert len(node.told("seen")) == 1


async def test_a_request_of_another_epoch_is_told_and_left_alone(node):
    book = book_of(node)
    await book.take(seen(make_request(epoch=2)))
    assert len(node.told("other-epoch")) == 1
    assert node.runs.executed == 0


async def test_a_request_waits_for_its_function(node):
    book = book_of(node, function=False)
    await book.take(seen())
    assert len(node.told("function-missing")) == 1
    await book.function_added(node.functions.add(FUNCTION))
    await until(lambda: node.attested)


async def test_a_request_that_was_closed_while_it_waited_is_not_taken_up(node):
    book = book_of(node, function=False)
    await book.take(seen())
    await book.take(delivery())
    assert book.missing_functions == []
    await book.function_added(node.functions.add(FUNCTION))
    assert node.told("seen") == []


async def test_a_waiting_request_survives_a_restart(node):
    await book_of(node, function=False).take(seen())
    await restarted(node)
    await until(lambda: node.attested)


async def test_a_delivered_request_is_not_taken_up_again(node):
    """Neither when its event comes twice, nor after a restart; its record stays for the time of reorganisations."""
    book = book_of(node)
    await book.take(seen())
    await until(lambda: node.attested)
    await book.take(delivery())
    await book.take(seen())
    assert (book.open_count, len(node.told("delivered"))) == (0, 1)
    book = await restarted(node)
    await book.take(seen())
    assert (book.open_count, node.told("restored"), node.told("seen")) == (0, [], [])
    assert node.journal.find(KEY, "record") is not None


async def test_a_closed_request_is_forgotten_when_no_reorganisation_can_reach_it(node):
    """Its mark stays: seen once more, it is still closed."""
    book = book_of(node)
    await book.take(seen())
    await until(lambda: node.attested)
    await book.take(delivery())
    await book.take(Scanned(BLOCK + 1 + KEPT_BLOCKS))
    assert node.journal.find(KEY, "record") is not None
    await book.take(Scanned(BLOCK + 2 + KEPT_BLOCKS))
    assert node.journal.find(KEY, "record") is None
    assert node.journal.find(KEY, "request") is None
    await book.take(Vanished(delivery()))
    await book.take(seen())
    assert book.open_count == 0
    assert (await restarted(node)).open_count == 0


@pytest.mark.parametrize("closing", [delivery(), SeenExpiry(KEY, at(BLOCK + 1), 100)])
@pytest.mark.parametrize("restart", [False, True])
async def test_an_undone_closing_opens_the_request_under_its_old_record(node, closing, restart):
    """Nothing is recorded by the signer a second time: the member stands by what it said (P2)."""
    book = book_of(node)
    await book.take(seen())
    await until(lambda: node.attested)
    before = node.journal.find(KEY, "record")
    await book.take(closing)
    if restart:
        book = await restarted(node)
    node.attested.clear()
    await book.take(Vanished(closing))
    await until(lambda: node.attested)
    assert book.open_count == 1
    assert decode_record(node.journal.find(KEY, "record")) == decode_record(before)
    assert node.record.counter == 1
    await book.take(delivery(block=BLOCK + 2))
    assert book.open_count == 0


@pytest.mark.parametrize("restart", [False, True])
async def test_a_request_that_vanished_and_comes_back_goes_on_under_its_record(node, restart):
    """Its id does not name its block: a sibling block with the same parent and time brings the same request."""
    book = book_of(node)
    await book.take(seen())
    await until(lambda: node.attested)
    before = decode_record(node.journal.find(KEY, "record"))
    await book.take(Vanished(seen()))
    assert book.open_count == 0
    if restart:
        book = await restarted(node)
        assert book.open_count == 0
    node.attested.clear()
    await book.take(replace(seen(), location=replace(at(), block_hash=Digest(b"s" * 32))))
    await until(lambda: node.attested)
    assert decode_record(node.journal.find(KEY, "record")) == before
    assert book.open_count == 1


async def test_a_request_that_vanished_before_anything_was_said_can_come_back(node):
    """There is no record, and the machine has closed it: it is opened again all the same."""
    node.runs.gate.clear()
    book = book_of(node)
    await book.take(seen())
    await until(lambda: node.runs.executed)
    await book.take(Vanished(seen()))
    assert node.journal.find(KEY, "record") is None
    node.runs.gate.set()
    await book.take(seen())
    await until(lambda: node.attested)


async def test_request_and_delivery_that_vanish_together_come_back_together(node):
    """The watcher tells the newest first."""
    book = book_of(node)
    await book.take(seen())
    await until(lambda: node.attested)
    await book.take(delivery())
    await book.take(Vanished(delivery()))
    await book.take(Vanished(seen()))
    assert book.open_count == 0
    await book.take(seen())
    assert book.open_count == 1
    await book.take(delivery())
    assert (await restarted(node)).open_count == 0


async def test_what_vanished_for_good_never_begins_afresh(node):
    """Its record is gone, so its mark says closed."""
    book = book_of(node)
    await book.take(seen())
    await until(lambda: node.attested)
    await book.take(Vanished(seen()))
    await book.take(Scanned(BLOCK + 1 + KEPT_BLOCKS))
    assert node.journal.find(KEY, "record") is None
    await book.take(seen())
    assert book.open_count == 0


async def test_an_expired_request_is_closed(node):
    book = book_of(node)
    await book.take(seen())
    await book.take(SeenExpiry(KEY, at(BLOCK + 1), 100))
    assert (book.open_count, len(node.told("expired"))) == (0, 1)


async def test_what_nobody_can_deliver_any_more_is_closed_by_the_chains_time(node):
    """A request whose function never comes, and whose timeout nobody calls, does not stay for ever."""
    book = book_of(node, function=False)
    await book.take(seen(deadline=2_000))
    await book.take(seen(make_request(1, timestamp=2_000 + OVERDUE_S), deadline=9_000))
    await book.take(Scanned(BLOCK + 1))
    assert book.open_count == 2
    await book.take(seen(make_request(2, timestamp=2_001 + OVERDUE_S), deadline=9_000))
    await book.take(Scanned(BLOCK + 2))
    assert (book.open_count, len(node.told("overdue"))) == (2, 1)


async def test_beyond_the_most_active_requests_others_wait_in_the_journal(node):
    """They are taken up as places become free, and survive a restart."""
    node.runs.gate.clear()
    book = book_of(node, max_active=2)
    requests = [make_request(nonce) for nonce in range(4)]
    for request in requests:
        await book.take(seen(request))
    assert (book.open_count, len(node.told("seen"))) == (4, 2)
    await book.take(delivery(request_id(requests[0])))
    await book.take(delivery(request_id(requests[3])))
    assert (book.open_count, len(node.told("seen"))) == (2, 3)
    assert (await restarted(node)).open_count == 2


async def test_a_receipt_is_written_completed_and_undone(node):
    book = book_of(node)
    node.driver._on_attested = partial(book.attested, node.network.epoch)
    await book.take(seen())
    await until(lambda: node.told("attested"))
    path = node.folder / "receipts" / f"{KEY}.json"
    assert (read_receipt(path).delivered, read_receipt(path).bill) == (None, None)
    await book.take(delivery())
    assert read_receipt(path).delivered == at(BLOCK + 1)
    assert read_receipt(path).bill == await bill(RAW.subscription, QUOTE, CHARGE, BLOCK + 1)
    await book.take(Vanished(delivery()))
    assert (read_receipt(path).delivered, read_receipt(path).bill) == (None, None)


async def test_a_bill_that_no_endpoint_tells_holds_nothing_up(node):
    """The receipt says where the delivery stands, and nothing of its cost."""

    async def refuses(subscription, quote, charge, block):
        raise ChainError("pruned")

    book = book_of(node, load_bill=refuses)
    node.driver._on_attested = partial(book.attested, node.network.epoch)
    await book.take(seen())
    await until(lambda: node.told("attested"))
    await book.take(delivery())
    receipt = read_receipt(node.folder / "receipts" / f"{KEY}.json")
    assert (receipt.delivered, receipt.bill) == (at(BLOCK + 1), None)
    assert (node.told("bill-unknown")[0]["reason"], book.open_count) == ("pruned", 0)


async def test_a_damaged_receipt_does_not_end_the_node(node):
    """It would again and again: the cursor has not moved yet."""
    book = book_of(node)
    (node.folder / "receipts" / f"{KEY}.json").write_bytes(b"{")
    await book.take(delivery())
    assert len(node.told("receipt-damaged")) == 1


async def test_the_cursor_is_journaled_and_never_before_the_first_block(node):
    """After a restart some blocks are read again: a reorganisation of them would go unnoticed otherwise."""
    book = book_of(node)
    assert book.cursor(5) == 5
    await book.take(Scanned(1_000))
    assert (book.cursor(5), book.cursor(1_200)) == (1_000 - REREAD_BLOCKS, 1_200)
    assert node.journal.find(CURSOR, "cursor") == b"1000"


async def test_what_is_read_again_after_a_restart_changes_nothing(node):
    """Neither a request, nor its delivery, nor an expiry."""
    expired = make_request(1)
    expiry = SeenExpiry(request_id(expired), at(BLOCK + 1), 100)
    story = [seen(), seen(expired), delivery(), expiry]
    book = book_of(node)
    for event in story:
        await book.take(event)
    book = await restarted(node)
    for event in story:
        await book.take(event)
    assert (book.open_count, node.events.after(0)) == (0, [])
    await book.take(Vanished(delivery()))
    assert book.open_count == 1


async def test_what_a_reorganisation_may_undo_is_remembered_over_a_restart(node):
    """Marks, open requests and closings come out of the journal; an undone closing opens the request again."""
    book = book_of(node)
    marks = (Mark(BLOCK, Digest(b"m" * 32)), Mark(BLOCK + 1, Digest(b"n" * 32)))
    await book.take(seen())
    await book.take(delivery())
    await book.take(Scanned(BLOCK + 2, marks))

    book = book_of(node)
    await book.restore()
    assert book.marks() == marks
    request, closing = book.seen()
    assert (request, closing) == (seen(), Closed(KEY, at(BLOCK + 1)))
    assert book.open_count == 0
    await book.take(Vanished(closing))
    assert (book.open_count, [seen()]) == (1, list(book.seen()))
    await book.take(Vanished(request))
    assert (book.open_count, list(book.seen())) == (0, [])


async def test_closings_beyond_any_reorganisation_are_forgotten(node):
    """Nothing grows with the number of requests ever served but the marks that they are closed."""
    book = book_of(node)
    await book.take(seen())
    await book.take(delivery())
    await book.take(Scanned(BLOCK + 2 + KEPT_BLOCKS))
    assert list(book.seen()) == []


async def test_a_dropped_log_is_told(node):
    await book_of(node).take(Dropped("nonce is above 2^53 - 1", at()))
    assert node.told("dropped")[0]["reason"] == "nonce is above 2^53 - 1"
    await book_of(node).take(Vanished(Dropped("x", at())))
