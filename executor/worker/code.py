"""The compiled code of functions: kept on disk, made by workers that never ran a guest.

Rule 1. One compilation at a time for runs that wait for it, and one for functions that are loaded ahead: whoever
        uploads functions delays only other uploads.
Rule 2. A compilation has its own watchdog and the worker's memory limit. A worker that died over it is tried once more;
        then, or after the watchdog, the module is suspended (worker/suspensions.py). Nobody else notices.
Rule 3. The code of a module comes from a worker that was given that module by us, and is kept under that module's name.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final

from executor.crypto.digests import module_id
from executor.errors import ExecutorError, HostFault, WorkerDied
from executor.model.function import Function
from executor.model.ids import FunctionId, ModuleId
from executor.model.profile import PROFILE
from executor.worker.cache import CodeCache
from executor.worker.crew import Crew
from executor.worker.suspensions import Suspensions
from executor.worker.turns import Turns

MAX_KNOWN: Final = 4_096


class CompiledCode:
    """Has the code of functions made, and hands it out."""

    def __init__(self, directory: Path, crew: Crew, clock: Callable[[], float], *, waiting: int) -> None:
        """Raises HostFault when the directory is not ours alone."""
        self._cache, self._crew = CodeCache(directory, PROFILE), crew
        self._for_runs, self._ahead = [Turns(1, each=1, waiting=waiting) for _ in range(2)]
        self._suspensions = Suspensions("module", clock)
        self._known: OrderedDict[FunctionId, ModuleId] = OrderedDict()

    async def prepare(self, function: Function, function_id: FunctionId, *, ahead: bool = False) -> bool:
        """See to it that there is code; whether it had to be made, and so the function was checked.

        Raises InvalidModule, InvalidManifest; FunctionSuspended, WorkersBusy, WatchdogExpired, WorkerDied.
        """
        if function_id in self._known:
            self._known.move_to_end(function_id)
            return False
        module = await asyncio.to_thread(module_id, function.module)
        if made := not self._cache.holds(module):
            self._suspensions.check(module)
            async with (self._ahead if ahead else self._for_runs).turn(function_id):
                if not self._cache.holds(module):  # made while we waited
                    self._suspensions.check(module)
                    await self._make(function, function_id, module)
        self._known[function_id] = module
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)
        return made

    async def read(self, function_id: FunctionId) -> bytes | None:
        """The code of a prepared function; None when it has gone."""
        module = self._known.get(function_id)
        return None if module is None else await asyncio.to_thread(self._cache.read, module)

    def forget(self, function_id: FunctionId) -> None:
        """The code is gone or of no use: it has to be made anew."""
        if (module := self._known.pop(function_id, None)) is not None:
            self._cache.forget(module)

    def close(self) -> None:
        """Send away whoever waits for a compilation."""
        self._for_runs.close()
        self._ahead.close()

    async def _make(self, function: Function, function_id: FunctionId, module: ModuleId) -> None:
        try:
            try:
                code = await self._compile(function, function_id)
            except WorkerDied:
                code = await self._compile(function, function_id)
        except HostFault as fault:
            self._suspensions.strike(module, fault)
            raise
        except ExecutorError:
            self._suspensions.clear(module)  # the module is wrong, and said so in order
            raise
        self._suspensions.clear(module)
        await asyncio.to_thread(self._cache.write, module, code)

    async def _compile(self, function: Function, function_id: FunctionId) -> bytes:
        worker = await self._crew.take(function_id, fresh=True)
        try:
            return await worker.compile(function)
        finally:
            self._crew.give_back(worker)
