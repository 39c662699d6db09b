"""Shares of a BLS key: polynomials, commitments, shares, partial signatures (docs/adr/0027).

Rule 1. Member i holds the value of polynomials at i + 1. Any `threshold` shares give the key; fewer say nothing of it
        (Shamir, "How to share a secret", 1979).
Rule 2. A dealer commits with a second polynomial beside the first (Pedersen, CRYPTO '91), which hides what it commits
        to: nobody can choose its own dealing after others' (Gennaro, Jarecki, Krawczyk and Rabin, J. Cryptology 20).
Rule 3. Once it is settled whose dealings count, a holder opens the key of its share, and proves it against the same
        commitments (Schnorr, J. Cryptology 4): a threshold of opened ones is the group's key. No dealer is needed.
Rule 4. Signatures are unique: any `threshold` partial ones combine to the same bytes (Boldyreva, PKC 2003).
Rule 5. Points that come from others are decoded once, by `points`, which refuses what is not in the subgroup.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final as Constant
from typing import TypeAlias

from py_arkworks_bls12381 import G1Point, G2Point, Scalar

from executor.crypto import bls
from executor.errors import InvalidValue
from executor.model.ids import Digest

DST_PROOF: Constant = b"EXECUTOR_DKG_OPENED_BLS12381G2_SHA-512_"
DST_HIDING: Constant = b"EXECUTOR_DKG_BLS12381G2_XMD:SHA-256_SSWU_RO_"  # of the second generator
SCALAR_BYTES: Constant = 32
SEED_BYTES: Constant = 32
PROOF_BYTES: Constant = 64
GROUP: Constant = -1  # the place of the secret itself: member i stands at i + 1

Point: TypeAlias = G2Point

_INFINITY = G2Point.identity()


@dataclass(frozen=True, slots=True)
class Share:
    """What a dealer gives one member: the values of its two polynomials there."""

    value: int = field(repr=False)
    hiding: int = field(repr=False)

    def encode(self) -> bytes:
        """64 bytes."""
        return self.value.to_bytes(SCALAR_BYTES, "big") + self.hiding.to_bytes(SCALAR_BYTES, "big")

    @classmethod
    def decode(cls, encoded: bytes) -> Share:
        """The reverse; raises InvalidValue for another length or a number that is no scalar."""
        if len(encoded) != 2 * SCALAR_BYTES:
            raise InvalidValue(f"a share has {2 * SCALAR_BYTES} bytes, not {len(encoded)}")
        value, hiding = (int.from_bytes(part, "big") for part in (encoded[:SCALAR_BYTES], encoded[SCALAR_BYTES:]))
        if max(value, hiding) >= bls.ORDER:
            raise InvalidValue("a share's numbers are below the group's order")
        return cls(value, hiding)


@dataclass(frozen=True, slots=True)
class Dealing:
    """A dealer's secret: two polynomials with as many coefficients as the threshold, the constant first."""

    values: tuple[int, ...] = field(repr=False)
    hiding: tuple[int, ...] = field(repr=False)

    def share(self, member: int) -> Share:
        """Member `member`'s, by its index in the epoch (Rule 1)."""
        return Share(evaluate(self.values, member), evaluate(self.hiding, member))

    def commitments(self) -> tuple[bytes, ...]:
        """One compressed point a coefficient (Rule 2)."""
        pairs = zip(self.values, self.hiding, strict=True)
        return tuple((G2Point() * _scalar(a) + second_generator() * _scalar(b)).to_compressed_bytes() for a, b in pairs)


def deal(seed: bytes, context: Digest, threshold: int, *, secret: int | None = None) -> Dealing:
    """The dealing that a seed of 32 secret bytes makes in this context: the same again after a restart.

    `secret` is what is dealt, else the seed says it. Raises InvalidValue for a short seed or a threshold below 1.
    """
    if len(seed) < SEED_BYTES:
        raise InvalidValue(f"a seed has at least {SEED_BYTES} bytes, not {len(seed)}")
    if threshold < 1:
        raise InvalidValue("a threshold is at least 1")
    values = [_drawn(seed, context, b"value", each) for each in range(threshold)]
    if secret is not None:
        values[0] = secret % bls.ORDER
    return Dealing(tuple(values), tuple(_drawn(seed, context, b"hiding", each) for each in range(threshold)))


