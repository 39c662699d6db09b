"""Signatures for simulations: the curves, or a keyed hash behind the same interface, a hundred times faster.

Rule 1. A stand-in's signature is a hash keyed with the member's secret: nobody forges one without that secret, except
        the verifier, which knows it. So it serves where signer and verifier are one process, and nowhere else.
Rule 2. ECDSA and BLS signatures, keys and digests stay apart, and an aggregate is of exactly these signatures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, Protocol

from executor.crypto import bls, secp256k1, threshold
from executor.crypto.suite import Curves, Suite
from executor.errors import BadSignature, InvalidValue
from executor.model.draw_key import DrawKey
from executor.model.ids import Address, Digest
from executor.testing.development_draws import DEVELOPMENT_KEY, DEVELOPMENT_SECRET

ROUNDS_SECRET: Final = bls.secret_from_seed(b"the drand group of simulations, of one member")
ROUNDS_KEY: Final = bls.public_key(ROUNDS_SECRET)


def sign_round(secret: bytes, round: int) -> bytes:
    """A round as a drand group of one member signs it, scheme bls-unchained-g1-rfc9380."""
    return bls.sign(secret, Digest(hashlib.sha256(round.to_bytes(8, "big")).digest()), bls.DST_DRAND)


class SigningSuite(Suite, Protocol):
    """A suite with its signing half, as simulated signers need it."""

    def address_of(self, secret: bytes) -> Address:
        """The ECDSA signer that a secret of 32 bytes makes."""

    def sign(self, secret: bytes, digest: Digest) -> bytes:
        """An ECDSA signature, 64 bytes."""

    def bls_public_key(self, secret: bytes) -> bytes:
        """The BLS key that a secret of 32 bytes makes, 96 bytes."""

    def bls_sign(self, secret: bytes, digest: Digest) -> bytes:
        """A BLS signature, 48 bytes."""

    def round_signature(self, key: bytes, round: int) -> bytes:
        """The simulated drand's signature of a round, 48 bytes, for whoever simulates its relays."""

    def deal_draw_key(self, n: int, needed: int) -> tuple[DrawKey, tuple[bytes, ...]]:
        """A simulated epoch's draw key, and its members' shares, of which `needed` make it."""

    def sign_part(self, share: bytes, digest: Digest) -> bytes:
        """A member's part of the draw key's signature, 48 bytes."""


class SigningCurves(Curves):
    """The real schemes."""

    def address_of(self, secret: bytes) -> Address:
        """secp256k1."""
        return secp256k1.address_of(secret)

    def sign(self, secret: bytes, digest: Digest) -> bytes:
        """secp256k1."""
        return secp256k1.sign(secret, digest)

    def bls_public_key(self, secret: bytes) -> bytes:
        """BLS12-381."""
        return bls.public_key(secret)

    def bls_sign(self, secret: bytes, digest: Digest) -> bytes:
        """BLS12-381."""
        return bls.sign(secret, digest)

    def round_signature(self, key: bytes, round: int) -> bytes:
        """By the one group whose secret is known; raises InvalidValue for another key."""
        if key != ROUNDS_KEY:
            raise InvalidValue("only the group of ROUNDS_KEY signs rounds here")
        return sign_round(ROUNDS_SECRET, round)

    def deal_draw_key(self, n: int, needed: int) -> tuple[DrawKey, tuple[bytes, ...]]:
        """The development key, by one dealer; the same again."""
        return _dealt_on_curves(n, needed)

    def sign_part(self, share: bytes, digest: Digest) -> bytes:
        """BLS12-381."""
        return threshold.sign_partly(int.from_bytes(share, "big"), digest)


