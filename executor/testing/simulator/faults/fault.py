"""What every named fault is: an honest member's machine goes on inside, and the fault changes what goes in and out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from executor.model.ids import RequestId
from executor.model.observation import Observation
from executor.model.outcome import Outcome
from executor.model.transcript import Transcript
from executor.protocol.messages import Message
from executor.testing.simulator.hand import Hand


class Fault:
    """Changes nothing; subclasses override what they change."""

    name: ClassVar[str] = ""
    signer_is_honest: ClassVar[bool] = False  # then the signer's record holds, and K1 is asked of this member too

    def __init__(self, hand: Hand) -> None:
        self.hand = hand

    def sees(self, request: RequestId, so_far: Transcript, spec: bytes, seen: Observation) -> Observation | None:  # noqa: ARG002 (the interface's)
        """What the member says it sees; None for nothing."""
        return seen

    def computes(self, outcome: Outcome) -> Outcome:
        """What the member says a run ended in."""
        return outcome

    def sends(self, recipient: int, message: Message) -> Iterable[Message]:  # noqa: ARG002 (the interface's)
        """The messages sent instead of one that the machine inside sends."""
        return [message]

    def hears(self, sender: int, message: Message) -> bool:  # noqa: ARG002 (the interface's)
        """Whether the machine inside reads a message."""
        return True

    def turns(self) -> None:
        """A round begins."""
