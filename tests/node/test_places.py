"""Few places while time runs: who is too late holds none, and a committee that is behind still answers."""

from collections import deque

import pytest
from node_bench import make_request
from test_requests import BLOCK, KEY, delivery, seen
from test_waiting import small_book

from executor.chain.watcher import Scanned
from executor.crypto.digests import request_id
from executor.model.ids import FunctionId, RequestId
from executor.node.places import Places
from executor.node.standing import Standing
from executor.store.events import EventLog

SECOND = make_request(1)


@pytest.fixture
async def node(committee):
    """A committee of one whose runs do not end before they may."""
    (one,) = await committee(1)
    one.runs.gate.clear()
    return one


def states(book, *requests):
    return [book.standing(request_id(request)).state for request in requests]


async def test_who_is_too_late_for_the_router_gives_up_the_place(node):
    """At work, and in the line; the next one begins, and the chain's own event closes what was given up."""
    book = small_book(node, max_active=1)
    await book.take(seen(deadline=1_300))
    await book.take(seen(SECOND, deadline=1_400))
    await book.take(Scanned(BLOCK + 1, (), 1_299))
    assert states(book, make_request(), SECOND) == ["active", "queued"]
    await book.take(Scanned(BLOCK + 2, (), 1_300))
    assert states(book, make_request(), SECOND) == ["too-late", "active"]
    assert [str(KEY)] == [each["request_id"] for each in node.told("too-late")]
    await book.take(Scanned(BLOCK + 3, (), 1_400))
    assert {"active": 0, "queued": 0, "too-late": 2}.items() <= book.counts.items()
    await book.take(delivery())
    assert (book.counts["too-late"], book.open_count) == (1, 1)


async def test_one_that_is_seen_too_late_never_begins(node):
    book = small_book(node)
    await book.take(Scanned(BLOCK + 1, (), 5_000))
    await book.take(seen())
    assert states(book, make_request()) == ["too-late"]
    assert node.runs.executed == 0


async def test_when_time_goes_back_it_waits_again(node):
    """A reorganisation, or an endpoint that told of a time to come."""
    book = small_book(node)
    await book.take(seen())
    await book.take(Scanned(BLOCK + 1, (), 5_000))
    assert states(book, make_request()) == ["too-late"]
    await book.take(Scanned(BLOCK + 2))
    assert states(book, make_request()) == ["too-late"]
    await book.take(Scanned(BLOCK + 2, (), 1_010))
    assert states(book, make_request()) == ["active"]
    assert book.counts["too-late"] == 0


def answered(folder, arrivals_per_s, *, seconds=2_000, most=4, work_s=4, timeout_s=40):
    """How many a second are answered in time, at work `work_s` each."""
    places = Places(EventLog(folder / "events"), most, 60.0)
    open, begun, done = {}, deque(), 0
    for now in range(1, seconds):
        late, _ = places.pass_time(now, open)
        for key in late:
            places.leave(key, open[key])
        while begun and begun[0][0] <= now:
            _, key = begun.popleft()
            done += key in places.active and now < open[key].deadline
            places.leave(key, open[key])
        while (key := places.next()) is not None:
            if places.find(key, open[key]):
                begin(places, key, open[key], begun, now + work_s)
        for nonce in range(arrivals_per_s):
            key = RequestId((now * 1_000 + nonce).to_bytes(32, "big"))
            open[key] = Standing(1, FunctionId(bytes(32)), now + timeout_s, "queued")
            if places.find(key, open[key]):
                begin(places, key, open[key], begun, now + work_s)
    return done / seconds


def begin(places, key, standing, begun, end):
    places.take(key, standing, None)
    begun.append((end, key))


@pytest.mark.parametrize("arrivals", [1, 2, 10])
def test_overload_costs_the_answers_that_find_no_room_and_no_others(tmp_path, arrivals):
    """With four places and four seconds of work each a second's answer is one, however many ask."""
    assert 0.95 <= answered(tmp_path, arrivals) <= 1.0


def test_work_that_takes_long_is_begun_while_there_is_time_for_it(tmp_path):
    """First come, first served alone would begin each just before it is over, and end none."""
    assert answered(tmp_path, 2, work_s=15, most=15) >= 0.95
