"""Faults of leaders: they show different sets, withhold certificates, release them late to one member, spam."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from executor.model.view import View
from executor.protocol.messages import CertificateMessage, Message, Proposal
from executor.testing.simulator.faults.fault import Fault

SPAM: Final = 6  # proposals to each member a round


class TwoFacedLeader(Fault):
    """Shows each member another valid observation set, and so proposes several transcripts in one view."""

    name = "two-faced-leader"

    def sends(self, recipient: int, message: Message) -> Iterable[Message]:
        """The proposal, or another one in its view."""
        match message:
            case Proposal(request_id=request, view=view, transcript=transcript, shown=shown):
                other = self.hand.extension(request, transcript[:-1])
                if other is None or self.hand.tape.byte() < 96:
                    return [message]
                self.hand.memory.propose(request, other)
                second = Proposal(request, view, other, shown)
                if self.hand.tape.byte() < 128:
                    return [second]
                self.hand.post(recipient, second, 0.04 * self.hand.tape.below(40))
                return [message]
            case _:
                return [message]


class WithholdingLeader(Fault):
    """Sends a certificate to nobody or to one member, in its own round or in a later one that it leads."""

    name = "withholding-leader"

    def sends(self, recipient: int, message: Message) -> Iterable[Message]:  # noqa: ARG002 (the interface's)
        """Everything but certificates."""
        if isinstance(message, CertificateMessage):
            self.hand.memory.keep_certificate(message.request_id, message.certificate)
            return []
        return [message]

    def turns(self) -> None:
        """Leading, release one kept certificate to one member, at the round's end or at once."""
        hand = self.hand
        if not hand.leads:
            return
        for request, known in hand.memory.certificates.items():
            if known and hand.tape.byte() % 3:
                message = CertificateMessage(request, hand.tape.one(known))
                hand.post(hand.tape.one(hand.honest), message, 0.1 * hand.tape.below(38))


class SpammingLeader(Fault):
    """Proposes in every view of its rounds, and in others', what is valid and what is not."""

    name = "spamming-leader"

    def turns(self) -> None:
        """Many proposals for every request it knows."""
        hand = self.hand
        for request in list(hand.memory.requests)[:4]:
            known = hand.memory.certificates.get(request, [])
            for place in range(SPAM):
                shown = hand.tape.one([None, *known])
                transcript = hand.extension(request, shown.transcript if shown else ())
                if transcript is None:
                    continue
                hand.memory.propose(request, transcript)
                view = View(hand.round + hand.tape.byte() % 2, len(transcript))
                for other in hand.honest:
                    hand.post(other, Proposal(request, view, transcript, shown), 0.5 * place)
