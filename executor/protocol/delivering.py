"""Attestations: made at quorum, checked when received, kept, and transmitted (protocol.md, step 7).

Rule 1. An attestation names reports and proves that a quorum signed their root (P1). Anyone may send one: it is checked
        for itself, whoever it comes from, and whatever rides with it is checked or dropped.
Rule 2. Whoever holds the votes may make it. The maker transmits at once; a member that holds one and has not seen the
        delivery transmits in its own later rounds, after a fixed patience (P5).
Rule 3. A member that holds an attestation takes no more part in agreement on its requests; it answers with it.
Rule 4. Who made or passed on an attestation may have left out the transcript. A member that lacks it takes it, checked,
        from any later attestation of its report; one that has it answers an attestation without it, once a round.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from executor.crypto.digests import keccak256, report_leaf
from executor.crypto.merkle import merkle_root
from executor.crypto.proofs import (
    all_bls_votes_verify,
    build_proof,
    check_proof,
    check_vote_ecdsa,
    needs_bls,
    proven_signatures,
)
from executor.errors import PeerFault, RuleBroken, VerificationFailed
from executor.model.committee import Epoch
from executor.model.ids import Root
from executor.model.profile import PROFILE
from executor.model.report import Attestation, Report, Scheme, Vote
from executor.model.transcript import Transcript
from executor.model.view import Certificate
from executor.protocol.agreement import checked, save
from executor.protocol.checks import MAX_SLOTS, consent_of, only_checked_sets
from executor.protocol.conflicts import Ballot
from executor.protocol.desk import Desk
from executor.protocol.draws import completed
from executor.protocol.effects import ALL, Attested, Note, Send, Transmit
from executor.protocol.leading import hear_ballot
from executor.protocol.lifecycle import Event, Life
from executor.protocol.messages import AttestationMessage, Evidence
from executor.protocol.shape import MAX_BATCH


def root_of(reports: Sequence[Report]) -> Root:
    """The root that votes for these reports sign."""
    return merkle_root([report_leaf(report) for report in reports])


def attest(desk: Desk, reports: tuple[Report, ...], lives: Sequence[Life], votes: tuple[Vote, ...]) -> None:
    """Make an attestation of one report a life from checked votes over their root; send it round and transmit."""
    scheme = _scheme(desk)
    enough = votes[: desk.epoch.quorum] if scheme is Scheme.ECDSA else votes  # there each one more costs gas
    attestation = Attestation(scheme, reports, build_proof(scheme, desk.epoch, enough, desk.suite))
    evidence = tuple(_evidence(life, report, life.payload, None) for life, report in zip(lives, reports, strict=True))
    desk.emit(Send(ALL, AttestationMessage(attestation, evidence, votes)))
    desk.emit(Transmit(attestation, tuple(life.payload for life in lives)))
    for life in lives:
        life.attesting = True
        heard = set(life.turn.heard) | {vote.member for vote in votes}
        if silent := [member for member in range(desk.epoch.n) if member not in heard]:
            desk.emit(Note("silent", life.subject.request_id, {"members": silent}))


def schemes(epoch: Epoch) -> tuple[Scheme, ...]:
    """The schemes an epoch's verifiers accept, in its order."""
    return tuple(verifier.scheme for verifier in epoch.verifiers) or (Scheme.ECDSA,)


def _scheme(desk: Desk) -> Scheme:
    return desk.settings.scheme or schemes(desk.epoch)[0]


