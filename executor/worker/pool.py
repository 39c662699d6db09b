"""Runs of guests in worker processes (D4, K1): the async twin of the two verbs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from executor.errors import HostFault, WatchdogExpired, WorkerDied
from executor.model.function import Function
from executor.model.observation import Observation
from executor.model.outcome import Outcome
from executor.model.request import Request
from executor.model.transcript import Transcript
from executor.vm import Diagnostics
from executor.worker.handle import AsyncCapabilities, WorkerHandle, WorkerSettings

T = TypeVar("T")

WATCHDOG_S: Final = 30.0  # the fuel ceiling is about 1 s of guest time; the rest is a busy machine
MEMORY_BYTES: Final = 2 << 30  # eight times the largest guest: room for it, for kept programs and for the compiler


@dataclass(frozen=True, slots=True)
class Execution:
    """An outcome with what people may want to know about its run."""

    outcome: Outcome
    diagnostics: Diagnostics


class WorkerPool:
    """A fixed number of worker processes; each does one run at a time, more wait their turn.

    A worker that dies or is killed is replaced when it is next needed.
    """

    def __init__(
        self, *, size: int, cache: Path, watchdog_s: float = WATCHDOG_S, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        self._settings = WorkerSettings(cache.absolute(), watchdog_s, memory_bytes)
        self._size = size
        self._idle: asyncio.LifoQueue[WorkerHandle | None] = asyncio.LifoQueue()
        self._running: set[WorkerHandle] = set()
        self._closed = False

    async def start(self) -> None:
        """Start every worker, so that a broken installation shows at once; raises HostFault."""
        starts = [WorkerHandle.start(self._settings) for _ in range(self._size)]
        results = await asyncio.gather(*starts, return_exceptions=True)
        for result in results:
            self._idle.put_nowait(result if isinstance(result, WorkerHandle) else None)
        for result in results:
            if isinstance(result, BaseException):
                await self.close()
                raise result

    async def load(self, function: Function) -> None:
        """Check and compile a function ahead of its first run, which then finds the code in the cache.

        Raises InvalidModule, InvalidManifest; WatchdogExpired, WorkerDied.
        """
        await self._with_worker(lambda worker: worker.load(function))

    async def execute(self, function: Function, request: Request, transcript: Transcript = ()) -> Execution:
        """The outcome of a request over a transcript, as `executor.vm.execute` gives it.

        Raises what that raises and what `load` raises; WatchdogExpired, WorkerDied (after one more try).
        """
        end, diagnostics = await self._with_worker(
            lambda worker: worker.run("execute", function, request, transcript, None)
        )
        if isinstance(end, Observation):
            raise HostFault("a worker answered execute with an observation")
        return Execution(end, diagnostics)

    async def observe(
        self,
        function: Function,
        request: Request,
        transcript: Transcript,
        capabilities: AsyncCapabilities,
        *,
        diagnostics: Diagnostics | None = None,
    ) -> Observation:
        """What this host sees at the first unanswered slot, as `executor.vm.observe` gives it.

        A run over the wall-clock limit is the error observation `timeout`: D4 speaks of outcomes, and the world may
        be slow. A worker that died after its guest had made calls is not tried again: calls may have effects.
        """
        try:
            end, seen = await self._with_worker(
                lambda worker: worker.run("observe", function, request, transcript, capabilities)
            )
        except WatchdogExpired:
            return Observation.error("timeout")
        if not isinstance(end, Observation):
            raise HostFault("a worker answered observe with an outcome")
        if diagnostics is not None:
            diagnostics.logs, diagnostics.message = seen.logs, seen.message
            diagnostics.memory_bytes = seen.memory_bytes
        return end

    async def close(self) -> None:
        """End every worker, also those in the middle of a run, whose callers get WorkerDied."""
        self._closed = True
        idle = []
        while not self._idle.empty():
            idle.append(self._idle.get_nowait())
        self._idle.put_nowait(None)  # wakes whoever waits, one after the other
        await asyncio.gather(*[handle.kill() for handle in (*idle, *self._running) if handle is not None])

    async def _with_worker(self, act: Callable[[WorkerHandle], Awaitable[T]]) -> T:
        for last in (False, True):
            worker = await self._take()
            self._running.add(worker)
            try:
                return await act(worker)
            except WorkerDied:
                if last or worker.calls or self._closed:
                    raise
            finally:
                self._running.discard(worker)
                self._idle.put_nowait(worker if worker.alive else None)
        raise HostFault("unreachable: the second try returns or raises")

    async def _take(self) -> WorkerHandle:
        """An idle worker, or a fresh one in place of one that is gone."""
        worker = await self._idle.get()
        if self._closed:
            self._idle.put_nowait(worker)
            raise HostFault("the worker pool is closed")
        if worker is not None and worker.alive:
            return worker
        try:
            return await WorkerHandle.start(self._settings)
        except BaseException:
            self._idle.put_nowait(None)
            raise
