"""Faults of false names: signatures of others, messages of strangers, wrong messages that come first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from executor.model.observation import Observation, SignedObservation
from executor.model.report import Vote
from executor.model.transcript import Entry
from executor.model.view import Certificate
from executor.protocol.messages import (
    AttestationMessage,
    BatchVote,
    CertificateMessage,
    DrawNews,
    DrawStatus,
    Message,
    PendingObservation,
    PrepareMessage,
    Proposal,
    Status,
    VoteMessage,
)
from executor.protocol.releases import Release
from executor.testing.simulator.faults.fault import Fault
from executor.testing.simulator.hand import Hand, wrong


def forged(hand: Hand, message: Message) -> list[Message]:
    """Messages like this one that break a rule: in others' names, with wrong signatures, with changed contents."""
    victim = hand.tape.one(hand.others)
    match message:
        case Status(observations=observations, votes=votes, lock=lock):
            found: list[Message] = [
                replace(message, observations=tuple(_as(item, victim) for item in observations)),
                replace(message, observations=tuple(_unsigned(item) for item in observations) * 5),
                replace(message, votes=tuple(replace(item, vote=_named(item.vote, victim)) for item in votes)),
                replace(message, lock=_doubled(lock)) if lock else replace(message, round=message.round + 9),
            ]
            return [each for each in found if each != message]
        case Proposal(transcript=transcript, view=view):
            *first, last = transcript
            return [
                replace(message, transcript=(*first, replace(last, value=b"666"))),
                replace(message, transcript=(*first, _invented(last, victim))),
                replace(message, view=replace(view, slots=view.slots + 1)),
                replace(message, view=replace(view, round=view.round + 1)),
            ]
        case PrepareMessage(prepare=prepare):
            return [
                replace(message, prepare=replace(prepare, member=victim)),
                replace(message, prepare=replace(prepare, signature=bytes(64))),
            ]
        case CertificateMessage(certificate=certificate):
            return [
                replace(message, certificate=_doubled(certificate)),
                replace(message, certificate=replace(certificate, prepares=certificate.prepares[:-1])),
                replace(message, certificate=replace(certificate, view=replace(certificate.view, round=2**32 - 1))),
            ]
        case VoteMessage(report=report, vote=vote):
            return [
                replace(message, vote=_named(vote, victim)),
                replace(message, vote=replace(vote, ecdsa=bytes(64))),
                replace(message, report=replace(report, output_hash=wrong(report))),
            ]
        case BatchVote(vote=vote):
            return [replace(message, vote=_named(vote, victim)), replace(message, vote=replace(vote, ecdsa=bytes(64)))]
        case AttestationMessage(attestation=attestation, evidence=evidence):
            report = attestation.reports[0]
            changed = replace(report, output_hash=wrong(report))
            return [
                replace(message, attestation=replace(attestation, reports=(changed, *attestation.reports[1:]))),
                replace(message, attestation=replace(attestation, proof=attestation.proof[:-64])),
                replace(message, evidence=(replace(evidence[0], payload=b"wrong"), *evidence[1:])),
            ]
        case DrawStatus(settled=settled, release=release, proofs=proofs, part=part):
            altered: list[Message] = [replace(message, proofs=(*proofs, bytes(47) + b"\x01"))]
            if settled is not None:
                later = replace(settled.view, round=settled.view.round + 1)
                altered += [replace(message, settled=replace(settled, signature=bytes(64)))]
                altered += [replace(message, settled=replace(settled, view=later))]
            if release is not None:
                altered += [replace(message, release=each) for each in _false_releases(release)]
            if part:
                altered += [replace(message, part=part + b"0"), replace(message, part=bytes(47) + b"\x01")]
            return altered
        case DrawNews(release=release, proofs=proofs):
            false: list[Message] = [replace(message, proofs=(*proofs[:-1], bytes(47) + b"\x01"))]
            if release is not None:
                false += [replace(message, release=each) for each in _false_releases(release)]
            return false
        case _:
            return []


def _false_releases(release: Release) -> list[Release]:
    first, *others = release.statements
    return [
        replace(release, statements=tuple(others)),
        replace(release, statements=(first, first, *others[1:])),
        replace(release, view=replace(release.view, round=release.view.round + 1)),
        replace(release, statements=(replace(first, signature=bytes(64)), *others)),
    ]


class ForgedSignatures(Fault):
    """Sends what it sends also in others' names, with signatures that are not theirs, and with changed contents."""

    name = "forged-signatures"

    def sends(self, recipient: int, message: Message) -> Iterable[Message]:  # noqa: ARG002 (the interface's)
        """One forgery after each."""
        found = forged(self.hand, message)
        return [message, self.hand.tape.one(found)] if found else [message]


class PoisonFirst(Fault):
    """A wrong message comes before every right one, whoever is right."""

    name = "poison-first"

    def sends(self, recipient: int, message: Message) -> Iterable[Message]:  # noqa: ARG002 (the interface's)
        """Every forgery, then the message."""
        return [*forged(self.hand, message), *self._own(message), message]

    def _own(self, message: Message) -> list[Message]:
        if not isinstance(message, VoteMessage):
            return []
        report = replace(message.report, output_hash=wrong(message.report))
        return [VoteMessage(report, self.hand.vote((report,)))]


class Stranger(Fault):
    """Repeats what it hears in the name of somebody who is no member."""

    name = "stranger"

    def hears(self, sender: int, message: Message) -> bool:  # noqa: ARG002 (the interface's)
        """And sends it on."""
        if self.hand.tape.byte() % 4 == 0:
            self.hand.post_as_stranger(self.hand.tape.one(self.hand.others), message)
        return True


def _as(item: PendingObservation, member: int) -> PendingObservation:
    return replace(item, signed=replace(item.signed, member=member))


def _unsigned(item: PendingObservation) -> PendingObservation:
    return replace(item, signed=replace(item.signed, signature=bytes(64)))


def _named(vote: Vote, member: int) -> Vote:
    return replace(vote, member=member)


def _doubled(certificate: Certificate) -> Certificate:
    """One Prepare twice, in the name of another member: the count is right, the members are not."""
    first = certificate.prepares[0]
    return replace(certificate, prepares=(*certificate.prepares[:-1], replace(first, member=first.member)))


def _invented(entry: Entry, victim: int) -> Entry:
    """A set with an observation that the victim never signed."""
    invented = SignedObservation(victim, Observation.error("invented"), bytes(64))
    return replace(entry, observations=(invented, *entry.observations[1:]))
