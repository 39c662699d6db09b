"""Members that vote for two outcomes of one run are found while votes are counted, and nobody else is."""

from dataclasses import replace

import pytest
from protocol_scenarios import one_slot, prices, simulate, vote
from recorded_votes import TwoFaced, play

from executor.crypto.digests import Digest, keccak256, make_report, request_id, transcript_hash
from executor.crypto.secp256k1 import address_of
from executor.model.ids import TranscriptHash
from executor.model.outcome import Returned
from executor.model.view import View
from executor.protocol.conflicts import MAX_BALLOTS, Ballot, Ballots
from executor.protocol.evidence import is_evidence
from executor.protocol.lifecycle import restore_life
from executor.protocol.messages import VoteMessage
from executor.protocol.record import decode_record
from executor.testing.simulated_committee import FUNCTION_ID, make_epoch, make_request, private_key

EPOCH = make_epoch()
REQUEST = request_id(make_request())


def report(output, *, nonce=0, transcript=b"", round=0):
    hashed = transcript_hash(()) if not transcript else TranscriptHash(keccak256(transcript))
    return make_report(request_id(make_request(nonce)), FUNCTION_ID, hashed, Returned(output, 1), View(round, 0))


def ballot(member, chosen, *others):
    together = (chosen, *others)
    return Ballot(chosen, together, vote(EPOCH, member, *together).ecdsa)


def proven(member, found):
    return is_evidence(EPOCH.identity, address_of(private_key(member)), *found)


@pytest.mark.parametrize("others", [0, 1, 4])
def test_a_vote_alone_and_another_in_a_batch_are_evidence(others):
    """The path leads from the report to the signed root."""
    ballots, beside = Ballots(), [report(b"%d" % nonce, nonce=nonce) for nonce in range(1, others + 1)]
    assert ballots.hear(1, ballot(1, report(b"x"))) is None
    found = ballots.hear(1, ballot(1, report(b"y", round=3), *beside))
    assert proven(1, found)
    assert ballots.hear(1, ballot(1, report(b"z"))) is None, "told once a request"


def test_honest_votes_are_no_evidence():
    """The same outcome in other rounds and batches, and outcomes of other transcripts."""
    ballots = Ballots()
    for chosen in (report(b"x"), report(b"x", round=7), report(b"y", transcript=b"t"), report(b"x", round=8)):
        assert ballots.hear(1, ballot(1, chosen, report(b"other", nonce=1))) is None
    assert ballots.hear(2, ballot(2, report(b"another member's bug"))) is None
    assert len(ballots.kept[1]) == 2


def test_a_flood_of_votes_is_bounded_and_its_own():
    """A member that signs over a thousand transcripts pushes out its own votes only."""
    ballots = Ballots()
    ballots.hear(2, ballot(2, report(b"x")))
    for number in range(1000):
        ballots.hear(
            1, Ballot(replace(report(b"x"), transcript_hash=TranscriptHash(Digest(number.to_bytes(32)))), (), b"")
        )
    assert len(ballots.kept[1]) == MAX_BALLOTS
    assert proven(2, ballots.hear(2, ballot(2, report(b"y"))))


def test_a_vote_that_conflicts_with_a_kept_attestation_is_evidence():
    """Also after a restart: the journal's attestation holds votes, and a late one beside it is compared with them."""
    simulation, (key,) = simulate(one_slot, seed=1)
    node = next(node for node in simulation.nodes if node.journal[key])
    life = restore_life(node.member._subject(key, FUNCTION_ID), decode_record(node.journal[key]))
    attested = life.attestation.attestation.reports[0]
    lie = replace(attested, output_hash=keccak256(b"lie"))
    for kept in life.attestation.votes:
        assert proven(kept.member, life.ballots.hear(kept.member, ballot(kept.member, lie)))


@pytest.mark.parametrize("when", ["before", "after"])
def test_every_counting_member_finds_a_second_vote(when):
    """Before the attestation at the leader; after it as a late vote, wherever it comes in."""
    simulation, (key,) = simulate(one_slot, prices, tamper=Twice(2) if when == "before" else None, dead=(3,))
    if when == "after":
        for node in simulation.nodes[:2]:
            node.member.restore(key, node.journal[key], simulation.now)
            honest = node.attested[key].report
            lie = replace(honest, output_hash=keccak256(b"lie"))
            effects = node.member.received(2, VoteMessage(lie, vote(EPOCH, 2, lie)), simulation.now)
            node.accused += [effect for effect in effects if type(effect).__name__ == "Equivocated"]
    found = [(node.index, item) for node in simulation.nodes for item in node.accused]
    assert found
    for _, item in found:
        assert (item.member, item.request_id) == (2, key)
        assert proven(2, (item.first, item.second))


class Twice(TwoFaced):
    """Always votes twice."""

    def __init__(self, index):
        super().__init__(EPOCH, index, 0)
        self.rng.random = lambda: 1.0


def test_on_any_network_only_the_liar_is_accused():
    """What members find among honest and two-faced ones, with restarts, batches and bugs, is evidence against liars."""
    found = 0
    for seed in range(12):
        simulation, liar = play(seed, two_faced=seed % 3 != 0)
        for item in [item for node in simulation.nodes for item in node.accused]:
            assert (seed % 3 != 0, item.member) == (True, liar.index)
            assert proven(liar.index, (item.first, item.second))
            found += 1
    assert found > 0
