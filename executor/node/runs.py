"""Guests run in worker processes; what they see of the world in observe mode is answered here, in the node."""

from __future__ import annotations

from executor.capabilities.evm import EvmSettings
from executor.capabilities.http import HttpSettings
from executor.capabilities.node import granted_capabilities
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

    async def execute(self, function: Function, request: Request, transcript: Transcript) -> Outcome:
        """The pure run; raises HostFault."""
        return (await self._pool.execute(function, request, transcript)).outcome

    async def observe(self, function: Function, request: Request, transcript: Transcript) -> Observation:
        """This node's own look at the awaited slot; raises HostFault."""
        capabilities = granted_capabilities(function.terms, self._http, evm=self._evm, request=request)
        return await self._pool.observe(function, request, transcript, capabilities)