def evaluate(coefficients: Sequence[int], member: int) -> int:
    """A polynomial's value for a member."""
    total, at = 0, member + 1
    for coefficient in reversed(coefficients):
        total = (total * at + coefficient) % bls.ORDER
    return total


def points(commitments: Sequence[bytes]) -> tuple[G2Point, ...]:
    """The points of compressed commitments (Rule 4); infinity is one here. Raises InvalidValue."""
    found = []
    for commitment in commitments:
        try:
            point = G2Point.from_compressed_bytes(commitment)
        except ValueError as error:
            raise InvalidValue(f"not a point of G2: {error}") from error
        if point.to_compressed_bytes() != commitment:
            raise InvalidValue("a second spelling of a point of G2")
        found.append(point)
    return tuple(found)


def check_share(commitments: Sequence[G2Point], member: int, share: Share) -> bool:
    """Whether a share is what the commitments say it is."""
    given = G2Point() * _scalar(share.value) + second_generator() * _scalar(share.hiding)
    return given == committed(commitments, member)


def combine_commitments(dealt: Mapping[int, Sequence[G2Point]], *, weighted: bool) -> tuple[G2Point, ...]:
    """The commitments to the sum of dealings, by dealer, all of one threshold.

    `weighted`: each counts by its dealer's weight, as where the dealers hold shares of a secret and deal those.
    """
    dealers = sorted(dealt)
    factors = [_scalar(weight) for weight in (weights(dealers) if weighted else [1] * len(dealers))]
    columns = zip(*(dealt[dealer] for dealer in dealers), strict=True)
    return tuple(G2Point.multiexp_unchecked(list(column), factors) for column in columns)


def combine_shares(dealt: Mapping[int, Share], *, weighted: bool) -> Share:
    """A member's share of the sum of dealings, by dealer."""
    dealers = sorted(dealt)
    factors = weights(dealers) if weighted else [1] * len(dealers)
    pairs = list(zip(factors, (dealt[dealer] for dealer in dealers), strict=True))
    value = sum(factor * share.value for factor, share in pairs) % bls.ORDER
    return Share(value, sum(factor * share.hiding for factor, share in pairs) % bls.ORDER)


def open_share(share: Share, context: bytes) -> tuple[bytes, bytes]:
    """The public key of a share's value, 96 bytes, and the proof that it is what was committed to, 64 bytes.

    Proves the logarithm of commitment - key to the second generator: Schnorr's proof, made non-interactive by a hash
    over everything (Fiat and Shamir) with a nonce of the secret and everything (as RFC 6979 does it).
    """
    key = G2Point() * _scalar(share.value)
    hidden = second_generator() * _scalar(share.hiding)
    statement = context + (key + hidden).to_compressed_bytes() + key.to_compressed_bytes()
    nonce = _number(hmac.digest(share.encode(), b"nonce" + statement, "sha512"))
    challenge = _challenge(statement, second_generator() * _scalar(nonce))
    answer = (nonce + challenge * share.hiding) % bls.ORDER
    return key.to_compressed_bytes(), challenge.to_bytes(SCALAR_BYTES, "big") + answer.to_bytes(SCALAR_BYTES, "big")


def prove_dealt(dealing: Dealing, context: bytes) -> bytes:
    """The proof that a dealing's constant is a secret of which the public key is known (`check_opened`, at GROUP)."""
    _, proof = open_share(Share(dealing.values[0], dealing.hiding[0]), context)
    return proof


