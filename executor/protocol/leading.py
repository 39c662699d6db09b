"""A leader's part: hearing members, proposing, collecting Prepares into certificates (protocol.md, step 4 and 5).

Rule 1. A leader proposes once it heard every member in this round, or a fixed delay after it heard a quorum.
Rule 2. It shows the highest certificate C(v2, T2) it knows. It proposes T2 extended by one entry when it can form one
        and q members stand at T2 (a lock on T2, or an observation over its hash); otherwise, when some member it heard
        does not hold that certificate, T2 itself again, in its own view.
Rule 3. The entry's set is q values, else f + 1 errors, else, when it has itself awaited the slot for f + 3 rounds, a
        mixed set. Under `single` it is the one member's observation, else, after as long, nothing. One proposal a view.
Rule 4. q Prepares of one proposal are a certificate; it goes to everybody, this member included.

A wrong leader wastes its round; every rule that safety rests on is checked by the members (agreement.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from executor.crypto.digests import report_leaf, transcript_hash
from executor.errors import InvalidValue, PeerFault, RuleBroken
from executor.model.codec import Json
from executor.model.ids import Root
from executor.model.observation import Kind, SignedObservation
from executor.model.outcome import Awaiting
from executor.model.spec import parse_spec
from executor.model.transcript import Entry, Transcript
from executor.model.view import Certificate, View
from executor.protocol.agreement import checked, waited_long
from executor.protocol.attesting import check_vote_on_arrival
from executor.protocol.checks import check_prepare, check_signed_observation, consent_of, path_of, slim, slim_sets
from executor.protocol.conflicts import Ballot
from executor.protocol.desk import Desk
from executor.protocol.draws import awaits_draw
from executor.protocol.effects import ALL, Equivocated, Note, Send
from executor.protocol.lifecycle import Life
from executor.protocol.lock import NO_LOCK
from executor.protocol.messages import (
    CertificateMessage,
    PendingObservation,
    PrepareMessage,
    Proposal,
    ReportVote,
    Status,
)
from executor.protocol.strategies import agree, alone_member, looks_at


def status_received(desk: Desk, life: Life, sender: int, status: Status) -> None:
    """A member told what it holds. Raises PeerFault and changes nothing when any part is wrong."""
    if status.round == desk.round + 1 and desk.schedule.leader(status.round) == desk.index:
        desk.ahead.keep(sender, status)
        return
    if status.round != desk.round or not desk.leads:
        return
    checked_votes = [check_report_vote(desk, life, sender, vote) for vote in status.votes]
    now_checked, later = _split(life, sender, status.observations)
    lock = NO_LOCK
    if status.lock is not None:
        lock = consent_of(status.lock)
        checked(life, lock, status.lock)
    turn = life.turn
    turn.begin(desk.round)
    turn.hear(sender, lock, desk.epoch.quorum, desk.now)
    for item in now_checked:
        if turn.keep_observation(item.so_far, item.signed) and item.slot < len(life.transcript):
            details = {"slot": item.slot, **_described(item.signed)}
            desk.emit(Note("observed-late", life.subject.request_id, details))
    if later:
        turn.unchecked[sender] = later
    for vote, whole in zip(status.votes, checked_votes, strict=True):
        count_vote(desk, life, vote, checked=whole)


def check_report_vote(desk: Desk, life: Life, sender: int, item: ReportVote) -> bool:
    """Raises PeerFault unless it is the sender's own vote for a report of this request; whether it is checked whole."""
    subject, report = life.subject, item.report
    if item.vote.member != sender:
        raise RuleBroken(f"a vote in the name of member {item.vote.member}", sender)
    if (report.request_id, report.function_id) != (subject.request_id, subject.function_id):
        raise RuleBroken("a vote for a report of another request or function", sender)
    if life.count.holds(report, sender) == item.vote:
        return True
    return check_vote_on_arrival(desk, Root(report_leaf(report)), item.vote)


def count_vote(desk: Desk, life: Life, item: ReportVote, *, checked: bool) -> None:
    """Count a vote that `check_report_vote` allowed, and compare it with the member's others."""
    life.count.add(item.report, item.vote, checked=checked)
    hear_ballot(desk, life, item.vote.member, Ballot(item.report, (item.report,), item.vote.ecdsa))


def hear_ballot(desk: Desk, life: Life, member: int, ballot: Ballot) -> None:
    """Tell of a member that voted for two outcomes of one run (conflicts.py)."""
    if (found := life.ballots.hear(member, ballot)) is not None:
        desk.emit(Equivocated(life.subject.request_id, member, *found))


