"""What faulty members know together: everything any of them was ever sent or signed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from executor.crypto.digests import transcript_hash
from executor.model.ids import RequestId, TranscriptHash
from executor.model.observation import SignedObservation
from executor.model.transcript import Transcript
from executor.model.view import Certificate, Prepare, View
from executor.protocol.messages import (
    AttestationMessage,
    CertificateMessage,
    DrawNews,
    DrawStatus,
    Message,
    PrepareMessage,
    Proposal,
    Status,
    VoteMessage,
    request_ids,
)
from executor.protocol.releases import Release, Stated

MAX_KEPT: Final = 400  # messages to send again
MAX_CERTIFICATES: Final = 24  # of a request


@dataclass(slots=True)
class Memory:
    """Messages with their senders, and what they hold, sorted."""

    messages: deque[tuple[int, Message]] = field(default_factory=lambda: deque(maxlen=MAX_KEPT))
    requests: dict[RequestId, None] = field(default_factory=dict)
    observations: dict[tuple[RequestId, TranscriptHash], dict[int, SignedObservation]] = field(default_factory=dict)
    certificates: dict[RequestId, list[Certificate]] = field(default_factory=dict)
    prepares: dict[tuple[RequestId, View, TranscriptHash], dict[int, Prepare]] = field(default_factory=dict)
    proposals: dict[RequestId, deque[Transcript]] = field(default_factory=dict)
    stated: dict[tuple[RequestId, TranscriptHash, View], dict[int, Stated]] = field(default_factory=dict)
    releases: dict[RequestId, Release] = field(default_factory=dict)
    proofs: dict[RequestId, tuple[bytes, ...]] = field(default_factory=dict)
    parts: dict[tuple[RequestId, int], dict[int, bytes]] = field(default_factory=dict)

    def learn(self, sender: int, message: Message) -> None:
        """Keep a message and what it holds."""
        self.messages.append((sender, message))
        self.requests.update(dict.fromkeys(request_ids(message)))
        match message:
            case Status(request_id=request, lock=lock, observations=observations):
                for item in observations:
                    self.observations.setdefault((request, item.so_far), {})[item.signed.member] = item.signed
                self._certify(request, [lock])
            case Proposal(request_id=request, transcript=transcript, shown=shown):
                self.propose(request, transcript)
                self._certify(request, [shown])
            case PrepareMessage(request_id=request, prepare=prepare):
                prepared = (request, prepare.view, prepare.transcript_hash)
                self.prepares.setdefault(prepared, {})[prepare.member] = prepare
            case CertificateMessage(request_id=request, certificate=certificate):
                self._certify(request, [certificate])
            case AttestationMessage(attestation=attestation, evidence=evidence):
                for report, shown_with in zip(attestation.reports, evidence, strict=False):
                    self._certify(report.request_id, [shown_with.certificate])
            case DrawStatus(request_id=request, settled=settled, release=release, proofs=proofs, part=part):
                if settled is not None:
                    key = (request, settled.transcript_hash, settled.view)
                    self.stated.setdefault(key, {})[sender] = Stated(sender, settled.signature)
                if part:
                    self.parts.setdefault((request, len(proofs)), {})[sender] = part
                self._draw(request, release, proofs)
            case DrawNews(request_id=request, release=release, proofs=proofs):
                self._draw(request, release, proofs)
            case VoteMessage():
                pass
            case _:
                pass

    def propose(self, request: RequestId, transcript: Transcript) -> None:
        """Remember that a transcript was proposed."""
        self.proposals.setdefault(request, deque(maxlen=16)).append(transcript)

    def keep_certificate(self, request: RequestId, certificate: Certificate) -> None:
        """Remember a certificate, whoever else knows it."""
        self._certify(request, [certificate])

    def transcript(self, request: RequestId, hashed: TranscriptHash) -> Transcript | None:
        """A proposed transcript by its hash."""
        return next((each for each in self.proposals.get(request, ()) if transcript_hash(each) == hashed), None)

    def _draw(self, request: RequestId, release: Release | None, proofs: tuple[bytes, ...]) -> None:
        if release is not None:
            self.releases[request] = release
        self.proofs[request] = max(self.proofs.get(request, ()), proofs, key=len)

    def _certify(self, request: RequestId, certificates: Iterable[Certificate | None]) -> None:
        known = self.certificates.setdefault(request, [])
        for certificate in certificates:
            if certificate is not None and all(other.view != certificate.view for other in known):
                known.append(certificate)
                known.sort(key=lambda each: each.view)
                del known[:-MAX_CERTIFICATES]