def check_opened(commitment: G2Point, key: bytes, proof: bytes, context: bytes) -> bool:
    """Whether `key` is the public key of the committed share's value; malformed keys and proofs show nothing."""
    if len(proof) != PROOF_BYTES:
        return False
    try:
        (point,) = points([key])
    except InvalidValue:
        return False
    challenge, answer = (int.from_bytes(part, "big") for part in (proof[:SCALAR_BYTES], proof[SCALAR_BYTES:]))
    if max(challenge, answer) >= bls.ORDER or point == _INFINITY:
        return False
    statement = context + commitment.to_compressed_bytes() + key
    nonce = second_generator() * _scalar(answer) - (commitment - point) * _scalar(challenge)
    return _challenge(statement, nonce) == challenge


def interpolate(keys: Mapping[int, bytes], places: Sequence[int]) -> tuple[bytes, ...]:
    """The public keys of these members' shares, of a threshold of others' that verified; GROUP gives the group's key.

    Raises InvalidValue for infinity, which a key never is.
    """
    members = sorted(keys)
    known = list(points([keys[each] for each in members]))
    found = []
    for place in places:
        point = G2Point.multiexp_unchecked(known, _scalars(weights(members, place)))
        if point == _INFINITY:
            raise InvalidValue("the key is infinity")
        found.append(point.to_compressed_bytes())
    return tuple(found)


def weights(members: Sequence[int], at: int = GROUP) -> tuple[int, ...]:
    """What each member's value counts for in the value at another, by default at zero (Lagrange).

    Raises InvalidValue for a member named twice.
    """
    if len(set(members)) != len(members):
        raise InvalidValue("a member is named twice")
    found = []
    for member in members:
        above = below = 1
        for other in members:
            if other != member:
                above = above * (other - at) % bls.ORDER
                below = below * (other - member) % bls.ORDER
        found.append(above * pow(below, -1, bls.ORDER) % bls.ORDER)
    return tuple(found)


def sign_partly(share: int, digest: Digest, dst: bytes = bls.DST_DRAW) -> bytes:
    """A member's part of the signature, 48 bytes compressed."""
    return bls.sign(share.to_bytes(SCALAR_BYTES, "big"), digest, dst)


def combine(parts: Mapping[int, bytes]) -> bytes:
    """The signature of a threshold of verified parts by member (Rule 3); raises InvalidValue for a malformed one."""
    members = sorted(parts)
    signatures = []
    for member in members:
        bls.check_signature(parts[member])
        signatures.append(G1Point.from_compressed_bytes(parts[member]))
    signature = G1Point.multiexp_unchecked(signatures, _scalars(weights(members)))
    encoded = signature.to_compressed_bytes()
    bls.check_signature(encoded)
    return encoded


@lru_cache(maxsize=1)
def second_generator() -> G2Point:
    """A generator of which nobody knows the logarithm: a hash (RFC 9380) of nothing."""
    return G2Point.hash_to_curve(b"", DST_HIDING)


def committed(commitments: Sequence[G2Point], member: int) -> G2Point:
    """The commitment to a member's share; GROUP gives the one to the secret."""
    powers, power = [], 1
    for _ in commitments:
        powers.append(_scalar(power))
        power = power * (member + 1) % bls.ORDER
    return G2Point.multiexp_unchecked(list(commitments), powers)


def _drawn(seed: bytes, context: Digest, name: bytes, position: int) -> int:
    """A number below the order, of 512 bits: HKDF-Expand's construction (RFC 5869) with SHA-512."""
    info = name + position.to_bytes(4, "big") + context
    return _number(hmac.digest(hashlib.sha256(seed).digest(), info, "sha512"))


def _challenge(statement: bytes, nonce: G2Point) -> int:
    return _number(hashlib.sha512(DST_PROOF + statement + nonce.to_compressed_bytes()).digest())


def _number(digest: bytes) -> int:
    """512 bits are a number below the order without bias that anybody could see."""
    return int.from_bytes(digest, "big") % bls.ORDER


def _scalars(numbers: Iterable[int]) -> list[Scalar]:
    return [_scalar(number) for number in numbers]


def _scalar(number: int) -> Scalar:
    return Scalar.from_be_bytes(number.to_bytes(SCALAR_BYTES, "big"))