def check_attestation(desk: Desk, sender: int, message: AttestationMessage) -> Mapping[int, bytes]:
    """Rule 1, for what concerns the whole message; the ECDSA signatures that its proof showed. Raises RuleBroken."""
    reports = message.attestation.reports
    if not 1 <= len(reports) <= MAX_BATCH or len(message.evidence) != len(reports):
        raise RuleBroken(f"an attestation of {len(reports)} reports with {len(message.evidence)} items", sender)
    if len({report.request_id for report in reports}) != len(reports):
        raise RuleBroken("an attestation that names a request twice", sender)
    if message.attestation.scheme not in schemes(desk.epoch):
        raise RuleBroken(f"an attestation that no verifier of the epoch accepts: {message.attestation.scheme}", sender)
    try:
        check_proof(message.attestation.scheme, desk.epoch, root_of(reports), message.attestation.proof, desk.suite)
    except VerificationFailed as error:
        raise RuleBroken(f"attestation: {error}", sender) from error
    for report, evidence in zip(reports, message.evidence, strict=True):
        limit = max(PROFILE.ceilings.output_bytes, PROFILE.ceilings.error_bytes)
        if len(evidence.payload) > limit or keccak256(evidence.payload) != report.output_hash:
            raise RuleBroken("a payload that is not the attested one", sender)
    is_ecdsa = message.attestation.scheme is Scheme.ECDSA
    return proven_signatures(desk.epoch, message.attestation.proof) if is_ecdsa else {}


def good_votes(desk: Desk, message: AttestationMessage, proven: Mapping[int, bytes]) -> tuple[Vote, ...]:
    """The message's votes that verify, by member; the proof stands without them. What it showed is not checked again.

    Whoever sent it may have put any BLS signature into another's vote, so bad ones are not searched for: unless all
    verify, by one equation, none is kept.
    """
    root, good = root_of(message.attestation.reports), dict[int, Vote]()
    for vote in message.votes[: desk.epoch.n]:
        try:
            if proven.get(vote.member) != vote.ecdsa:
                check_vote_ecdsa(desk.epoch, root, vote, desk.suite)
            good.setdefault(vote.member, vote)
        except PeerFault:
            continue
    votes = tuple(good[member] for member in sorted(good))
    return votes if not needs_bls(desk.epoch) or all_bls_votes_verify(desk.epoch, root, votes, desk.suite) else ()


def attested(desk: Desk, life: Life, position: int, message: AttestationMessage, votes: tuple[Vote, ...]) -> None:
    """Keep a checked attestation of this life's request, end agreement on it, and tell the node."""
    if not life.active:
        return
    report, evidence = message.attestation.reports[position], message.evidence[position]
    own = _evidence(life, report, evidence.payload, evidence)
    clean = tuple(
        own if index == position else Evidence(item.payload, None) for index, item in enumerate(message.evidence)
    )
    life.attestation = AttestationMessage(message.attestation, clean, votes)
    life.attested_at = desk.now
    life.move(Event.ATTESTATION)
    for vote in votes:
        hear_ballot(desk, life, vote.member, Ballot(report, message.attestation.reports, vote.ecdsa))
    save(desk, life)
    tell(desk, life)
    note_votes(desk, life, life.count.latest())


def complete(desk: Desk, life: Life, position: int, sender: int, message: AttestationMessage) -> None:
    """Rule 4, for an attestation of a report that this member holds one of already."""
    own, reports = life.attestation, message.attestation.reports
    if own is None or len(message.evidence) != len(reports):
        return
    report, offered = reports[position], message.evidence[position]
    mine = own.attestation.reports.index(report) if report in own.attestation.reports else None
    if mine is None:
        return
    held, theirs = _transcript(life, report, own.evidence[mine]), _transcript(life, report, offered)
    if held is not None and theirs is None:
        answer(desk, life, sender)
    elif held is None and theirs is not None:
        found = _evidence(life, report, own.evidence[mine].payload, offered)
        if _transcript(life, report, found) is None:
            return  # its certificate does not verify
        life.attestation = replace(own, evidence=(*own.evidence[:mine], found, *own.evidence[mine + 1 :]))
        save(desk, life)
        tell(desk, life)


def _transcript(life: Life, report: Report, evidence: Evidence) -> Transcript | None:
    """The attested transcript, draws included, if the evidence has it; no certificate's signatures are looked at."""
    base = evidence.certificate.transcript if evidence.certificate is not None else ()
    if len(base) != report.slots or report.slots > MAX_SLOTS:  # before hashing what anyone may have written
        return None
    return completed(report, base, (evidence.draws, life.draws))


