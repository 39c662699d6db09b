"""A member that leads: when it proposes, what it collects, and what it refuses (P4)."""

from dataclasses import replace

import pytest
from protocol_bench import EMPTY, EPOCH, FIRST, RAW, REQUEST, ROUND, Bench, sent, status
from protocol_scenarios import IDENTICAL, MEDIAN, certificate, prepare, signed, value, vote

from executor.crypto.digests import make_report, transcript_hash
from executor.errors import BadSignature, RuleBroken
from executor.model.observation import Observation
from executor.model.outcome import Awaiting, Returned
from executor.model.view import NO_VIEW, View
from executor.protocol.delivering import root_of
from executor.protocol.effects import ALL, Note
from executor.protocol.messages import (
    BatchVote,
    PendingObservation,
    PrepareMessage,
    Proposal,
    ReportVote,
    Status,
    VoteMessage,
)
from executor.testing.simulated_committee import FUNCTION_ID


def leader():
    bench = Bench(0)
    bench.run(bench.member.observed(REQUEST, EMPTY, 0, value(b"100"), bench.now))
    return bench


def test_a_leader_proposes_at_once_when_everybody_was_heard():
    """Three values of four members that all reported."""
    bench = leader()
    assert sent(bench.receive(1, status(1, value(b"101"))), "proposal") == []
    assert sent(bench.receive(2, status(2))) == []
    (proposed,) = sent(bench.receive(3, status(3, value(b"103"))), "proposal")
    assert proposed.recipient == ALL
    assert proposed.message.transcript[0].value == b"101"


def test_a_leader_waits_only_so_long_for_the_rest():
    """The deadline is the collect delay after the quorum was heard."""
    bench = leader()
    bench.receive(1, status(1, value(b"101")))
    bench.receive(2, status(2, value(b"102")))
    assert bench.member.deadline() == pytest.approx(bench.now + 0.4)
    assert sent(bench.next_round(), "proposal")


def test_a_leader_completes_a_certificate_with_a_quorum_of_prepares():
    """Its own included; repeated Prepares count once."""
    bench = leader()
    for member in (1, 2, 3):
        bench.receive(member, status(member, value(b"10%d" % member)))
    transcript = sent(bench.log, "proposal")[0].message.transcript
    first = PrepareMessage(REQUEST, prepare(EPOCH, REQUEST, 1, transcript, View(ROUND, 1)))
    assert sent(bench.receive(1, first)) == []
    assert sent(bench.receive(1, first)) == []
    second = PrepareMessage(REQUEST, prepare(EPOCH, REQUEST, 3, transcript, View(ROUND, 1)))
    (certified,) = sent(bench.receive(3, second), "certificate")
    assert [item.member for item in certified.message.certificate.prepares] == [0, 1, 3]


def test_a_leader_proposes_the_highest_lock_it_heard_of_again():
    """In its own view, showing the certificate."""
    lock = certificate(EPOCH, REQUEST, (FIRST,), ROUND - 1)
    bench = leader()
    bench.receive(1, status(1, value(b"101")))
    bench.receive(2, status(2, lock=lock))
    (proposed,) = sent(bench.receive(3, status(3, value(b"103"))), "proposal")
    assert proposed.message == Proposal(REQUEST, View(ROUND, 1), (FIRST,), lock)


REPORT = make_report(REQUEST, FUNCTION_ID, EMPTY, Returned(b"x", 1), NO_VIEW)


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (status(2, value(b"1")), RuleBroken),
        (status(1, value(b"cheap")), RuleBroken),
        (replace(status(1), lock=replace(certificate(EPOCH, REQUEST, (FIRST,), 5), prepares=())), RuleBroken),
        (status(1, votes=(ReportVote(REPORT, vote(EPOCH, 2, REPORT)),)), RuleBroken),
        (status(1, votes=(ReportVote(REPORT, replace(vote(EPOCH, 2, REPORT), member=1)),)), BadSignature),
        (replace(status(1), observations=status(1, value(b"1")).observations * 5), RuleBroken),
        (VoteMessage(REPORT, vote(EPOCH, 2, REPORT)), RuleBroken),
        (VoteMessage(REPORT, replace(vote(EPOCH, 1, REPORT), ecdsa=b"")), BadSignature),
        (VoteMessage(replace(REPORT, function_id=type(FUNCTION_ID)(bytes(32))), vote(EPOCH, 1, REPORT)), RuleBroken),
        (PrepareMessage(REQUEST, prepare(EPOCH, REQUEST, 2, (FIRST,), View(ROUND, 1))), RuleBroken),
        (BatchVote(root_of([REPORT]), vote(EPOCH, 2, REPORT)), RuleBroken),
    ],
)
def test_a_leader_refuses_wrong_messages_and_goes_on(message, error):
    """P4: in another's name, unfit values, unproven locks, bad signatures; the right ones still count afterwards."""
    bench = leader()
    with pytest.raises(error) as refused:
        bench.receive(1, message)
    assert refused.value.member == 1
    for member in (1, 2, 3):
        effects = bench.receive(member, status(member, value(b"10%d" % member)))
    assert sent(effects, "proposal")


def test_an_observation_read_before_execution_is_checked_after_it():
    """A slow leader learns the spec late; a bad signature is then noted against its sender, a good one counts."""
    bench = Bench(0, seen=False)
    bench.member.seen(RAW, bench.now)
    forged = status(1, value(b"1"))
    (item,) = forged.observations
    forged = replace(forged, observations=(replace(item, signed=replace(item.signed, signature=bytes(64))),))
    bench.member.received(1, forged, bench.now)
    for member in (2, 3):
        bench.member.received(member, status(member, value(b"10%d" % member)), bench.now)
    effects = bench.run(bench.member.executed(REQUEST, EMPTY, Awaiting(0, MEDIAN), bench.now))
    (note,) = [effect for effect in effects if isinstance(effect, Note)]
    assert (note.kind, note.details["member"], note.details["error"]) == ("fault", 1, "BadSignature")
    assert sent(bench.run(bench.member.observed(REQUEST, EMPTY, 0, value(b"100"), bench.now)), "proposal")


def test_a_prepare_with_a_bad_signature_completes_nothing():
    """The certificate would be refused by everybody."""
    bench = leader()
    for member in (1, 2, 3):
        bench.receive(member, status(member, value(b"10%d" % member)))
    transcript = sent(bench.log, "proposal")[0].message.transcript
    good = {member: prepare(EPOCH, REQUEST, member, transcript, View(ROUND, 1)) for member in (1, 2)}
    with pytest.raises(BadSignature):
        bench.receive(1, PrepareMessage(REQUEST, replace(good[1], signature=bytes(64))))
    assert sent(bench.receive(2, PrepareMessage(REQUEST, good[2]))) == []
    assert sent(bench.receive(1, PrepareMessage(REQUEST, good[1])), "certificate")


def test_a_transcript_is_not_extended_before_a_quorum_stands_at_it():
    """Two errors over it would make an entry, but only two members hold the transcript: it is proposed itself."""
    lock = certificate(EPOCH, REQUEST, (FIRST,), ROUND - 1)
    failed, so_far = Observation.error("timeout"), transcript_hash((FIRST,))

    def standing(member):
        item = PendingObservation(so_far, 1, signed(EPOCH, REQUEST, member, (FIRST,), 1, IDENTICAL, failed))
        return Status(REQUEST, ROUND, lock, (item,), ())

    bench = leader()
    bench.receive(1, standing(1))
    bench.receive(2, standing(2))
    (proposed,) = sent(bench.receive(3, status(3)), "proposal")
    assert proposed.message.transcript == (FIRST,)
