"""What a node needs of a transport, and what a transport needs of a node."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final as Constant
from typing import Protocol, TypeAlias

from executor.model.committee import EpochIdentity

EVERYONE: Constant = 65535  # docs/wire.md §1: recipient of a message to all

Handler: TypeAlias = Callable[[int, bytes], Awaitable[None]]
"""Called with the sender's index and the payload of every message that passed all checks; may raise PeerFault."""


class MessageSigner(Protocol):
    """The two things that need secrets."""

    async def sign_message(self, epoch: EpochIdentity, sender: int, recipient: int, payload: bytes) -> bytes:
        """Compact signature over the message digest."""
        ...

    async def unseal(self, ciphertext: bytes) -> bytes:
        """What was sealed to this node; raises InvalidValue for anything else."""
        ...


class Transport(Protocol):
    """One member's way to the others."""

    @property
    def index(self) -> int:
        """The member that sends."""
        ...

    async def start(self) -> None:
        """Begin to receive and to deliver."""
        ...

    async def send(self, recipient: int, payload: bytes, *, sealed: bool = False) -> None:
        """Hand a message over for delivery, at most once in order for each peer, without waiting for the peer.

        To EVERYONE: to each other member and to oneself. To oneself: the handler is called at once. `sealed`: only
        the one recipient can read it. Delivery is not promised: the protocol sends again.
        """
        ...

    async def close(self) -> None:
        """Stop; what is not delivered is dropped."""
        ...
