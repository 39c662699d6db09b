"""Sealed boxes to an X25519 key: only its owner reads them, and nobody learns who wrote them (libsodium).

A share of a draw key is sealed behind SHARE_MARK. What begins so is opened by `unseal_share` alone, and `unseal` gives
out nothing that does: a signer that is asked to unseal whatever a node has must not unseal a share for it.
"""

from __future__ import annotations

from typing import Final as Constant

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from executor.errors import InvalidValue

OVERHEAD_BYTES: Constant = 48  # ephemeral public key and authenticator
SHARE_MARK: Constant = b"\0share\0\1"  # no message begins so, and a random key does once in 2^64


def encryption_key_of(secret: bytes) -> bytes:
    """The X25519 public key of a secret; raises InvalidValue unless it is 32 bytes."""
    if len(secret) != PrivateKey.SIZE:
        raise InvalidValue(f"an X25519 secret is {PrivateKey.SIZE} bytes, not {len(secret)}")
    return bytes(PrivateKey(secret).public_key)


def seal(public_key: bytes, plaintext: bytes) -> bytes:
    """`plaintext` readable by the owner of `public_key` only; raises InvalidValue for a key that cannot be one."""
    if len(public_key) != PublicKey.SIZE:
        raise InvalidValue(f"an X25519 key is {PublicKey.SIZE} bytes, not {len(public_key)}")
    try:
        return SealedBox(PublicKey(public_key)).encrypt(plaintext)
    except CryptoError as error:
        raise InvalidValue("a weak X25519 key: nothing can be sealed to it") from error


def seal_share(public_key: bytes, share: bytes) -> bytes:
    """A share for the owner of `public_key`; raises InvalidValue as `seal`."""
    return seal(public_key, SHARE_MARK + share)


def unseal(secret: bytes, ciphertext: bytes) -> bytes:
    """What was sealed to `secret`'s public key; raises InvalidValue for anything else, and for a share."""
    if (plaintext := _unseal(secret, ciphertext)).startswith(SHARE_MARK):
        raise InvalidValue("a share of a draw key never leaves the signer")
    return plaintext


def unseal_share(secret: bytes, ciphertext: bytes) -> bytes:
    """The share that was sealed; raises InvalidValue for anything else."""
    if not (plaintext := _unseal(secret, ciphertext)).startswith(SHARE_MARK):
        raise InvalidValue("what was sealed is no share")
    return plaintext.removeprefix(SHARE_MARK)


def _unseal(secret: bytes, ciphertext: bytes) -> bytes:
    try:
        return SealedBox(PrivateKey(secret)).decrypt(ciphertext)
    except CryptoError as error:
        raise InvalidValue("not sealed to this key, or damaged") from error
