"""What the signer is asked and what it answers: typed, so that it computes every digest itself (K1).

Modelled on EIP-3030 (a remote signer's upcheck, list of keys, signing by key), over a Unix socket: docs/keys.md. The
first call on a connection is a `Hello`. Each call has an id of its connection's own, and replies come in any order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias
from typing import Final as Constant

from pydantic import Field

from executor.keys.draw_messages import (
    DealShares,
    Dealt,
    ForgetShares,
    Found,
    JudgeDealing,
    OpenShare,
    ShareOpened,
    SignDrawKey,
    SignPart,
)
from executor.keys.keyset import PublicKeys
from executor.keys.standing import JournalMark
from executor.model.codec import Hex, Natural, Uint16
from executor.model.committee import EpochIdentity, Possession
from executor.model.ids import Address
from executor.model.transaction import Transaction as Transaction
from executor.protocol.statements import Signatures, Statement

VERSION: Constant = 1
MAX_FRAME_BYTES: Constant = 20 * 1024 * 1024  # the largest peer message, 8 MiB, sealed and in hex, with room
MAX_PIPELINE: Constant = 64  # calls of one connection that wait for their answers
MAX_PASSWORD: Constant = 1024


@dataclass(frozen=True, slots=True)
class Hello:
    """The first call of a connection: the version of this protocol, and who calls, for people."""

    version: Natural
    client: Annotated[str, Field(max_length=128)]
    kind: Literal["hello"] = "hello"


@dataclass(frozen=True, slots=True)
class Upcheck:
    """Whether the signer serves (EIP-3030 `/upcheck`)."""

    kind: Literal["upcheck"] = "upcheck"


@dataclass(frozen=True, slots=True)
class ListKeys:
    """Every key set, oldest first (EIP-3030 `/keys`)."""

    kind: Literal["list-keys"] = "list-keys"


@dataclass(frozen=True, slots=True)
class Lock:
    """Forget the secrets until an Unlock; for the signer's own user and root."""

    kind: Literal["lock"] = "lock"


@dataclass(frozen=True, slots=True)
class Unlock:
    """Decrypt the keys again; for the signer's own user and root."""

    password: Annotated[str, Field(max_length=MAX_PASSWORD)]
    kind: Literal["unlock"] = "unlock"


@dataclass(frozen=True, slots=True)
class ShowKeys:
    """The public keys of one set, and its record's counter."""

    kind: Literal["show-keys"] = "show-keys"


@dataclass(frozen=True, slots=True)
class Begin:
    """A node with this journal begins to serve an epoch (executor/keys/standing.py)."""

    epoch: EpochIdentity
    mark: JournalMark
    kind: Literal["begin"] = "begin"


@dataclass(frozen=True, slots=True)
class SignStatement:
    """A statement; `bls` asks for the BLS signature too, which only votes for reports have."""

    statement: Statement
    bls: bool
    mark: JournalMark
    kind: Literal["sign-statement"] = "sign-statement"


@dataclass(frozen=True, slots=True)
class StateCounter:
    """The record's counter over the signer's signature, for the members of an epoch to keep."""

    epoch: EpochIdentity
    kind: Literal["state-counter"] = "state-counter"


@dataclass(frozen=True, slots=True)
class ShowCounter:
    """What a peer kept: this signer's own statement of a counter. A higher one than the record's bars the record."""

    epoch: EpochIdentity
    counter: Natural
    signature: Hex
    latest_epoch: Natural
    kind: Literal["show-counter"] = "show-counter"


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


OfHouse: TypeAlias = Hello | Upcheck | ListKeys | Lock | Unlock
"""Asks about no key set in particular."""
OfRecord: TypeAlias = Begin | SignStatement | ShowCounter
"""Asks that write the record: those that wait share one transaction."""
OfKeys: TypeAlias = ShowKeys | StateCounter | SignMessage | SignTransaction | ProvePossession | Unseal
"""Asks that a key set answers without writing."""
OfShares: TypeAlias = DealShares | JudgeDealing | OpenShare | SignDrawKey | SignPart | ForgetShares
"""Asks about a draw key."""
Ask: TypeAlias = OfHouse | OfRecord | OfKeys | OfShares
AskOnWire: TypeAlias = Annotated[Ask, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True)
class Call:
    """One ask. `key` is the signer address of the set that is asked; null where there is only one, or none matters."""

    id: Natural
    key: Address | None
    ask: AskOnWire


@dataclass(frozen=True, slots=True)
class Welcome:
    """Answer to Hello."""

    version: Natural
    server: str
    kind: Literal["welcome"] = "welcome"


@dataclass(frozen=True, slots=True)
class Up:
    """Answer to Upcheck, Lock and Unlock."""

    locked: bool
    kind: Literal["up"] = "up"


@dataclass(frozen=True, slots=True)
class Barred:
    """A committee in whose epochs up to `number` a record signs nothing any more."""

    chain_id: Natural
    router: Address
    committee: Address
    number: Natural


@dataclass(frozen=True, slots=True)
class Listed:
    """One key set. `name` is its folder below the signer's directory; empty for the directory itself."""

    name: str
    public: PublicKeys
    record_counter: Natural
    barred: tuple[Barred, ...]


@dataclass(frozen=True, slots=True)
class KeyList:
    """Answer to ListKeys."""

    sets: tuple[Listed, ...]
    locked: bool
    kind: Literal["key-list"] = "key-list"


@dataclass(frozen=True, slots=True)
class Keys:
    """Answer to ShowKeys."""

    public: PublicKeys
    record_counter: Natural
    kind: Literal["keys"] = "keys"


@dataclass(frozen=True, slots=True)
class Counted:
    """Answer to Begin, ShowCounter and ForgetShares: the record's counter."""

    record_counter: Natural
    kind: Literal["counted"] = "counted"


@dataclass(frozen=True, slots=True)
class CounterStated:
    """Answer to StateCounter."""

    record_counter: Natural
    signature: Hex
    kind: Literal["counter-stated"] = "counter-stated"


@dataclass(frozen=True, slots=True)
class Bytes:
    """A signature, a raw transaction or a plaintext."""

    value: Hex
    kind: Literal["bytes"] = "bytes"


@dataclass(frozen=True, slots=True)
class Signed:
    """Answer to SignStatement and SignDrawKey, with the record's counter after it."""

    signatures: Signatures
    record_counter: Natural
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
class Ended:
    """The record or the journal is an old copy, or the record was handed over (SigningBarred)."""

    reason: str
    kind: Literal["ended"] = "ended"


@dataclass(frozen=True, slots=True)
class Invalid:
    """The ask is malformed, out of range, or not this caller's (InvalidValue)."""

    reason: str
    kind: Literal["invalid"] = "invalid"


@dataclass(frozen=True, slots=True)
class Locked:
    """The signer is locked; nothing is signed until it is unlocked (SignerUnavailable)."""

    reason: str
    kind: Literal["locked"] = "locked"


@dataclass(frozen=True, slots=True)
class Broken:
    """The record cannot be written; nothing is signed until the operator has looked (SignerUnavailable)."""

    reason: str
    kind: Literal["broken"] = "broken"


OfSharesAnswer: TypeAlias = Dealt | Found | ShareOpened
Answer: TypeAlias = Welcome | Up | KeyList | Keys | Counted | CounterStated | Bytes | Signed | Proved | OfSharesAnswer
Failure: TypeAlias = Refused | Ended | Invalid | Locked | Broken


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to the call of this id."""

    id: Natural
    answer: Annotated[Answer | Failure, Field(discriminator="kind")]
