"""A text that every member of an epoch can open, and nobody else: docs/wire.md §11.

    members (1) ++ members x box (80) ++ nonce (24) ++ ciphertext

One fresh key encrypts the text (XChaCha20-Poly1305, libsodium), bound to a context that is not sent; a sealed box for
each member holds that key, by member index. Boxes are opened by the signer, which holds the members' secrets; what it
opens is 32 bytes, whatever the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final as Constant

from nacl.exceptions import CryptoError
from nacl.secret import Aead
from nacl.utils import random

from executor.errors import InvalidEncoding, InvalidValue
from executor.keys.sealing import OVERHEAD_BYTES, seal
from executor.model.committee import MAX_MEMBERS

KEY_BYTES: Constant = Aead.KEY_SIZE
BOX_BYTES: Constant = KEY_BYTES + OVERHEAD_BYTES
NONCE_BYTES: Constant = Aead.NONCE_SIZE
TAG_BYTES: Constant = Aead.MACBYTES


@dataclass(frozen=True, slots=True)
class SealedText:
    """A sealed text in its parts."""

    boxes: tuple[bytes, ...]
    nonce: bytes
    ciphertext: bytes


def seal_to_all(keys: Sequence[bytes], text: bytes, context: bytes) -> bytes:
    """`text` for the owners of these X25519 keys, in the members' order; raises InvalidValue for a key that is none."""
    if not 1 <= len(keys) <= MAX_MEMBERS:
        raise InvalidValue(f"a text is sealed to 1 to {MAX_MEMBERS} members, not {len(keys)}")
    key = random(KEY_BYTES)
    boxes = b"".join(seal(each, key) for each in keys)
    return bytes([len(keys)]) + boxes + bytes(Aead(key).encrypt(text, context))


def sealed_size(members: int, text_bytes: int) -> int:
    """Bytes of a sealed text."""
    return 1 + members * BOX_BYTES + NONCE_BYTES + text_bytes + TAG_BYTES


def parse_sealed(data: bytes, members: int) -> SealedText:
    """The parts of a text sealed to so many members; raises InvalidEncoding for anything else."""
    if not data or data[0] != members:
        found = data[0] if data else 0
        raise InvalidEncoding(f"the text is sealed to {found} members; the epoch has {members}")
    start = 1 + members * BOX_BYTES
    if len(data) < start + NONCE_BYTES + TAG_BYTES:
        raise InvalidEncoding(f"a text sealed to {members} members has at least {sealed_size(members, 0)} bytes")
    boxes = tuple(data[at : at + BOX_BYTES] for at in range(1, start, BOX_BYTES))
    return SealedText(boxes, data[start : start + NONCE_BYTES], data[start + NONCE_BYTES :])


def open_text(key: bytes, sealed: SealedText, context: bytes) -> bytes:
    """The text, by the key from a box; raises InvalidValue for another key or context, or a damaged text."""
    if len(key) != KEY_BYTES:
        raise InvalidValue(f"the box holds {len(key)} bytes where a key of {KEY_BYTES} belongs")
    try:
        return bytes(Aead(key).decrypt(sealed.ciphertext, context, sealed.nonce))
    except CryptoError as error:
        raise InvalidValue("sealed for another context, or damaged") from error
