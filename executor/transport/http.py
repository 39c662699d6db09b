"""One member's way to the others of one epoch, over HTTP; what comes in reaches it through the shared server."""

from __future__ import annotations

import asyncio

from executor.model.committee import Epoch
from executor.model.ids import EpochDigest
from executor.transport.envelope import encode_envelope, make_envelope
from executor.transport.interface import EVERYONE, Handler, MessageSigner
from executor.transport.outbox import Outbox
from executor.transport.server import PATH, HttpServer


class HttpTransport:
    """A member's clients, and its place at the server."""

    def __init__(self, server: HttpServer, epoch: Epoch, index: int, signer: MessageSigner, handler: Handler) -> None:
        self._server = server
        self._epoch = epoch
        self._index = index
        self._signer = signer
        self._handler = handler
        self._digest: EpochDigest | None = None
        self._outboxes: dict[int, Outbox] = {}

    @property
    def index(self) -> int:
        """The member that sends."""
        return self._index

    def outboxes(self) -> dict[int, tuple[int, int]]:
        """(messages waiting, messages dropped) by the member they are for."""
        return {index: (len(outbox), outbox.dropped) for index, outbox in self._outboxes.items()}

    async def start(self) -> None:
        """Begin to receive and to deliver; the server is started before. Raises InvalidValue without a free seat."""
        server = self._server
        self._digest = server.serve(self._epoch, self._index, self._signer, self._handler)
        for member in self._epoch.members:
            if member.index != self._index:
                url = member.endpoint.rstrip("/") + PATH
                name = f"member {member.index} of epoch {self._epoch.number}"
                self._outboxes[member.index] = Outbox(name, url, server.session, server.patience, server.budget)

    async def flush(self, timeout_s: float) -> None:
        """Wait until everything queued is delivered, for a bounded time; a peer that is down is not waited for."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while any(outbox.moving for outbox in self._outboxes.values()):
            if asyncio.get_running_loop().time() >= deadline:
                return
            await asyncio.sleep(0.02)

    async def close(self) -> None:
        """Stop; what is not delivered is dropped."""
        if self._digest is not None:
            self._server.abandon(self._digest)
        for outbox in self._outboxes.values():
            await outbox.close()
        self._outboxes.clear()

    async def send(self, recipient: int, payload: bytes, *, sealed: bool = False) -> None:
        """As Transport says; raises InvalidValue for a recipient that is none, and what the signer raises."""
        if recipient != self._index:
            envelope = await make_envelope(self._epoch, self._signer, self._index, recipient, payload, sealed=sealed)
            body = encode_envelope(envelope)
            for index, outbox in self._outboxes.items():
                if recipient in (index, EVERYONE):
                    outbox.put(body)
        if recipient in (self._index, EVERYONE):
            await self._handler(self._index, payload)
