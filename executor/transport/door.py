"""What a new connection meets first: asyncio makes a protocol before it knows whose connection it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Door(asyncio.Protocol):
    """Hands a connection on to the protocol that `admit` gives it; where it gives none, it has ended the connection."""

    def __init__(self, admit: Callable[[asyncio.Transport], asyncio.Protocol | None]) -> None:
        self._admit = admit

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask, and step aside."""
        assert isinstance(transport, asyncio.Transport)
        if (protocol := self._admit(transport)) is not None:
            transport.set_protocol(protocol)
            protocol.connection_made(transport)


def address_of(transport: asyncio.BaseTransport) -> str | None:
    """The other side's address."""
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if peer else None
