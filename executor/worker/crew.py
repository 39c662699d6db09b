"""The worker processes of a pool: who is idle, who is fresh, who is to go.

Rule 1. A worker goes at once when it died, was killed, or told a fault of its own: its state is not trusted.
Rule 2. A worker goes when it has done its number of runs, or stopped a guest (a trap, a broken rule), as soon as a
        fresh one stands ready: nobody waits for a start because of it.
Rule 3. Going because of stopped guests is rationed, one process in STOPPED_GUEST_S: a guest that always traps must not
        turn the node into a starter of processes. What trapped is torn down with its store in any case; the new process
        guards against an engine whose own state a trap could spoil.
Rule 4. A fresh worker, one that never ran a guest nor compiled a module, is kept ready. Only fresh ones compile, and
        each once: no process that ran a guest, or chewed a stranger's module, ever makes code that others run. Those
        that compiled serve runs like any other; those beyond `size` go.
Rule 5. A function that runs alone gets processes in which no other function ran or will run: what took a worker over
        reads nothing that such a function is given, and such a function leaves nothing behind. KEPT_ALONE of them are
        kept idle; a function that is not among these takes a fresh one.
"""

from __future__ import annotations

import asyncio
from typing import Final

from executor.errors import HostFault
from executor.model.ids import FunctionId
from executor.worker.handle import WorkerHandle, WorkerSettings
from executor.worker.turns import CLOSED

STOPPED_GUEST_S: Final = 10.0
KEPT_ALONE: Final = 4  # processes of some 100 MB


RETRY_S: Final = 5.0
"""Between starts that nobody waits for, after one failed."""


class Crew:
    """Starts, lends and replaces workers. `size` serve at first; `spares` fresh ones stand by once runs have begun."""

    def __init__(self, settings: WorkerSettings, *, size: int, spares: int, runs_per_worker: int) -> None:
        self._settings, self._size, self._spares, self._max_runs = settings, size, spares, runs_per_worker
        self._idle: list[WorkerHandle] = []
        self._lent: set[WorkerHandle] = set()
        self._starting: set[asyncio.Task[None]] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._waiters: list[asyncio.Future[None]] = []
        self._stopped_guest_s = self._failed_s = float("-inf")
        self._closed = False
        self.started = 0
        """Processes started since the crew was made."""

    async def start(self) -> None:
        """Start the first workers; raises what the first of them failed with."""
        starts = [self._start() for _ in range(self._size)]
        for result in await asyncio.gather(*starts, return_exceptions=True):
            if isinstance(result, BaseException):
                await self.close()
                raise result

    @property
    def workers(self) -> tuple[WorkerHandle, ...]:
        """Every worker that runs or stands by."""
        return (*self._idle, *self._lent)

    @property
    def busy(self) -> int:
        """How many are lent."""
        return len(self._lent)

    async def take(self, function_id: FunctionId, *, fresh: bool = False, alone: bool = False) -> WorkerHandle:
        """A worker to give back: fresh, or else one that holds the function if possible; started if there is none.

        `alone`: one of the function's own (Rule 5). Raises HostFault or WorkerDied when none could be started.
        """
        while True:
            if self._closed:
                raise HostFault(CLOSED)
            if worker := self._pick(function_id, fresh=fresh, alone=alone):
                worker.alone = function_id if alone else None
                self._lent.add(worker)
                return worker
            await self._news()

    def give_back(self, worker: WorkerHandle) -> None:
        """The worker is free again, or is to be replaced."""
        self._lent.discard(worker)
        if worker.alive and not self._closed:
            self._idle.append(worker)
            self._wake()
        else:
            self._end(worker)
        self._replace()

    async def close(self) -> None:
        """End every worker, also those lent, whose users get WorkerDied."""
        self._closed = True
        self._wake()
        for start in self._starting:
            start.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        for worker in self.workers:
            self._end(worker)
        self._idle.clear()
        await asyncio.gather(*self._ending)

    def _pick(self, function_id: FunctionId, *, fresh: bool, alone: bool) -> WorkerHandle | None:
        """The best idle worker, which is no longer idle: used ones first, so that a fresh one stays."""
        for worker in [worker for worker in self._idle if not worker.alive]:
            self._idle.remove(worker)
            self._end(worker)
        own = function_id if alone else None
        candidates = [each for each in self._idle if each.fresh or (each.alone == own and not fresh)]
        if not candidates:
            return None
        best = max(candidates, key=lambda worker: (function_id in worker.holds, not worker.fresh))
        self._idle.remove(best)
        return best

    async def _news(self) -> None:
        """Wait until a worker may be there; raises what a start failed with."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(future)
        if len(self._starting) < len(self._waiters):
            self._start()
        try:
            await future
        finally:
            self._waiters.remove(future)

    def _wake(self) -> None:
        for future in self._waiters:
            if not future.done():
                future.set_result(None)

    def _replace(self) -> None:
        """Let worn workers go for fresh ones that stand ready, and have another made ready."""
        if self._closed:
            return
        now_s = asyncio.get_running_loop().time()
        fresh = sum(worker.fresh for worker in self._idle)
        for worker in list(self._idle):
            if fresh and self._is_worn(worker, now_s):
                self._idle.remove(worker)
                self._end(worker)
                fresh -= 1
        kept = [worker for worker in self._idle if worker.alone is not None]
        for worker in kept[: max(0, len(kept) - KEPT_ALONE)]:  # those that were lent longest ago
            self._idle.remove(worker)
            self._end(worker)
        if now_s - self._failed_s >= RETRY_S:
            for _ in range(fresh + len(self._starting) - len(self._waiters), self._spares):
                self._start()

    def _is_worn(self, worker: WorkerHandle, now_s: float) -> bool:
        if worker.stopped_a_guest and now_s - self._stopped_guest_s >= STOPPED_GUEST_S:
            self._stopped_guest_s = now_s
            return True
        used = sum(not each.fresh and each.alone is None for each in self._idle)
        return worker.runs >= self._max_runs or (worker.compiled and used > self._size)

    def _start(self) -> asyncio.Task[None]:
        task = asyncio.create_task(self._start_one())
        self.started += 1
        self._starting.add(task)
        task.add_done_callback(self._started)
        return task

    async def _start_one(self) -> None:
        self._idle.append(await WorkerHandle.start(self._settings))

    def _started(self, task: asyncio.Task[None]) -> None:
        self._starting.discard(task)
        if task.cancelled():
            return
        if (error := task.exception()) is None:
            self._wake()
            self._replace()
            return
        self._failed_s = asyncio.get_running_loop().time()
        if waiting := [future for future in self._waiters if not future.done()]:
            waiting[0].set_exception(error)

    def _end(self, worker: WorkerHandle) -> None:
        """Kill a worker, in the background."""
        task = asyncio.create_task(worker.kill())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
