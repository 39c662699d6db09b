"""Whose turn it is: a bounded queue, fair between functions.

Rule 1. A turn that comes free goes to the next function in the round, whichever has waited; within a function, first
        come, first served. One function's thousand requests cost another's one request a single turn.
Rule 2. At most `waiting` wait. One more drives out the latest of the function that has the longest line (maybe the
        newcomer itself): a flood drives out its own.
Rule 3. A function holds at most `each` turns at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Hashable
from typing import Final

from executor.errors import HostFault, WorkersBusy

CLOSED: Final = "the worker pool is closed"


class Turns:
    """A number of turns, taken with `async with turns.turn(key)`. Not for threads."""

    def __init__(self, count: int, *, each: int, waiting: int) -> None:
        self._free, self._each, self._waiting_limit = count, each, waiting
        self._held: Counter[Hashable] = Counter()
        self._lines: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()
        self._waiting = 0
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many wait."""
        return self._waiting

    @contextlib.asynccontextmanager
    async def turn(self, key: Hashable) -> AsyncIterator[None]:
        """Wait for a turn and hold it; raises WorkersBusy when driven out, HostFault once closed."""
        await self._acquire(key)
        try:
            yield
        finally:
            self._release(key)

    def close(self) -> None:
        """Send everybody who waits away, and who comes."""
        self._closed = True
        for line in self._lines.values():
            for future in line:
                if not future.done():
                    future.set_exception(HostFault(CLOSED))
        self._lines.clear()
        self._waiting = 0

    async def _acquire(self, key: Hashable) -> None:
        if self._closed:
            raise HostFault(CLOSED)
        if self._free and self._held[key] < self._each:
            self._hold(key)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines.setdefault(key, deque()).append(future)
        self._waiting += 1
        if self._waiting > self._waiting_limit:
            self._drive_out()
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self._release(key)  # the turn came together with the cancellation
            else:
                self._leave(key, future)
            raise

    def _hold(self, key: Hashable) -> None:
        self._free -= 1
        self._held[key] += 1

    def _release(self, key: Hashable) -> None:
        self._free += 1
        self._held[key] -= 1
        if not self._held[key]:
            del self._held[key]
        self._call_next()

    def _call_next(self) -> None:
        """Give free turns to the functions in the round that may hold one more."""
        for key in list(self._lines):
            if not self._free:
                return
            if self._held[key] < self._each and (future := self._first(key)) is not None:
                if key in self._lines:
                    self._lines.move_to_end(key)
                self._hold(key)
                future.set_result(None)

    def _first(self, key: Hashable) -> asyncio.Future[None] | None:
        """Who waited longest in a line, out of it now; who was cancelled is passed over."""
        while key in self._lines:
            future = self._lines[key][0]
            self._leave(key, future)
            if not future.done():
                return future
        return None

    def _drive_out(self) -> None:
        for key in list(self._lines):
            for future in [future for future in self._lines[key] if future.done()]:  # cancelled, and not yet gone
                self._leave(key, future)
        if self._waiting > self._waiting_limit:
            key = max(self._lines, key=lambda each: len(self._lines[each]))
            future = self._lines[key][-1]
            self._leave(key, future)
            future.set_exception(WorkersBusy(f"{self._waiting_limit} runs wait for a worker already"))

    def _leave(self, key: Hashable, future: asyncio.Future[None]) -> None:
        line = self._lines.get(key)
        if line is not None and future in line:
            line.remove(future)
            self._waiting -= 1
            if not line:
                del self._lines[key]
