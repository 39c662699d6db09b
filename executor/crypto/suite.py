"""The signature schemes as the protocol uses them: one interface, and the real one behind it.

Simulations put a keyed hash behind the same interface (executor/testing/fast_signatures.py), to run without curves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final as Constant
from typing import Protocol

from executor.crypto import bls, secp256k1, threshold
from executor.crypto.draws import verify_draw, verify_round
from executor.errors import InvalidValue
from executor.model.ids import Address, Digest


class Suite(Protocol):
    """What the protocol asks of ECDSA and BLS. What is malformed verifies nothing, and raises only where said. Pure."""

    def recover(self, digest: Digest, signature: bytes) -> Address:
        """Who made an ECDSA signature of 64 bytes; raises BadSignature saying what is wrong with it."""

    def is_signed_by(self, digest: Digest, signature: bytes, address: Address) -> bool:
        """Whether an ECDSA signature is well-formed and by `address`."""

    def is_point(self, signature: bytes) -> bool:
        """Whether a BLS signature of 48 bytes is well-formed, whoever made it."""

    def all_signed(self, public_keys: Sequence[bytes], digest: Digest, signatures: Sequence[bytes]) -> bool:
        """Whether every BLS signature is its own key's: wrong ones never make up for each other."""

    def aggregate(self, signatures: Sequence[bytes]) -> bytes:
        """BLS signatures as the verifier contract reads them, 128 bytes; raises InvalidValue for a malformed one."""

    def is_aggregate(self, public_keys: Sequence[bytes], digest: Digest, aggregate: bytes) -> bool:
        """Whether `aggregate` is of one signature of each key over `digest`; raises InvalidValue for no point."""

    def is_round(self, key: bytes, round: int, signature: bytes) -> bool:
        """Whether a drand group of this key signed a round (crypto/draws.py)."""

    def is_draw(self, key: bytes, digest: Digest, signature: bytes) -> bool:
        """Whether an epoch's draw key signed a draw's digest (crypto/draws.py)."""

    def is_part(self, key: bytes, digest: Digest, part: bytes) -> bool:
        """Whether `part` is a member's of the draw key's signature; `key` is that of its share."""

    def combine(self, parts: Mapping[int, bytes]) -> bytes:
        """What a threshold of parts by member make; raises InvalidValue for a malformed one (crypto/threshold.py)."""


class Curves:
    """secp256k1 and BLS12-381."""

    def recover(self, digest: Digest, signature: bytes) -> Address:
        """The address of the recovered key."""
        return secp256k1.recover(digest, signature)

    def is_signed_by(self, digest: Digest, signature: bytes, address: Address) -> bool:
        """By recovery."""
        return secp256k1.is_signed_by(digest, signature, address)

    def is_point(self, signature: bytes) -> bool:
        """On the curve, in the subgroup, canonical, not infinity."""
        try:
            bls.check_signature(signature)
        except InvalidValue:
            return False
        return True

    def all_signed(self, public_keys: Sequence[bytes], digest: Digest, signatures: Sequence[bytes]) -> bool:
        """By one equation over randomly weighted signatures."""
        return bls.verify_batch(public_keys, digest, signatures)

    def aggregate(self, signatures: Sequence[bytes]) -> bytes:
        """The sum, in EIP-2537 form."""
        return bls.to_evm_g1(bls.aggregate(signatures))

    def is_aggregate(self, public_keys: Sequence[bytes], digest: Digest, aggregate: bytes) -> bool:
        """By one pairing check against the sum of the keys."""
        return bls.verify_aggregate(public_keys, digest, bls.from_evm_g1(aggregate))

    def is_round(self, key: bytes, round: int, signature: bytes) -> bool:
        """By one pairing check."""
        return verify_round(key, round, signature)

    def is_draw(self, key: bytes, digest: Digest, signature: bytes) -> bool:
        """By one pairing check."""
        return verify_draw(key, digest, signature)

    def is_part(self, key: bytes, digest: Digest, part: bytes) -> bool:
        """By one pairing check."""
        return verify_draw(key, digest, part)

    def combine(self, parts: Mapping[int, bytes]) -> bytes:
        """By interpolation."""
        return threshold.combine(parts)


REAL: Constant[Suite] = Curves()
