"""The stand-in for signatures keeps what the protocol relies on, and whole committees run on it."""

import pytest
from protocol_scenarios import faults, simulate, two_slots

from executor.crypto.digests import attestation_digest, keccak256
from executor.crypto.proofs import bad_bls_votes, build_proof, check_proof, check_vote
from executor.errors import BadSignature, InvalidValue, VerificationFailed
from executor.model.ids import Root
from executor.model.report import Scheme, Vote
from executor.testing.fast_signatures import CURVES, FastSignatures
from executor.testing.simulated_committee import bls_key, make_epoch, private_key

ROOT, OTHER = Root(keccak256(b"root")), Root(keccak256(b"other"))
BOTH = (Scheme.BLS, Scheme.ECDSA)


def votes(suite, epoch, root=ROOT):
    digest = attestation_digest(epoch.identity, root)
    return [
        Vote(member, suite.sign(private_key(member), digest), suite.bls_sign(bls_key(member), digest))
        for member in range(epoch.n)
    ]


@pytest.fixture(params=["curves", "fast"])
def suite(request):
    return CURVES if request.param == "curves" else FastSignatures()


def test_votes_and_proofs_verify_behind_both(suite):
    """The same calls, the same answers, whichever stands behind the interface."""
    epoch = make_epoch(schemes=BOTH, suite=suite)
    good = votes(suite, epoch)
    for vote in good:
        check_vote(epoch, ROOT, vote, suite)
        with pytest.raises(BadSignature):
            check_vote(epoch, OTHER, vote, suite)
    for scheme in BOTH:
        proof = build_proof(scheme, epoch, good[:3], suite)
        assert frozenset({0, 1, 2}) == check_proof(scheme, epoch, ROOT, proof, suite)
        with pytest.raises(VerificationFailed):
            check_proof(scheme, epoch, OTHER, proof, suite)


def test_nobody_signs_for_another_behind_both(suite):
    """A member's vote under another member's name is the only one found bad, whichever scheme is forged."""
    epoch = make_epoch(schemes=BOTH, suite=suite)
    good = votes(suite, epoch)
    forged = [*good[:2], Vote(2, good[2].ecdsa, good[1].bls), good[3]]
    assert frozenset({2}) == bad_bls_votes(epoch, ROOT, forged, suite)
    with pytest.raises(BadSignature):
        check_vote(epoch, ROOT, Vote(2, good[1].ecdsa, good[2].bls), suite)
    with pytest.raises(VerificationFailed):
        check_proof(Scheme.BLS, epoch, ROOT, build_proof(Scheme.BLS, epoch, forged[:3], suite), suite)


def test_what_is_no_signature_verifies_nowhere_behind_both(suite):
    """Wrong lengths and zeros are bad votes and make no aggregate."""
    epoch = make_epoch(schemes=BOTH, suite=suite)
    good = votes(suite, epoch)
    for bad in (b"", bytes(48), bytes(47), good[1].bls + b"\x00"):
        assert frozenset({1}) == bad_bls_votes(epoch, ROOT, [good[0], Vote(1, good[1].ecdsa, bad)], suite)
        with pytest.raises(InvalidValue):
            suite.aggregate([good[0].bls, bad])
    assert not suite.is_signed_by(ROOT, good[0].ecdsa[:-1], epoch.members[0].signer)


def test_a_stand_in_knows_only_its_own_keys():
    """Keys that a stand-in was never asked for sign nothing it accepts."""
    epoch = make_epoch(schemes=BOTH, suite=FastSignatures())
    signed = votes(FastSignatures(), epoch)[0]
    with pytest.raises(BadSignature):
        check_vote(epoch, ROOT, signed, FastSignatures())


def test_a_committee_runs_on_the_stand_in():
    """The whole protocol without a curve: it ends in the same outcome as with them."""
    ran = {}
    for suite in (CURVES, FastSignatures()):
        simulation, (key,) = simulate(two_slots, suite=suite, schemes=BOTH)
        assert faults(simulation) == []
        ran[suite] = simulation.outcomes(key)
    first, second = ran.values()
    assert first == second
