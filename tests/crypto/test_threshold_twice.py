"""What crypto/threshold.py computes with arkworks, computed again with py_ecc from the formulas in the papers."""

from __future__ import annotations

import hashlib
from functools import reduce
from typing import Any

import pytest
from py_ecc.bls.hash_to_curve import hash_to_G1, hash_to_G2
from py_ecc.bls.point_compression import compress_G1, compress_G2, decompress_G2
from py_ecc.optimized_bls12_381 import G2, Z1, Z2, add, curve_order, multiply, neg

from executor.crypto import bls
from executor.crypto.digests import keccak256
from executor.crypto.threshold import (
    DST_HIDING,
    DST_PROOF,
    GROUP,
    combine,
    combine_commitments,
    combine_shares,
    committed,
    deal,
    interpolate,
    open_share,
    points,
    second_generator,
    sign_partly,
)

CONTEXT, DRAWN = keccak256(b"an epoch"), keccak256(b"a draw")
THRESHOLD = 3
DEALT = {dealer: deal(keccak256(b"dealer %d" % dealer), CONTEXT, THRESHOLD) for dealer in (0, 2, 3, 5)}
HIDING = hash_to_G2(b"", DST_HIDING, hashlib.sha256)


def bytes_g1(point: Any) -> bytes:
    """48 bytes."""
    return compress_G1(point).to_bytes(48, "big")


def bytes_g2(point: Any) -> bytes:
    """96 bytes."""
    return b"".join(each.to_bytes(48, "big") for each in compress_G2(point))


def point_g2(compressed: bytes) -> Any:
    """The reverse."""
    return decompress_G2((int.from_bytes(compressed[:48], "big"), int.from_bytes(compressed[48:], "big")))


def at(coefficients: tuple[int, ...], x: int) -> int:
    """A polynomial's value, power by power."""
    return sum(coefficient * x**power for power, coefficient in enumerate(coefficients)) % curve_order


def lagrange(members: list[int], x: int) -> dict[int, int]:
    """What each member's value counts for in the value at x; member i stands at i + 1."""
    found = {}
    for member in members:
        factor = 1
        for other in members:
            if other != member:
                factor = factor * (x - other - 1) * pow(member - other, -1, curve_order) % curve_order
        found[member] = factor
    return found


def weighted_sum(dealt: dict[int, Any], weighted: bool) -> dict[int, int]:
    """What each dealer's counts for."""
    return lagrange(sorted(dealt), 0) if weighted else dict.fromkeys(dealt, 1)


def test_commitments_are_those_of_the_same_numbers() -> None:
    """Every coefficient on G2 plus its hiding one on a second generator, which is RFC 9380's hash of nothing."""
    assert second_generator().to_compressed_bytes() == bytes_g2(HIDING)
    for dealt in DEALT.values():
        pairs = zip(dealt.values, dealt.hiding, strict=True)
        assert dealt.commitments() == tuple(bytes_g2(add(multiply(G2, a), multiply(HIDING, b))) for a, b in pairs)


@pytest.mark.parametrize("weighted", [False, True])
def test_shares_add_up_as_polynomials_do(weighted: bool) -> None:
    """And the commitment to a member's sum is its own, made of the sums of the numbers."""
    factors = weighted_sum(DEALT, weighted)
    sums = {
        kind: tuple(
            sum(factors[dealer] * getattr(dealt, kind)[power] for dealer, dealt in DEALT.items()) % curve_order
            for power in range(THRESHOLD)
        )
        for kind in ("values", "hiding")
    }
    total = combine_commitments({each: points(of.commitments()) for each, of in DEALT.items()}, weighted=weighted)
    for member in (0, 6):
        share = combine_shares({each: of.share(member) for each, of in DEALT.items()}, weighted=weighted)
        assert (share.value, share.hiding) == (at(sums["values"], member + 1), at(sums["hiding"], member + 1))
        again = add(multiply(G2, share.value), multiply(HIDING, share.hiding))
        assert committed(total, member).to_compressed_bytes() == bytes_g2(again)


def test_an_opened_key_and_its_proof_are_schnorrs() -> None:
    """The challenge is the hash of what its answer opens: answer times the generator, less challenge times the rest."""
    share = DEALT[2].share(4)
    key, proof = open_share(share, CONTEXT)
    assert key == bytes_g2(multiply(G2, share.value))
    challenge, answer = int.from_bytes(proof[:32], "big"), int.from_bytes(proof[32:], "big")
    hidden = multiply(HIDING, share.hiding)
    nonce = add(multiply(HIDING, answer), neg(multiply(hidden, challenge)))
    statement = CONTEXT + bytes_g2(add(multiply(G2, share.value), hidden)) + key
    hashed = hashlib.sha512(DST_PROOF + statement + bytes_g2(nonce)).digest()
    assert challenge == int.from_bytes(hashed, "big") % curve_order


def test_parts_and_what_they_combine_to_are_the_same() -> None:
    """Hash to the curve, times the share; Lagrange's sum of a threshold of them, whoever they are of."""
    dealt, hashed = DEALT[0], hash_to_G1(DRAWN, bls.DST_DRAW, hashlib.sha256)
    parts = {member: sign_partly(dealt.share(member).value, DRAWN) for member in (0, 1, 4, 6)}
    again = {member: multiply(hashed, at(dealt.values, member + 1)) for member in parts}
    assert parts == {member: bytes_g1(part) for member, part in again.items()}
    made = set()
    for members in ([0, 1, 4], [1, 4, 6]):
        factors = lagrange(members, 0)
        signature = reduce(add, (multiply(again[each], factors[each]) for each in members), Z1)
        assert combine({each: parts[each] for each in members}) == bytes_g1(signature)
        made.add(bytes_g1(signature))
    assert made == {bytes_g1(multiply(hashed, dealt.values[0]))}


def test_keys_of_others_and_of_the_group_are_the_same() -> None:
    """The group's is the key of the secret that made the signature above."""
    dealt = DEALT[0]
    opened = {member: bls.public_key(dealt.share(member).value.to_bytes(32, "big")) for member in (1, 3, 5)}
    found = interpolate(opened, [GROUP, 0, 6])
    known = {member: point_g2(key) for member, key in opened.items()}
    for place, key in zip([GROUP, 0, 6], found, strict=True):
        factors = lagrange(sorted(opened), place + 1)
        assert key == bytes_g2(reduce(add, (multiply(known[each], factors[each]) for each in opened), Z2))
        assert key == bytes_g2(multiply(G2, at(dealt.values, place + 1)))
