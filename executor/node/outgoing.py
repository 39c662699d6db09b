"""What leaves a member in one turn: messages for one recipient go together, in the order in which they were sent."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any, Protocol

from executor.errors import InvalidValue
from executor.node.metrics.meters import Traffic
from executor.protocol.bundles import encode_bundles
from executor.protocol.messages import Message
from executor.store.events import EventLog


class Wire(Protocol):
    """The way to the other members."""

    async def send(self, recipient: int, payload: bytes, *, sealed: bool = False) -> None:
        """Queue one payload; never waits for the receiver."""


class Outgoing:
    """The messages of one turn by recipient, sealed ones apart."""

    def __init__(self, wire: Wire, traffic: Traffic, events: EventLog) -> None:
        self._wire = wire
        self._traffic = traffic
        self._events = events
        self._messages: dict[tuple[int, bool], list[Message]] = {}

    def add(self, recipient: int, message: Message, *, sealed: bool) -> None:
        """Send a message with the turn's others."""
        self._messages.setdefault((recipient, sealed), []).append(message)

    def bundles(self) -> Iterator[Callable[[], Coroutine[Any, Any, None]]]:
        """One sending for each bundle; each raises what the signer raises, and may be tried again."""
        for (recipient, sealed), messages in self._messages.items():
            for bundle in encode_bundles(messages):
                for message in bundle.messages:
                    self._traffic("out", recipient, message.type, len(bundle.data) // len(bundle.messages))
                yield partial(self._send, recipient, bundle.data, sealed)

    async def _send(self, recipient: int, data: bytes, sealed: bool) -> None:
        try:
            await self._wire.send(recipient, data, sealed=sealed)
        except InvalidValue as error:  # too large for the signer, or a recipient whose key is none
            self._events.add("unsendable", "", recipient=recipient, reason=str(error))
