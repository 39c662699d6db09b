"""What members tell each other to make a key together (keygen.py), and the pure parts of it.

Rule 1. A dealing is known by its hash, which binds epoch, dealer, commitments and sealed shares.
Rule 2. No list is longer and no field larger than an honest member could make it; what is not is refused whole.
Rule 3. A list of dealings has one spelling: dealers in ascending order, each once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias
from typing import Final as Constant

from pydantic import Field

from executor.crypto.bls import PUBLIC_KEY_BYTES
from executor.crypto.digests import dealing_hash, epoch_digest
from executor.crypto.threshold import PROOF_BYTES
from executor.errors import InvalidEncoding, InvalidValue, RuleBroken
from executor.model.codec import Hex, Uint16, decode, encode
from executor.model.committee import MAX_MEMBERS, EpochIdentity
from executor.model.draw_key import MAX_PROOF_BYTES
from executor.model.ids import Digest

SEALED_BYTES: Constant = 8 + 32 + 64 + 48  # mark, place and share, and what a sealed box adds (keys/shares.py)
ITEM_BYTES: Constant = 2 + 32
MAX_SIGNATURE_BYTES: Constant = 64  # an ECDSA one; a BLS one has 48


@dataclass(frozen=True, slots=True)
class Dealing:
    """From a dealer: commitments, one a coefficient, and each member's share, sealed to it.

    `opened` where the dealer deals its own share of a key: the proof that it does.
    """

    dealer: Uint16
    commitments: tuple[Hex, ...]
    sealed: tuple[Hex, ...]
    opened: Hex = b""
    type: Literal["dealing"] = "dealing"


@dataclass(frozen=True, slots=True)
class Holdings:
    """From a member: the dealings of which it holds a good share."""

    dealings: Hex
    type: Literal["holdings"] = "holdings"


@dataclass(frozen=True, slots=True)
class Wanted:
    """To anybody: send me this dealing."""

    dealer: Uint16
    hash: Digest
    type: Literal["wanted"] = "wanted"


@dataclass(frozen=True, slots=True)
class Opened:
    """From a member: the public key of its share, and the proof of it (crypto/threshold.py, Rule 3)."""

    key: Hex
    proof: Hex
    type: Literal["opened"] = "opened"


@dataclass(frozen=True, slots=True)
class KeySignature:
    """From a member: its signature of the key that it knows (docs/wire.md §2, `DrawKey`)."""

    signature: Hex
    type: Literal["key-signature"] = "key-signature"


@dataclass(frozen=True, slots=True)
class CertifiedKey:
    """To a member that lacks it: the key, the dealings that it is of, and a quorum's signatures of it."""

    public_key: Hex
    dealings: Hex
    proof: Hex
    type: Literal["certified-key"] = "certified-key"


@dataclass(frozen=True, slots=True)
class FormerWanted:
    """To anybody: tell me the share keys of the former epoch's key."""

    type: Literal["former-wanted"] = "former-wanted"


@dataclass(frozen=True, slots=True)
class FormerShares:
    """To who wants them: the share keys of the former epoch's key, by the members' places there."""

    shares: tuple[Hex, ...]
    type: Literal["former-shares"] = "former-shares"


KeyMessage: TypeAlias = Annotated[
    Dealing | Holdings | Wanted | Opened | KeySignature | CertifiedKey | FormerWanted | FormerShares,
    Field(discriminator="type"),
]


def encode_key_message(message: KeyMessage) -> bytes:
    """Canonical bytes of a message."""
    return encode(message, KeyMessage)


def decode_key_message(data: bytes, *, members: int, threshold: int) -> KeyMessage:
    """The message in untrusted bytes; raises InvalidEncoding, and nothing else whatever the bytes."""
    try:
        message: KeyMessage = decode(KeyMessage, data, limit=most_bytes(members, threshold))
    except InvalidEncoding:
        raise
    except InvalidValue as error:
        raise InvalidEncoding(f"message about a key: {error}") from error
    return message


