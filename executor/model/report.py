"""What is signed and delivered about an outcome (protocol.md, "Report")."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from executor.model.codec import Hex, Natural, Uint16, Uint32
from executor.model.ids import Digest, FunctionId, RequestId, TranscriptHash


class Status(IntEnum):
    """How the run ended; stable on the wire."""

    RETURNED = 0
    FAILED = 1
    TRAPPED = 2


class Scheme(StrEnum):
    """Signature schemes an epoch's verifiers may ask for."""

    ECDSA = "ecdsa"
    BLS = "bls"


@dataclass(frozen=True, slots=True)
class Report:
    """The canonical statement about one outcome; `round` and `slots` are the view of the certificate it rests on."""

    request_id: RequestId
    function_id: FunctionId
    transcript_hash: TranscriptHash
    status: Status
    round: Uint32
    slots: Uint16
    fuel_used: Natural
    output_hash: Digest


@dataclass(frozen=True, slots=True)
class Vote:
    """One member's signatures over the attestation digest of a report (or of a batch root).

    `ecdsa` is 64 bytes; `bls` is a compressed G1 point of 48 bytes, or empty where the epoch has no BLS verifier.
    """

    member: Uint16
    ecdsa: Hex
    bls: Hex = b""


@dataclass(frozen=True, slots=True)
class Attestation:
    """Reports and the proof that a quorum signed their root; `proof`: docs/wire.md §3."""

    scheme: Scheme
    reports: tuple[Report, ...]
    proof: Hex
