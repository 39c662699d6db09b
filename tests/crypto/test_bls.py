"""BLS min-sig: published vectors, py_ecc as the reference, and everything malformed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py_arkworks_bls12381 import G1Point, G2Point
from py_ecc.bls.hash_to_curve import hash_to_G1
from py_ecc.bls.point_compression import compress_G1, compress_G2, decompress_G1, decompress_G2
from py_ecc.fields import optimized_bls12_381_FQ as FQ
from py_ecc.fields import optimized_bls12_381_FQ2 as FQ2
from py_ecc.optimized_bls12_381 import FQ12, G2, Z1, Z2, add, curve_order, field_modulus, multiply, neg, normalize
from py_ecc.optimized_bls12_381.optimized_pairing import final_exponentiate, pairing

from executor.crypto import bls
from executor.crypto.digests import keccak256
from executor.errors import InvalidValue
from executor.model.ids import Digest

VECTORS = Path(__file__).parents[2] / "fixtures" / "vectors"
BLS = json.loads((VECTORS / "bls.json").read_text())
SECRETS = [bls.secret_from_seed(bytes([i]) * 32) for i in range(1, 5)]
KEYS = [bls.public_key(secret) for secret in SECRETS]
DIGEST = keccak256(b"digest")

secrets = st.integers(1, curve_order - 1).map(lambda number: number.to_bytes(32, "big"))
digests = st.binary(min_size=32, max_size=32).map(Digest)


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def reference_g1(point: Any) -> bytes:
    return compress_G1(point).to_bytes(48, "big")


def reference_g2(point: Any) -> bytes:
    high, low = compress_G2(point)
    return high.to_bytes(48, "big") + low.to_bytes(48, "big")


def reference_verify(key: bytes, digest: bytes, signature: bytes, dst: bytes) -> bool:
    point = decompress_G2((int.from_bytes(key[:48], "big"), int.from_bytes(key[48:], "big")))
    left = pairing(point, hash_to_G1(digest, dst, hashlib.sha256), final_exponentiate=False)
    right = pairing(neg(G2), decompress_G1(int.from_bytes(signature, "big")), final_exponentiate=False)
    return bool(final_exponentiate(left * right) == FQ12.one())


def point_outside_the_subgroup_of_g1() -> bytes:
    """The first curve point over small x that the group order does not annihilate."""
    for x in range(1, 100):
        y_squared = (x**3 + 4) % field_modulus
        y = pow(y_squared, (field_modulus + 1) // 4, field_modulus)
        if y * y % field_modulus == y_squared:
            point = (FQ(x), FQ(y), FQ(1))
            if multiply(point, curve_order)[2] != FQ(0):
                return x.to_bytes(48, "big") + y.to_bytes(48, "big")
    raise AssertionError("no such point")


def key_outside_the_subgroup() -> bytes:
    """A compressed point of the twist outside G2, found by trying x coordinates."""
    for x in range(1, 100):
        data = bytearray(x.to_bytes(96, "big"))
        data[0] |= 0x80
        try:
            point = G2Point.from_compressed_bytes_unchecked(bytes(data))
        except ValueError:
            continue
        if not point.is_in_subgroup():
            return bytes(data)
    raise AssertionError("no such point")


def test_vectors_fit_their_schema() -> None:
    """The vector file is what its schema says, with distinct ids."""
    jsonschema.validate(BLS, json.loads((VECTORS / "bls.schema.json").read_text()))
    ids = [test["tcId"] for group in BLS.values() if isinstance(group, dict) for test in group["tests"]]
    assert sorted(set(ids)) == sorted(ids)


@pytest.mark.parametrize("test", BLS["hashToCurve"]["tests"], ids=lambda test: test["tcId"])
def test_hash_to_curve_agrees_with_rfc_9380(test: dict[str, str]) -> None:
    """RFC 9380 appendix J.9.1, by the library under us and by the reference."""
    message, dst = unhex(test["message"]), BLS["hashToCurve"]["dst"].encode()
    assert unhex(test["result"]) == G1Point.hash_to_curve(message, dst).to_xy_bytes_be()
    x, y = normalize(hash_to_G1(message, dst, hashlib.sha256))
    assert unhex(test["result"]) == int(x).to_bytes(48, "big") + int(y).to_bytes(48, "big")


@pytest.mark.parametrize("test", BLS["drand"]["tests"], ids=lambda test: str(test["round"]))
def test_drand_rounds_verify(test: dict[str, Any]) -> None:
    """Published quicknet beacons verify, and under another round's digest they do not."""
    key, digest, signature = unhex(BLS["drand"]["publicKey"]), Digest(unhex(test["digest"])), unhex(test["signature"])
    assert hashlib.sha256(test["round"].to_bytes(8, "big")).digest() == digest
    assert bls.verify(key, digest, signature, bls.DST_DRAND)
    assert not bls.verify(key, DIGEST, signature, bls.DST_DRAND)
    assert not bls.verify(key, digest, signature)


