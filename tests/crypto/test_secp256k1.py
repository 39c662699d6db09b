"""Compact secp256k1 signatures against eth_keys and against malformed input."""

from __future__ import annotations

import pytest
from eth_keys import keys
from eth_keys.backends import NativeECCBackend
from hypothesis import given, settings
from hypothesis import strategies as st

from executor.crypto import secp256k1
from executor.crypto.digests import keccak256
from executor.errors import BadSignature, InvalidValue
from executor.model.ids import Address, Digest

KEY = keccak256(b"private key")
DIGEST = keccak256(b"digest")
SIGNATURE = secp256k1.sign(KEY, DIGEST)
private_keys = st.integers(1, secp256k1.ORDER - 1).map(lambda number: number.to_bytes(32, "big"))
digests = st.binary(min_size=32, max_size=32).map(Digest)


@settings(max_examples=25, deadline=None)
@given(private_keys, digests)
def test_signatures_equal_the_reference(private_key: bytes, digest: Digest) -> None:
    """eth_keys in pure Python signs the same r, s and parity (RFC 6979), and knows the same address."""
    reference = keys.PrivateKey(private_key, backend=NativeECCBackend())
    signature = secp256k1.sign(private_key, digest)
    expected = reference.sign_msg_hash(digest)
    assert expected.r.to_bytes(32, "big") == signature[:32]
    assert expected.s | expected.v << 255 == int.from_bytes(signature[32:], "big")
    assert reference.public_key.to_canonical_address() == secp256k1.address_of(private_key)
    assert secp256k1.recover(digest, signature) == secp256k1.address_of(private_key)


def test_a_signature_binds_digest_and_signer() -> None:
    """Another digest or another address is not signed by it."""
    address = secp256k1.address_of(KEY)
    assert secp256k1.is_signed_by(DIGEST, SIGNATURE, address)
    assert not secp256k1.is_signed_by(keccak256(b"other"), SIGNATURE, address)
    assert not secp256k1.is_signed_by(DIGEST, SIGNATURE, Address(bytes(20)))


def test_high_s_is_refused() -> None:
    """The 255 bits of s leave room for a few values above half the order: they are malformed."""
    for s in (secp256k1.HALF_ORDER + 1, 2**255 - 1):
        for parity in (0, 1):
            with pytest.raises(BadSignature, match="half"):
                secp256k1.recover(DIGEST, SIGNATURE[:32] + (parity << 255 | s).to_bytes(32, "big"))


def test_signatures_are_not_malleable() -> None:
    """The twin (n - s, other parity) of a signature has no compact form that the same signer owns."""
    s = int.from_bytes(SIGNATURE[32:], "big") & (2**255 - 1)
    twin = SIGNATURE[:32] + (secp256k1.ORDER - s).to_bytes(32, "big")
    flipped = SIGNATURE[:32] + bytes([SIGNATURE[32] ^ 0x80]) + SIGNATURE[33:]
    assert not secp256k1.is_signed_by(DIGEST, twin, secp256k1.address_of(KEY))
    assert not secp256k1.is_signed_by(DIGEST, flipped, secp256k1.address_of(KEY))


MALFORMED = {
    "empty": b"",
    "short": SIGNATURE[:63],
    "65 bytes": SIGNATURE + b"\x1b",
    "r zero": bytes(32) + SIGNATURE[32:],
    "r at the order": secp256k1.ORDER.to_bytes(32, "big") + SIGNATURE[32:],
    "s zero": SIGNATURE[:32] + bytes(32),
    "all ones": b"\xff" * 64,
    "no point has this r": (5).to_bytes(32, "big") + SIGNATURE[32:],
}


@pytest.mark.parametrize("signature", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_signatures_are_refused(signature: bytes) -> None:
    """Each is BadSignature to `recover` and false to `is_signed_by`."""
    with pytest.raises(BadSignature):
        secp256k1.recover(DIGEST, signature)
    assert not secp256k1.is_signed_by(DIGEST, signature, secp256k1.address_of(KEY))


@settings(max_examples=200, deadline=None)
@given(st.binary(min_size=64, max_size=64))
def test_no_64_bytes_crash_recovery(signature: bytes) -> None:
    """Any bytes give an address or BadSignature."""
    try:
        assert len(secp256k1.recover(DIGEST, signature)) == 20
    except BadSignature:
        assert not secp256k1.is_signed_by(DIGEST, signature, Address(bytes(20)))


def test_private_keys_out_of_range_are_refused() -> None:
    """Zero, the order, wrong lengths."""
    for private_key in (bytes(32), secp256k1.ORDER.to_bytes(32, "big"), b"\1" * 31, b""):
        with pytest.raises(InvalidValue):
            secp256k1.sign(private_key, DIGEST)
        with pytest.raises(InvalidValue):
            secp256k1.address_of(private_key)
