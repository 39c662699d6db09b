"""Messages between members: closed, tagged, canonically encoded (docs/wire.md §4).

The transport's signed envelope authenticates the sender, so a message carries signatures of its own only on statements
that others must be able to show: observations, Prepares, votes, settled transcripts. Who may send what, and
when, is for the machines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from executor.errors import InvalidEncoding, InvalidValue
from executor.model.codec import Hex, Natural, Uint16, Uint32, decode, encode
from executor.model.ids import RequestId, Root, TranscriptHash
from executor.model.observation import SignedObservation
from executor.model.report import Attestation, Report, Vote
from executor.model.transcript import Transcript
from executor.model.view import Certificate, Prepare, View
from executor.protocol.releases import Release

MAX_MESSAGE_BYTES = 8 * 1024 * 1024  # 32 values of 32 kB in hex are 2 MB, one set of 67 such observations 4.4 MB


@dataclass(frozen=True, slots=True)
class PendingObservation:
    """The sender's observation for `slot`, made after the transcript `so_far`."""

    so_far: TranscriptHash
    slot: Uint16
    signed: SignedObservation


@dataclass(frozen=True, slots=True)
class ReportVote:
    """The sender's vote for one report."""

    report: Report
    vote: Vote


@dataclass(frozen=True, slots=True)
class Status:
    """To the leader, on entering `round` and whenever something new is pending: what the sender holds."""

    request_id: RequestId
    round: Uint32
    lock: Certificate | None
    observations: tuple[PendingObservation, ...]
    votes: tuple[ReportVote, ...]
    type: Literal["status"] = "status"


@dataclass(frozen=True, slots=True)
class Proposal:
    """From the leader: prepare `transcript` in `view`; `shown` is the highest certificate it got."""

    request_id: RequestId
    view: View
    transcript: Transcript
    shown: Certificate | None
    type: Literal["proposal"] = "proposal"


@dataclass(frozen=True, slots=True)
class PrepareMessage:
    """To the leader, sealed, so that nobody else can complete a certificate."""

    request_id: RequestId
    prepare: Prepare
    type: Literal["prepare"] = "prepare"


@dataclass(frozen=True, slots=True)
class CertificateMessage:
    """From the current round's leader: accept this certificate."""

    request_id: RequestId
    certificate: Certificate
    type: Literal["certificate"] = "certificate"


@dataclass(frozen=True, slots=True)
class VoteMessage:
    """To the leader: the sender's vote for its own report."""

    report: Report
    vote: Vote
    type: Literal["vote"] = "vote"


@dataclass(frozen=True, slots=True)
class BatchProposal:
    """From the leader: reports at quorum, to be attested under one root."""

    reports: tuple[Report, ...]
    type: Literal["batch-proposal"] = "batch-proposal"


@dataclass(frozen=True, slots=True)
class BatchVote:
    """To the leader: the sender's own leaves match the batch; its vote over the root."""

    root: Root
    vote: Vote
    type: Literal["batch-vote"] = "batch-vote"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a receipt needs beside the report: the payload's bytes, the certificate with its observation sets, draws.

    `draws` is left out where there are none.
    """

    payload: Hex
    certificate: Certificate | None
    draws: Annotated[Transcript, Field(exclude_if=lambda draws: not draws)] = ()


@dataclass(frozen=True, slots=True)
class AttestationMessage:
    """From anyone: an attestation anyone can deliver. `evidence` has one item a report; `votes` are over the root."""

    attestation: Attestation
    evidence: tuple[Evidence, ...]
    votes: tuple[Vote, ...]
    type: Literal["attestation"] = "attestation"


@dataclass(frozen=True, slots=True)
class CounterMessage:
    """`member`'s signer stated that its record held so many things: from that member, or back to it from who kept it.

    With a `nonce` the member starts and wants to hear the highest that the receiver keeps; the answer repeats it, so
    that an old answer is none (counters.py).
    """

    member: Uint16
    counter: Natural
    signature: Hex
    nonce: Hex
    type: Literal["counter"] = "counter"


@dataclass(frozen=True, slots=True)
class Settled:
    """The sender's statement that this transcript, locked in this view, is settled (releases.py)."""

    transcript_hash: TranscriptHash
    view: View
    signature: Hex


@dataclass(frozen=True, slots=True)
class DrawStatus:
    """To the leader, on entering `round` and whenever something is new: what the sender holds of a request's draws.

    `proofs` are those of the first draws, `part` is its part of the one after them, empty where it has none.
    """

    request_id: RequestId
    round: Uint32
    settled: Settled | None
    release: Release | None
    proofs: tuple[Hex, ...]
    part: Hex
    type: Literal["draw-status"] = "draw-status"


@dataclass(frozen=True, slots=True)
class DrawNews:
    """From the leader to all, or to who lacks it: a release, and the proofs of a request's first draws.

    `asks`: the leader has no release, and the receiver may.
    """

    request_id: RequestId
    release: Release | None
    proofs: tuple[Hex, ...]
    asks: bool = False
    type: Literal["draw-news"] = "draw-news"


Message: TypeAlias = Annotated[
    Status
    | Proposal
    | PrepareMessage
    | CertificateMessage
    | VoteMessage
    | BatchProposal
    | BatchVote
    | AttestationMessage
    | CounterMessage
    | DrawStatus
    | DrawNews,
    Field(discriminator="type"),
]


def encode_message(message: Message) -> bytes:
    """Canonical bytes of a message."""
    return encode(message, Message)


def decode_message(data: bytes) -> Message:
    """The message in untrusted bytes; raises InvalidEncoding, and nothing else whatever the bytes."""
    try:
        message: Message = decode(Message, data, limit=MAX_MESSAGE_BYTES)
    except InvalidEncoding:
        raise
    except InvalidValue as error:
        raise InvalidEncoding(f"message: {error}") from error
    return message


def request_ids(message: Message) -> tuple[RequestId, ...]:
    """The requests a message is about; none for a batch vote, which names a root only, and for a counter."""
    match message:
        case VoteMessage(report=report):
            return (report.request_id,)
        case BatchProposal(reports=reports):
            return tuple(report.request_id for report in reports)
        case AttestationMessage(attestation=attestation):
            return tuple(report.request_id for report in attestation.reports)
        case BatchVote() | CounterMessage():
            return ()
        case _:
            return (message.request_id,)
