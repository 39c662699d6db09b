"""secp256k1 signatures over 32-byte digests, compact form (docs/wire.md §3).

64 bytes `r ++ (yParity << 255 | s)` (EIP-2098); s is at most half the group order (EIP-2), so one signer, digest and
nonce have one byte string.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final as Constant

from coincurve import PrivateKey, PublicKey
from eth_hash.auto import keccak

from executor.errors import BadSignature, InvalidValue
from executor.model.ids import Address, Digest

SIGNATURE_BYTES: Constant = 64
ORDER: Constant = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141  # SEC 2 §2.4.1
HALF_ORDER: Constant = ORDER // 2


def sign(private_key: bytes, digest: Digest) -> bytes:
    """The signature of `digest`; deterministic (RFC 6979). Raises InvalidValue for a private key out of range."""
    recoverable = _private(private_key).sign_recoverable(digest, hasher=None)
    s = int.from_bytes(recoverable[32:64], "big")
    return recoverable[:32] + (recoverable[64] << 255 | s).to_bytes(32, "big")


def recover(digest: Digest, signature: bytes) -> Address:
    """The address that signed; raises BadSignature for a wrong length, r or s out of range, high s or no such point."""
    if len(signature) != SIGNATURE_BYTES:
        raise BadSignature(f"a compact signature is {SIGNATURE_BYTES} bytes, not {len(signature)}")
    r = int.from_bytes(signature[:32], "big")
    parity_and_s = int.from_bytes(signature[32:], "big")
    parity, s = parity_and_s >> 255, parity_and_s & (2**255 - 1)
    if not 0 < r < ORDER:
        raise BadSignature("r is out of range")
    if not 0 < s <= HALF_ORDER:
        raise BadSignature("s is zero or above half the group order")
    recoverable = signature[:32] + s.to_bytes(32, "big") + bytes([parity])
    try:
        public = PublicKey.from_signature_and_message(recoverable, digest, hasher=None)
    except ValueError as error:
        raise BadSignature("no public key fits this signature") from error
    return _address(public)


def is_signed_by(digest: Digest, signature: bytes, address: Address) -> bool:
    """Whether `signature` is well-formed and by `address`."""
    try:
        return recover(digest, signature) == address
    except BadSignature:
        return False


def address_of(private_key: bytes) -> Address:
    """The EVM address of a private key; raises InvalidValue for a key out of range."""
    return _address(_private(private_key).public_key)


def _private(private_key: bytes) -> PrivateKey:
    if len(private_key) != 32 or not 0 < int.from_bytes(private_key, "big") < ORDER:
        raise InvalidValue("a secp256k1 private key is 32 bytes, in [1, group order)")
    return PrivateKey(private_key)


def _address(public: PublicKey) -> Address:
    return _address_of(public.format(compressed=False))


@lru_cache(maxsize=1024)  # of 65 bytes each; a committee's members sign all that is checked
def _address_of(public: bytes) -> Address:
    return Address(keccak(public[1:])[12:])
