"""Delivery to one peer: in order, retried for a bounded time, bounded in memory."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from typing import Final as Constant

import aiohttp

CONTENT_TYPE: Constant = "application/json"
MAX_ANSWER_BYTES: Constant = 1024  # of a refusal, for the log
TOTAL_BYTES: Constant = 256 * 1024 * 1024  # of all peers together: eight times one peer's
_RETRIED = frozenset({409, 429})  # the peer may yet enter our epoch, or have time for us; 5xx are retried, too

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how much to keep for a peer that does not answer."""

    give_up_s: float = 30.0  # some rounds: later the protocol has moved on
    attempt_s: float = 5.0
    first_pause_s: float = 0.1
    longest_pause_s: float = 2.0
    messages: int = 256
    total_bytes: int = 32 * 1024 * 1024


class Budget:
    """What all outboxes of a node may hold together: a hundred peers that are down would each hold their own limit."""

    def __init__(self, total_bytes: int = TOTAL_BYTES) -> None:
        self._total_bytes = total_bytes
        self._outboxes: set[Outbox] = set()
        self.used_bytes = 0  # a message to many counts for each

    def join(self, outbox: Outbox) -> None:
        """Count an outbox in."""
        self._outboxes.add(outbox)

    def leave(self, outbox: Outbox) -> None:
        """Count it no more."""
        self._outboxes.discard(outbox)
        self.used_bytes -= outbox.size_bytes

    def enforce(self) -> None:
        """While too much is held, whoever holds most drops its oldest message."""
        while self.used_bytes > self._total_bytes:
            max(self._outboxes, key=lambda outbox: outbox.size_bytes).drop_oldest("all queues together are full")


class Outbox:
    """The queue of one peer and the task that empties it; when full, the oldest message is dropped."""

    def __init__(
        self,
        name: str,
        url: str,
        session: aiohttp.ClientSession,
        patience: Patience,
        budget: Budget | None = None,
    ) -> None:
        self._name = name
        self._url = url
        self._session = session
        self._patience = patience
        self._budget = budget or Budget()
        self._budget.join(self)
        self._failing = False
        self._waiting: deque[tuple[float, bytes]] = deque()  # (deadline, body)
        self.size_bytes = 0
        self._arrived = asyncio.Event()
        self._task = asyncio.create_task(self._deliver_all(), name=f"outbox {name}")
        self.dropped = 0

    def put(self, body: bytes) -> None:
        """Queue `body`; never waits."""
        deadline = asyncio.get_running_loop().time() + self._patience.give_up_s
        self._waiting.append((deadline, body))
        self.size_bytes += len(body)
        self._budget.used_bytes += len(body)
        while len(self._waiting) > self._patience.messages or self.size_bytes > self._patience.total_bytes:
            self.drop_oldest("the queue is full")
        self._budget.enforce()
        self._arrived.set()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def moving(self) -> bool:
        """Whether something waits and the peer takes it."""
        return bool(self._waiting) and not self._failing

    async def close(self) -> None:
        """Stop; what waits is dropped."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._budget.leave(self)

    async def _deliver_all(self) -> None:
        pause_s = self._patience.first_pause_s
        while True:
            first = await self._next()
            taken = await self._attempt(first[1])
            self._failing = not taken
            if taken:
                pause_s = self._patience.first_pause_s
                if self._waiting and self._waiting[0] is first:  # else it was dropped for a newer one meanwhile
                    self._take()
            else:
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, self._patience.longest_pause_s)

    async def _next(self) -> tuple[float, bytes]:
        """The oldest message whose time is not over."""
        while True:
            while self._waiting and self._waiting[0][0] <= asyncio.get_running_loop().time():
                self.drop_oldest("the peer did not answer in time")
            if self._waiting:
                return self._waiting[0]
            self._arrived.clear()
            await self._arrived.wait()

    async def _attempt(self, body: bytes) -> bool:
        """Whether the peer has answered for good, be it with a refusal."""
        headers = {"Content-Type": CONTENT_TYPE}
        try:
            async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as response:
                if response.status < 300:
                    return True
                text = (await response.content.read(MAX_ANSWER_BYTES)).decode("utf-8", "replace")
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            log.debug("%s: %r", self._name, error)
            return False
        if response.status in _RETRIED or response.status >= 500:
            return False
        log.warning("%s refused a message: %d %s", self._name, response.status, text)
        return True

    def drop_oldest(self, why: str) -> None:
        """Give the oldest message up."""
        self._take()
        self.dropped += 1
        log.warning("a message to %s was dropped: %s", self._name, why)

    def _take(self) -> None:
        _, body = self._waiting.popleft()
        self.size_bytes -= len(body)
        self._budget.used_bytes -= len(body)
