"""What one observe run may open: the secrets of its function's owner, and envelopes made for it.

Rule 1. Secrets are looked up by the run's epoch, its function's id and the owner that its manifest names: a request for
        another function finds nothing, whoever makes it.
Rule 2. An envelope names epoch, function and consumer, and is bound to them: a copy in another request stays shut.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from executor.capabilities.errors import CallRefused
from executor.errors import HostFault, InvalidEncoding, InvalidValue, SignerUnavailable
from executor.keys.private_inputs import parse_private_input
from executor.model.ids import Address
from executor.model.request import Request
from executor.node.secrets.seat import Seat
from executor.node.secrets.store import SecretStore


class Opening:
    """The private data of one run."""

    def __init__(
        self,
        store: SecretStore,
        seat: Seat | None,
        owner: Address | None,
        request: Request,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._seat = seat
        self._owner = owner
        self._request = request
        self._clock = clock

    async def secret(self, name: str) -> bytes:
        """The value; raises CallRefused, and HostFault while the signer does not answer."""
        seat = self._seat
        if seat is None:
            raise CallRefused("secret-missing", "this node does not serve the request's epoch")
        if self._owner is None:
            raise CallRefused("secret-missing", "the manifest names no owner: nobody can put its secrets")
        kept = self._store.find(seat.digest, self._owner, self._request.function_id, name)
        state = "deleted" if kept is None else kept.state(self._clock())
        if kept is None or state == "deleted":
            raise CallRefused("secret-missing", f"{name} was not put for epoch {seat.epoch.number}, or was deleted")
        if state == "expired":
            raise CallRefused("secret-expired", f"{name} expired at {kept.secret.expires}")
        return await self._opened("secret-unreadable", seat.value(self._store.load(kept)))

    async def input(self, envelope: bytes) -> bytes:
        """The text; raises as `secret` does."""
        request = self._request
        try:
            found = parse_private_input(envelope)
        except InvalidEncoding as error:
            raise CallRefused("input-malformed", str(error)) from error
        if self._seat is None or found.epoch != self._seat.digest:
            raise CallRefused("input-other-epoch", "sealed for another epoch than the request's")
        if found.function_id != request.function_id:
            raise CallRefused("input-other-function", f"sealed for function {found.function_id}")
        if found.consumer != request.consumer:
            raise CallRefused("input-other-consumer", f"sealed for consumer {found.consumer}")
        return await self._opened("input-unreadable", self._seat.open(found.sealed, found.context))

    async def _opened(self, code: str, opening: Awaitable[bytes]) -> bytes:
        try:
            return await opening
        except SignerUnavailable as error:
            raise HostFault(f"the signer opens nothing now: {error}") from error
        except InvalidValue as error:
            raise CallRefused(code, str(error)) from error
