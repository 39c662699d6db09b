"""BLS votes are checked together once the quorum is there: a bad one costs its sender, and nobody else."""

from dataclasses import replace

import pytest
from protocol_scenarios import faults, notes, simulate, two_slots
from py_arkworks_bls12381 import G1Point, Scalar

from executor.crypto import bls
from executor.crypto.digests import attestation_digest, make_report, report_leaf, request_id, transcript_hash
from executor.crypto.proofs import bad_bls_votes, build_proof, check_vote
from executor.errors import BadSignature
from executor.model.ids import Root
from executor.model.outcome import Returned
from executor.model.report import Attestation, Scheme, Vote
from executor.model.view import NO_VIEW
from executor.protocol.attesting import Count, check_vote_on_arrival, good_votes, winner
from executor.protocol.delivering import root_of
from executor.protocol.desk import Desk
from executor.protocol.effects import Attested
from executor.protocol.member import Member
from executor.protocol.messages import AttestationMessage, Evidence
from executor.protocol.settings import Settings
from executor.testing.fast_signatures import CURVES, FastSignatures
from executor.testing.simulated_committee import FUNCTION_ID, START_S, bls_key, make_epoch, make_request, private_key

BOTH = (Scheme.BLS, Scheme.ECDSA)
REPORT = make_report(request_id(make_request()), FUNCTION_ID, transcript_hash(()), Returned(b"x", 1), NO_VIEW)
ROOT = Root(report_leaf(REPORT))


class Committee:
    """n members' votes for one report, counted at one desk."""

    def __init__(self, n, suite):
        self.epoch = make_epoch(n, schemes=BOTH, suite=suite)
        self.suite, self.desk, self.count = suite, Desk(self.epoch, 0, Settings(), suite), Count()

    def vote(self, member):
        digest = attestation_digest(self.epoch.identity, ROOT)
        return Vote(member, self.suite.sign(private_key(member), digest), self.suite.bls_sign(bls_key(member), digest))

    def bad(self, member):
        """A good ECDSA signature beside another member's BLS signature."""
        return replace(self.vote(member), bls=self.vote((member + 1) % self.epoch.n).bls)

    def count_all(self, *votes):
        for vote in votes:
            checked = check_vote_on_arrival(self.desk, ROOT, vote)
            self.count.add(REPORT, vote, checked=checked)

    def blamed(self):
        return [effect.details["member"] for effect in self.desk.take()]


class Counting(FastSignatures):
    """Counts how often signatures were checked by an equation."""

    equations = 0

    def all_signed(self, public_keys, digest, signatures):
        self.equations += 1
        return super().all_signed(public_keys, digest, signatures)


def test_a_quorum_of_good_votes_takes_one_equation():
    """Nothing is checked before the quorum, everything at once then."""
    committee = Committee(31, suite := Counting())
    committee.count_all(*map(committee.vote, range(20)))
    assert winner(committee.desk, committee.count) is None
    assert suite.equations == 0
    committee.count_all(committee.vote(20))
    assert winner(committee.desk, committee.count) == REPORT
    assert len(good_votes(committee.desk, committee.count, REPORT)) == 21
    assert suite.equations == 1


def test_bad_votes_are_blamed_and_the_quorum_of_good_ones_wins():
    """All f of them first: they are found at the quorum, the others' votes stay, and no vote has to be sent again."""
    committee = Committee(7, CURVES)
    committee.count_all(committee.bad(5), committee.bad(6), *map(committee.vote, range(3)))
    assert winner(committee.desk, committee.count) is None
    assert committee.blamed() == [5, 6]
    committee.count_all(committee.vote(3), committee.vote(4))
    assert winner(committee.desk, committee.count) == REPORT
    assert [vote.member for vote in committee.count.of(REPORT)] == [0, 1, 2, 3, 4]
    assert committee.blamed() == []


def test_who_was_caught_is_checked_on_arrival():
    """Each member makes the others search once at most; its good vote still counts."""
    committee = Committee(31, suite := Counting())
    committee.count_all(committee.bad(30), *map(committee.vote, range(20)))
    assert winner(committee.desk, committee.count) is None
    searched = suite.equations
    assert searched <= 12  # a path down a tree of 21 votes, and what lies beside it
    with pytest.raises(BadSignature) as refused:
        committee.count_all(committee.bad(30))
    assert refused.value.member == 30
    assert suite.equations == searched + 1
    committee.count_all(committee.vote(30))
    assert winner(committee.desk, committee.count) == REPORT


def test_wrong_signatures_that_make_up_for_each_other_are_no_votes():
    """Their plain sum verifies; kept in a receipt, each would be shown as its member's vote, and it is none."""
    committee = Committee(4, CURVES)
    first, second = committee.vote(1), committee.vote(2)
    shift = G1Point() * Scalar(7)
    raised = (G1Point.from_compressed_bytes(first.bls) + shift).to_compressed_bytes()
    lowered = (G1Point.from_compressed_bytes(second.bls) - shift).to_compressed_bytes()
    assert bls.aggregate([first.bls, second.bls]) == bls.aggregate([raised, lowered])
    cancelling = [replace(first, bls=raised), replace(second, bls=lowered)]
    committee.count_all(committee.vote(0), *cancelling)
    assert winner(committee.desk, committee.count) is None
    assert committee.blamed() == [1, 2]
    assert frozenset({1, 2}) == bad_bls_votes(committee.epoch, ROOT, [committee.vote(0), *cancelling])


