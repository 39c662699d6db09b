"""Logs of contracts start runs: which, how deep, and what a reorganisation does to them. On the embedded chain."""

from __future__ import annotations

from pathlib import Path

import pytest
from chain.support import Scene
from trigger_bench import Side, register

from executor.chain.triggers import set_paused
from executor.crypto.digests import request_id
from executor.model.ids import Address, Digest, RegistrationId
from executor.model.trigger import LogEvent
from executor.model.trigger_config import LogConfig
from executor.model.trigger_input import LogInput, decode_input
from executor.node.triggers.logs import STEPS, LogFollower, step_of
from executor.protocol.triggering import End, check_origin

EMITTER = bytes.fromhex("5f35602036038060205f375fa100")  # LOG1: the first word is the topic, the rest the data
A, B = Digest(bytes([0xA]) * 32), Digest(bytes([0xB]) * 32)


async def make_emitter(scene: Scene) -> Address:
    """A contract that logs what it is called with."""
    length = len(EMITTER)
    head = bytes([0x60, length, 0x60, 11, 0x5F, 0x39, 0x60, length, 0x5F, 0xF3, 0])
    made = await scene.requester.send(None, head + EMITTER)
    assert made.contract is not None
    return made.contract


async def emit(scene: Scene, emitter: Address, topic: Digest, data: bytes = b"") -> int:
    """A log; the block it is in."""
    return (await scene.requester.send(emitter, topic + data)).location.block_number


def data_of(side: Side, key: RegistrationId) -> list[bytes]:
    """The log data of what was begun."""
    given = [decode_input(request.input) for request in side.requests(key)]
    return [each.event.data for each in given if isinstance(each, LogInput)]


async def test_finalized_logs_that_match_start_runs(scene: Scene, side: Side, tmp_path: Path) -> None:
    """By address and topic alternatives, after the registration's block, alike on members that read in other ranges."""
    emitter, other = await make_emitter(scene), await make_emitter(scene)
    await emit(scene, emitter, A, b"before")
    key = await register(scene, LogConfig(addresses=[str(emitter)], topics=[[str(A)]]), input=b"own")
    every = await register(scene, LogConfig(addresses=[str(other), str(emitter)]))
    number = await emit(scene, emitter, A, b"one")
    await emit(scene, emitter, B, b"two")
    await emit(scene, other, A, b"three")
    slow = Side(scene, tmp_path / "slow", side.follower.next_block, max_range=1)
    await side.catch_up()
    await slow.catch_up()
    assert data_of(side, key) == [b"one"]
    assert data_of(side, every) == [b"one", b"two", b"three"]
    for each in (key, every):
        mine, theirs = side.requests(each), slow.requests(each)
        assert [request_id(request) for request in mine] == [request_id(request) for request in theirs]
    (request,) = side.requests(key)
    given = decode_input(request.input)
    assert isinstance(given, LogInput)
    assert (given.event.address, given.event.topics, given.input) == (emitter, (A,), b"own")
    assert request.block_number == given.event.block_number == number
    assert check_origin(request).startswith("log: log 0 of transaction ")


async def test_an_event_that_is_too_large_is_told_and_dropped(scene: Scene, side: Side) -> None:
    """A guest takes 65,536 bytes, and a log may have more: nobody runs it, and the next one is."""
    emitter = await make_emitter(scene)
    key = await register(scene, LogConfig(addresses=[str(emitter)]))
    await emit(scene, emitter, A, bytes(40_000))
    await emit(scene, emitter, A, b"next")
    await side.catch_up()
    assert data_of(side, key) == [b"next"]
    assert ["a guest takes 65536" in each["reason"] for each in side.events("trigger-dropped", key)] == [True]


async def test_a_storm_of_logs_ends_at_the_limit(scene: Scene, side: Side) -> None:
    """The first of the hour run; how many were dropped is told, not each."""
    emitter = await make_emitter(scene)
    key = await register(scene, LogConfig(addresses=[str(emitter)], per_hour=3))
    for number in range(12):
        await emit(scene, emitter, A, bytes([number]))
    await side.catch_up()
    assert data_of(side, key) == [b"\0", b"\1", b"\2"]
    assert [each["dropped"] for each in side.events("trigger-limited", key)] == [1, 2, 4, 8]


async def test_a_log_is_as_deep_as_asked(scene: Scene, side: Side) -> None:
    """With two confirmations it starts nothing under one block."""
    emitter = await make_emitter(scene)
    key = await register(scene, LogConfig(addresses=[str(emitter)], confirmations=2))
    await side.catch_up()
    follower = LogFollower(scene.client, side.book, side.logs, 2, side.journal, poll_s=0.01)
    await emit(scene, emitter, A, b"deep")
    for expected in ([], [], [b"deep"]):
        await follower.poll()
        assert expected == data_of(side, key)
        await scene.mine(1)


