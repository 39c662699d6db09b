"""Runs of guests in worker processes (D4, K1): the async twin of the two verbs.

    async with WorkerPool(size=2, cache=Path("compiled")) as pool:
        execution = await pool.execute(function, request)

Rule 1. Each worker does one run at a time; turns are given fairly between functions (worker/turns.py). Observe runs,
        which wait for the world, have turns and processes of their own: a slow server delays no execute.
Rule 2. A worker that dies costs its request one more try on another worker. An observe run that is tried again repeats
        no call that was answered: the answers are kept for it (worker/worlds.py).
Rule 3. A run that fails us again (died twice, watchdog, a fault of the worker) counts against its function; after
        TOLERATED in a row the function is suspended for a while (worker/suspensions.py).
Rule 4. Functions that read secrets or private inputs share no process with others (worker/crew.py, Rule 5).
Rule 5. A pool belongs to the event loop it was started in. It is not for threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

from executor.crypto.digests import function_id as function_id_of
from executor.errors import HostFault, InvalidConfig, WatchdogExpired, WorkerDied
from executor.model.function import Function
from executor.model.ids import FunctionId
from executor.model.observation import Observation
from executor.model.outcome import Outcome
from executor.model.request import Request
from executor.model.transcript import Transcript
from executor.vm import Diagnostics
from executor.worker.code import CompiledCode
from executor.worker.confinement import Confinement
from executor.worker.crew import Crew
from executor.worker.handle import CodeMissing, WorkerHandle, WorkerSettings
from executor.worker.messages import End
from executor.worker.serving import TimeLimits
from executor.worker.suspensions import Suspensions
from executor.worker.turns import CLOSED, Turns
from executor.worker.worlds import AsyncCapabilities, Recorded

T = TypeVar("T")

WATCHDOG_S: Final = 30.0  # the fuel ceiling is about 1 s of guest time; the rest is a busy machine
COMPILE_S: Final = 60.0  # modules of 12 MB were measured to compile in 9 to 15 s
MEMORY_BYTES: Final = 2 << 30  # eight times the largest guest: room for it, for kept programs and for the compiler
RUNS_PER_WORKER: Final = 10_000  # a start costs half a second of processor time: 50 microseconds a run
WAITING: Final = 1_024
TOLERATED: Final = 2


@dataclass(frozen=True, slots=True)
class Execution:
    """An outcome with what people may want to know about its run."""

    outcome: Outcome
    diagnostics: Diagnostics


@dataclass(frozen=True, slots=True)
class Usage:
    """What a pool's processes are doing; for metrics."""

    busy: int
    idle: int
    started: int
    waiting_execute: int
    waiting_observe: int


