"""Evidence against members, kept in the journal: two votes of one member for two outcomes of one run.

Rule 1. Kind `evidence` of a request holds a list, one item a member; it stays when everything else of the request is
        forgotten, until who answers for it has submitted it (`Committee.proveEquivocation`).
Rule 2. Whoever reads evidence from elsewhere checks it (`is_proven`); what the driver keeps was checked when counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from executor.errors import InvalidEncoding
from executor.model.codec import Uint16, decode, encode
from executor.model.committee import Epoch, EpochIdentity
from executor.model.ids import Address, RequestId
from executor.protocol.effects import Equivocated
from executor.protocol.evidence import SignedReport, is_evidence

KIND = "evidence"
MAX_EVIDENCE_BYTES = 1024 * 1024  # of one request: 100 members, 2 votes of up to 16 hashes each, in hex


@dataclass(frozen=True, slots=True)
class Equivocation:
    """Everything that `Committee.proveEquivocation` asks for, and who it is against."""

    epoch: EpochIdentity
    member: Uint16
    signer: Address
    first: SignedReport
    second: SignedReport

    @property
    def request_id(self) -> RequestId:
        """The request both votes are about."""
        return self.first.report.request_id

    def is_proven(self) -> bool:
        """Whether the contract slashes the member for it."""
        return is_evidence(self.epoch, self.signer, self.first, self.second)


class Entries(Protocol):
    """The journal, as evidence needs it."""

    def save(self, request_id: RequestId, kind: str, value: bytes) -> None:
        """Durable when it returns."""

    def find(self, request_id: RequestId, kind: str) -> bytes | None:
        """The value, or None."""


class AllEntries(Protocol):
    """The journal, as readers of all evidence need it."""

    def load(self, kind: str) -> Iterator[tuple[RequestId, bytes]]:
        """All values of a kind."""


def equivocation_of(epoch: Epoch, effect: Equivocated) -> Equivocation:
    """What a member's machine found, as evidence."""
    signer = epoch.members[effect.member].signer
    return Equivocation(epoch.identity, effect.member, signer, effect.first, effect.second)


def keep(journal: Entries, found: Equivocation) -> bool:
    """Add to what is kept about the request; False where evidence against the member is kept already."""
    kept = of_request(journal, found.request_id)
    if any(known.member == found.member and known.epoch == found.epoch for known in kept):
        return False
    journal.save(found.request_id, KIND, encode([*kept, found], list[Equivocation]))
    return True


def of_request(journal: Entries, request_id: RequestId) -> list[Equivocation]:
    """What is kept about one request."""
    value = journal.find(request_id, KIND)
    return [] if value is None else _decoded(value)


def in_journal(journal: AllEntries) -> Iterator[Equivocation]:
    """All evidence of a journal, in the order in which it was found first for its request."""
    for _, value in journal.load(KIND):
        yield from _decoded(value)


def encode_evidence(found: Equivocation) -> bytes:
    """Canonical JSON, for files and routes."""
    return encode(found)


def decode_evidence(data: bytes) -> Equivocation:
    """Evidence from anywhere, checked; raises InvalidEncoding, also for what proves nothing (Rule 2)."""
    found: Equivocation = decode(Equivocation, data, limit=MAX_EVIDENCE_BYTES)
    if not found.is_proven():
        raise InvalidEncoding(f"this is no evidence against member {found.member}: its two votes do not conflict")
    return found


def _decoded(value: bytes) -> list[Equivocation]:
    kept: list[Equivocation] = decode(list[Equivocation], value, limit=MAX_EVIDENCE_BYTES)
    return kept