class FastSignatures:
    """The stand-in (Rule 1); it knows the secrets whose address or key it was asked for."""

    def __init__(self) -> None:
        self._signers: dict[bytes, bytes] = {}
        self._bls_keys: dict[bytes, bytes] = {}
        self._shares: dict[bytes, tuple[int, bytes]] = {}  # by their key
        self._parts: dict[bytes, tuple[int, Digest]] = {}  # whose, and of what
        self._needed, self._draw_key = 0, bytes(96)

    def address_of(self, secret: bytes) -> Address:
        """Twenty bytes of a hash; from now on this signer is known."""
        self._signers[_address(secret)] = secret
        return Address(_address(secret))

    def sign(self, secret: bytes, digest: Digest) -> bytes:
        """The signer's address and a keyed hash."""
        return _address(secret) + _keyed(secret, b"ecdsa", digest, 44)

    def recover(self, digest: Digest, signature: bytes) -> Address:
        """The known signer that the signature names, if the keyed hash is its own."""
        secret = self._signers.get(signature[:20])
        if secret is None or self.sign(secret, digest) != signature:
            raise BadSignature("no signer known here made this signature")
        return Address(signature[:20])

    def is_signed_by(self, digest: Digest, signature: bytes, address: Address) -> bool:
        """By recovery."""
        secret = self._signers.get(address)
        return secret is not None and self.sign(secret, digest) == signature

    def bls_public_key(self, secret: bytes) -> bytes:
        """A hash, filled up to 96 bytes; from now on this key is known."""
        key = _keyed(secret, b"bls key", b"", 48) * 2
        self._bls_keys[key] = secret
        return key

    def bls_sign(self, secret: bytes, digest: Digest) -> bytes:
        """A keyed hash."""
        return _keyed(secret, b"bls", digest, 48)

    def is_point(self, signature: bytes) -> bool:
        """Any 48 bytes but zeros."""
        return len(signature) == 48 and any(signature)

    def all_signed(self, public_keys: Sequence[bytes], digest: Digest, signatures: Sequence[bytes]) -> bool:
        """One by one."""
        return bool(public_keys) and self._expected(public_keys, digest) == list(signatures)

    def aggregate(self, signatures: Sequence[bytes]) -> bytes:
        """A hash of all of them, in no order."""
        if not signatures or not all(map(self.is_point, signatures)):
            raise InvalidValue("an aggregate is of at least one signature of 48 bytes")
        return hashlib.blake2b(b"".join(sorted(signatures)), digest_size=64).digest() * 2

    def is_aggregate(self, public_keys: Sequence[bytes], digest: Digest, aggregate: bytes) -> bool:
        """Whether these members' signatures hash to it."""
        expected = self._expected(public_keys, digest)
        return (
            bool(expected) and None not in expected and self.aggregate([each or b"" for each in expected]) == aggregate
        )

    def is_round(self, key: bytes, round: int, signature: bytes) -> bool:
        """A keyed hash, whatever the key."""
        return signature == _keyed(key[:32], b"round", round.to_bytes(8, "big"), 48)

    def round_signature(self, key: bytes, round: int) -> bytes:
        """That hash."""
        return _keyed(key[:32], b"round", round.to_bytes(8, "big"), 48)

    def is_draw(self, key: bytes, digest: Digest, signature: bytes) -> bool:
        """A keyed hash, whatever the key."""
        return signature == self.draw_signature(key, digest)

    def draw_signature(self, key: bytes, digest: Digest) -> bytes:
        """That hash."""
        return _keyed(key[:32], b"draw", digest, 48)

    def deal_draw_key(self, n: int, needed: int) -> tuple[DrawKey, tuple[bytes, ...]]:
        """Hashes; this key is the one whose parts combine here."""
        self._draw_key, self._needed = _keyed(b"group", b"draw key", b"", 48) * 2, needed
        shares = tuple(_keyed(b"group", b"share", b"%d" % member, 32) for member in range(n))
        keys = tuple(_keyed(share, b"share key", b"", 48) * 2 for share in shares)
        self._shares = {key: (member, share) for member, (key, share) in enumerate(zip(keys, shares, strict=True))}
        return DrawKey(self._draw_key, Digest(bytes(32)), keys), shares

    def sign_part(self, share: bytes, digest: Digest) -> bytes:
        """A keyed hash; from now on this part is known."""
        part = _keyed(share, b"part", digest, 48)
        member = next((member for member, held in self._shares.values() if held == share), -1)
        self._parts[part] = (member, digest)
        return part

    def is_part(self, key: bytes, digest: Digest, part: bytes) -> bool:
        """That keyed hash."""
        held = self._shares.get(key)
        return held is not None and part == _keyed(held[1], b"part", digest, 48)

    def combine(self, parts: Mapping[int, bytes]) -> bytes:
        """The key's signature, of as many known parts as are needed, all of one digest; else a hash of them."""
        if not all(map(self.is_point, parts.values())):
            raise InvalidValue("a part has 48 bytes")
        known = [self._parts.get(part, (-1, Digest(bytes(32)))) for part in parts.values()]
        digests = {digest for _, digest in known}
        if [member for member, _ in known] == list(parts) and len(digests) == 1 and len(parts) >= self._needed:
            return self.draw_signature(self._draw_key, digests.pop())
        return hashlib.blake2b(b"".join(parts.values()), person=b"nothing", digest_size=48).digest()

    def _expected(self, public_keys: Sequence[bytes], digest: Digest) -> list[bytes | None]:
        secrets = [self._bls_keys.get(key) for key in public_keys]
        return [None if secret is None else self.bls_sign(secret, digest) for secret in secrets]


CURVES: Final[SigningSuite] = SigningCurves()


@lru_cache(maxsize=16)
def _dealt_on_curves(n: int, needed: int) -> tuple[DrawKey, tuple[bytes, ...]]:
    secret = int.from_bytes(DEVELOPMENT_SECRET, "big")
    dealt = threshold.deal(b"the draw key of simulations".ljust(32), Digest(bytes(32)), needed, secret=secret)
    shares = tuple(dealt.share(member).value.to_bytes(32, "big") for member in range(n))
    return DrawKey(DEVELOPMENT_KEY, Digest(bytes(32)), tuple(map(bls.public_key, shares))), shares


@lru_cache(maxsize=1024)
def _address(secret: bytes) -> bytes:
    return _keyed(secret, b"address", b"", 20)


def _keyed(secret: bytes, purpose: bytes, digest: bytes, size: int) -> bytes:
    return hashlib.blake2b(digest, key=secret, person=purpose, digest_size=size).digest()
