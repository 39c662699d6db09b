"""The transport without a network, for simulations and tests: the same envelopes, the same checks, no sockets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TypeAlias

from executor.errors import PeerFault
from executor.model.committee import Epoch
from executor.transport.envelope import encode_envelope, make_envelope
from executor.transport.inbox import Inbox, Limits, Opened, Refusal
from executor.transport.interface import EVERYONE, Handler, MessageSigner

Route: TypeAlias = Callable[[int, int, bytes], float | None]
"""Delay in seconds of the envelope from one member to another, or None to lose it."""

log = logging.getLogger(__name__)


def at_once(_sender: int, _recipient: int, _body: bytes) -> float | None:
    """The route of a perfect network."""
    return 0.0


class MemoryNetwork:
    """Joins members of one epoch; `route` decides what the network does to each envelope and may be replaced."""

    def __init__(self, epoch: Epoch, route: Route = at_once) -> None:
        self.epoch = epoch
        self.route = route
        self.refusals: list[tuple[int, Refusal]] = []
        self._members: dict[int, MemoryTransport] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    def join(
        self,
        index: int,
        signer: MessageSigner,
        handler: Handler,
        *,
        limits: Limits = Limits(),  # noqa: B008 # frozen
    ) -> MemoryTransport:
        """The transport of member `index`, in place of an earlier one."""
        return MemoryTransport(self, index, signer, handler, limits)

    def carry(self, sender: int, recipient: int, body: bytes) -> None:
        """Put raw bytes on the way to a member, as anyone on a network can."""
        delay_s = self.route(sender, recipient, body)
        if delay_s is not None:
            task = asyncio.create_task(self._deliver(sender, recipient, body, delay_s))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def settle(self) -> None:
        """Wait until nothing is under way, including what handlers sent meanwhile; raises what a handler raised."""
        while self._under_way:
            await asyncio.gather(*self._under_way)

    async def _deliver(self, sender: int, recipient: int, body: bytes, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        if (member := self._members.get(recipient)) is not None:
            refusal = await member.receive(f"member {sender}", body)
            if refusal is not None:
                self.refusals.append((recipient, refusal))

    def connect(self, transport: MemoryTransport) -> None:
        """Let a member receive."""
        self._members[transport.index] = transport

    def disconnect(self, transport: MemoryTransport) -> None:
        """A stopped member receives nothing."""
        if self._members.get(transport.index) is transport:
            del self._members[transport.index]


class MemoryTransport:
    """One member of a MemoryNetwork."""

    def __init__(
        self, network: MemoryNetwork, index: int, signer: MessageSigner, handler: Handler, limits: Limits
    ) -> None:
        self._network = network
        self._index = index
        self._signer = signer
        self._handler = handler
        self._inbox = Inbox(self._now, limits)
        self._inbox.take_seat(network.epoch, index, signer)

    @property
    def index(self) -> int:
        """The member that sends."""
        return self._index

    async def start(self) -> None:
        """Begin to receive."""
        self._network.connect(self)

    async def close(self) -> None:
        """Stop receiving."""
        self._network.disconnect(self)

    async def send(self, recipient: int, payload: bytes, *, sealed: bool = False) -> None:
        """As Transport says; raises InvalidValue for a recipient that is none."""
        epoch = self._network.epoch
        if recipient != self._index:
            envelope = await make_envelope(epoch, self._signer, self._index, recipient, payload, sealed=sealed)
            body = encode_envelope(envelope)
            for member in range(epoch.n):
                if member != self._index and recipient in (member, EVERYONE):
                    self._network.carry(self._index, member, body)
        if recipient in (self._index, EVERYONE):
            await self._handler(self._index, payload)

    async def receive(self, source: str, body: bytes) -> Refusal | None:
        """Judge and hand over; the refusal, if it is one."""
        verdict = await self._inbox.judge(source, body)
        if isinstance(verdict, Refusal):
            return verdict
        if isinstance(verdict, Opened):
            try:
                await self._handler(verdict.sender, verdict.payload)
            except PeerFault as fault:
                log.warning("%s", fault)
                return Refusal("rule-broken", 400, str(fault))
        return None

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
