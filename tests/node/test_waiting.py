"""Who waits, who has a place, who is left out: bounded, told, and in the end taken up."""

from dataclasses import replace

import pytest
from node_bench import FUNCTION, make_epoch, make_request, until
from test_requests import BLOCK, at, bill, book_of, delivery, seen

from executor.chain.watcher import KEPT_BLOCKS, Scanned
from executor.crypto.digests import function_id, request_id
from executor.model.function import Function
from executor.model.ids import RequestId
from executor.model.manifest import Limits, Terms
from executor.node.lines import Lines
from executor.node.open_requests import waits_for
from executor.node.receipts import ReceiptFiles
from executor.node.requests import RequestBook
from executor.node.sessions import Session, Sessions
from executor.node.settled import Settled
from executor.protocol.admission import fuel_ceiling

OTHER = Function(b"\0asm\x01\0\0\0", Terms(), b"another source")


@pytest.fixture
async def node(committee):
    """A committee of one whose runs do not end before they may."""
    (one,) = await committee(1)
    one.runs.gate.clear()
    return one


def small_book(node, *, sessions=None, **limits):
    book = book_of(node)
    node.functions.add(OTHER)
    return (
        RequestBook(
            sessions=node.sessions if sessions is None else sessions,
            journal=node.journal,
            functions=node.functions,
            events=node.events,
            receipts=ReceiptFiles(node.folder / "receipts"),
            load_bill=bill,
            **limits,
        )
        if limits or sessions is not None
        else book
    )


def test_lines_take_turns_and_keep_their_order():
    """One function's thousand requests cost another's one a single turn."""
    lines = Lines[str]()
    ids = [RequestId(bytes([n]) * 32) for n in range(6)]
    for place, key in enumerate("aaaab"):
        lines.add(key, ids[place])
    lines.add("a", ids[0])
    assert len(lines) == 5
    assert [ids[0], ids[4], ids[1]] == [lines.next() for _ in range(3)]
    lines.discard("a", ids[2])
    lines.discard("b", ids[2])
    assert ([ids[3]], [], 0, None) == (lines.take("a"), lines.take("b"), len(lines), lines.next())


async def test_what_finds_no_place_is_told_and_waits_in_line(node):
    """Shed by name and reason; the other function's request is next, then the first one's second."""
    book = small_book(node, max_active=1)
    first, second = make_request(1), make_request(2)
    other = make_request(3, function=OTHER)
    for request in (make_request(0), first, second, other):
        await book.take(seen(request))
    assert {state: book.counts[state] for state in ("active", "queued")} == {"active": 1, "queued": 3}
    told = node.told("shed")
    assert [str(request_id(request)) for request in (first, second, other)] == [each["request_id"] for each in told]
    assert "under way" in told[0]["reason"]
    await book.take(delivery())
    await book.take(delivery(request_id(first)))
    assert book.standing(request_id(other)).state == "active"
    assert book.standing(request_id(second)).state == "queued"


async def test_a_place_is_held_for_a_time_while_others_wait(node):
    """A request that cannot end does not keep others out; it comes back when it is its turn, under its record."""
    book = small_book(node, max_active=1, turn_s=0.0)
    await book.take(seen())
    await book.take(seen(make_request(1)))
    await book.take(Scanned(BLOCK + 1))
    assert [book.standing(request_id(make_request(n))).state for n in (0, 1)] == ["queued", "active"]
    assert str(request_id(make_request(0))) == node.told("parked")[0]["request_id"]
    node.runs.gate.set()
    await until(lambda: node.attested)
    assert request_id(make_request(1)) == node.attested[0].request_id
    await book.take(delivery(request_id(make_request(1))))
    await until(lambda: len(node.attested) == 2)


async def test_nobody_leaves_a_place_that_nobody_wants(node):
    book = small_book(node, max_active=1, turn_s=0.0)
    await book.take(seen())
    await book.take(Scanned(BLOCK + 1))
    assert (book.standing(request_id(make_request(0))).state, node.told("parked")) == ("active", [])