def _split(
    life: Life, sender: int, items: tuple[PendingObservation, ...]
) -> tuple[list[PendingObservation], tuple[PendingObservation, ...]]:
    """Observations that verify now, and those whose spec is not known before execution gets there."""
    good: list[PendingObservation] = []
    later: list[PendingObservation] = []
    for item in items:
        if item.signed.member != sender:
            raise RuleBroken(f"an observation in the name of member {item.signed.member}", sender)
        outcome = life.outcomes.get(item.so_far)
        if outcome is None:
            later.append(item)
        elif not isinstance(outcome, Awaiting) or outcome.slot != item.slot or awaits_draw(outcome):
            raise RuleBroken(f"an observation for slot {item.slot}, which is not awaited", sender)
        else:
            if item.signed not in life.turn.observations.get(item.so_far, {}).values():
                check_signed_observation(life.subject, item.so_far, item.slot, outcome.spec, item.signed)
            good.append(item)
    return good, tuple(later)


def _check_deferred(desk: Desk, life: Life) -> None:
    for sender, items in list(life.turn.unchecked.items()):
        try:
            good, later = _split(life, sender, items)
        except PeerFault as fault:
            good, later = [], ()
            desk.emit(fault_note(life, fault, sender))
        for item in good:
            life.turn.keep_observation(item.so_far, item.signed)
        life.turn.unchecked.pop(sender)
        if later:
            life.turn.unchecked[sender] = later


def fault_note(life: Life | None, fault: PeerFault, sender: int) -> Note:
    """A member broke a rule, and the message that did is no longer being received."""
    details = {"member": sender, "error": type(fault).__name__, "message": str(fault)}
    return Note("fault", life.subject.request_id if life else None, details)


def drive(desk: Desk, life: Life) -> None:
    """Propose whatever can be proposed now (Rules 1 and 2)."""
    turn = life.turn
    if not desk.leads or not life.active:
        return
    turn.begin(desk.round)
    _check_deferred(desk, life)
    if turn.proposal is not None or not _heard_enough(desk, life):
        return
    top = _top(life)
    base: Transcript = top.transcript if top else ()
    outcome = desk.outcome(life, base)
    if outcome is None:
        return
    if isinstance(outcome, Awaiting) and not awaits_draw(outcome) and _standing(life, base) >= desk.epoch.quorum:
        entry = _form_entry(desk, life, base, outcome.spec)
        if entry is not None:
            _propose(desk, life, (*base, entry), top)
            return
    if top is not None and top.view.round < desk.round:
        consent = consent_of(top)
        if any(lock != consent for lock in turn.heard.values()):
            _propose(desk, life, base, top)


def collect_deadline(desk: Desk, life: Life) -> float | None:
    """When Rule 1's delay ends, while it matters."""
    turn = life.turn
    if not desk.leads or not life.active or turn.round != desk.round or turn.quorum_at is None:
        return None
    due = turn.quorum_at + desk.settings.collect_delay_s
    return due if turn.proposal is None and len(turn.heard) < desk.epoch.n and due > desk.now else None


def _heard_enough(desk: Desk, life: Life) -> bool:
    turn = life.turn
    if len(turn.heard) == desk.epoch.n:
        return True
    return turn.quorum_at is not None and desk.now >= turn.quorum_at + desk.settings.collect_delay_s


def _top(life: Life) -> Certificate | None:
    known = [*life.turn.certificates.values(), *([life.lock] if life.lock else [])]
    return max(known, key=lambda certificate: certificate.view, default=None)


def _standing(life: Life, base: Transcript) -> int:
    """Members that sent a lock on this transcript or an observation over its hash."""
    path = path_of(base)
    locked = {member for member, lock in life.turn.heard.items() if lock.path == path}
    return len(locked | set(life.turn.observations.get(transcript_hash(base), ())))


def _form_entry(desk: Desk, life: Life, base: Transcript, spec: bytes) -> Entry | None:
    """Rule 3."""
    epoch = desk.epoch
    seen = life.turn.observations.get(transcript_hash(base), {})
    patient = waited_long(desk, life, transcript_hash(base))
    chosen = _chosen_alone(desk, life, seen, patient) if parse_spec(spec).alone else _chosen(desk, seen, patient)
    if chosen is None:
        return None
    observations = tuple(sorted(chosen, key=lambda signed: signed.member))
    try:
        kind, value = agree(spec, [signed.observation for signed in observations], epoch.n, epoch.f)
    except InvalidValue as error:
        desk.emit(Note("no-entry", life.subject.request_id, {"slot": len(base), "error": str(error)}))
        return None
    return Entry(spec, kind, value, observations)


