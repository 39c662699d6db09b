"""Logs of another chain start runs at the home chain's block of their time. On two embedded chains."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from chain.support import Scene
from test_trigger_logs import EMITTER, A, data_of
from trigger_bench import Side, mine_at, register

from executor.chain.accounts import dev_accounts
from executor.chain.client import ChainClient
from executor.chain.embedded import EmbeddedChain
from executor.chain.reader import ChainReader
from executor.chain.sender import TransactionSender
from executor.chain.signing import dev_account
from executor.chain.triggers import Removed
from executor.crypto.digests import request_id
from executor.errors import InvalidManifest
from executor.model.ids import Address
from executor.model.manifest import Terms
from executor.model.trigger import LogEvent
from executor.model.trigger_config import LogConfig
from executor.node.triggers.foreign import ForeignLogFollower
from executor.node.triggers.polling import HomeTimes
from executor.protocol.triggering import check_origin

SOURCE = 777


class Source:
    """Another chain with a contract that logs what it is called with."""

    def __init__(self, chain: EmbeddedChain) -> None:
        self.client = ChainClient([chain.url], SOURCE, Address(bytes(20)))
        self.reader = ChainReader([chain.url], SOURCE)
        self.sender = TransactionSender(self.client, dev_account(dev_accounts()[0]))

    async def make(self) -> Address:
        """The contract."""
        length = len(EMITTER)
        head = bytes([0x60, length, 0x60, 11, 0x5F, 0x39, 0x60, length, 0x5F, 0xF3, 0])
        made = await self.sender.send(None, head + EMITTER)
        assert made.contract is not None
        return made.contract

    async def emit(self, emitter: Address, data: bytes, time_s: int) -> None:
        """A log at a time."""
        await self.client.rpc.call("evm_setNextBlockTimestamp", hex(time_s))
        await self.sender.send(emitter, A + data)

    def followed_by(self, scene: Scene, side: Side, depth: int | str = "finalized") -> ForeignLogFollower:
        """A member's reader of it."""
        home = HomeTimes(scene.client)
        return ForeignLogFollower(
            self.reader, depth, home, side.book, side.logs, side.starter, side.journal, side.events_log, poll_s=0.01
        )


@pytest.fixture
async def source() -> AsyncIterator[Source]:
    """One more chain."""
    with EmbeddedChain(chain_id=SOURCE) as chain:
        made = Source(chain)
        yield made
        await made.reader.close()
        await made.client.close()


async def read(follower: ForeignLogFollower) -> None:
    """All there is."""
    while await follower.poll():
        pass


async def test_logs_of_another_chain_have_a_home_block_of_their_time(
    scene: Scene, side: Side, source: Source, tmp_path: Path
) -> None:
    """After the registration's time, once the home chain is final there; alike on members that read at other times;
    after a restart nothing is lost or begun twice; a log that moves is another event."""
    emitter = await source.make()
    start = (await scene.client.head()).timestamp + 1_000
    await source.emit(emitter, b"before", start)
    config = LogConfig(addresses=[str(emitter)], chain_id=SOURCE, confirmations=0)
    await mine_at(scene, start + 10)
    key = await register(scene, config)
    registered = (await scene.client.head()).timestamp
    late = Side(scene, tmp_path / "late", side.follower.next_block)
    await side.catch_up()
    follower = source.followed_by(scene, side, 0)
    await source.emit(emitter, b"one", registered + 5)
    await source.emit(emitter, b"two", registered + 50)
    await read(follower)
    assert side.requests(key) == []  # the home chain has no block of that time
    await mine_at(scene, registered + 7)
    await side.catch_up()
    await read(follower)
    assert data_of(side, key) == [b"one"]
    await mine_at(scene, registered + 60, registered + 90)
    await side.catch_up()
    await read(source.followed_by(scene, side, 0))  # restarted
    assert data_of(side, key) == [b"one", b"two"]
    await late.catch_up()
    await read(source.followed_by(scene, late, 0))
    mine, theirs = side.requests(key), late.requests(key)
    assert [request_id(request) for request in mine] == [request_id(request) for request in theirs]
    assert [request.block_timestamp - registered for request in mine] == [7, 60]
    assert all(check_origin(request).endswith(str(key)) for request in mine)

    follower = source.followed_by(scene, side, 0)
    await read(follower)
    snapshot = await source.client.rpc.call("evm_snapshot")
    await source.emit(emitter, b"moves", registered + 95)
    await mine_at(scene, registered + 200)
    await side.catch_up()
    await read(follower)
    first = side.requests(key)[-1]
    assert await source.client.rpc.call("evm_revert", snapshot)
    await source.emit(emitter, b"moves", registered + 96)
    await follower.poll()
    await read(follower)
    second = side.requests(key)[-1]
    assert [each["request_id"] for each in side.events("vanished")] == [str(request_id(first))]
    assert first.origin is not None
    assert second.origin is not None
    assert isinstance(second.origin.event, LogEvent)
    assert first.origin.event != second.origin.event
    assert data_of(side, key) == [b"one", b"two", b"moves"]


DRAWING = Terms.model_validate({"capabilities": {"random": {"source": "committee"}}})


async def test_no_draw_hangs_on_a_log_of_another_chain_that_may_still_move(
    scene: Scene, side: Side, source: Source
) -> None:
    """Nor on one whose registration is gone; functions that draw nothing run as deep as they are registered."""
    emitter = await source.make()
    shallow = await register(scene, LogConfig(addresses=[str(emitter)], chain_id=SOURCE, confirmations=0))
    final = await register(scene, LogConfig(addresses=[str(emitter)], chain_id=SOURCE))
    registered = (await scene.client.head()).timestamp
    await side.catch_up()
    await source.emit(emitter, b"one", registered + 5)
    await mine_at(scene, registered + 7)
    await side.catch_up()
    await read(source.followed_by(scene, side, 0))
    await read(source.followed_by(scene, side, "finalized"))
    (moves,), (stays,) = side.requests(shallow), side.requests(final)
    side.starter.check_finality(Terms(), request_id(moves))
    side.starter.check_finality(DRAWING, request_id(stays))
    with pytest.raises(InvalidManifest, match='register the trigger with confirmations = "finalized"'):
        side.starter.check_finality(DRAWING, request_id(moves))
    side.registrations.apply(Removed(final, 0))
    with pytest.raises(InvalidManifest, match="final requests only"):
        side.starter.check_finality(DRAWING, request_id(stays))
