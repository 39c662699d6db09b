"""All capabilities of one observe run behind one door."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol

from executor.capabilities.clock import Clock
from executor.capabilities.evm import EvmCapability, EvmSettings
from executor.capabilities.http import HttpCapability, HttpSettings
from executor.capabilities.idempotency import Look
from executor.capabilities.private import GivenPrivateData, PrivateData, PrivateInputCapability, SecretsCapability
from executor.crypto.digests import request_id
from executor.model.manifest import Terms
from executor.model.request import Request
from executor.vm.capabilities import Refusal, Response


class Capability(Protocol):
    """One power to reach the world: the operations under one prefix."""

    async def call(self, operation: str, request: bytes) -> Response:
        """The response to one call."""
        ...


class NodeCapabilities:
    """Sends each operation to the capability its prefix names; what is not there was not granted."""

    def __init__(self, capabilities: Mapping[str, Capability]) -> None:
        self._capabilities = dict(capabilities)

    async def call(self, operation: str, request: bytes) -> Response:
        """The response of the capability, or Refusal("not-granted")."""
        capability = self._capabilities.get(operation.partition(".")[0])
        return Refusal("not-granted") if capability is None else await capability.call(operation, request)


def granted_capabilities(
    terms: Terms,
    http: HttpSettings | None = None,
    *,
    evm: EvmSettings | None = None,
    private: PrivateData | None = None,
    request: Request | None = None,
    slot: int = 0,
) -> NodeCapabilities:
    """What a function's terms grant, for a request's observe run at this slot, under the operator's settings."""
    capabilities: dict[str, Capability] = {}
    granted, data = terms.capabilities, private or GivenPrivateData()
    if granted.http is not None:
        look = None if request is None else Look(request_id(request), slot)
        capabilities["http"] = HttpCapability(granted.http, http, look=look, quiet=granted.are_private)
    if granted.evm is not None and request is not None:
        capabilities["evm"] = EvmCapability(granted.evm, request, evm, quiet=granted.are_private)
    if granted.secrets is not None:
        capabilities["secrets"] = SecretsCapability(granted.secrets, data)
    if granted.private_input is not None and request is not None:
        capabilities["input"] = PrivateInputCapability(request.input, data)
    if granted.time is not None:
        capabilities["time"] = Clock()
    return NodeCapabilities(capabilities)


class BlockingCapabilities:
    """The synchronous form that `vm.observe` takes, for use outside an event loop (the command line).

    `run` runs a coroutine to its end: of one `asyncio.Runner` where connections are kept between calls.
    """

    def __init__(
        self, capabilities: NodeCapabilities, run: Callable[[Coroutine[Any, Any, Response]], Response] = asyncio.run
    ) -> None:
        self._capabilities = capabilities
        self._run = run

    def call(self, operation: str, request: bytes) -> Response:
        """Runs one call to its end."""
        return self._run(self._capabilities.call(operation, request))
