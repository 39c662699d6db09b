"""What the signer is asked and what it answers: typed, so that it computes every digest itself (K1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias
from typing import Final as Constant

from pydantic import Field

from executor.keys.keyset import PublicKeys
from executor.model.codec import Hex, Natural, Uint16
from executor.model.committee import EpochIdentity, Possession
from executor.model.ids import Address
from executor.model.transaction import Transaction as Transaction
from executor.protocol.statements import Signatures, Statement

MAX_FRAME_BYTES: Constant = 20 * 1024 * 1024  # the largest peer message, 8 MiB, sealed and in hex, with room


@dataclass(frozen=True, slots=True)
class ShowKeys:
    """The public keys and the record counter."""

    kind: Literal["show-keys"] = "show-keys"


@dataclass(frozen=True, slots=True)
class SignStatement:
    """A statement; `bls` asks for the BLS signature too, which only votes for reports have."""

    statement: Statement
    bls: bool
    kind: Literal["sign-statement"] = "sign-statement"


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
    """Proofs of possession of signer and BLS key for `operator`'s registration."""

    chain_id: Natural
    committee: Address
    operator: Address
    kind: Literal["prove-possession"] = "prove-possession"


@dataclass(frozen=True, slots=True)
class Unseal:
    """What a peer sealed to the encryption key."""

    ciphertext: Hex
    kind: Literal["unseal"] = "unseal"


Ask: TypeAlias = ShowKeys | SignStatement | SignMessage | SignTransaction | ProvePossession | Unseal
AskOnWire: TypeAlias = Annotated[Ask, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True)
class Keys:
    """Answer to ShowKeys."""

    public: PublicKeys
    record_counter: Natural
    kind: Literal["keys"] = "keys"


@dataclass(frozen=True, slots=True)
class Bytes:
    """A signature, a raw transaction or a plaintext."""

    value: Hex
    kind: Literal["bytes"] = "bytes"


@dataclass(frozen=True, slots=True)
class Signed:
    """Answer to SignStatement."""

    signatures: Signatures
    kind: Literal["signed"] = "signed"


@dataclass(frozen=True, slots=True)
class Proved:
    """Answer to ProvePossession."""

    possession: Possession
    kind: Literal["proved"] = "proved"


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


Answer: TypeAlias = Keys | Bytes | Signed | Proved
AnswerOnWire: TypeAlias = Annotated[Answer | Refused | Invalid | Broken, Field(discriminator="kind")]