def _chosen(desk: Desk, seen: Mapping[int, SignedObservation], patient: bool) -> Sequence[SignedObservation] | None:
    epoch, told = desk.epoch, list(seen.values())
    values = [signed for signed in told if signed.observation.kind is Kind.VALUE]
    errors = [signed for signed in told if signed.observation.kind is Kind.ERROR]
    if len(values) >= epoch.quorum:
        return values[: epoch.quorum]
    if len(errors) > epoch.f:
        return errors[: epoch.f + 1]
    if len(told) >= epoch.quorum and patient:
        return [*values, *errors][: epoch.quorum]
    return None


def _chosen_alone(
    desk: Desk, life: Life, seen: Mapping[int, SignedObservation], patient: bool
) -> Sequence[SignedObservation] | None:
    told = seen.get(alone_member(life.subject.request_id, desk.epoch.n))
    if told is not None:
        return [told]
    return [] if patient else None


def _propose(desk: Desk, life: Life, transcript: Transcript, shown: Certificate | None) -> None:
    view = View(desk.round, len(transcript))
    if view <= life.promises.highest:
        return  # proposed before a restart, or this member is bound otherwise: the next leader goes on
    bare = slim(shown) if shown else None
    proposal = Proposal(life.subject.request_id, view, slim_sets(transcript, keep_last=True), bare)
    life.turn.proposal = proposal
    life.turn.prepares.clear()
    desk.emit(Send(ALL, proposal))


def prepare_received(desk: Desk, life: Life, sender: int, message: PrepareMessage) -> None:
    """Count a Prepare of the open proposal; make the certificate at quorum (Rule 4). Raises PeerFault."""
    prepare, turn = message.prepare, life.turn
    if prepare.member != sender:
        raise RuleBroken(f"a Prepare in the name of member {prepare.member}", sender)
    proposal = turn.proposal
    if not life.active or turn.round != desk.round or proposal is None or proposal.view != prepare.view:
        return  # late, or repeated
    if prepare.transcript_hash != transcript_hash(proposal.transcript):
        raise RuleBroken(f"a Prepare of another transcript in view {prepare.view}", sender)
    check_prepare(life.subject, prepare)
    turn.prepares[sender] = prepare
    if len(turn.prepares) < desk.epoch.quorum:
        return
    prepares = tuple(turn.prepares[member] for member in sorted(turn.prepares))
    certificate = Certificate(proposal.view, proposal.transcript, prepares)
    turn.proposal = None
    turn.keep_certificate(consent_of(certificate), certificate)
    if proposal.shown is None or len(proposal.shown.transcript) < len(proposal.transcript):
        _note_agreed(desk, life, proposal.transcript)
    sent = replace(certificate, transcript=slim_sets(certificate.transcript, keep_last=True))
    desk.emit(Send(ALL, CertificateMessage(life.subject.request_id, sent)))


def _note_agreed(desk: Desk, life: Life, transcript: Transcript) -> None:
    """Tell people what each member saw for the last slot, beside what was agreed."""
    slot, entry = len(transcript) - 1, transcript[-1]
    seen = life.turn.observations.get(transcript_hash(transcript[:-1]), {})
    observed = [
        {
            **_described(seen[member]),
            "used": seen[member] in entry.observations,
            "equal": (seen[member].observation.kind, seen[member].observation.value) == (entry.kind, entry.value),
        }
        for member in sorted(seen)
    ]
    epoch, request = desk.epoch, life.subject.request_id
    looking = [member for member in range(epoch.n) if looks_at(entry.spec, request, member, epoch.n)]
    details = {
        "slot": slot,
        "agreed": entry.kind.name.lower(),
        "value": "0x" + entry.value.hex(),
        "observations": observed,
        "silent": [member for member in looking if member not in seen],
    }
    desk.emit(Note("agreed", life.subject.request_id, details))


def _described(signed: SignedObservation) -> dict[str, Json]:
    kind, value = signed.observation.kind.name.lower(), "0x" + signed.observation.value.hex()
    return {"member": signed.member, "kind": kind, "value": value}
