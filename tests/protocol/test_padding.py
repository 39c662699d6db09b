"""What nobody signs or hashes is padded by a faulty member: it is refused, or dropped, and never passed on."""

from dataclasses import replace

import pytest
from protocol_bench import EPOCH, FIRST, REQUEST, ROUND, SECOND, Bench, attestation, proposal, sent, status
from protocol_scenarios import MEDIAN, certificate, signed, value

from executor.errors import RuleBroken
from executor.model.draw import MAX_DRAWS
from executor.model.ids import TranscriptHash
from executor.model.observation import SignedObservation
from executor.model.view import NO_VIEW
from executor.protocol.messages import (
    CertificateMessage,
    DrawNews,
    DrawStatus,
    PendingObservation,
    ReportVote,
    Settled,
    VoteMessage,
    encode_message,
)
from executor.protocol.releases import Release, Stated
from executor.protocol.shape import MAX_BATCH

PADDING = bytes(4_000_000)
LOCK = certificate(EPOCH, REQUEST, (FIRST,), ROUND - 1, (0, 2, 3))
GOOD = attestation()
REPORT, VOTE = GOOD.attestation.reports[0], GOOD.votes[-1]
FUTURE = TranscriptHash(bytes(32))
SIGNED = signed(EPOCH, REQUEST, 3, (), 0, MEDIAN, value(b"103"))
JUNK = tuple(SignedObservation(member, value(bytes(32_768)), bytes(64)) for member in range(4))


def held(bench):
    """Bytes that a member would still say or remember about the request."""
    return len(repr(bench.member._lives))


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(VoteMessage(REPORT, replace(VOTE, bls=PADDING)), id="a BLS signature that no verifier asks for"),
        pytest.param(status(3, votes=(ReportVote(REPORT, replace(VOTE, bls=PADDING)),)), id="the same in a status"),
        pytest.param(
            replace(
                status(3),
                observations=(PendingObservation(TranscriptHash(bytes(32)), 0, replace(SIGNED, signature=PADDING)),),
            ),
            id="the signature of an observation that cannot be checked yet",
        ),
        pytest.param(
            status(
                3,
                lock=replace(LOCK, transcript=(replace(FIRST, observations=(replace(SIGNED, signature=PADDING),)),)),
            ),
            id="the observation set of a certified entry",
        ),
        pytest.param(
            status(3, lock=replace(LOCK, transcript=(replace(FIRST, observations=(SIGNED,) * 5),))),
            id="more observations than members",
        ),
        pytest.param(status(3, lock=replace(LOCK, prepares=LOCK.prepares * 2)), id="more Prepares than members"),
        pytest.param(
            replace(GOOD, votes=(*GOOD.votes[:-1], replace(VOTE, bls=PADDING))), id="a vote that rides with a proof"
        ),
        pytest.param(replace(GOOD, votes=GOOD.votes * 2), id="more votes than members"),
        pytest.param(
            replace(GOOD, attestation=replace(GOOD.attestation, reports=(REPORT,) * (MAX_BATCH + 1))),
            id="more reports than a batch has",
        ),
        pytest.param(DrawNews(REQUEST, None, (bytes(48),) * (MAX_DRAWS + 1)), id="more proofs than a request draws"),
        pytest.param(DrawNews(REQUEST, None, (PADDING,)), id="a draw's proof"),
        pytest.param(
            DrawNews(REQUEST, Release(FUTURE, NO_VIEW, (Stated(0, bytes(64)),) * 5), ()),
            id="more statements than members",
        ),
        pytest.param(
            DrawNews(REQUEST, Release(FUTURE, NO_VIEW, (Stated(0, PADDING),)), ()), id="the signature of a statement"
        ),
        pytest.param(
            DrawStatus(REQUEST, ROUND, Settled(FUTURE, NO_VIEW, PADDING), None, (), b""), id="the sender's statement"
        ),
        pytest.param(DrawStatus(REQUEST, ROUND, None, None, (), PADDING), id="a part of a draw"),
    ],
)
@pytest.mark.parametrize("seen", [True, False])
def test_what_is_larger_than_an_honest_member_makes_it_is_refused_whole(message, seen):
    """Also before the request is seen: what is kept early is bounded by what it may be."""
    bench = Bench(0, seen=seen)
    before = held(bench)
    with pytest.raises(RuleBroken, match="at most"):
        bench.receive(3, message)
    assert held(bench) == before
    assert bench.member._inbox.size_bytes(3) == 0


def test_an_observation_set_that_does_not_verify_is_not_kept_with_its_certificate():
    """A leader that learns of a certificate from a liar first proposes it without the liar's padding."""
    bench = Bench(0)
    padded = replace(LOCK, transcript=(replace(FIRST, observations=JUNK),))
    bench.receive(3, status(3, lock=padded))
    assert held(bench) < 20_000
    bench.receive(2, status(2, lock=LOCK))
    (proposed,) = sent(bench.receive(1, status(1)), "proposal")
    assert proposed.message.transcript == (FIRST,)
    assert len(encode_message(proposed.message)) < 20_000


def test_a_held_proposal_is_without_padding():
    """While execution is under way: what it shows is cleaned, what a certificate covers needs no set."""
    bench = Bench(2)
    bench.member._lives[REQUEST].outcomes.clear()
    shown = replace(LOCK, transcript=(replace(FIRST, observations=JUNK),))
    padded = (replace(FIRST, observations=JUNK), SECOND)
    bench.member.received(0, proposal(padded, shown=shown), bench.now)
    life = bench.member._lives[REQUEST]
    assert life.held_proposal is not None
    assert held(bench) < 30_000


def test_a_certificate_from_the_leader_is_locked_on_without_padding():
    """The lock goes into the journal and into every status."""
    bench = Bench(2)
    lock = certificate(EPOCH, REQUEST, (FIRST,), ROUND, (0, 1, 2))
    bench.receive(0, CertificateMessage(REQUEST, replace(lock, transcript=(replace(FIRST, observations=JUNK),))))
    life = bench.member._lives[REQUEST]
    assert life.lock.transcript == (FIRST,)
    assert held(bench) < 30_000


def test_good_observation_sets_are_kept_with_their_certificate():
    """Receipts show them, whoever they came from."""
    bench = Bench(0)
    bench.receive(3, status(3, lock=LOCK))
    (kept,) = bench.member._lives[REQUEST].turn.certificates.values()
    assert kept.transcript[0].observations == FIRST.observations
