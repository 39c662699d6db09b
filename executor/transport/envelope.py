"""The envelope of a peer message.

The signature is over the `message` digest of the plaintext (docs/wire.md §1), so it also binds what is sealed: a box
that opens to a payload which the sender did not sign for this epoch and recipient is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from nacl.exceptions import CryptoError
from nacl.public import PublicKey, SealedBox

from executor.crypto.digests import epoch_digest
from executor.errors import InvalidEncoding, InvalidValue
from executor.model.codec import Hex, Uint16, decode, encode
from executor.model.committee import Epoch
from executor.model.ids import EpochDigest
from executor.transport.interface import EVERYONE, MessageSigner


@dataclass(frozen=True, slots=True)
class Envelope:
    """What travels; `payload` is a sealed box when `sealed`."""

    epoch: EpochDigest
    sender: Uint16
    recipient: Uint16
    payload: Hex
    signature: Hex
    sealed: bool


async def make_envelope(
    epoch: Epoch, signer: MessageSigner, sender: int, recipient: int, payload: bytes, *, sealed: bool
) -> Envelope:
    """A signed envelope; raises InvalidValue for a recipient that is no member or a box for everyone."""
    if recipient != EVERYONE and recipient >= epoch.n:
        raise InvalidValue(f"recipient {recipient} is not one of {epoch.n} members")
    if sealed and recipient == EVERYONE:
        raise InvalidValue("a sealed message has one recipient")
    signature = await signer.sign_message(epoch.identity, sender, recipient, payload)
    if sealed:
        payload = _seal(epoch.members[recipient].encryption_key, payload)
    return Envelope(epoch_digest(epoch.identity), sender, recipient, payload, signature, sealed)


def encode_envelope(envelope: Envelope) -> bytes:
    """Canonical bytes."""
    return encode(envelope)


def decode_envelope(body: bytes, *, limit: int) -> Envelope:
    """The envelope in canonical bytes; raises InvalidEncoding.

    An envelope is one flat object, which is checked before parsing: nesting costs the parser stack.
    """
    if body[:1] != b"{" or body.count(b"{") != 1 or b"[" in body:
        raise InvalidEncoding("an envelope is one flat JSON object")
    envelope: Envelope = decode(Envelope, body, limit=limit)
    return envelope


def _seal(public_key: bytes, payload: bytes) -> bytes:
    try:
        return SealedBox(PublicKey(public_key)).encrypt(payload)
    except (CryptoError, TypeError) as error:
        raise InvalidValue("the recipient's registered encryption key is none") from error
