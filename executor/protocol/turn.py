"""What a member gathers about one request while, or just before, it leads."""

from __future__ import annotations

from dataclasses import dataclass, field

from executor.model.ids import TranscriptHash
from executor.model.observation import Kind, SignedObservation
from executor.model.view import Certificate, Prepare
from executor.protocol.lock import Consent
from executor.protocol.messages import PendingObservation, Proposal

MAX_CERTIFICATES = 8  # only the highest is ever shown; the others save verifying it again
MAX_TRANSCRIPTS = 16  # transcripts that observations are kept for


@dataclass(slots=True)
class Turn:
    """`heard` maps members to the highest lock they sent in this round."""

    round: int = -1
    heard: dict[int, Consent] = field(default_factory=dict)
    quorum_at: float | None = None
    proposal: Proposal | None = None
    prepares: dict[int, Prepare] = field(default_factory=dict)
    certificates: dict[Consent, Certificate] = field(default_factory=dict)
    observations: dict[TranscriptHash, dict[int, SignedObservation]] = field(default_factory=dict)
    unchecked: dict[int, tuple[PendingObservation, ...]] = field(default_factory=dict)

    def begin(self, round: int) -> None:
        """Start a round's turn; what was gathered for another round's proposals is dropped."""
        if self.round != round:
            self.round, self.quorum_at, self.proposal = round, None, None
            self.heard.clear()
            self.prepares.clear()

    def hear(self, member: int, lock: Consent, quorum: int, now: float) -> None:
        """Count a member as heard from in this round; locks only rise."""
        self.heard[member] = max(self.heard.get(member, lock), lock, key=lambda consent: consent.view)
        if self.quorum_at is None and len(self.heard) >= quorum:
            self.quorum_at = now

    def keep_certificate(self, consent: Consent, certificate: Certificate) -> None:
        """Remember a checked certificate; the lowest view is dropped when there are too many."""
        self.certificates[consent] = certificate
        if len(self.certificates) > MAX_CERTIFICATES:
            del self.certificates[min(self.certificates, key=lambda known: known.view)]

    def keep_observation(self, so_far: TranscriptHash, signed: SignedObservation) -> bool:
        """Remember a checked observation: one value may supersede a member's error. Whether anything changed."""
        seen = self.observations.setdefault(so_far, {})
        if len(self.observations) > MAX_TRANSCRIPTS:
            del self.observations[next(iter(self.observations))]
        before = seen.get(signed.member)
        if before is None or (before.observation.kind is Kind.ERROR and signed.observation.kind is Kind.VALUE):
            seen[signed.member] = signed
            return True
        return False
