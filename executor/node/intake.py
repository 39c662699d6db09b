"""What members send, on its way to the machine: decoded, counted, and put among the steps that wait.

Rule 1. A member is heard so many messages a second and no more, however they are bundled.
Rule 2. Large bundles have few places, shared by all epochs of a node, and are decoded beside the loop, one at a time:
        megabytes that a member made costly to read take half of its time at most.
Rule 3. A closed intake holds nothing: neither who waits for room, nor a place that others share.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

from executor.errors import InvalidEncoding, RuleBroken
from executor.node.metrics.meters import Traffic
from executor.protocol.bundles import decode_bundle
from executor.protocol.effects import Effect
from executor.protocol.messages import Message
from executor.store.events import EventLog
from executor.transport.limits import Allowance

STEPS = 4_096  # steps waiting; beyond it, senders wait
MESSAGES_PER_SECOND = 2_000  # of one member: about three for each of 256 requests and second, twice over
MESSAGES_BURST = 8_000  # a round's statuses of every request at work, when a round begins
LARGE_BYTES = 65_536  # a bundle above this takes one of few places: members may send 8 MiB each
LARGE_PLACES = 32

Step: TypeAlias = Callable[[float], list[Effect]]
Read: TypeAlias = Callable[[int, Message, float], list[Effect]]
"""Has the machine read one message of a member, at a time."""


class Intake:
    """One epoch's steps that wait, and the way of messages into them."""

    def __init__(
        self, members: int, read: Read, events: EventLog, traffic: Traffic, large: asyncio.Semaphore | None
    ) -> None:
        self.steps: asyncio.Queue[Step] = asyncio.Queue(STEPS)
        self._read = read
        self._events = events
        self._traffic = traffic
        self.large = large or asyncio.Semaphore(LARGE_PLACES)
        self._closed = False
        self._holding: set[Step] = set()  # of the steps that wait, those that hold a place of the large
        self._decoding = asyncio.Semaphore(1)
        self._heard = Allowance[int](MESSAGES_PER_SECOND, MESSAGES_BURST, names=members)

    async def received(self, sender: int, data: bytes) -> None:
        """A bundle of a member; waits while there is no room. Raises RuleBroken for bytes that are none."""
        if len(data) <= LARGE_BYTES:
            await self._take(sender, data, _decode(sender, data))
            return
        await self.large.acquire()
        try:
            async with self._decoding:  # Rule 2
                messages = await asyncio.to_thread(_decode, sender, data)
            await self._take(sender, data, messages, large=True)
        except BaseException:
            self.large.release()
            raise

    async def close(self) -> None:
        """Rule 3; nothing that waits is read any more."""
        self._closed = True
        while not self.steps.empty():
            self.steps.get_nowait()  # whoever waits to put one more may
            await asyncio.sleep(0)
        for step in list(self._holding):
            self._let_go(step)

    async def _take(self, sender: int, data: bytes, messages: Sequence[Message], *, large: bool = False) -> None:
        """Put messages among the steps; a large bundle's place is free again when they are read."""
        now = time.monotonic()
        heard = [message for message in messages if self._heard.spend(sender, now)]  # Rule 1
        if len(heard) < len(messages):
            self._events.add("unheard", "", sender=sender, messages=len(messages) - len(heard))
        for message in heard:
            self._traffic("in", sender, message.type, len(data) // len(messages))

        def step(now: float) -> list[Effect]:
            self._let_go(step)
            return [effect for message in heard for effect in self._read(sender, message, now)]

        if large:
            self._holding.add(step)
        try:
            if not self._closed:
                await self.steps.put(step)
        except BaseException:
            self._holding.discard(step)  # the caller lets the place go
            raise
        if self._closed:
            self._let_go(step)

    def _let_go(self, step: Step) -> None:
        if step in self._holding:
            self._holding.discard(step)
            self.large.release()


def _decode(sender: int, data: bytes) -> tuple[Message, ...]:
    try:
        return decode_bundle(data)
    except InvalidEncoding as error:
        raise RuleBroken(str(error), sender) from error
