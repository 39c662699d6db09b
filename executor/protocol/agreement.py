"""A member's part in agreement: observing, preparing, locking, voting (protocol.md, steps 2 to 6).

Rule 1. Everything that binds is saved before the signer is asked: an observation, a Prepare, a lock, a vote.
Rule 2. A proposal counts only from the leader of its view's round, while that is this member's current round; one from
        the next round's leader is held until the round begins. Certificates likewise.
Rule 3. Entries that the lock or a shown certificate covers need nothing; beyond them a proposal has at most one entry,
        whose observation set must verify, and whose slot and spec execution must really await.
Rule 4. A mixed set (case c), or an empty one under `single` (case d), is prepared only when this member itself has
        awaited the slot for f + 3 rounds.
Rule 5. A value is final. An error may be superseded by one value, so after an error the member observes again.
Rule 6. Under `single` only the member that the request id names looks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from executor.crypto.digests import make_report, payload, transcript_hash
from executor.errors import InvalidValue, RuleBroken
from executor.model.draw import Draw
from executor.model.ids import TranscriptHash
from executor.model.observation import Kind, Observation, SignedObservation
from executor.model.outcome import Awaiting, Failed, Outcome, Returned, Trapped
from executor.model.report import Vote
from executor.model.transcript import Entry, Transcript
from executor.model.transcript import observed as observed_part
from executor.model.view import Certificate, Prepare, View
from executor.protocol import drawing, draws, lock
from executor.protocol.checks import (
    MAX_SLOTS,
    check_certificate,
    check_entry,
    consent_of,
    only_checked_sets,
    path_of,
    slim,
)
from executor.protocol.desk import Desk
from executor.protocol.effects import Note, Observe, Save, Sign
from executor.protocol.lifecycle import Event, Life, Phase
from executor.protocol.messages import (
    CertificateMessage,
    PendingObservation,
    PrepareMessage,
    Proposal,
    ReportVote,
    Status,
    VoteMessage,
)
from executor.protocol.record import OwnObservation
from executor.protocol.statements import ObservationStatement, PrepareStatement, ReportsStatement, Signatures
from executor.protocol.strategies import check_observation, looks_at


def save(desk: Desk, life: Life) -> None:
    """Emit the journal record of now."""
    desk.emit(Save(life.subject.request_id, life.record()))


def send_status(desk: Desk, life: Life) -> None:
    """Tell the leader what this member holds."""
    own = life.own.get(life.so_far)
    observations: tuple[PendingObservation, ...] = ()
    if own is not None and own.signature:
        signed = SignedObservation(desk.index, own.observation, own.signature)
        observations = (PendingObservation(own.so_far, own.slot, signed),)
    votes = (ReportVote(life.report, life.vote),) if life.report and life.vote else ()
    locked = slim(life.lock) if life.lock else None
    desk.to_leader(Status(life.subject.request_id, desk.round, locked, observations, votes))


def resume(desk: Desk, life: Life) -> None:
    """Go on from the outcome over the locked transcript and its draws, asking for it when it is not known."""
    outcome = desk.outcome(life, life.whole)
    if outcome is not None and life.phase is Phase.EXECUTING:
        _conclude(desk, life, outcome)


def executed(desk: Desk, life: Life, hashed: TranscriptHash, outcome: Outcome) -> None:
    """Execution over a transcript ended in `outcome`."""
    if not life.active:
        return
    life.keep_outcome(hashed, outcome, desk.round)
    resume(desk, life)
    held = life.held_proposal
    if held is not None and held.view.round == desk.round:
        life.held_proposal = None
        consider(desk, life, held)


def _conclude(desk: Desk, life: Life, outcome: Outcome) -> None:
    match outcome:
        case Awaiting(slot, _):
            if slot != len(life.whole):
                raise InvalidValue(f"execution awaits slot {slot} over {len(life.whole)} entries (D2)")
            life.move(Event.AWAITED)
            _wait(desk, life)
        case Returned() | Failed() | Trapped():
            life.move(Event.ENDED)
            life.note_progress(desk.round)
            subject, view = life.subject, life.locked.view
            hashed = transcript_hash(life.whole)
            report = make_report(subject.request_id, subject.function_id, hashed, outcome, view)
            life.payload = payload(outcome)
            if life.report != report:
                life.report, life.vote = report, None
                save(desk, life)
            _sign_report(desk, life)
        case _:
            assert_never(outcome)


def _sign_report(desk: Desk, life: Life) -> None:
    report = life.report
    if report is None or life.vote is not None:
        return
    if lock.may_vote(life.promises, lock.Consent(View(report.round, report.slots), path_of(life.transcript))):
        desk.emit(Sign(ReportsStatement(desk.epoch.identity, (report,))))


def _is_to_look(desk: Desk, life: Life) -> bool:
    """Rule 6, for the awaited slot."""
    outcome = life.outcomes.get(life.so_far)
    if not isinstance(outcome, Awaiting) or draws.awaits_draw(outcome):
        return False
    return looks_at(outcome.spec, life.subject.request_id, desk.index, desk.epoch.n)


def _wait(desk: Desk, life: Life) -> None:
    """Do what the awaited entry needs of this member."""
    if draws.awaited(life) is not None:
        draws.ask(desk, life)
    elif _is_to_look(desk, life):
        _look(desk, life)
    elif life.lock is not None:
        send_status(desk, life)  # no observation will tell the leader that this member stands here


def drawn(desk: Desk, life: Life, draw: Draw, proof: bytes) -> None:
    """A draw's proof was obtained: go on if it is the awaited one's."""
    if life.active and draws.obtained(desk, life, draw, proof):
        resume(desk, life)


def draw_on(desk: Desk, life: Life) -> None:
    """Make the committee's own draws with the others, and go on with each proof that is here."""
    while (proof := drawing.progress(desk, life)) is not None:
        draws.adopt(life, proof)
        resume(desk, life)