async def test_beyond_the_most_open_requests_the_chain_is_read_again_later(node):
    """What was left out is told, its block kept over a restart, and found again when half are closed."""
    book = small_book(node, max_open=2)
    for nonce in range(4):
        await book.take(seen(make_request(nonce)))
    await book.take(Scanned(BLOCK + 50))
    assert (book.open_count, book.shed_from, len(node.told("shed"))) == (2, BLOCK, 2)
    assert book.reread_from() is None
    book = small_book(node, max_open=2)
    await book.restore()
    await book.take(delivery(request_id(make_request(0)), BLOCK + 51))
    assert book.reread_from() == BLOCK
    assert (book.cursor(BLOCK), book.marks()) == (BLOCK, ())
    for nonce in range(4):  # as the watcher would, from there
        await book.take(seen(make_request(nonce)))
    assert {1, 2} == {n for n in range(4) if book.standing(request_id(make_request(n))) is not None}
    assert book.shed_from == BLOCK


async def test_nothing_below_the_horizon_begins_afresh(node):
    """Closed requests leave no mark for ever: what the journal does not know from that depth is closed."""
    book = small_book(node)
    await book.take(seen())
    await book.take(delivery())
    await book.take(Scanned(BLOCK + 2 + KEPT_BLOCKS))
    kinds = [node.journal.find(request_id(make_request()), kind) for kind in ("request", "record", "closed", "closing")]
    assert kinds == [None] * 4
    await book.take(seen())
    await book.take(seen(make_request(5)))
    await book.take(delivery())
    assert (book.open_count, len(node.told("delivered"))) == (0, 1)


async def test_the_horizon_waits_for_what_was_left_out(node):
    """A request that is still to be read again is not taken for a closed one."""
    settled = Settled(node.journal, most=1)
    for nonce in range(3):
        settled.close(RequestId(bytes([nonce + 1]) * 32), 10 + nonce, at(10 + nonce))
    settled.forget(20, unread_from=11)
    assert (settled.horizon, len(settled)) == (11, 2)
    settled.forget(20, unread_from=None)
    assert (settled.horizon, len(Settled(node.journal))) == (12, 1)


async def test_a_request_waits_for_the_session_of_its_epoch_and_goes_to_no_other(node):
    """Told, and taken up when the epoch is served; put down again, not lost, when it no longer is."""
    sessions = Sessions()
    book = small_book(node, sessions=sessions)
    sessions.add(Session(make_epoch(1), 0, None))  # one that would fail if it were asked
    later = make_request(epoch=2)
    await book.take(seen(later))
    assert (book.standing(request_id(later)).state, node.told("other-epoch")[0]["epoch"]) == ("epoch-not-served", 2)
    sessions.add(Session(replace(make_epoch(1), number=2), 0, node.driver))
    await book.epoch_opened(2)
    assert (book.standing(request_id(later)).state, book.open_in(2), book.open_in(1)) == ("active", 1, 0)
    sessions.remove(2)
    book.epoch_closed(2)
    assert book.standing(request_id(later)).state == "epoch-not-served"
    assert book.counts["active"] == 0


async def test_a_function_that_does_not_fit_the_epochs_rounds_is_abstained_from(node):
    """Rounds of another epoch may be shorter than those it was uploaded under."""
    large = Function(b"\0asm\x01\0\0\0", Terms(limits=Limits(fuel=fuel_ceiling(1) + 1)), b"")
    book = small_book(node)
    node.functions.add(large)
    await book.take(seen(make_request(function=large)))
    assert book.standing(request_id(make_request(function=large))).state == "not-admitted"
    assert "whose third holds" in node.told("abstained")[0]["reason"]
    assert function_id(large) != function_id(FUNCTION)


async def test_a_node_without_a_beacon_abstains_from_what_draws_from_its_committee(node):
    """Its bytes are kept all the same: what the request waits for is told, and it is not its bytes."""
    terms = Terms.model_validate({"capabilities": {"random": {"source": "committee"}}})
    drawing = Function(b"\0asm\x01\0\0\0", terms, b"")
    book = small_book(node, check_terms=lambda _epoch, terms, _request: node.draw_keys.check(terms))
    node.functions.add(drawing)
    await book.take(seen(make_request(function=drawing)))
    standing = book.standing(request_id(make_request(function=drawing)))
    assert standing.state == "not-admitted"
    assert "names no [random] beacon" in node.told("abstained")[0]["reason"]
    assert "takes no part in its function" in waits_for(standing, None)
