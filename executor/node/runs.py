"""Guests run in worker processes; what they see of the world in observe mode is answered here, in the node."""

from __future__ import annotations

from collections.abc import Callable

from executor.capabilities.evm import EvmSettings
from executor.capabilities.http import HttpSettings
from executor.capabilities.node import granted_capabilities
from executor.capabilities.private import PrivateData
from executor.errors import HostFault, WorkersBusy
from executor.model.function import Function
from executor.model.observation import Observation
from executor.model.outcome import Outcome
from executor.model.request import Request
from executor.model.transcript import Transcript
from executor.worker import WorkerPool


class WorkerRuns:
    """The driver's runs, on a pool of workers."""

    def __init__(self, pool: WorkerPool, http: HttpSettings, evm: EvmSettings | None = None) -> None:
        self._pool = pool
        self._http = http
        self._evm = evm
        self.private: Callable[[Function, Request], PrivateData] | None = None  # the node's, once there is one

    async def execute(self, function: Function, request: Request, transcript: Transcript) -> Outcome:
        """The pure run; raises HostFault."""
        return (await self._pool.execute(function, request, transcript)).outcome

    async def observe(self, function: Function, request: Request, transcript: Transcript) -> Observation:
        """This node's own look at the awaited slot; raises HostFault."""
        private = None if self.private is None else self.private(function, request)
        capabilities = granted_capabilities(
            function.terms, self._http, evm=self._evm, private=private, request=request, slot=len(transcript)
        )
        try:
            return await self._pool.observe(function, request, transcript, capabilities)
        except WorkersBusy:
            raise
        except HostFault as fault:
            if function.terms.capabilities.are_private:  # its words may be a guest's, or a library's about a guest's
                raise HostFault(
                    f"{type(fault).__name__}; its words are not told, for the run reads private data"
                ) from None
            raise