@pytest.mark.parametrize("test", BLS["keyGeneration"]["tests"], ids=lambda test: test["tcId"])
def test_key_generation_agrees_with_eip_2333(test: dict[str, str]) -> None:
    """EIP-2333's master keys."""
    assert unhex(test["result"]) == bls.secret_from_seed(unhex(test["seed"]))


@pytest.mark.parametrize("test", BLS["minSig"]["tests"], ids=lambda test: test["tcId"])
def test_min_sig_vectors(test: dict[str, str]) -> None:
    """Keys, signatures, proofs of possession and EVM forms are what the vectors say."""
    secret, digest = unhex(test["secret"]), Digest(unhex(test["digest"]))
    key, signature = bls.public_key(secret), bls.sign(secret, digest)
    assert unhex(test["publicKey"]) == key
    assert unhex(test["result"]) == signature
    assert unhex(test["possession"]) == bls.prove_possession(secret, digest)
    assert unhex(test["publicKeyEvm"]) == bls.to_evm_g2(key)
    assert unhex(test["signatureEvm"]) == bls.to_evm_g1(signature)


@settings(max_examples=6, deadline=None)
@given(secrets, digests)
def test_keys_and_signatures_equal_the_reference(secret: bytes, digest: Digest) -> None:
    """py_ecc computes the same public key and the same signature bytes."""
    scalar = int.from_bytes(secret, "big")
    assert reference_g2(multiply(G2, scalar)) == bls.public_key(secret)
    hashed = hash_to_G1(digest, bls.DST_SIGNATURE, hashlib.sha256)
    assert reference_g1(multiply(hashed, scalar)) == bls.sign(secret, digest)


@settings(max_examples=2, deadline=None)
@given(secrets, digests)
def test_the_reference_accepts_what_we_sign(secret: bytes, digest: Digest) -> None:
    """py_ecc's pairing accepts our signature and refuses it for another digest, as we do."""
    key, signature = bls.public_key(secret), bls.sign(secret, digest)
    assert bls.verify(key, digest, signature)
    assert reference_verify(key, digest, signature, bls.DST_SIGNATURE)
    assert not bls.verify(key, keccak256(digest), signature)
    assert not reference_verify(key, keccak256(digest), signature, bls.DST_SIGNATURE)


def test_aggregates_equal_the_reference() -> None:
    """The sum of signatures and its verification key are py_ecc's."""
    signatures = [bls.sign(secret, DIGEST) for secret in SECRETS]
    total, key = Z1, Z2
    for secret in SECRETS:
        total = add(total, decompress_G1(int.from_bytes(bls.sign(secret, DIGEST), "big")))
        key = add(key, multiply(G2, int.from_bytes(secret, "big")))
    assert reference_g1(total) == bls.aggregate(signatures)
    assert bls.verify(reference_g2(key), DIGEST, bls.aggregate(signatures))
    assert bls.verify_aggregate(KEYS, DIGEST, bls.aggregate(signatures))
    assert not bls.verify_aggregate(KEYS[:3], DIGEST, bls.aggregate(signatures))
    assert not bls.verify_aggregate([], DIGEST, bls.aggregate(signatures))


def test_a_proof_of_possession_is_no_signature() -> None:
    """The two domains do not mix, in either direction."""
    proof = bls.prove_possession(SECRETS[0], DIGEST)
    assert bls.verify_possession(KEYS[0], DIGEST, proof)
    assert not bls.verify(KEYS[0], DIGEST, proof)
    assert not bls.verify_possession(KEYS[0], DIGEST, bls.sign(SECRETS[0], DIGEST))
    assert not bls.verify_possession(KEYS[1], DIGEST, proof)


def test_a_rogue_key_forges_without_possession_and_cannot_prove_it() -> None:
    """Rule 1: pk2 = x G2 - pk1 makes x's lone signature an aggregate of both; x proves no possession of pk2."""
    honest = G2Point.from_compressed_bytes(KEYS[0])
    rogue = (G2Point.from_compressed_bytes(KEYS[1]) + -honest).to_compressed_bytes()
    assert bls.verify_aggregate([KEYS[0], rogue], DIGEST, bls.sign(SECRETS[1], DIGEST))
    assert not bls.verify_possession(rogue, DIGEST, bls.prove_possession(SECRETS[1], DIGEST))


def test_a_batch_with_cancelling_errors_is_refused() -> None:
    """Two wrong signatures whose errors cancel pass a plain sum; the weighted batch refuses them."""
    good = [bls.sign(secret, DIGEST) for secret in SECRETS]
    offset = G1Point()
    left = (G1Point.from_compressed_bytes(good[0]) + offset).to_compressed_bytes()
    right = (G1Point.from_compressed_bytes(good[1]) + -offset).to_compressed_bytes()
    bad = [left, right, *good[2:]]
    assert bls.aggregate(good) == bls.aggregate(bad)
    assert bls.verify_batch(KEYS, DIGEST, good)
    assert not bls.verify_batch(KEYS, DIGEST, bad)
    assert not bls.verify_batch(KEYS, DIGEST, good[:3])
    assert not bls.verify_batch([], DIGEST, [])


