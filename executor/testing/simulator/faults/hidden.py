"""The strongest known adversary: leaders that gather, hide and release locks, members that consent to everything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from executor.model.ids import RequestId
from executor.model.transcript import Transcript
from executor.model.view import Certificate, View
from executor.protocol.messages import CertificateMessage, Message, PrepareMessage, Proposal, Status, VoteMessage
from executor.testing.simulator.faults.fault import Fault
from executor.testing.simulator.faults.lies import lies

MOVES_S: Final = (0.6, 1.1, 1.6, 2.1, 2.6, 3.1)  # within a round of 4 s: proposals and releases


class HiddenLocks(Fault):
    """Leading, it proposes what it likes to whom it likes, keeps the certificates, and shows any of them to anybody.

    It answers nothing else, and tells other leaders a lock of its choice or none.
    """

    name = "hidden-locks"

    def sends(self, recipient: int, message: Message) -> Iterable[Message]:  # noqa: ARG002 (the interface's)
        """What the machine inside would send as a leader is left out."""
        match message:
            case Proposal() | CertificateMessage():
                return []
            case Status(request_id=request):
                known: list[Certificate | None] = [None, *self.hand.memory.certificates.get(request, [])]
                return [replace(message, lock=self.hand.tape.one(known))]
            case _:
                return [message]

    def turns(self) -> None:
        """Leading, some moves."""
        if not self.hand.leads:
            return
        for request in list(self.hand.memory.requests)[:3]:
            for place, delay_s in enumerate(MOVES_S):
                self.hand.later(delay_s, lambda request=request, place=place: self._move(request, place))  # type: ignore[misc]

    def hears(self, sender: int, message: Message) -> bool:  # noqa: ARG002 (the interface's)
        """A Prepare may complete a certificate: it is kept."""
        if isinstance(message, PrepareMessage):
            request, prepare = message.request_id, message.prepare
            transcript = self.hand.memory.transcript(request, prepare.transcript_hash)
            certificate = None if transcript is None else self.hand.certificate(request, transcript, prepare.view)
            if certificate is not None:
                self.hand.memory.keep_certificate(request, certificate)
        return True

    def _move(self, request: RequestId, place: int) -> None:
        if not self.hand.leads:
            return
        if (self.hand.tape.byte() + place) % 2 == 0:
            self._propose(request)
        else:
            self._release(request)

    def _propose(self, request: RequestId) -> None:
        hand = self.hand
        shown = hand.tape.one([None, *reversed(hand.memory.certificates.get(request, []))])
        base: Transcript = shown.transcript if shown else ()
        transcript = hand.extension(request, base) if hand.tape.byte() % 4 or shown is None else base
        if transcript is None:
            transcript = base
        if not transcript:
            return
        hand.memory.propose(request, transcript)
        proposal = Proposal(request, View(hand.round, len(transcript)), transcript, shown)
        for member in hand.tape.some(hand.honest):
            hand.post(member, proposal)

    def _release(self, request: RequestId) -> None:
        hand = self.hand
        known = hand.memory.certificates.get(request, [])
        if known:
            message = CertificateMessage(request, hand.tape.one(known))
            for member in hand.tape.some(hand.honest):
                hand.post(member, message)


class ConsentsToEverything(Fault):
    """Prepares every proposal it hears of and votes for every report, whatever it said before."""

    name = "consents-to-everything"

    def hears(self, sender: int, message: Message) -> bool:
        """Consent at once; the machine inside reads on."""
        hand = self.hand
        match message:
            case Proposal(request_id=request, transcript=transcript, view=view) if transcript:
                hand.post(sender, PrepareMessage(request, hand.prepare(request, transcript, view)))
            case VoteMessage(report=report) if sender in hand.honest:
                for each in [report, *lies(report)[: hand.tape.below(3)]]:
                    hand.post(hand.tape.one(hand.honest), VoteMessage(each, hand.vote((each,))))
            case _:
                pass
        return True
