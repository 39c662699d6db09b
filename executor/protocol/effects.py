"""What a machine asks its driver to do. The driver carries effects out in order, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from executor.model.codec import Json
from executor.model.draw import CommitteeDraw, DrandDraw
from executor.model.ids import FunctionId, RequestId
from executor.model.report import Attestation, Report, Vote
from executor.model.transcript import Transcript
from executor.model.view import Certificate
from executor.protocol.evidence import SignedReport
from executor.protocol.messages import Message
from executor.protocol.releases import Release
from executor.protocol.statements import Statement

ALL = 65535  # docs/wire.md §1, `message`


@dataclass(frozen=True, slots=True)
class Save:
    """Replace the request's journal record; durable before the next effect is carried out."""

    request_id: RequestId
    record: bytes


@dataclass(frozen=True, slots=True)
class Execute:
    """Execute the function on this transcript and call `Member.executed`. May be asked for again: it is pure."""

    request_id: RequestId
    transcript: Transcript


@dataclass(frozen=True, slots=True)
class Observe:
    """Observe this slot and call `Member.observed`. May be asked for again while an earlier one is under way."""

    request_id: RequestId
    transcript: Transcript
    slot: int


@dataclass(frozen=True, slots=True)
class Obtain:
    """Obtain this draw's proof and call `Member.drawn`. May be asked for again while an earlier one is under way."""

    request_id: RequestId
    draw: DrandDraw


@dataclass(frozen=True, slots=True)
class Sign:
    """Have the signer sign and call `Member.signed`."""

    statement: Statement


@dataclass(frozen=True, slots=True)
class SignPart:
    """Have the signer make this member's part of a draw's signature and call `Member.part_signed`.

    The signer checks the release for itself (`releases.check_release`); the request is the draw's. No answer where this
    member holds no share.
    """

    function_id: FunctionId
    draw: CommitteeDraw
    release: Release


@dataclass(frozen=True, slots=True)
class Send:
    """Send to one member, or to ALL others; `sealed` means encrypted to the recipient's registered key."""

    recipient: int
    message: Message
    sealed: bool = False


@dataclass(frozen=True, slots=True)
class Transmit:
    """Submit the attestation on chain; payloads are in the order of its reports."""

    attestation: Attestation
    payloads: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Attested:
    """A request's outcome is attested: all that a receipt needs, draws included. `votes` are over the attested root.

    Given once, and once more after a restart. `certificate` is of the report's view; None without observations, and in
    the rare case that this member knows the transcript only from another view's certificate.
    """

    request_id: RequestId
    transcript: Transcript
    certificate: Certificate | None
    report: Report
    payload: bytes
    votes: tuple[Vote, ...]
    attestation: Attestation


@dataclass(frozen=True, slots=True)
class Equivocated:
    """A member signed two outcomes of one run: evidence that slashes it (evidence.py). Keep it durably.

    Given once a member and request, and perhaps once more after a restart.
    """

    request_id: RequestId
    member: int
    first: SignedReport
    second: SignedReport


@dataclass(frozen=True, slots=True)
class Note:
    """Something people should know; nothing depends on it. Kinds and details: docs/protocol.md."""

    kind: str
    request_id: RequestId | None
    details: Mapping[str, Json]


Effect: TypeAlias = (
    Save | Execute | Observe | Obtain | Sign | SignPart | Send | Transmit | Attested | Equivocated | Note
)
