"""BLS12-381 min-sig: keys in G2, signatures in G1, messages are 32-byte digests (docs/wire.md §3).

draft-irtf-cfrg-bls-signature, proof-of-possession scheme, with hash to curve RFC 9380
BLS12381G1_XMD:SHA-256_SSWU_RO_.

Rule 1. A key counts only after `check_public_key` and `verify_possession`: without them rogue keys forge aggregates.
Rule 2. Infinity is neither a key nor a signature, in any encoding.
Rule 3. Every decoder accepts one spelling of a point (D7): canonical field elements, in the subgroup, no spare bits.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from functools import lru_cache
from typing import Final as Constant

from py_arkworks_bls12381 import GT, G1Point, G2Point, Scalar

from executor.errors import InvalidValue
from executor.model.ids import Digest

DST_SIGNATURE: Constant = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_"
DST_POSSESSION: Constant = b"BLS_POP_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_"
DST_DRAND: Constant = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"  # drand's quicknet
DST_DRAW: Constant = b"BLS_DRAW_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"  # a committee's draws (docs/wire.md §3)

SECRET_BYTES: Constant = 32
PUBLIC_KEY_BYTES: Constant = 96
SIGNATURE_BYTES: Constant = 48
ORDER: Constant = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001

_PADDING = bytes(16)  # EIP-2537: a field element is 64 bytes, the first 16 zero
_G1_INFINITY = G1Point.identity()
_G2_INFINITY = G2Point.identity()
_MINUS_G2 = -G2Point()


def secret_from_seed(seed: bytes) -> bytes:
    """A secret key, 32 big-endian bytes, from at least 32 secret bytes.

    KeyGen of draft-irtf-cfrg-bls-signature §2.3 with empty key_info, which is EIP-2333's derive_master_SK.
    Raises InvalidValue for a shorter seed.
    """
    if len(seed) < SECRET_BYTES:
        raise InvalidValue(f"a seed has at least {SECRET_BYTES} bytes, not {len(seed)}")
    salt, length = b"BLS-SIG-KEYGEN-SALT-", 48
    scalar = 0
    while scalar == 0:
        salt = hashlib.sha256(salt).digest()
        pseudorandom = hmac.digest(salt, seed + b"\x00", "sha256")
        scalar = int.from_bytes(_expand(pseudorandom, length.to_bytes(2, "big"), length), "big") % ORDER
    return scalar.to_bytes(SECRET_BYTES, "big")


def public_key(secret: bytes) -> bytes:
    """The compressed public key, 96 bytes; raises InvalidValue for a secret out of range."""
    return (G2Point() * _scalar(secret)).to_compressed_bytes()


def sign(secret: bytes, digest: Digest, dst: bytes = DST_SIGNATURE) -> bytes:
    """The compressed signature, 48 bytes; raises InvalidValue for a secret out of range."""
    return (G1Point.hash_to_curve(digest, dst) * _scalar(secret)).to_compressed_bytes()


def verify(public_key: bytes, digest: Digest, signature: bytes, dst: bytes = DST_SIGNATURE) -> bool:
    """Whether `signature` is the key's over `digest`; malformed keys and signatures verify nothing."""
    try:
        return _pairs(_key(public_key), _signature(signature), digest, dst)
    except InvalidValue:
        return False


def aggregate(signatures: Sequence[bytes]) -> bytes:
    """The sum of signatures; raises InvalidValue for a malformed one, for none, or for a sum of infinity."""
    if not signatures:
        raise InvalidValue("an aggregate needs at least one signature")
    total = sum((_signature(signature) for signature in signatures), _G1_INFINITY)
    if total == _G1_INFINITY:
        raise InvalidValue("the signatures sum to infinity")
    return total.to_compressed_bytes()


def verify_aggregate(public_keys: Sequence[bytes], digest: Digest, signature: bytes) -> bool:
    """Whether `signature` aggregates one signature of each key over the same digest (Rule 1 must hold for each key)."""
    try:
        total = sum((_key(public_key) for public_key in public_keys), _G2_INFINITY)
        return total != _G2_INFINITY and _pairs(total, _signature(signature), digest, DST_SIGNATURE)
    except InvalidValue:
        return False


def verify_batch(public_keys: Sequence[bytes], digest: Digest, signatures: Sequence[bytes]) -> bool:
    """Whether every signature is its key's over the same digest, by one equation.

    Each is weighted with 128 bits drawn from all of them, so that wrong signatures which cancel out in a plain sum do
    not pass (small-exponents test of Bellare, Garay and Rabin, "Fast batch verification", 1998).
    """
    if not public_keys or len(public_keys) != len(signatures):
        return False
    try:
        keys, points = [_key(key) for key in public_keys], [_signature(signature) for signature in signatures]
    except InvalidValue:
        return False
    seed = hashlib.sha256(digest + b"".join(public_keys) + b"".join(signatures)).digest()
    weights = [Scalar.from_be_bytes(_weight(seed, position)) for position in range(len(keys))]
    key, signature = G2Point.multiexp_unchecked(keys, weights), G1Point.multiexp_unchecked(points, weights)
    return key != _G2_INFINITY and _pairs(key, signature, digest, DST_SIGNATURE)


