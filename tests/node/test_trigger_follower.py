"""Ticks of clocks and blocks: derived alike, begun once, missed, limited, paid for. On the embedded chain."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from chain.support import Scene
from trigger_bench import Side, mine_at, next_hour, register

from executor.chain.logs import SeenDelivery
from executor.chain.subscriptions import create_subscription
from executor.chain.triggers import remove_trigger, set_paused
from executor.chain.watcher import KEPT_BLOCKS, Scanned
from executor.crypto.digests import request_id
from executor.errors import ChainUnavailable
from executor.model.billing import Charge
from executor.model.ids import Digest, RequestId
from executor.model.receipt import ChainLocation
from executor.model.request import ZERO_ADDRESS
from executor.model.trigger import BlockTick, ClockTick
from executor.model.trigger_config import BlockConfig, CronConfig
from executor.node.chain_memory import CURSOR
from executor.node.triggered import push_origin
from executor.node.triggers import starting


async def test_every_member_derives_the_same_requests(scene: Scene, side: Side, tmp_path: Path) -> None:
    """One follows block by block, one reads all at once, one was cut off and reads some of it twice."""
    start = await next_hour(scene)
    clock = await register(scene, CronConfig(schedule="*/1 * * * *"), input=b"own")
    blocks = await register(scene, BlockConfig(every=2))
    slow = Side(scene, tmp_path / "slow", side.follower.next_block, max_range=1)
    for time_s in (start - 5, start, start + 59, start + 61, start + 200, start + 203):
        await mine_at(scene, time_s)
        await side.catch_up()
    await slow.catch_up()
    twice = Side(scene, tmp_path / "twice", side.follower.next_block, max_range=3)
    twice.follower.next_block = slow.follower.next_block - 9
    await twice.catch_up()
    twice.follower.next_block -= 5
    await twice.catch_up()
    for key in (clock, blocks):
        expected = [request_id(request) for request in side.requests(key)]
        assert len(expected) >= 3
        assert expected == [request_id(request) for request in slow.requests(key)]
        assert expected == [request_id(request) for request in twice.requests(key)]
    ticks = {
        request.origin.event.scheduled_time: request.block_timestamp
        for request in side.requests(clock)
        if request.origin is not None and isinstance(request.origin.event, ClockTick)
    }
    wanted = {start: start, start + 60: start + 61, start + 120: start + 200, start + 180: start + 200}
    assert wanted.items() <= ticks.items()
    numbers = [
        (request.origin.event.number, request.block_number)
        for request in side.requests(blocks)
        if request.origin is not None and isinstance(request.origin.event, BlockTick)
    ]
    assert all(number == home and number % 2 == 0 for number, home in numbers)
    assert all(later - earlier == 2 for (earlier, _), (later, _) in itertools.pairwise(numbers))


async def test_a_pause_and_an_end_count_from_the_next_block(scene: Scene, side: Side) -> None:
    """The block of the change still strikes; what was begun goes on."""
    key = await register(scene, BlockConfig(every=1))
    registered = (await scene.client.head()).number
    await scene.mine(2)
    await set_paused(scene.client, scene.requester, key, True)
    await scene.mine(2)
    await set_paused(scene.client, scene.requester, key, False)
    await scene.mine(1)
    await remove_trigger(scene.client, scene.requester, key)
    await scene.mine(2)
    await side.catch_up()
    struck = [request.block_number - registered for request in side.requests(key)]
    assert struck == [1, 2, 3, 7, 8]
    assert [each["kind"] for each in side.told if each["kind"].startswith("trigger-")] == [
        "trigger-registered", "trigger-paused", "trigger-resumed", "trigger-removed",
    ]  # fmt: skip


async def test_missed_ticks_are_skipped_or_caught_up(scene: Scene, side: Side) -> None:
    """A day without anybody: what its lifetime still allows is run, and the last K where the registration says so."""
    skips = await register(scene, CronConfig(schedule="0 * * * *", lifetime_s=600))
    keeps = await register(scene, CronConfig(schedule="0 * * * *", lifetime_s=600, catch_up=3))
    often = await register(scene, BlockConfig(every=2, lifetime_s=600, catch_up=1))
    start = await next_hour(scene)
    await mine_at(scene, *(start + hour * 3_600 + 1 for hour in range(24)), start + 23 * 3_600 + 700)
    await side.catch_up()
    hours = [
        (request.origin.event.scheduled_time - start) // 3_600
        for request in side.requests(keeps)
        if request.origin is not None and isinstance(request.origin.event, ClockTick)
    ]
    assert side.requests(skips) == []
    assert hours == [21, 22, 23]
    assert len(side.requests(often)) == 1
    missed = side.events("ticks-missed", skips)
    assert [(missed[0]["first"] - start) // 3_600, (missed[-1]["last"] - start) // 3_600] == [0, 23]
    await mine_at(scene, start + 24 * 3_600)
    await side.catch_up()
    assert [request.block_timestamp - start for request in side.requests(skips)] == [24 * 3_600]
    await mine_at(scene, start + 24 * 3_600 + 601)
    await side.catch_up()
    assert side.requests(skips) == []
    assert [each["request_id"] for each in side.events("overdue")][:1] != []


async def test_an_hour_has_so_many_events(scene: Scene, side: Side) -> None:
    """The first ones; what is dropped is told at its first, second, fourth; the next hour begins afresh."""
    start = await next_hour(scene)
    key = await register(scene, CronConfig(schedule="* * * * *", per_hour=2))
    await mine_at(scene, start, start + 540)
    await side.catch_up()
    scheduled = [
        (request.origin.event.scheduled_time - start) // 60
        for request in side.requests(key)
        if request.origin is not None and isinstance(request.origin.event, ClockTick)
    ]
    assert scheduled == [0, 1]
    assert [each["dropped"] for each in side.events("trigger-limited", key)] == [1, 2, 4, 8]
    await mine_at(scene, start + 3_600)
    await side.catch_up()
    assert len(side.requests(key)) == len(scheduled) + 2


async def test_a_subscription_that_cannot_pay_starts_nothing(scene: Scene, side: Side) -> None:
    """Each member looks for itself, and says so; a storm ends where the money does."""
    poor = await create_subscription(scene.client, scene.requester)
    key = await register(scene, BlockConfig(every=1), subscription=poor)
    await scene.mine(2)
    await side.catch_up()
    assert side.requests(key) == []
    assert [f"subscription {poor} has 0 free" in each["reason"] for each in side.events("trigger-unfunded", key)] == [
        True,
        True,
    ]


async def test_what_was_begun_is_never_begun_again(scene: Scene, side: Side, tmp_path: Path) -> None:
    """P2: neither after a restart, nor pushed and a thousand blocks deep, nor past its end."""
    key = await register(scene, BlockConfig(every=1, lifetime_s=3_600))
    await scene.mine(1)
    await side.catch_up()
    (request,) = side.requests(key)
    identity, head = request_id(request), await scene.client.head()
    pushed = SeenDelivery(
        identity, 0, True, ZERO_ADDRESS,
        ChainLocation(Digest(bytes(32)), head.number, head.hash), Charge(1, 2, 3),
    )  # fmt: skip
    await side.book.take(pushed)
    await side.book.take(Scanned(head.number + 3 * KEPT_BLOCKS))
    assert side.book.find(identity) is not None
    side.journal.close()
    again = Side(scene, tmp_path / "side", 0)
    await again.book.restore()
    assert len(again.book.triggered) == 1
    again.follower.next_block = head.number
    await again.catch_up()
    assert again.requests(key) == []
    await mine_at(scene, request.block_timestamp + 3_600)
    await again.catch_up()
    await again.book.take(Scanned(head.number + 3 * KEPT_BLOCKS))
    assert again.book.find(identity) is None
    again.follower.next_block = head.number
    await again.catch_up()
    assert identity not in {request_id(each) for each in again.requests(key)}


async def test_what_ended_while_a_node_was_down_is_closed(scene: Scene, side: Side, tmp_path: Path) -> None:
    """Also when the crash came between the finalized block and the closing: the next block closes it."""
    key = await register(scene, BlockConfig(every=1, lifetime_s=60))
    await scene.mine(1)
    await side.catch_up()
    (request,) = side.requests(key)
    side.journal.save(CURSOR, "final", f"{request.block_timestamp + 60} {request.block_number + 1}".encode())
    side.journal.close()
    again = Side(scene, tmp_path / "side", 0)
    await again.book.restore()
    assert again.requests(key) == [request]
    await mine_at(scene, request.block_timestamp + 100, request.block_timestamp + 101)
    again.follower.next_block = (await scene.client.head()).number
    await again.catch_up()
    assert request not in again.requests(key)
    assert [str(request_id(request))] == [each["request_id"] for each in again.events("overdue")]


async def test_a_push_seen_before_its_event_is_no_new_run(scene: Scene, side: Side) -> None:
    """A member that was down reads the push first: it asks for the receipt once it knows the request."""
    key = await register(scene, BlockConfig(every=1))
    await scene.mine(1)
    await side.catch_up()
    (request,) = side.requests(key)
    identity, number = request_id(request), request.block_number
    side.journal.delete(identity, "request")  # as if it had been down when the block came
    await side.book.take(
        SeenDelivery(
            identity,
            0,
            True,
            ZERO_ADDRESS,
            ChainLocation(Digest(bytes(32)), number + 1, Digest(bytes(32))),
            Charge(1, 2, 3),
        )
    )
    side.missed.clear()  # of a request that was not known then
    side.follower.next_block = number
    await side.catch_up()
    assert [identity] == [each.request_id for each in side.missed]
    assert identity not in dict(side.book.standings(100))


def unknown() -> RequestId:
    """An id that nothing has."""
    return RequestId(bytes([9]) * 32)


async def test_origins_are_told_of_triggered_requests_alone(scene: Scene, side: Side) -> None:
    """What the transmitter asks for."""
    key = await register(scene, BlockConfig(every=1))
    await scene.mine(1)
    await side.catch_up()
    (request,) = side.requests(key)
    found = push_origin(side.book.find(request_id(request)))
    assert found is not None
    assert found.registration == key
    assert push_origin(side.book.find(unknown())) is None


async def test_an_event_that_is_asked_for_again_counts_once(scene: Scene, side: Side, monkeypatch) -> None:
    """While the endpoint cannot tell what the subscription has, an hour's runs are not used up."""
    start = await next_hour(scene)
    key = await register(scene, CronConfig(schedule="* * * * *", per_hour=3))
    await mine_at(scene, start + 1)
    with monkeypatch.context() as away:
        away.setattr(starting, "load_subscription", unavailable)
        for _ in range(4):
            with pytest.raises(ChainUnavailable):
                await side.catch_up()
    await side.catch_up()
    assert len(side.requests(key)) == 1


async def unavailable(*_: object) -> None:
    raise ChainUnavailable("away")
