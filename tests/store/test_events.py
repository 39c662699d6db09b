"""The event log: numbered, bounded in memory and on disk, waited for."""

import asyncio
import json
from collections import deque

import pytest

from executor.store.events import KEPT, EventLog


@pytest.fixture
async def path(tmp_path):
    return tmp_path / "events.jsonl"


async def test_events_are_numbered_and_kept_in_order(path):
    log = EventLog(path)
    log.add("one", "0x01", detail=1)
    log.add("two")
    assert [(event.number, event.kind, event.request_id) for event in log.after(0)] == [
        (1, "one", "0x01"),
        (2, "two", ""),
    ]
    assert [event.number for event in log.after(1)] == [2]
    assert log.after(2) == []


async def test_details_cannot_pose_as_the_head(path):
    """Fields of a note come from what members sent."""
    log = EventLog(path)
    log.add("one", "0x01", number=9, kind="x", request_id="y", time=0)
    plain = log.after(0)[0].plain()
    assert (plain["number"], plain["kind"], plain["request_id"]) == (1, "one", "0x01")


async def test_the_file_holds_the_same_objects(path):
    log = EventLog(path)
    log.add("one", text="\u20ac\n")
    assert [json.loads(line) for line in path.read_text().splitlines()] == [log.after(0)[0].plain()]


async def test_memory_is_bounded_by_number_and_by_size(path):
    """One event always stays, however large."""
    log = EventLog(path, kept_bytes=10_000, max_file_bytes=10**9)
    for _ in range(5):
        log.add("large", text="x" * 4_000)
    assert [event.number for event in log.after(0)] == [4, 5]
    log.add("larger", text="x" * 40_000)
    assert [event.number for event in log.after(0)] == [6]
    for _ in range(KEPT + 1):
        log.add("")
    assert len(EventLog(path).after(0)) == 0
    assert len(log.after(0)) <= KEPT


async def test_the_file_is_rotated_once_and_bounded(path):
    """One file before this one is kept; nothing is lost between them."""
    log = EventLog(path, max_file_bytes=1_000)
    for number in range(100):
        log.add("event", text=str(number).zfill(50))
    files = sorted(item.name for item in path.parent.iterdir())
    assert files == ["events.1.jsonl", "events.jsonl"]
    texts = [json.loads(line)["number"] for item in files for line in (path.parent / item).read_text().splitlines()]
    assert texts == list(range(texts[0], 101))
    assert all((path.parent / item).stat().st_size < 1_300 for item in files)


async def test_a_file_that_cannot_be_written_costs_only_itself(tmp_path):
    """Nobody rests on it."""
    log = EventLog(tmp_path / "absent" / "events.jsonl")
    log.add("one")
    assert [event.kind for event in log.after(0)] == ["one"]


async def test_waiting_ends_with_the_first_event_or_the_time(path):
    log = EventLog(path)
    waiting = [asyncio.create_task(log.wait_after(0, 5)) for _ in range(3)]
    await asyncio.sleep(0)
    log.add("one")
    assert [[event.number for event in await task] for task in waiting] == [[1]] * 3
    assert await log.wait_after(1, 0.02) == []
    assert await log.wait_after(1, 0) == []


async def test_an_event_below_the_number_does_not_end_the_waiting(path):
    log = EventLog(path)
    waiting = asyncio.create_task(log.wait_after(1, 5))
    for _ in range(2):
        await asyncio.sleep(0)
        log.add("event")
    assert [event.number for event in await waiting] == [2]


async def test_who_waits_for_a_later_event_looks_at_none_of_those_kept(path):
    """Strangers wait, and each event wakes all of them: thousands of kept ones times dozens of waiters take time."""
    log = EventLog(path)
    for _ in range(10):
        log.add("event")

    class Untouchable(deque):
        def __iter__(self):
            raise AssertionError("kept events were looked through")

    log._events = Untouchable(log._events)
    waiting = asyncio.create_task(log.wait(11, 5))
    await asyncio.sleep(0)
    log.add("event")
    await asyncio.sleep(0)
    assert not waiting.done()
    log.add("event")
    await asyncio.wait_for(waiting, 1)
    log._events = deque(log._events[place] for place in range(len(log._events)))
    assert [event.number for event in await log.wait_after(10, 5)] == [11, 12]


async def test_events_added_at_once_are_all_found(path):
    """No wake-up is lost between looking and waiting."""
    log, found = EventLog(path), []

    async def read():
        while len(found) < 50:
            found.extend(await log.wait_after(len(found), 5))

    reader = asyncio.create_task(read())
    for number in range(50):
        log.add("event", at=number)
        if number % 3 == 0:
            await asyncio.sleep(0)
    await reader
    assert [event.number for event in found] == list(range(1, 51))
