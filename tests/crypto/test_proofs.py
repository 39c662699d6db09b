"""Proofs: what verifier contracts accept, and every way to be refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py_arkworks_bls12381 import G1Point

from executor.crypto import bls, proofs, secp256k1
from executor.crypto.digests import attestation_digest, keccak256
from executor.errors import BadSignature, InvalidValue, NotAMember, VerificationFailed
from executor.model.committee import Epoch, Member, Verifier
from executor.model.ids import Address, ProfileId, Root
from executor.model.report import Scheme, Vote

N = 7
ECDSA_KEYS = [keccak256(b"ecdsa %d" % i) for i in range(N)]
BLS_SECRETS = [bls.secret_from_seed(b"bls %028d" % i) for i in range(N)]
ROOT = Root(keccak256(b"root"))


def make_epoch(schemes: tuple[Scheme, ...] = (Scheme.ECDSA, Scheme.BLS)) -> Epoch:
    members = tuple(
        Member(i, Address(bytes([i]) * 20), secp256k1.address_of(ECDSA_KEYS[i]), bls.public_key(secret), bytes(32), "")
        for i, secret in enumerate(BLS_SECRETS)
    )
    verifiers = tuple(Verifier(scheme, Address(bytes(20))) for scheme in schemes)
    return Epoch(1, Address(b"r" * 20), Address(b"c" * 20), 3, ProfileId(bytes(32)), 4, members, verifiers)


EPOCH = make_epoch()


def vote(member: int, root: Root = ROOT) -> Vote:
    digest = attestation_digest(EPOCH.identity, root)
    return Vote(member, secp256k1.sign(ECDSA_KEYS[member], digest), bls.sign(BLS_SECRETS[member], digest))


VOTES = [vote(i) for i in range(N)]


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(Scheme), st.permutations(range(N)), st.integers(5, N))
def test_any_quorum_of_votes_is_a_proof(scheme: Scheme, order: list[int], count: int) -> None:
    """P1: q or more votes in any order make a proof that names exactly their members."""
    members = order[:count]
    proof = proofs.build_proof(scheme, EPOCH, [VOTES[i] for i in members])
    assert frozenset(members) == proofs.check_proof(scheme, EPOCH, ROOT, proof)
    assert proof == proofs.build_proof(scheme, EPOCH, [VOTES[i] for i in sorted(members)])


def test_layouts_are_those_of_the_wire() -> None:
    """Bitmap, then 64 bytes a signer or one G1 point of 128 bytes."""
    ecdsa = proofs.build_proof(Scheme.ECDSA, EPOCH, VOTES[1:6])
    assert ecdsa == (0b0111110).to_bytes(16, "big") + b"".join(VOTES[i].ecdsa for i in range(1, 6))
    total = bls.to_evm_g1(bls.aggregate([VOTES[i].bls for i in range(1, 6)]))
    assert proofs.build_proof(Scheme.BLS, EPOCH, VOTES[1:6]) == (0b0111110).to_bytes(16, "big") + total


def test_votes_that_make_no_proof() -> None:
    """Too few, twice the same member, a member that is none."""
    with pytest.raises(InvalidValue, match="quorum is 5"):
        proofs.build_proof(Scheme.ECDSA, EPOCH, VOTES[:4])
    with pytest.raises(InvalidValue, match="twice"):
        proofs.build_proof(Scheme.ECDSA, EPOCH, [*VOTES[:5], VOTES[0]])
    with pytest.raises(InvalidValue, match="not one of 7"):
        proofs.build_proof(Scheme.ECDSA, EPOCH, [*VOTES[:5], Vote(7, VOTES[0].ecdsa)])
    with pytest.raises(InvalidValue):
        proofs.build_proof(Scheme.ECDSA, EPOCH, [])


def bitmap(members: int) -> bytes:
    return members.to_bytes(16, "big")


SIGNATURES = b"".join(VOTES[i].ecdsa for i in range(5))
SWAPPED = VOTES[1].ecdsa + VOTES[0].ecdsa + SIGNATURES[128:]
AGGREGATE = bls.to_evm_g1(bls.aggregate([VOTES[i].bls for i in range(5)]))
HIGH_S = SIGNATURES[:32] + (secp256k1.HALF_ORDER + 1).to_bytes(32, "big") + SIGNATURES[64:]

REFUSED = {
    "no bytes": (Scheme.ECDSA, b"", "shorter"),
    "half a bitmap": (Scheme.ECDSA, bytes(15), "shorter"),
    "no signer": (Scheme.ECDSA, bitmap(0), "0 signers"),
    "below quorum": (Scheme.ECDSA, bitmap(0b1111) + SIGNATURES[:256], "4 signers, the quorum is 5"),
    "bit at n": (Scheme.ECDSA, bitmap(0b10001111) + SIGNATURES, "at or above 7"),
    "top bit": (Scheme.BLS, bitmap(1 << 127 | 0b11111) + AGGREGATE, "at or above 7"),
    "trailing byte": (Scheme.ECDSA, bitmap(0b11111) + SIGNATURES + b"\0", "321 bytes"),
    "missing byte": (Scheme.ECDSA, bitmap(0b11111) + SIGNATURES[:-1], "319 bytes"),
    "signatures swapped": (Scheme.ECDSA, bitmap(0b11111) + SWAPPED, "member 0"),
    "another member's bit": (Scheme.ECDSA, bitmap(0b101111) + SIGNATURES, "member 5"),
    "high s": (Scheme.ECDSA, bitmap(0b11111) + HIGH_S, "half the group order"),
    "aggregate of others": (Scheme.BLS, bitmap(0b111110) + AGGREGATE, "does not verify"),
    "aggregate of fewer": (Scheme.BLS, bitmap(0b111111) + AGGREGATE, "does not verify"),
    "aggregate below quorum": (Scheme.BLS, bitmap(0b1111) + AGGREGATE, "4 signers"),
    "aggregate of infinity": (Scheme.BLS, bitmap(0b11111) + bytes(128), "infinity"),
    "aggregate too long": (Scheme.BLS, bitmap(0b11111) + AGGREGATE + b"\0", "129"),
    "aggregate off the curve": (Scheme.BLS, bitmap(0b11111) + AGGREGATE[:-1] + b"\1", "not a point"),
    "the other scheme's bytes": (Scheme.BLS, bitmap(0b11111) + SIGNATURES, "320"),
}


@pytest.mark.parametrize(("scheme", "proof", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_bad_proofs_are_refused(scheme: Scheme, proof: bytes, why: str) -> None:
    """Each is VerificationFailed, and the message says why."""
    with pytest.raises(VerificationFailed, match=why):
        proofs.check_proof(scheme, EPOCH, ROOT, proof)


@pytest.mark.parametrize("scheme", Scheme)
def test_a_proof_is_bound_to_root_and_epoch(scheme: Scheme) -> None:
    """P3: another root, chain, router, committee or epoch number refuses it."""
    proof = proofs.build_proof(scheme, EPOCH, VOTES)
    with pytest.raises(VerificationFailed):
        proofs.check_proof(scheme, EPOCH, Root(keccak256(b"other")), proof)
    other = Address(b"x" * 20)
    for identity in (
        (2, EPOCH.router, EPOCH.committee, 3),
        (1, other, EPOCH.committee, 3),
        (1, EPOCH.router, other, 3),
    ):
        epoch = Epoch(*identity, EPOCH.profile_id, 4, EPOCH.members, EPOCH.verifiers)
        with pytest.raises(VerificationFailed):
            proofs.check_proof(scheme, epoch, ROOT, proof)
    later = Epoch(1, EPOCH.router, EPOCH.committee, 4, EPOCH.profile_id, 4, EPOCH.members, EPOCH.verifiers)
    with pytest.raises(VerificationFailed):
        proofs.check_proof(scheme, later, ROOT, proof)


def test_votes_are_checked_for_every_scheme_the_epoch_needs() -> None:
    """Rule 3: with a BLS verifier both signatures count, without one the BLS field is ignored."""
    proofs.check_vote(EPOCH, ROOT, VOTES[2])
    with pytest.raises(BadSignature, match=r"member 2: .*ECDSA") as caught:
        proofs.check_vote(EPOCH, ROOT, Vote(2, VOTES[3].ecdsa, VOTES[2].bls))
    assert caught.value.member == 2
    for signature in (b"", VOTES[3].bls, b"\xc0" + bytes(47)):
        with pytest.raises(BadSignature, match=r"member 2: .*BLS"):
            proofs.check_vote(EPOCH, ROOT, Vote(2, VOTES[2].ecdsa, signature))
        proofs.check_vote(make_epoch((Scheme.ECDSA,)), ROOT, Vote(2, VOTES[2].ecdsa, signature))
    with pytest.raises(NotAMember):
        proofs.check_vote(EPOCH, ROOT, Vote(7, VOTES[2].ecdsa, VOTES[2].bls))


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(0, N - 1)))
def test_bisection_finds_exactly_the_bad_votes(bad: set[int]) -> None:
    """Signatures over another root are named, the others are not."""
    other = Root(keccak256(b"other"))
    votes = [vote(i, other) if i in bad else VOTES[i] for i in range(N)]
    assert frozenset(bad) == proofs.bad_bls_votes(EPOCH, ROOT, votes)


def test_bisection_names_malformed_and_cancelling_votes() -> None:
    """Garbage, infinity, a stranger, and two errors that sum to nothing."""
    shift = G1Point()
    left = (G1Point.from_compressed_bytes(VOTES[0].bls) + shift).to_compressed_bytes()
    right = (G1Point.from_compressed_bytes(VOTES[1].bls) + -shift).to_compressed_bytes()
    votes = [Vote(0, b"", left), Vote(1, b"", right), VOTES[2], Vote(3, b"", b"garbage"), Vote(9, b"", VOTES[4].bls)]
    assert frozenset({0, 1, 3, 9}) == proofs.bad_bls_votes(EPOCH, ROOT, votes)
    assert frozenset() == proofs.bad_bls_votes(EPOCH, ROOT, [])
