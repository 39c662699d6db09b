"""A request's life at one member: its phase, and everything the member holds about it.

Rule 1. EXECUTING until the outcome over the locked transcript, and the draws after it, is known; then AWAITING an
        observation or a draw, or REPORTED.
Rule 2. A certificate accepted in any of these starts EXECUTING again, over its transcript.
Rule 3. An attestation ends agreement: ATTESTED. Delivery or expiry ends everything: CLOSED.

Theory of operation: `Life` is a bag of state that agreement.py (what a member says), leading.py (what it does in its
turn) and attesting.py (counting votes) work on. What must survive a crash is in `record`; the rest is rebuilt from
what members send again in every round.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from types import MappingProxyType

from executor.crypto.digests import transcript_hash
from executor.errors import InvalidValue
from executor.model.ids import TranscriptHash
from executor.model.outcome import Awaiting, Outcome
from executor.model.report import Report, Vote
from executor.model.transcript import Transcript
from executor.model.view import Certificate, Prepare
from executor.protocol.attesting import Count
from executor.protocol.checks import Subject, consent_of
from executor.protocol.conflicts import Ballots
from executor.protocol.draw_state import DrawState
from executor.protocol.lock import NO_LOCK, Consent, Promises
from executor.protocol.messages import AttestationMessage, Proposal
from executor.protocol.record import OwnObservation, PreparedPath, Record, encode_record
from executor.protocol.turn import Turn

MAX_OUTCOMES = 8  # the lock's transcript, its prefix, and a few that leaders show


class Phase(Enum):
    """Where a request stands at this member."""

    EXECUTING = auto()
    AWAITING = auto()
    REPORTED = auto()
    ATTESTED = auto()
    CLOSED = auto()


class Event(Enum):
    """What moves a request from phase to phase."""

    AWAITED = auto()
    DRAWN = auto()
    ENDED = auto()
    LOCKED = auto()
    ATTESTATION = auto()
    CLOSING = auto()


TRANSITIONS: Mapping[tuple[Phase, Event], Phase] = MappingProxyType(
    {
        (Phase.EXECUTING, Event.AWAITED): Phase.AWAITING,
        (Phase.EXECUTING, Event.ENDED): Phase.REPORTED,
        (Phase.EXECUTING, Event.LOCKED): Phase.EXECUTING,
        (Phase.AWAITING, Event.LOCKED): Phase.EXECUTING,
        (Phase.AWAITING, Event.DRAWN): Phase.EXECUTING,
        (Phase.REPORTED, Event.LOCKED): Phase.EXECUTING,
        (Phase.EXECUTING, Event.ATTESTATION): Phase.ATTESTED,
        (Phase.AWAITING, Event.ATTESTATION): Phase.ATTESTED,
        (Phase.REPORTED, Event.ATTESTATION): Phase.ATTESTED,
        (Phase.EXECUTING, Event.CLOSING): Phase.CLOSED,
        (Phase.AWAITING, Event.CLOSING): Phase.CLOSED,
        (Phase.REPORTED, Event.CLOSING): Phase.CLOSED,
        (Phase.ATTESTED, Event.CLOSING): Phase.CLOSED,
    }
)


@dataclass(slots=True)
class Life:
    """All a member holds about one request. Fields after `record`'s are lost in a crash, on purpose."""

    subject: Subject
    pushed: bool = False  # a trigger made it: its report is pushed, not fulfilled
    callback_gas: int = 0  # that its consumer or receiver may burn
    # Durable (record.py).
    lock: Certificate | None = None
    promises: Promises = field(default_factory=Promises)
    last_prepare: Prepare | None = None
    own: dict[TranscriptHash, OwnObservation] = field(default_factory=dict)
    report: Report | None = None
    attestation: AttestationMessage | None = None
    # Rebuilt.
    phase: Phase = Phase.EXECUTING
    draws: Transcript = ()  # what was drawn over the lock's transcript (draws.py)
    drawing: DrawState = field(default_factory=DrawState)  # its release and proofs are durable
    outcomes: dict[TranscriptHash, Outcome] = field(default_factory=dict)
    asked: dict[tuple[str, TranscriptHash], int] = field(default_factory=dict)
    awaited_since: dict[TranscriptHash, int] = field(default_factory=dict)
    payload: bytes = b""
    vote: Vote | None = None
    held_proposal: Proposal | None = None
    known_sets: Transcript = ()
    count: Count = field(default_factory=Count)
    ballots: Ballots = field(default_factory=Ballots)
    turn: Turn = field(default_factory=Turn)
    told: set[int] = field(default_factory=set)
    attesting: bool = False  # this member made an attestation in this round and is about to read it
    attested_at: float = 0.0
    reached: tuple[int, bool] = (-1, False)
    progressed_at: int = 0
    stalled_told_at: int = 0

    @property
    def transcript(self) -> Transcript:
        """The locked transcript; empty without a lock."""
        return self.lock.transcript if self.lock else ()

    @property
    def locked(self) -> Consent:
        """The lock as the rules see it."""
        return self.promises.lock

    @property
    def whole(self) -> Transcript:
        """The locked transcript and the draws so far: what the function runs over, and the report names."""
        return (*self.transcript, *self.draws)

    @property
    def so_far(self) -> TranscriptHash:
        """Hash of the locked transcript."""
        return transcript_hash(self.transcript)

    @property
    def active(self) -> bool:
        """Whether agreement is still going on."""
        return self.phase in (Phase.EXECUTING, Phase.AWAITING, Phase.REPORTED)

    def move(self, event: Event) -> None:
        """Take the transition of `event`; raises InvalidValue where the table has none."""
        after = TRANSITIONS.get((self.phase, event))
        if after is None:
            raise InvalidValue(f"{event.name} in phase {self.phase.name}")
        self.phase = after

    def note_progress(self, round: int) -> None:
        """Remember in which round this got further than ever: a longer agreed transcript, or its first outcome."""
        reached = (len(self.whole), self.phase is Phase.REPORTED)
        if reached > self.reached:
            self.reached, self.progressed_at = reached, round

    def keep_outcome(self, hashed: TranscriptHash, outcome: Outcome, round: int) -> None:
        """Remember what execution over a transcript ended in; the oldest is dropped, never that of the lock."""
        self.outcomes[hashed] = outcome
        self.asked.pop(("execute", hashed), None)
        if isinstance(outcome, Awaiting):
            self.awaited_since.setdefault(hashed, round)
        for old in [key for key in self.outcomes if key not in (self.so_far, transcript_hash(self.whole), hashed)]:
            if len(self.outcomes) > MAX_OUTCOMES:
                del self.outcomes[old]
                self.awaited_since.pop(old, None)

    def record(self) -> bytes:
        """The journal record of now."""
        return encode_record(
            Record(
                request_id=self.subject.request_id,
                function_id=self.subject.function_id,
                lock=self.lock,
                highest=self.promises.highest,
                prepared=tuple(PreparedPath(consent.view, consent.path) for consent in self.promises.prepared),
                last_prepare=self.last_prepare,
                observations=tuple(self.own.values()),
                report=self.report,
                attestation=self.attestation,
                release=self.drawing.release,
                proofs=self.drawing.proofs,
            )
        )


def restore_life(subject: Subject, record: Record) -> Life:
    """The life a record describes; pure."""
    prepared = tuple(Consent(item.view, item.path) for item in record.prepared)
    lock = consent_of(record.lock) if record.lock else NO_LOCK
    life = Life(
        subject=subject,
        lock=record.lock,
        promises=Promises(lock, record.highest, prepared),
        last_prepare=record.last_prepare,
        own={own.so_far: own for own in record.observations},
        report=record.report,
        attestation=record.attestation,
        drawing=DrawState(record.release, record.proofs, begun_with=len(record.proofs)),
    )
    if (kept := record.attestation) is not None:
        reports = kept.attestation.reports
        for report in reports:
            if report.request_id == subject.request_id:
                life.ballots.hear_all(report, reports, kept.votes)
    return life