def _look(desk: Desk, life: Life) -> None:
    """Observe the awaited slot, unless that is done or under way (Rule 5)."""
    own = life.own.get(life.so_far)
    if own is not None and not own.signature:
        _sign_observation(desk, life, own)
    if own is None or own.observation.kind is Kind.ERROR:
        key = ("observe", life.so_far)
        if key not in life.asked:
            life.asked[key] = desk.round
            desk.emit(Observe(life.subject.request_id, life.transcript, len(life.transcript)))


def observed(desk: Desk, life: Life, so_far: TranscriptHash, slot: int, observation: Observation) -> None:
    """This node saw something for a slot: journal, then sign."""
    life.asked.pop(("observe", so_far), None)
    outcome, before = life.outcomes.get(so_far), life.own.get(so_far)
    if not isinstance(outcome, Awaiting) or outcome.slot != slot or draws.awaits_draw(outcome):
        return  # nobody awaits it any more
    try:
        check_observation(outcome.spec, observation)
    except InvalidValue:
        observation = Observation.error("invalid-value")
    if before is not None:
        superseding = before.observation.kind is Kind.ERROR and observation.kind is Kind.VALUE
        if not superseding:
            if observation.kind is Kind.ERROR:
                life.asked["observe", so_far] = desk.round  # again in the next round, not at once
            return
    if observation.kind is Kind.ERROR:
        life.asked["observe", so_far] = desk.round
    own = OwnObservation(so_far, slot, outcome.spec, observation)
    life.own[so_far] = own
    save(desk, life)
    _sign_observation(desk, life, own)


def _sign_observation(desk: Desk, life: Life, own: OwnObservation) -> None:
    subject = life.subject
    desk.emit(
        Sign(
            ObservationStatement(
                desk.epoch.identity,
                subject.request_id,
                subject.function_id,
                own.so_far,
                own.slot,
                own.spec,
                own.observation,
            )
        )
    )


def observation_signed(desk: Desk, life: Life, statement: ObservationStatement, signatures: Signatures) -> None:
    """The signer signed an observation: tell the leader."""
    own = life.own.get(statement.so_far)
    if own is None or own.observation != statement.observation:
        return
    life.own[statement.so_far] = replace(own, signature=signatures.ecdsa)
    if life.active:
        send_status(desk, life)