@settings(max_examples=15, deadline=None)
@given(secrets)
def test_evm_forms_round_trip(secret: bytes) -> None:
    """EIP-2537 encoding and back is the identity on keys and signatures."""
    key, signature = bls.public_key(secret), bls.sign(secret, DIGEST)
    assert key == bls.from_evm_g2(bls.to_evm_g2(key))
    assert signature == bls.from_evm_g1(bls.to_evm_g1(signature))
    assert len(bls.to_evm_g2(key)) == 256
    assert len(bls.to_evm_g1(signature)) == 128


def test_evm_g2_order_is_the_eips() -> None:
    """x.c0, x.c1, y.c0, y.c1, as py_ecc names them."""
    point = decompress_G2((int.from_bytes(KEYS[0][:48], "big"), int.from_bytes(KEYS[0][48:], "big")))
    x, y = normalize(point)
    assert isinstance(x, FQ2)
    expected = b"".join(int(part).to_bytes(64, "big") for part in (*x.coeffs, *y.coeffs))
    assert expected == bls.to_evm_g2(KEYS[0])


BAD_KEYS = {
    "empty": b"",
    "short": KEYS[0][:95],
    "long": KEYS[0] + b"\0",
    "infinity": b"\xc0" + bytes(95),
    "infinity with a spare bit": b"\xc0" + bytes(94) + b"\1",
    "uncompressed flag": bytes([KEYS[0][0] & 0x7F]) + KEYS[0][1:],
    "x at the field modulus": bytes([0x80 | field_modulus.to_bytes(48, "big")[0]])
    + field_modulus.to_bytes(48, "big")[1:]
    + bytes(48),
    "not on the curve": b"\x80" + bytes(95),
    "outside the subgroup": key_outside_the_subgroup(),
    "all ones": b"\xff" * 96,
}


@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_bad_public_keys_are_refused(key: bytes) -> None:
    """Rule 2 and 3: none of these is a key, and none verifies anything."""
    with pytest.raises(InvalidValue):
        bls.check_public_key(key)
    assert not bls.verify(key, DIGEST, bls.sign(SECRETS[0], DIGEST))
    assert not bls.verify_aggregate([KEYS[0], key], DIGEST, bls.sign(SECRETS[0], DIGEST))


def test_bad_signatures_are_refused() -> None:
    """Wrong length, infinity, second spelling, no point: they verify nothing and aggregate into nothing."""
    good = bls.sign(SECRETS[0], DIGEST)
    for bad in (b"", good[:47], good + b"\0", b"\xc0" + bytes(47), b"\xc0" + bytes(46) + b"\1", b"\xff" * 48):
        assert not bls.verify(KEYS[0], DIGEST, bad)
        assert not bls.verify_batch([KEYS[0]], DIGEST, [bad])
        with pytest.raises(InvalidValue):
            bls.aggregate([good, bad])
    negated = bytes([good[0] ^ 0x20]) + good[1:]
    assert not bls.verify(KEYS[0], DIGEST, negated)
    with pytest.raises(InvalidValue, match="infinity"):
        bls.aggregate([good, negated])
    with pytest.raises(InvalidValue):
        bls.aggregate([])


def test_bad_evm_points_are_refused() -> None:
    """Padding, infinity, coordinates at or above the modulus, curve and subgroup are checked."""
    good = bls.to_evm_g1(bls.sign(SECRETS[0], DIGEST))
    above = (int.from_bytes(good[:64], "big") + field_modulus).to_bytes(64, "big") + good[64:]
    outside = point_outside_the_subgroup_of_g1()
    padded_outside = bytes(16) + outside[:48] + bytes(16) + outside[48:]
    flagged = good[:16] + bytes([good[16] | 0x80]) + good[17:]
    for bad in (bytes(128), good[:127], b"\1" + good[1:], above, padded_outside, flagged, good[:64] + good[:64]):
        with pytest.raises(InvalidValue):
            bls.from_evm_g1(bad)
    key = bls.to_evm_g2(KEYS[0])
    for bad in (bytes(256), key[:255], b"\1" + key[1:], key[:128] + key[:128], key[64:128] + key[:64] + key[128:]):
        with pytest.raises(InvalidValue):
            bls.from_evm_g2(bad)


def test_secrets_out_of_range_are_refused() -> None:
    """Zero, the group order, wrong lengths and short seeds."""
    for secret in (bytes(32), curve_order.to_bytes(32, "big"), b"\1" * 31, b"\xff" * 32):
        with pytest.raises(InvalidValue):
            bls.sign(secret, DIGEST)
        with pytest.raises(InvalidValue):
            bls.public_key(secret)
    with pytest.raises(InvalidValue):
        bls.secret_from_seed(bytes(31))
