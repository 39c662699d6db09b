"""What a member's signer is asked to sign, with everything it needs to know what that means (K1).

`kind` tells statements apart on the signer's socket; it is in no digest, where each kind has a tag of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias, assert_never

from pydantic import Field

from executor.crypto.digests import (
    attestation_digest,
    epoch_digest,
    observation_digest,
    prepare_digest,
    report_leaf,
    settled_digest,
)
from executor.crypto.merkle import merkle_root
from executor.model.codec import Hex, Uint16
from executor.model.committee import EpochIdentity
from executor.model.ids import Digest, FunctionId, RequestId, TranscriptHash
from executor.model.observation import Observation
from executor.model.report import Report
from executor.model.view import View


@dataclass(frozen=True, slots=True)
class ObservationStatement:
    """What this member saw for `slot`, after the transcript `so_far`."""

    epoch: EpochIdentity
    request_id: RequestId
    function_id: FunctionId
    so_far: TranscriptHash
    slot: Uint16
    spec: Hex
    observation: Observation
    kind: Literal["observation"] = "observation"


@dataclass(frozen=True, slots=True)
class PrepareStatement:
    """This member's consent to a transcript in a view."""

    epoch: EpochIdentity
    request_id: RequestId
    function_id: FunctionId
    transcript_hash: TranscriptHash
    view: View
    kind: Literal["prepare"] = "prepare"


@dataclass(frozen=True, slots=True)
class ReportsStatement:
    """A vote for every report in it; the signer recomputes leaves and root itself."""

    epoch: EpochIdentity
    reports: tuple[Report, ...]
    kind: Literal["reports"] = "reports"


@dataclass(frozen=True, slots=True)
class DrawStatement:
    """The request is final, and its transcript settled: nothing but draws comes after it (drawing.py)."""

    epoch: EpochIdentity
    request_id: RequestId
    function_id: FunctionId
    transcript_hash: TranscriptHash
    view: View
    kind: Literal["draw"] = "draw"


Statement: TypeAlias = Annotated[
    ObservationStatement | PrepareStatement | ReportsStatement | DrawStatement,
    Field(discriminator="kind"),
]


@dataclass(frozen=True, slots=True)
class Signatures:
    """A signer's answer. `bls` is for reports only, and empty where the epoch has no BLS verifier."""

    ecdsa: Hex
    bls: Hex = b""


def statement_digest(statement: Statement) -> Digest:
    """The digest that a statement's signatures are over."""
    match statement:
        case ObservationStatement(epoch, request, function, so_far, slot, spec, observation):
            return observation_digest(epoch_digest(epoch), request, function, so_far, slot, spec, observation)
        case PrepareStatement(epoch, request, function, transcript, view):
            return prepare_digest(epoch_digest(epoch), request, function, transcript, view)
        case DrawStatement(epoch, request, function, transcript, view):
            return settled_digest(epoch_digest(epoch), request, function, transcript, view)
        case ReportsStatement(epoch, reports):
            return attestation_digest(epoch, merkle_root([report_leaf(report) for report in reports]))
        case _:
            assert_never(statement)