def proposed(desk: Desk, life: Life, sender: int, proposal: Proposal) -> None:
    """A proposal arrived (Rule 2). Raises PeerFault."""
    round = proposal.view.round
    if sender != desk.schedule.leader(round):
        raise RuleBroken(f"a proposal for round {round}, which another member leads", sender)
    if proposal.view.slots != len(proposal.transcript) or not 1 <= proposal.view.slots <= MAX_SLOTS:
        raise RuleBroken(f"a proposal of {len(proposal.transcript)} entries in view {proposal.view}", sender)
    if observed_part(proposal.transcript) != proposal.transcript:
        raise RuleBroken("a proposal of a draw: draws need no consent", sender)
    if round == desk.round + 1:
        desk.ahead.keep(sender, proposal)
    elif round == desk.round:
        consider(desk, life, proposal)


def consider(desk: Desk, life: Life, proposal: Proposal) -> None:
    """Prepare a proposal of the current round if the rules allow it (Rules 3 and 4). Raises PeerFault."""
    if not life.active or proposal.view.round != desk.round:
        return
    asked = lock.Consent(proposal.view, path_of(proposal.transcript))
    if _resend(desk, life, proposal):
        return
    shown = consent_of(proposal.shown) if proposal.shown else None
    if not lock.may_prepare(life.promises, asked, shown):
        desk.emit(Note("not-prepared", life.subject.request_id, {"round": desk.round, "slots": asked.view.slots}))
        return
    certificate = _verified(life, shown, proposal.shown) if proposal.shown and shown else None
    covered = _covered(life, asked, shown)
    if len(asked.path) > covered + 1:
        raise RuleBroken(f"{len(asked.path) - covered} new entries in one proposal", desk.leader)
    sets = _known_sets(life, proposal.transcript, covered)
    lean = replace(proposal, shown=certificate, transcript=sets)  # what may be held is without what nobody checked
    holds = len(asked.path) <= covered or _new_entry_holds(desk, life, lean)
    if certificate and shown:
        _keep(life, shown, certificate)  # only now: a refused proposal leaves nothing behind (P4)
    if not holds:
        return
    life.promises = lock.prepare(life.promises, asked)
    life.known_sets = sets
    hashed = transcript_hash(proposal.transcript)
    life.last_prepare = Prepare(desk.index, proposal.view, hashed, b"")
    save(desk, life)
    _sign_prepare(desk, life, life.last_prepare)


def _resend(desk: Desk, life: Life, proposal: Proposal) -> bool:
    last = life.last_prepare
    if last is None or last.view != proposal.view or last.transcript_hash != transcript_hash(proposal.transcript):
        return False
    if last.signature:
        desk.to_leader(PrepareMessage(life.subject.request_id, last), sealed=True)
    else:
        _sign_prepare(desk, life, last)
    return True


def checked(life: Life, consent: lock.Consent, certificate: Certificate) -> Certificate:
    """A verified certificate of `consent`, kept: this one, or one verified before. Raises PeerFault.

    Its entries have observation sets that verify, or none: who showed it may have put anything there.
    """
    verified = _verified(life, consent, certificate)
    _keep(life, consent, verified)
    return verified


def _verified(life: Life, consent: lock.Consent, certificate: Certificate) -> Certificate:
    if life.lock is not None and consent == life.locked:
        return life.lock
    if (known := life.turn.certificates.get(consent)) is not None:
        return known
    check_certificate(life.subject, certificate)
    known_sets = (life.known_sets, life.transcript)
    return replace(certificate, transcript=only_checked_sets(life.subject, known_sets, certificate.transcript))


def _keep(life: Life, consent: lock.Consent, certificate: Certificate) -> None:
    if life.lock is None or consent != life.locked:
        life.turn.keep_certificate(consent, certificate)


def _covered(life: Life, asked: lock.Consent, shown: lock.Consent | None) -> int:
    paths = [life.locked.path, *([shown.path] if shown else [])]
    return max((len(path) for path in paths if lock.extends(asked.path, path)), default=0)