def check_public_key(public_key: bytes) -> None:
    """Raises InvalidValue unless `public_key` is the canonical compressed form of a subgroup point, not infinity."""
    _key(public_key)


def check_signature(signature: bytes) -> None:
    """Raises InvalidValue unless `signature` is the canonical compressed form of a subgroup point, not infinity."""
    _signature(signature)


def prove_possession(secret: bytes, digest: Digest) -> bytes:
    """Proof of possession over the `possession` digest of docs/wire.md §1."""
    return sign(secret, digest, DST_POSSESSION)


def verify_possession(public_key: bytes, digest: Digest, proof: bytes) -> bool:
    """Whether `proof` shows that the key's owner knows its secret."""
    return verify(public_key, digest, proof, DST_POSSESSION)


def to_evm_g1(compressed: bytes) -> bytes:
    """EIP-2537 form (128 bytes) of a compressed signature; raises InvalidValue."""
    return _pad(_signature(compressed).to_xy_bytes_be())


def to_evm_g2(compressed: bytes) -> bytes:
    """EIP-2537 form (256 bytes) of a compressed public key; raises InvalidValue."""
    return _pad(_key(compressed).to_xy_bytes_be())


def from_evm_g1(encoded: bytes) -> bytes:
    """Compressed form (48 bytes) of an EIP-2537 point of G1; raises InvalidValue."""
    raw = _unpad(encoded, 2)
    try:
        point = G1Point.from_xy_bytes_be(raw)
    except ValueError as error:
        raise InvalidValue(f"not a point of G1: {error}") from error
    if point == _G1_INFINITY or point.to_xy_bytes_be() != raw:
        raise InvalidValue("infinity, or a second spelling of a point of G1")
    return point.to_compressed_bytes()


def from_evm_g2(encoded: bytes) -> bytes:
    """Compressed form (96 bytes) of an EIP-2537 point of G2; raises InvalidValue."""
    raw = _unpad(encoded, 4)
    try:
        point = G2Point.from_xy_bytes_be(raw)
    except ValueError as error:
        raise InvalidValue(f"not a point of G2: {error}") from error
    if point == _G2_INFINITY or point.to_xy_bytes_be() != raw:
        raise InvalidValue("infinity, or a second spelling of a point of G2")
    return point.to_compressed_bytes()


def _pairs(key: G2Point, signature: G1Point, digest: Digest, dst: bytes) -> bool:
    """e(H(m), pk) == e(sig, g2), as one product."""
    return GT.pairing_check([G1Point.hash_to_curve(digest, dst), signature], [key, _MINUS_G2])


def _weight(seed: bytes, position: int) -> bytes:
    return bytes(16) + hashlib.sha256(seed + position.to_bytes(4, "big")).digest()[:16]


@lru_cache(maxsize=1024)
def _signature(compressed: bytes) -> G1Point:
    """Cached: a vote's signature is read on arrival, again in the batch, and again in the aggregate (0.06 ms each)."""
    try:
        point = G1Point.from_compressed_bytes(compressed)  # checks curve and subgroup
    except ValueError as error:
        raise InvalidValue(f"not a compressed point of G1: {error}") from error
    if point == _G1_INFINITY or point.to_compressed_bytes() != compressed:
        raise InvalidValue("infinity, or a second spelling of a point of G1")
    return point


@lru_cache(maxsize=1024)
def _key(compressed: bytes) -> G2Point:
    """Cached: decompression and the subgroup check take 0.2 ms, and members' keys come again with every message."""
    try:
        point = G2Point.from_compressed_bytes(compressed)  # checks curve and subgroup
    except ValueError as error:
        raise InvalidValue(f"not a compressed point of G2: {error}") from error
    if point == _G2_INFINITY or point.to_compressed_bytes() != compressed:
        raise InvalidValue("infinity, or a second spelling of a point of G2")
    return point


def _scalar(secret: bytes) -> Scalar:
    if len(secret) != SECRET_BYTES or not 0 < int.from_bytes(secret, "big") < ORDER:
        raise InvalidValue("a BLS secret key is 32 bytes, in [1, group order)")
    return Scalar.from_be_bytes(secret)


def _expand(pseudorandom: bytes, info: bytes, length: int) -> bytes:
    """HKDF-Expand of RFC 5869 §2.3 over SHA-256."""
    output, block, counter = b"", b"", 1
    while len(output) < length:
        block = hmac.digest(pseudorandom, block + info + bytes([counter]), "sha256")
        output += block
        counter += 1
    return output[:length]


def _pad(raw: bytes) -> bytes:
    return b"".join(_PADDING + raw[at : at + 48] for at in range(0, len(raw), 48))


def _unpad(encoded: bytes, elements: int) -> bytes:
    if len(encoded) != 64 * elements:
        raise InvalidValue(f"an EIP-2537 point has {64 * elements} bytes here, not {len(encoded)}")
    parts = [encoded[at : at + 64] for at in range(0, len(encoded), 64)]
    if any(part[:16] != _PADDING for part in parts):
        raise InvalidValue("an EIP-2537 field element starts with 16 zero bytes")
    return b"".join(part[16:] for part in parts)
