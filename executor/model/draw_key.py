"""The key that an epoch's members made together for draws, and their quorum's word for it (docs/randomness.md).

Rule 1. A key counts with the signatures of q members of its epoch over its `DrawKey` digest (docs/wire.md §2) and no
        otherwise: what Beacon registers, and what a receipt carries.
Rule 2. The members' share keys follow from the public dealings behind `hash`; no signature covers them, and nobody but
        members, who computed them, uses them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from executor.errors import InvalidValue
from executor.model.codec import Hex
from executor.model.committee import MAX_MEMBERS
from executor.model.ids import Digest
from executor.model.report import Scheme

KEY_BYTES: Final = 96  # a compressed point of G2
MAX_PROOF_BYTES: Final = 16 + 64 * MAX_MEMBERS  # a bitmap and an ECDSA signature of each member (docs/wire.md §3)


@dataclass(frozen=True, slots=True)
class DrawKey:
    """The group's key, the `hash` of how it was made, and the key of each member's share, by index."""

    public_key: Hex
    hash: Digest
    shares: tuple[Hex, ...]

    def __post_init__(self) -> None:
        if len(self.shares) > MAX_MEMBERS:
            raise InvalidValue(f"{len(self.shares)} shares, an epoch has at most {MAX_MEMBERS} members")
        for key in (self.public_key, *self.shares):
            _check_key(key)


@dataclass(frozen=True, slots=True)
class ShownDrawKey:
    """A key with its quorum's proof, without what only members need: what a receipt carries (Rule 1)."""

    public_key: Hex
    hash: Digest
    scheme: Scheme
    proof: Hex

    def __post_init__(self) -> None:
        _check_key(self.public_key)
        if len(self.proof) > MAX_PROOF_BYTES:
            raise InvalidValue(f"a proof of {len(self.proof)} bytes, it has at most {MAX_PROOF_BYTES}")


@dataclass(frozen=True, slots=True)
class CertifiedDrawKey:
    """A key with the proof that q members signed it, under the scheme of the epoch's first verifier (Rule 1)."""

    key: DrawKey
    scheme: Scheme
    proof: Hex

    def __post_init__(self) -> None:
        if len(self.proof) > MAX_PROOF_BYTES:
            raise InvalidValue(f"a proof of {len(self.proof)} bytes, it has at most {MAX_PROOF_BYTES}")

    @property
    def shown(self) -> ShownDrawKey:
        """What others are shown of it."""
        return ShownDrawKey(self.key.public_key, self.key.hash, self.scheme, self.proof)


def _check_key(key: bytes) -> None:
    if len(key) != KEY_BYTES:
        raise InvalidValue(f"a key has {KEY_BYTES} bytes, not {len(key)}")