def _new_entry_holds(desk: Desk, life: Life, proposal: Proposal) -> bool:
    """Whether the last entry is awaited and its set verifies; holds the proposal while execution is under way."""
    so_far, entry = proposal.transcript[:-1], proposal.transcript[-1]
    outcome = desk.outcome(life, so_far)
    if outcome is None:
        life.held_proposal = proposal
        return False
    if outcome != Awaiting(len(so_far), entry.spec):
        raise RuleBroken(f"slot {len(so_far)} is not awaited with this spec", desk.leader)
    case = check_entry(life.subject, so_far, entry)
    return not case.needs_patience or waited_long(desk, life, transcript_hash(so_far))


def waited_long(desk: Desk, life: Life, so_far: TranscriptHash) -> bool:
    """Rule 4: by this member's own clock."""
    since = life.awaited_since.get(so_far)
    return since is not None and desk.round - since >= desk.epoch.f + 3


def _known_sets(life: Life, transcript: Transcript, covered: int) -> Transcript:
    def known(slot: int, entry: Entry) -> Entry:
        if slot >= covered:
            return entry
        mine = life.transcript[: slot + 1]
        return mine[slot] if mine == transcript[: slot + 1] else replace(entry, observations=())

    return tuple(known(slot, entry) for slot, entry in enumerate(transcript))


def _sign_prepare(desk: Desk, life: Life, prepare: Prepare) -> None:
    subject = life.subject
    statement = PrepareStatement(
        desk.epoch.identity, subject.request_id, subject.function_id, prepare.transcript_hash, prepare.view
    )
    desk.emit(Sign(statement))


def prepare_signed(desk: Desk, life: Life, statement: PrepareStatement, signatures: Signatures) -> None:
    """The signer signed a Prepare: send it to the leader, to nobody else."""
    last = life.last_prepare
    if last is None or (last.view, last.transcript_hash) != (statement.view, statement.transcript_hash):
        return
    life.last_prepare = replace(last, signature=signatures.ecdsa)
    if life.active and last.view.round == desk.round:
        desk.to_leader(PrepareMessage(life.subject.request_id, life.last_prepare), sealed=True)


def certified(desk: Desk, life: Life, sender: int, message: CertificateMessage) -> None:
    """A certificate arrived (Rule 2): lock on it if the rules allow. Raises PeerFault."""
    certificate = message.certificate
    if not life.active:
        return
    if sender != desk.leader:
        if sender == desk.schedule.leader(desk.round + 1) and certificate.view.round == desk.round + 1:
            desk.ahead.keep(sender, message)
        return
    consent = consent_of(certificate)
    if consent == life.locked or not lock.may_accept(life.promises, consent):
        return
    verified = checked(life, consent, certificate)
    known_sets = (life.known_sets, life.transcript, verified.transcript)
    sets = only_checked_sets(life.subject, known_sets, certificate.transcript)
    life.promises = lock.accept(life.promises, consent)
    if sets != life.transcript:
        life.draws = ()
    life.lock, life.known_sets = replace(verified, transcript=sets), sets
    life.report, life.vote = None, None
    life.move(Event.LOCKED)
    life.note_progress(desk.round)
    save(desk, life)
    resume(desk, life)


def report_signed(desk: Desk, life: Life, statement: ReportsStatement, signatures: Signatures) -> None:
    """The signer signed a report: vote, if the lock is still the one it was made over."""
    report = statement.reports[0]
    if life.report != report or not life.active:
        return
    life.vote = Vote(desk.index, signatures.ecdsa, signatures.bls)
    desk.to_leader(VoteMessage(report, life.vote))


def enter_round(desk: Desk, life: Life) -> None:
    """A new round began: tell its leader everything, ask again for what stayed unanswered."""
    life.held_proposal = None
    patience = desk.settings.patience_rounds
    own = life.own.get(life.so_far)
    for key, since in list(life.asked.items()):
        retry = key[0] == "draw" or (key == ("observe", life.so_far) and own is not None)
        if retry or desk.round - since >= patience:
            del life.asked[key]
    send_status(desk, life)
    drawing.enter_round(desk, life)
    if life.phase is Phase.EXECUTING:
        resume(desk, life)
    elif life.phase is Phase.REPORTED:
        _sign_report(desk, life)  # the signer did not answer
    elif draws.awaited(life) is not None:
        draws.ask(desk, life)
    elif _is_to_look(desk, life):
        _look(desk, life)