class WorkerPool:
    """Worker processes that run guests, for one event loop. Start it, or use it with `async with`.

    `size`: execute runs at a time. `observers`: observe runs at a time (default twice as many), in processes that are
    started when needed. `spares`: processes kept ready beside those. `watchdog_s`: one run, `compile_s`: one load.
    `memory_bytes`: a worker, compiler included. `waiting`: runs that wait, then WorkersBusy. `require_confinement`:
    refuse to start where the kernel cannot filter system calls. `apart`: each function runs in processes of its own, as
    those that read secrets or private inputs always do.
    """

    def __init__(
        self,
        *,
        size: int,
        cache: Path,
        observers: int | None = None,
        spares: int = 1,
        watchdog_s: float = WATCHDOG_S,
        compile_s: float = COMPILE_S,
        memory_bytes: int = MEMORY_BYTES,
        runs_per_worker: int = RUNS_PER_WORKER,
        waiting: int = WAITING,
        require_confinement: bool = False,
        apart: bool = False,
    ) -> None:
        observers = 2 * size if observers is None else observers
        if min(size, observers, runs_per_worker, waiting) < 1 or spares < 0 or min(watchdog_s, compile_s) <= 0:
            raise InvalidConfig("a worker pool needs positive sizes and times")
        settings = WorkerSettings(TimeLimits(watchdog_s, compile_s), memory_bytes, require_confinement)
        self._directory, self._waiting, self._apart = cache.absolute(), waiting, apart
        self._crew = Crew(settings, size=size, spares=spares, runs_per_worker=runs_per_worker)
        self._executes = Turns(size, each=size, waiting=waiting)
        self._observes = Turns(observers, each=max(1, observers // 2), waiting=waiting)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._started: tuple[CompiledCode, Suspensions] | None = None

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self.close()

    async def start(self) -> None:
        """Start `size` workers, so that a broken installation shows at once; raises HostFault."""
        if self._loop is not None:
            raise HostFault("a worker pool is started once")
        self._loop = asyncio.get_running_loop()
        try:
            code = await asyncio.to_thread(
                CompiledCode, self._directory, self._crew, self._loop.time, waiting=self._waiting
            )
            await self._crew.start()
        except BaseException:
            await self.close()
            raise
        self._started = code, Suspensions("function", self._loop.time, tolerated=TOLERATED)

    @property
    def confinement(self) -> Confinement:
        """What holds the workers on this host; raises HostFault while none runs."""
        for worker in self._crew.workers:
            return worker.confinement
        raise HostFault("no worker runs")

    @property
    def usage(self) -> Usage:
        """What its processes are doing now."""
        busy = self._crew.busy
        idle = len(self._crew.workers) - busy
        return Usage(busy, idle, self._crew.started, self._executes.waiting, self._observes.waiting)

    async def load(self, function: Function) -> None:
        """Check a function and compile its module ahead of its first run, if need be.

        Raises InvalidModule, InvalidManifest; FunctionSuspended, WorkersBusy, WatchdogExpired, WorkerDied.
        """
        code, _ = self._parts()
        function_id = await asyncio.to_thread(function_id_of, function)
        if not await code.prepare(function, function_id, ahead=True):
            fetch = partial(code.read, function_id)
            await self._attempt(
                self._executes, function, function_id, lambda worker: worker.load(function, function_id, fetch)
            )

    async def execute(self, function: Function, request: Request, transcript: Transcript = ()) -> Execution:
        """The outcome of a request over a transcript, as `executor.vm.execute` gives it.

        Raises what that raises and what `load` raises.
        """
        end, diagnostics = await self._run(self._executes, "execute", function, request, transcript, None)
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

        `capabilities` are asked here, in the parent. A run over the wall-clock limit is the error observation
        `timeout`: D4 speaks of outcomes, and the world may be slow.
        """
        world = Recorded(capabilities)
        try:
            end, seen = await self._run(self._observes, "observe", function, request, transcript, world)
        except WatchdogExpired:
            return Observation.error("timeout")
        if not isinstance(end, Observation):
            raise HostFault("a worker answered observe with an outcome")
        if diagnostics is not None:
            diagnostics.logs, diagnostics.message = seen.logs, seen.message
            diagnostics.memory_bytes, diagnostics.loaded = seen.memory_bytes, seen.loaded
        return end

    async def close(self) -> None:
        """End every worker, also those in the middle of a run, whose callers get WorkerDied. May be called twice."""
        self._check_loop()
        self._closed = True
        self._executes.close()
        self._observes.close()
        if self._started is not None:
            self._started[0].close()
        await self._crew.close()

    async def _run(
        self,
        turns: Turns,
        verb: str,
        function: Function,
        request: Request,
        transcript: Transcript,
        world: Recorded | None,
    ) -> tuple[End, Diagnostics]:
        """One run of either verb, tried again if need be (rules 2 and 3)."""
        code, suspensions = self._parts()
        suspensions.check(request.function_id)
        fetch = partial(code.read, request.function_id)

        async def act(worker: WorkerHandle) -> tuple[End, Diagnostics]:
            if world is not None:
                world.rewind()
            try:
                return await worker.run(verb, function, request, transcript, world, fetch)
            except WatchdogExpired as fault:
                if world is None:  # else the world may have been slow
                    suspensions.strike(request.function_id, fault)
                raise
            except HostFault as fault:
                if worker.condemned:
                    suspensions.strike(request.function_id, fault)
                raise

        try:
            ended = await self._attempt(turns, function, request.function_id, act)
        except WorkerDied as fault:
            suspensions.strike(request.function_id, fault)
            raise
        suspensions.clear(request.function_id)
        return ended

    async def _attempt(
        self, turns: Turns, function: Function, function_id: FunctionId, act: Callable[[WorkerHandle], Awaitable[T]]
    ) -> T:
        """What `act` gives, on a second worker where the first died, with code made anew where it was of no use."""
        code, _ = self._parts()
        died = missing = False
        while True:
            await code.prepare(function, function_id)
            try:
                async with turns.turn(function_id):
                    return await self._lend(function, function_id, act)
            except WorkerDied as fault:
                if died or self._closed:
                    raise WorkerDied(f"function {function_id}: {fault}") from fault
                died = True
            except CodeMissing as error:
                code.forget(function_id)
                if missing:
                    raise HostFault(f"function {function_id}: the engine refuses the code it made") from error
                missing = True

    async def _lend(
        self, function: Function, function_id: FunctionId, act: Callable[[WorkerHandle], Awaitable[T]]
    ) -> T:
        alone = self._apart or function.terms.capabilities.are_private
        worker = await self._crew.take(function_id, alone=alone)
        try:
            return await act(worker)
        finally:
            self._crew.give_back(worker)

    def _parts(self) -> tuple[CompiledCode, Suspensions]:
        """What a started pool has; raises HostFault when it is used wrongly."""
        self._check_loop()
        if self._closed:
            raise HostFault(CLOSED)
        if self._started is None:
            raise HostFault("the worker pool is not started")
        return self._started

    def _check_loop(self) -> None:
        if self._loop is not None and self._loop is not asyncio.get_running_loop():
            raise HostFault("a worker pool belongs to the event loop it was started in")
