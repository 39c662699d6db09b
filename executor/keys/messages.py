"""What the signer is asked and what it answers: typed, so that it computes every digest itself (K1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias
from typing import Final as Constant

from pydantic import Field

from executor.keys.keyset import PublicKeys
from executor.model.codec import Hex, Natural, Uint16
from executor.model.committee import EpochIdentity
from executor.model.ids import Address, FunctionId, RequestId, Root, TranscriptHash
from executor.model.observation import Observation
from executor.model.report import Report
from executor.model.transaction import Transaction as Transaction
from executor.model.view import View

MAX_FRAME_BYTES: Constant = 20 * 1024 * 1024  # the largest peer message, 8 MiB, sealed and in hex, with room


@dataclass(frozen=True, slots=True)
class ShowKeys:
    """The public keys and the record counter."""

    kind: Literal["show-keys"] = "show-keys"


@dataclass(frozen=True, slots=True)
class SignObservation:
    """`observation` for `slot` after the transcript `so_far`; `spec` is canonical JSON."""

    epoch: EpochIdentity
    request_id: RequestId
    function_id: FunctionId
    so_far: TranscriptHash
    slot: Uint16
    spec: Hex
    observation: Observation
    kind: Literal["sign-observation"] = "sign-observation"


@dataclass(frozen=True, slots=True)
class SignPrepare:
    """A Prepare of a transcript in `view`."""

    epoch: EpochIdentity
    request_id: RequestId
    function_id: FunctionId
    transcript_hash: TranscriptHash
    view: View
    kind: Literal["sign-prepare"] = "sign-prepare"


@dataclass(frozen=True, slots=True)
class SignReports:
    """A vote for the root over `reports`, in the order of the tree's leaves."""

    epoch: EpochIdentity
    reports: tuple[Report, ...]
    bls: bool
    kind: Literal["sign-reports"] = "sign-reports"


@dataclass(frozen=True, slots=True)
class SignMessage:
    """The envelope of a peer message; recipient 65535 means all."""

    epoch: EpochIdentity
    sender: Uint16
    recipient: Uint16
    payload: Hex
    kind: Literal["sign-message"] = "sign-message"


@dataclass(frozen=True, slots=True)
class SignTransaction:
    """A transaction of the transmitter account."""

    transaction: Transaction
    kind: Literal["sign-transaction"] = "sign-transaction"


@dataclass(frozen=True, slots=True)
class ProvePossession:
    """A proof of possession of the BLS key for `operator`'s registration."""

    chain_id: Natural
    committee: Address
    operator: Address
    kind: Literal["prove-possession"] = "prove-possession"


@dataclass(frozen=True, slots=True)
class Unseal:
    """What a peer sealed to the encryption key."""

    ciphertext: Hex
    kind: Literal["unseal"] = "unseal"


Ask: TypeAlias = (
    ShowKeys | SignObservation | SignPrepare | SignReports | SignMessage | SignTransaction | ProvePossession | Unseal
)
AskOnWire: TypeAlias = Annotated[Ask, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True)
class Keys:
    """Answer to ShowKeys."""

    public: PublicKeys
    record_counter: Natural
    kind: Literal["keys"] = "keys"


@dataclass(frozen=True, slots=True)
class Bytes:
    """A signature, a proof, a raw transaction or a plaintext."""

    value: Hex
    kind: Literal["bytes"] = "bytes"


@dataclass(frozen=True, slots=True)
class ReportSignatures:
    """Answer to SignReports; `bls` is empty when it was not asked for."""

    root: Root
    ecdsa: Hex
    bls: Hex
    kind: Literal["report-signatures"] = "report-signatures"


@dataclass(frozen=True, slots=True)
class Refused:
    """The record holds a conflicting signature (SigningRefused)."""

    reason: str
    kind: Literal["refused"] = "refused"


@dataclass(frozen=True, slots=True)
class Invalid:
    """The ask is malformed or out of range (InvalidValue)."""

    reason: str
    kind: Literal["invalid"] = "invalid"


@dataclass(frozen=True, slots=True)
class Broken:
    """The record cannot be written; nothing is signed until the operator has looked (SignerUnavailable)."""

    reason: str
    kind: Literal["broken"] = "broken"


Answer: TypeAlias = Keys | Bytes | ReportSignatures
AnswerOnWire: TypeAlias = Annotated[Answer | Refused | Invalid | Broken, Field(discriminator="kind")]