def test_what_is_no_signature_is_refused_on_arrival():
    """No point of the curve, or none at all: told at once, as is a bad ECDSA signature."""
    committee = Committee(4, CURVES)
    for signature in (b"", bytes(48), committee.vote(1).bls[:-1]):
        with pytest.raises(BadSignature):
            committee.count_all(replace(committee.vote(1), bls=signature))
    with pytest.raises(BadSignature):
        committee.count_all(replace(committee.vote(1), ecdsa=committee.vote(2).ecdsa))
    assert committee.count == Count()


@pytest.mark.parametrize("requests", [1, 3])
def test_a_committee_beside_a_member_with_bad_bls_votes(requests):
    """Single reports and batches: attested in the first round, receipts hold good votes only, the liar is named."""
    suite = FastSignatures()

    def tamper(sender, _recipient, message):
        if sender != 2 or message.type not in ("vote", "batch-vote"):
            return [message]
        return [replace(message, vote=replace(message.vote, bls=b"\x01" * 48))]

    options = {"suite": suite, "schemes": BOTH, "tamper": tamper, "requests": requests}
    simulation, keys = simulate(two_slots, leader=0, **options)
    assert simulation.now - simulation.delivered[keys[0]] < 4
    for key in keys:
        for node in simulation.nodes:
            attested = node.attested[key]
            for vote in attested.votes:
                check_vote(simulation.epoch, root_of(attested.attestation.reports), vote, suite)
    blamed = {note.details["member"] for note in notes(simulation, "fault")} | {
        fault.member for fault in faults(simulation)
    }
    assert blamed == {2}


def test_bad_votes_that_ride_with_an_attestation_cost_one_equation():
    """Whoever sends it may have swapped them, so nobody is blamed, nothing searched, and the proof stands alone."""
    committee = Committee(31, suite := Counting())
    votes = tuple(map(committee.vote, range(21)))
    proof = build_proof(Scheme.BLS, committee.epoch, votes, suite)
    swapped = tuple(replace(vote, bls=other.bls) for vote, other in zip(votes, reversed(votes), strict=True))
    attestation = Attestation(Scheme.BLS, (REPORT,), proof)
    member = Member(committee.epoch, 0, suite=suite)
    member.seen(make_request(), START_S)
    effects = member.received(5, AttestationMessage(attestation, (Evidence(b"x", None),), swapped), START_S)
    (attested,) = [effect for effect in effects if isinstance(effect, Attested)]
    assert (attested.votes, suite.equations, committee.desk.caught) == ((), 1, set())

    member = Member(committee.epoch, 1, suite=suite)
    member.seen(make_request(), START_S)
    effects = member.received(5, AttestationMessage(attestation, (Evidence(b"x", None),), votes), START_S)
    (attested,) = [effect for effect in effects if isinstance(effect, Attested)]
    assert attested.votes == votes


class Recovering(FastSignatures):
    """Counts the ECDSA signatures that were checked."""

    recovered = 0

    def recover(self, digest, signature):
        self.recovered += 1
        return super().recover(digest, signature)

    def is_signed_by(self, digest, signature, address):
        self.recovered += 1
        return super().is_signed_by(digest, signature, address)


@pytest.mark.parametrize("forged", [0, 1])
def test_a_vote_that_the_proof_showed_is_not_checked_again_and_another_one_is(forged):
    """21 signatures in the proof are 21 checks, whatever rides with it; a forged vote of one of them is dropped."""
    suite = Recovering()
    epoch = make_epoch(31, schemes=(Scheme.ECDSA,), suite=suite)
    digest = attestation_digest(epoch.identity, ROOT)
    votes = tuple(Vote(member, suite.sign(private_key(member), digest), b"") for member in range(22))
    proof = build_proof(Scheme.ECDSA, epoch, votes[:21], suite)
    told = (*votes[:5], *(replace(vote, ecdsa=votes[6].ecdsa) for vote in votes[5 : 5 + forged]), *votes[5 + forged :])
    member = Member(epoch, 0, suite=suite)
    member.seen(make_request(), START_S)
    suite.recovered = 0
    message = AttestationMessage(Attestation(Scheme.ECDSA, (REPORT,), proof), (Evidence(b"x", None),), told)
    effects = member.received(5, message, START_S)
    (attested,) = [effect for effect in effects if isinstance(effect, Attested)]
    assert attested.votes == tuple(vote for vote in votes if not forged or vote.member != 5)
    assert suite.recovered == 21 + 1 + forged  # the proof's; of the one beside it; of the forged one
