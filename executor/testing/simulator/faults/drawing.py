"""Faults about a committee's own draws: withheld, wrong and early parts, statements of anything, false releases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from executor.crypto.digests import transcript_hash
from executor.errors import InvalidValue
from executor.model.ids import RequestId, TranscriptHash
from executor.model.view import NO_VIEW, View
from executor.protocol.messages import DrawNews, DrawStatus, Message, Settled
from executor.protocol.releases import Release, Stated
from executor.testing.simulator.faults.fault import Fault

REQUESTS: Final = 3  # that are meddled with in a turn
ORDINALS: Final = 3


class WithheldDraws(Fault):
    """Gives no parts; leading, keeps releases and proofs, or shows them to one member, perhaps rounds later."""

    name = "withheld-draws"

    def sends(self, recipient: int, message: Message) -> Iterable[Message]:  # noqa: ARG002 (the interface's)
        """Little of it."""
        if isinstance(message, DrawNews):
            return []
        if isinstance(message, DrawStatus):
            return [replace(message, part=b"", release=None)]
        return [message]

    def turns(self) -> None:
        """To one member, what it keeps."""
        hand, memory = self.hand, self.hand.memory
        for request in list(memory.requests)[:REQUESTS]:
            release, proofs = memory.releases.get(request), memory.proofs.get(request, ())
            if (release or proofs) and hand.tape.byte() % 2:
                shown = release if hand.tape.byte() % 2 else None
                told = proofs[: hand.tape.below(len(proofs) + 1)]
                news = DrawNews(request, shown, told, asks=bool(hand.tape.byte() % 2))
                hand.post(hand.tape.one(hand.honest), news, 0.1 * hand.tape.below(38))


class WrongParts(Fault):
    """Gives parts of nothing, of other draws, of other members; and proofs of nothing."""

    name = "wrong-parts"

    def sends(self, recipient: int, message: Message) -> Iterable[Message]:  # noqa: ARG002 (the interface's)
        """Something else than its part."""
        if not isinstance(message, DrawStatus) or not message.part:
            return [message]
        hand, request, ordinal = self.hand, message.request_id, len(message.proofs)
        others = list(hand.memory.parts.get((request, ordinal), {}).values())
        wrong = [bytes(47) + b"\x01", bytes(48), hand.part(request, ordinal + 1), *others]
        return [replace(message, part=hand.tape.one(wrong)), message][: 1 + hand.tape.byte() % 2]

    def turns(self) -> None:
        """False proofs to somebody."""
        hand = self.hand
        for request in list(hand.memory.requests)[:REQUESTS]:
            known = hand.memory.proofs.get(request, ())
            false = (*known, hand.part(request, len(known)) or bytes(48))
            hand.post(hand.tape.one(hand.others), DrawNews(request, None, false), 0.1 * hand.tape.below(38))


class StatesAnything(Fault):
    """States every transcript it knows in any view, and releases whatever comes to a quorum, or does not quite."""

    name = "states-anything"

    def turns(self) -> None:
        """To the leader, or leading to all."""
        hand = self.hand
        for request in list(hand.memory.requests)[:REQUESTS]:
            for hashed, view in self._known(request):
                own = hand.stated(request, hashed, view)
                status = DrawStatus(request, hand.round, Settled(hashed, view, own.signature), None, (), b"")
                hand.post(hand.epoch.leader(hand.round), status, 0.1 * hand.tape.below(30))
                release = self._release(request, hashed, view)
                if release is not None:
                    hand.post(hand.tape.one(hand.honest), DrawNews(request, release, ()), 0.1 * hand.tape.below(38))

    def _known(self, request: RequestId) -> list[tuple[TranscriptHash, View]]:
        memory, tape = self.hand.memory, self.hand.tape
        known = [(hashed, view) for about, hashed, view in memory.stated if about == request]
        known += [(transcript_hash(each.transcript), each.view) for each in memory.certificates.get(request, [])]
        known.append((transcript_hash(()), NO_VIEW))
        proposed = memory.proposals.get(request)
        if proposed:
            transcript = tape.one(list(proposed))
            known.append((transcript_hash(transcript), View(self.hand.round, len(transcript))))
        return [tape.one(known), tape.one(known)]

    def _release(self, request: RequestId, hashed: TranscriptHash, view: View) -> Release | None:
        hand = self.hand
        told = dict(hand.memory.stated.get((request, hashed, view), {}))
        told |= {ally: hand.stated(request, hashed, view, ally) for ally in hand.allies}
        if len(told) < hand.epoch.quorum and hand.tape.byte() % 2:  # filled up with statements of something else
            for (about, *_), others in hand.memory.stated.items():
                if about == request or hand.tape.byte() % 4 == 0:
                    told = {**others, **told}
        if len(told) < hand.epoch.quorum - 1:
            return None
        statements: list[Stated] = [told[member] for member in sorted(told)]
        return Release(hashed, view, tuple(statements))


class EarlyDraws(Fault):
    """Gives the parts of all faulty members before any release, and puts together whatever parts it has."""

    name = "early-draws"

    def turns(self) -> None:
        """To the leader, and what comes out to somebody."""
        hand = self.hand
        for request in list(hand.memory.requests)[:REQUESTS]:
            ordinal = hand.tape.below(ORDINALS)
            known = hand.memory.proofs.get(request, ())[:ordinal]
            part = hand.part(request, ordinal)
            status = DrawStatus(request, hand.round, None, None, known, part)
            hand.post(hand.epoch.leader(hand.round), status, 0.1 * hand.tape.below(30))
            parts = dict(hand.memory.parts.get((request, ordinal), {}))
            parts |= {ally: hand.part(request, ordinal, ally) for ally in hand.allies}
            try:
                proof = hand.suite.combine(dict(list(parts.items())[: hand.epoch.f + 1]))
            except InvalidValue:
                continue
            hand.post(hand.tape.one(hand.others), DrawNews(request, None, (*known, proof)), 0.1 * hand.tape.below(38))
