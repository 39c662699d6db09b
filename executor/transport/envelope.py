"""The envelope of a peer message.

The signature is over the `message` digest of the plaintext (docs/wire.md §1), so it also binds what is sealed: a box
that opens to a payload which the sender did not sign for this epoch and recipient is refused.

The canonical form has its keys in order: the epoch stands first, who speaks to whom last, and between them the payload,
which may be megabytes. So both ends can be looked at without parsing the middle.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final as Constant

from nacl.exceptions import CryptoError
from nacl.public import PublicKey, SealedBox

from executor.crypto.digests import epoch_digest
from executor.errors import InvalidEncoding, InvalidValue
from executor.model.codec import Hex, Uint16, decode, encode
from executor.model.committee import Epoch
from executor.model.ids import EpochDigest
from executor.transport.interface import EVERYONE, MessageSigner

HEAD_BYTES: Constant = len('{"epoch":"0x"') + 64
TAIL_BYTES: Constant = 512  # an honest tail is some 210 bytes
_HEAD = re.compile(rb'\{"epoch":"0x([0-9a-f]{64})"')
_BEFORE = b',"payload":"0x'
_AFTER = b'",'
_TAIL = re.compile(
    rb'"recipient":(0|[1-9][0-9]{0,4}),"sealed":(true|false),"sender":(0|[1-9][0-9]{0,4}),'
    rb'"signature":"0x((?:[0-9a-f]{2}){0,128})"\}\Z'
)


@dataclass(frozen=True, slots=True)
class Parties:
    """Who says that it speaks to whom."""

    sender: int
    recipient: int
    sealed: bool
    signature: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """What travels; `payload` is a sealed box when `sealed`."""

    epoch: EpochDigest
    sender: Uint16
    recipient: Uint16
    payload: Hex
    signature: Hex
    sealed: bool

    @property
    def parties(self) -> Parties:
        """Who says that it speaks to whom."""
        return Parties(self.sender, self.recipient, self.sealed, self.signature)


def epoch_named(head: bytes) -> EpochDigest | None:
    """The epoch that the envelope beginning with `head` names; None when this is no envelope."""
    found = _HEAD.match(head)
    return None if found is None else EpochDigest(bytes.fromhex(found[1].decode()))


def parties_named(body: bytes) -> Parties | None:
    """What the end of an envelope says of its parties, unparsed; None when it has not that form."""
    found = _TAIL.search(body[-TAIL_BYTES:])
    if found is None:
        return None
    return Parties(int(found[3]), int(found[1]), found[2] == b"true", bytes.fromhex(found[4].decode()))


def read_envelope(body: bytes) -> Envelope | None:
    """The envelope in canonical bytes, by where its parts stand; None for a body of any other form.

    So what a stranger forges is refused for its signature at the price of one hash over it, and never parsed.
    """
    head, tail = _HEAD.match(body), _TAIL.search(body[-TAIL_BYTES:])
    if head is None or tail is None:
        return None
    middle = body[head.end() : len(body) - (tail.end() - tail.start())]
    if not (middle.startswith(_BEFORE) and middle.endswith(_AFTER) and len(middle) >= len(_BEFORE) + len(_AFTER)):
        return None
    text = middle[len(_BEFORE) : -len(_AFTER)]
    try:
        payload = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        return None
    recipient, sender = int(tail[1]), int(tail[3])
    if max(recipient, sender) > EVERYONE or payload.hex().encode("ascii") != text:
        return None  # a number that no field holds, or hex in a second spelling
    epoch, signature = EpochDigest(bytes.fromhex(head[1].decode())), bytes.fromhex(tail[4].decode())
    return Envelope(epoch, sender, recipient, payload, signature, tail[2] == b"true")


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