def most_bytes(members: int, threshold: int) -> int:
    """No message about a key is longer: a dealing, or a certified key with every member's ECDSA signature, in hex."""
    dealing = threshold * (PUBLIC_KEY_BYTES + 2) + members * (SEALED_BYTES + 3)
    certified = PUBLIC_KEY_BYTES + MAX_MEMBERS * ITEM_BYTES + MAX_PROOF_BYTES
    return 512 + 2 * max(dealing, certified)


def hash_of(epoch: EpochIdentity, dealing: Dealing) -> Digest:
    """Rule 1."""
    parts = (b"".join(dealing.commitments), b"".join(dealing.sealed), dealing.opened)
    return dealing_hash(epoch_digest(epoch), dealing.dealer, *parts)


def encode_list(dealings: Mapping[int, Digest]) -> bytes:
    """Dealings by dealer, as one value (Rule 3)."""
    return b"".join(dealer.to_bytes(2, "big") + dealings[dealer] for dealer in sorted(dealings))


def decode_list(encoded: bytes, dealers: int) -> dict[int, Digest]:
    """The reverse; raises InvalidValue for any other spelling, or a dealer that is none of so many."""
    if len(encoded) % ITEM_BYTES or len(encoded) > dealers * ITEM_BYTES:
        raise InvalidValue(f"{len(encoded)} bytes are no list of at most {dealers} dealings")
    found: dict[int, Digest] = {}
    last = -1
    for start in range(0, len(encoded), ITEM_BYTES):
        dealer = int.from_bytes(encoded[start : start + 2], "big")
        if not last < dealer < dealers:
            raise InvalidValue(f"dealer {dealer} after {last} of {dealers}")
        found[dealer] = Digest(encoded[start + 2 : start + ITEM_BYTES])
        last = dealer
    return found


def check_message(message: KeyMessage, *, dealers: int, members: int, threshold: int, reshared: bool) -> None:
    """Rule 2; raises RuleBroken."""
    match message:
        case Dealing():
            _is(0 <= message.dealer < dealers, f"a dealing of dealer {message.dealer} of {dealers}")
            _is(len(message.commitments) == threshold, f"{len(message.commitments)} commitments, not {threshold}")
            _is(len(message.sealed) == members, f"{len(message.sealed)} sealed shares, not {members}")
            _is(all(len(each) == PUBLIC_KEY_BYTES for each in message.commitments), "a commitment's length")
            _is(all(len(each) == SEALED_BYTES for each in message.sealed), "a sealed share's length")
            _is(len(message.opened) == (PROOF_BYTES if reshared else 0), "the proof of what is dealt")
        case Holdings():
            _check_list(message.dealings, dealers)
        case Wanted():
            _is(0 <= message.dealer < dealers, f"a dealing of dealer {message.dealer} of {dealers} is wanted")
        case Opened():
            _is(len(message.key) == PUBLIC_KEY_BYTES and len(message.proof) == PROOF_BYTES, "an opened key's length")
        case KeySignature():
            _is(len(message.signature) <= MAX_SIGNATURE_BYTES, "a key's signature's length")
        case CertifiedKey():
            _is(len(message.public_key) == PUBLIC_KEY_BYTES, "a certified key's length")
            _is(len(message.proof) <= MAX_PROOF_BYTES, "the length of a certified key's proof")
            _check_list(message.dealings, dealers)
        case FormerShares():
            _is(len(message.shares) == dealers, f"{len(message.shares)} share keys of a former key, not {dealers}")
            _is(all(len(each) == PUBLIC_KEY_BYTES for each in message.shares), "a former share key's length")


def _check_list(encoded: bytes, dealers: int) -> None:
    try:
        decode_list(encoded, dealers)
    except InvalidValue as error:
        raise RuleBroken(str(error)) from error


def _is(right: bool, what: str) -> None:
    if not right:
        raise RuleBroken(what)
