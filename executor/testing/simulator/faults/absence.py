"""Faults of not being there: silent, slow, deaf."""

from __future__ import annotations

from collections.abc import Iterable

from executor.protocol.messages import Message
from executor.testing.simulator.faults.fault import Fault


class Silent(Fault):
    """Sends nothing at all."""

    name = "silent"

    def sends(self, recipient: int, message: Message) -> Iterable[Message]:  # noqa: ARG002 (the interface's)
        """Nothing."""
        return []


class Slow(Fault):
    """Sends everything up to two rounds late."""

    name = "slow"

    def sends(self, recipient: int, message: Message) -> Iterable[Message]:
        """Later."""
        self.hand.post(recipient, message, 0.05 * self.hand.tape.below(160))
        return []


class Deaf(Fault):
    """Reads nothing, so that it drives nothing when it leads, and sends what it has to say on its own."""

    name = "deaf"

    def hears(self, sender: int, message: Message) -> bool:  # noqa: ARG002 (the interface's)
        """Nothing."""
        return False


class HalfSilent(Fault):
    """Takes part, but each message is sent to some members only."""

    name = "half-silent"

    def sends(self, recipient: int, message: Message) -> Iterable[Message]:  # noqa: ARG002 (the interface's)
        """By the tape."""
        return [message] if self.hand.tape.byte() < 128 else []