async def test_a_log_that_moves_is_another_event(scene: Scene, side: Side) -> None:
    """P3: what was begun from the old block is closed, the new one begun; back under its record if it comes back."""
    emitter = await make_emitter(scene)
    key = await register(scene, LogConfig(addresses=[str(emitter)], confirmations=0))
    await side.catch_up()
    follower = LogFollower(scene.client, side.book, side.logs, 0, side.journal, poll_s=0.01)
    snapshot = await scene.client.rpc.call("evm_snapshot")
    await emit(scene, emitter, A, b"moves")
    await follower.poll()
    (first,) = side.requests(key)
    assert await scene.client.rpc.call("evm_revert", snapshot)
    await scene.mine(1)
    await emit(scene, emitter, A, b"moves")
    while await follower.poll() or not side.requests(key) or side.requests(key) == [first]:
        pass
    (second,) = side.requests(key)
    assert first.origin is not None
    assert second.origin is not None
    assert isinstance(first.origin.event, LogEvent)
    assert first.origin.event != second.origin.event
    assert [str(request_id(first))] == [each["request_id"] for each in side.events("vanished")]
    assert not side.book.knows(request_id(first))
    assert await side.book.trigger(first, End(first.block_timestamp + 60))
    assert [first, second] == sorted(side.requests(key), key=lambda request: request.block_number)
    assert side.journal.find(request_id(first), "vanished") is None


async def test_what_is_registered_later_has_its_blocks_read(scene: Scene, side: Side) -> None:
    """A registration counts once it is final: logs between its block and now are not lost."""
    emitter = await make_emitter(scene)
    early = await register(scene, LogConfig(addresses=[str(emitter)], confirmations=0))
    await side.catch_up()
    follower = LogFollower(scene.client, side.book, side.logs, 0, side.journal, poll_s=0.01)
    late = await register(scene, LogConfig(addresses=[str(emitter)], confirmations=0))
    await emit(scene, emitter, A, b"between")
    while await follower.poll():
        pass
    assert (data_of(side, early), data_of(side, late)) == ([b"between"], [])
    await side.catch_up()
    while await follower.poll():
        pass
    assert (data_of(side, early), data_of(side, late)) == ([b"between"], [b"between"])


@pytest.mark.parametrize(("confirmations", "expected"), [(0, 0), (1, 1), (4, 5), (13, 20), (1_000, 1_000)])
def test_confirmations_are_rounded_up(confirmations: int, expected: int) -> None:
    """To one of few steps, each of which reads the chain once."""
    config = LogConfig(addresses=["0x" + "00" * 20], confirmations=confirmations)
    assert expected == step_of(config)
    assert expected in STEPS


async def test_a_restarted_node_reads_what_was_final_and_not_deep_enough(scene: Scene, side: Side) -> None:
    """On a chain whose blocks are final sooner than a registration takes them."""
    emitter = await make_emitter(scene)
    key = await register(scene, LogConfig(addresses=[str(emitter)], confirmations=5))
    await side.catch_up()
    before = LogFollower(scene.client, side.book, side.logs, 5, side.journal, poll_s=0.01)
    while await before.poll():
        pass
    await emit(scene, emitter, A, b"deep")
    while await before.poll():
        pass
    await side.catch_up()  # its block is final
    assert side.requests(key) == []
    after = LogFollower(scene.client, side.book, side.logs, 5, side.journal, poll_s=0.01)
    await scene.mine(20)
    while await after.poll():
        pass
    assert data_of(side, key) == [b"deep"]


async def test_a_node_that_stopped_behind_reads_on_where_it_was(scene: Scene, side: Side) -> None:
    """Whatever became final meanwhile, and however far."""
    emitter = await make_emitter(scene)
    key = await register(scene, LogConfig(addresses=[str(emitter)], confirmations=1))
    await side.catch_up()
    await emit(scene, emitter, A, b"first")
    await scene.mine(1)
    before = LogFollower(scene.client, side.book, side.logs, 1, side.journal, poll_s=0.01)
    while await before.poll():
        pass
    assert data_of(side, key) == [b"first"]
    await emit(scene, emitter, A, b"missed")
    await scene.mine(30)
    await side.catch_up()
    after = LogFollower(scene.client, side.book, side.logs, 1, side.journal, poll_s=0.01)
    while await after.poll():
        pass
    assert data_of(side, key) == [b"first", b"missed"]


async def test_what_vanished_while_a_node_was_down_is_closed(scene: Scene, side: Side) -> None:
    """Its block's number is read again as well."""
    emitter = await make_emitter(scene)
    key = await register(scene, LogConfig(addresses=[str(emitter)], confirmations=0))
    await side.catch_up()
    before = LogFollower(scene.client, side.book, side.logs, 0, side.journal, poll_s=0.01)
    snapshot = await scene.client.rpc.call("evm_snapshot")
    await emit(scene, emitter, A, b"gone")
    while await before.poll():
        pass
    assert data_of(side, key) == [b"gone"]
    assert await scene.client.rpc.call("evm_revert", snapshot)
    await emit(scene, emitter, A, b"other")
    await side.catch_up()
    after = LogFollower(scene.client, side.book, side.logs, 0, side.journal, poll_s=0.01)
    while await after.poll():
        pass
    assert data_of(side, key) == [b"other"]


async def test_nothing_is_begun_of_the_time_that_a_trigger_was_paused(scene: Scene, side: Side) -> None:
    """It reads on from where it was resumed."""
    emitter = await make_emitter(scene)
    key = await register(scene, LogConfig(addresses=[str(emitter)], confirmations=0))
    follower = LogFollower(scene.client, side.book, side.logs, 0, side.journal, poll_s=0.01)
    for paused, data in ((None, b"one"), (True, b"two"), (False, b"three")):
        if paused is not None:
            await set_paused(scene.client, scene.requester, key, paused)
        await side.catch_up()
        await follower.poll()
        await emit(scene, emitter, A, data)
        await side.catch_up()
        while await follower.poll():
            pass
    assert data_of(side, key) == [b"one", b"three"]
