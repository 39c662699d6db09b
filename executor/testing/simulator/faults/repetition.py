"""Faults of saying things again, and again: replays from other requests, rounds, epochs and chains; floods."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from executor.model.draw import is_draw
from executor.model.ids import RequestId
from executor.model.outcome import Awaiting
from executor.protocol.messages import (
    CertificateMessage,
    DrawNews,
    DrawStatus,
    Message,
    PrepareMessage,
    Proposal,
    Status,
    VoteMessage,
)
from executor.testing.simulator.faults.fault import Fault

FLOOD: Final = 24  # messages to each member a round; the transport lets 200 a second through, which costs more time
REPLAYS: Final = 6


def moved(message: Message, request: RequestId) -> Message:
    """The message as if it were about another request; its signatures are not."""
    match message:
        case Status() | Proposal() | PrepareMessage() | CertificateMessage() | DrawStatus() | DrawNews():
            return replace(message, request_id=request)
        case VoteMessage(report=report):
            return replace(message, report=replace(report, request_id=request))
        case _:
            return message


class Replays(Fault):
    """Keeps everything it ever received, and sends it again: as it was, in the present round, about other requests."""

    name = "replays"

    def turns(self) -> None:
        """Some old messages to some members."""
        memory, tape = self.hand.memory, self.hand.tape
        for _ in range(REPLAYS if memory.messages else 0):
            _, message = memory.messages[tape.byte() * 7 % len(memory.messages)]
            if tape.byte() % 3 == 0 and memory.requests:
                message = moved(message, tape.one(list(memory.requests)))
            if isinstance(message, Status | DrawStatus) and tape.byte() % 2:
                message = replace(message, round=self.hand.round)
            self.hand.post(tape.one(self.hand.others), message, 0.1 * tape.below(30))


class Borrowing(Fault):
    """Leading, it proposes sets that hold members' observations of other requests."""

    name = "borrowing-leader"

    def sends(self, recipient: int, message: Message) -> Iterable[Message]:  # noqa: ARG002 (the interface's)
        """A proposal with borrowed observations before each of its own."""
        if not isinstance(message, Proposal):
            return [message]
        base = message.transcript[:-1]
        known = self.hand.memory.observations
        elsewhere = [seen for (request, so_far), seen in known.items() if request != message.request_id]
        same = [seen for seen in elsewhere if len(seen) >= self.hand.epoch.quorum]
        outcome = self.hand.outcome(message.request_id, base)
        if not same or not isinstance(outcome, Awaiting) or is_draw(outcome.spec):
            return [message]
        borrowed = self.hand.entry(
            base, outcome.spec, list(self.hand.tape.one(same).values())[: self.hand.epoch.quorum]
        )
        return [message] if borrowed is None else [replace(message, transcript=borrowed), message]


class Flooding(Fault):
    """Sends many messages: unknown requests, rounds far away, everything it knows, as fast as it may."""

    name = "flooding"

    def turns(self) -> None:
        """As many as this simulation allows."""
        memory = self.hand.memory
        for place in range(FLOOD if memory.messages else 0):
            _, message = memory.messages[place * 13 % len(memory.messages)]
            unknown = RequestId(bytes([place + 1, self.hand.round % 256]) * 16)
            for other in self.hand.honest:
                self.hand.post(other, moved(message, unknown) if place % 2 else message, 0.02 * place)
