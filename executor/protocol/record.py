"""The journal record of one request: what a member must remember to stay bound by what it said.

Rule 1. A record is saved before anything that it binds leaves: an observation, a Prepare, a lock, a vote.
Rule 2. Signatures may be missing: a statement saved but not yet signed is signed again after a restart, unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from executor.model.codec import Hex, decode, encode
from executor.model.ids import EntryHash, FunctionId, RequestId, TranscriptHash
from executor.model.observation import Observation
from executor.model.report import Report
from executor.model.view import NO_VIEW, Certificate, Prepare, View
from executor.protocol.messages import AttestationMessage
from executor.protocol.releases import Release

MAX_RECORD_BYTES = 32 * 1024 * 1024  # a lock and an attestation message, each below the 8 MiB of a message


@dataclass(frozen=True, slots=True)
class OwnObservation:
    """What this member saw for `slot` after `so_far`; `signature` is empty until the signer answered."""

    so_far: TranscriptHash
    slot: int
    spec: Hex
    observation: Observation
    signature: Hex = b""


@dataclass(frozen=True, slots=True)
class PreparedPath:
    """A path prepared in a view."""

    view: View
    path: tuple[EntryHash, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """Everything durable about one request. `last_prepare` is the one of the highest view, for resending.

    `release` and the committee's `proofs` of its first draws are left out where there are none.
    """

    request_id: RequestId
    function_id: FunctionId
    lock: Certificate | None
    highest: View
    prepared: tuple[PreparedPath, ...]
    last_prepare: Prepare | None
    observations: tuple[OwnObservation, ...]
    report: Report | None
    attestation: AttestationMessage | None
    release: Annotated[Release | None, Field(exclude_if=lambda release: release is None)] = None
    proofs: Annotated[tuple[Hex, ...], Field(exclude_if=lambda proofs: not proofs)] = ()


def empty_record(request_id: RequestId, function_id: FunctionId) -> bytes:
    """The record of a request about which this member said nothing yet."""
    return encode_record(Record(request_id, function_id, None, NO_VIEW, (), None, (), None, None))


def encode_record(record: Record) -> bytes:
    """Canonical bytes of a record."""
    return encode(record)


def decode_record(data: bytes) -> Record:
    """The record in journal bytes; raises InvalidEncoding."""
    record: Record = decode(Record, data, limit=MAX_RECORD_BYTES)
    return record