def _evidence(life: Life, report: Report, payload: bytes, offered: Evidence | None) -> Evidence:
    """What this member can show of the attested transcript, checked: all of it, or neither certificate nor draws."""
    draws = (life.draws,) if offered is None else (life.draws, offered.draws)
    if report.slots == 0:
        whole = completed(report, (), draws)
        return Evidence(payload, None, whole or ())
    certificate = _certificate(life, report, None if offered is None else offered.certificate, draws)
    if certificate is None:
        return Evidence(payload, None)
    whole = completed(report, certificate.transcript, draws) or ()
    return Evidence(payload, certificate, whole[report.slots :])


def _certificate(
    life: Life, report: Report, offered: Certificate | None, draws: Sequence[Transcript]
) -> Certificate | None:
    """A checked certificate over the attested transcript: of the report's own view if one is known, else of another.

    Votes may complete after the lock moved to the same transcript in a later view; then the earlier one is looked up.
    """
    known = [life.lock, *life.turn.certificates.values(), offered]
    over = [
        certificate
        for certificate in known
        if certificate is not None
        and len(certificate.transcript) == report.slots <= MAX_SLOTS  # before hashing what anyone may have written
        and completed(report, certificate.transcript, draws) is not None
    ]
    for certificate in sorted(over, key=lambda item: not _of_view(item, report)):
        try:
            verified = checked(life, consent_of(certificate), certificate)
        except PeerFault:
            continue
        shown = offered if offered is not None and offered in over else certificate
        sets = (life.transcript, life.known_sets)
        return replace(verified, transcript=only_checked_sets(life.subject, sets, shown.transcript))
    return None


def _of_view(certificate: Certificate, report: Report) -> bool:
    return (certificate.view.round, certificate.view.slots) == (report.round, report.slots)


def tell(desk: Desk, life: Life) -> None:
    """Emit everything a receipt needs; again after a restart, since the crash may have come in between.

    A member that never got the attested transcript cannot: it says so.
    """
    message = life.attestation
    if message is None:
        return
    request = life.subject.request_id
    for report, evidence in zip(message.attestation.reports, message.evidence, strict=True):
        if report.request_id != request:
            continue
        certificate, payload = evidence.certificate, evidence.payload
        transcript = _transcript(life, report, evidence)
        if transcript is None:
            desk.emit(Note("no-transcript", request, {"slots": report.slots}))
            continue
        exact = certificate if certificate and _of_view(certificate, report) else None
        desk.emit(Attested(request, transcript, exact, report, payload, message.votes, message.attestation))


def note_votes(desk: Desk, life: Life, members: Iterable[int]) -> None:
    """Tell operators which of these members voted for another outcome of the attested transcript; nothing follows.

    A vote over another transcript is legitimate: it was made under another lock.
    """
    if life.attestation is None:
        return
    attested_by_id = {report.request_id: report for report in life.attestation.attestation.reports}
    winner, latest = attested_by_id[life.subject.request_id], life.count.latest()
    for member in sorted(set(members) & set(latest)):
        report = latest[member]
        if report.transcript_hash == winner.transcript_hash and _outcome(report) != _outcome(winner):
            details = {"member": member, "status": report.status.name.lower(), "fuel_used": report.fuel_used}
            desk.emit(Note("outvoted", life.subject.request_id, {**details, "output_hash": str(report.output_hash)}))


def _outcome(report: Report) -> tuple[object, ...]:
    return report.status, report.fuel_used, report.output_hash


def enter_round(desk: Desk, life: Life) -> None:
    """Rules 2 and 3 on entering a round: hand the leader the attestation, or, leading, transmit it again."""
    message = life.attestation
    if message is None:
        return
    life.told.clear()
    if not desk.leads:
        if desk.now >= life.attested_at + desk.epoch.round_length_s:
            answer(desk, life, desk.leader)
    elif desk.now >= life.attested_at + desk.settings.delivery_patience_s:
        desk.emit(Transmit(message.attestation, tuple(item.payload for item in message.evidence)))


def answer(desk: Desk, life: Life, member: int) -> None:
    """Send the attestation to a member that still works on the request, at most once a round."""
    if life.attestation is not None and member not in life.told and member != desk.index:
        life.told.add(member)
        desk.emit(Send(member, life.attestation))
