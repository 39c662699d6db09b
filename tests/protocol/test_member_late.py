"""One member, and what comes early, late, too large, or without what it should carry (P4)."""

from dataclasses import replace

import pytest
from protocol_bench import EMPTY, EPOCH, FIRST, RAW, REQUEST, ROUND, Bench, attestation, kinds, proposal, sent, status
from protocol_scenarios import MEDIAN, certificate, value

from executor.errors import RuleBroken
from executor.model.outcome import Awaiting
from executor.protocol.effects import Note
from executor.protocol.inbox import MAX_EARLY_BYTES

GOOD = attestation()


def test_the_next_leaders_early_proposal_does_not_displace_the_present_one():
    """P4: the present leader's proposal waits for execution; what comes ahead of its round waits beside it."""
    bench = Bench(2, seen=False)
    bench.member.seen(RAW, bench.now)
    bench.member.received(0, proposal(), bench.now)
    bench.member.received(1, proposal(round=ROUND + 1), bench.now)
    effects = bench.run(bench.member.executed(REQUEST, EMPTY, Awaiting(0, MEDIAN), bench.now))
    (prepared,) = sent(effects, "prepare")
    assert (prepared.recipient, prepared.message.prepare.view.round) == (0, ROUND)
    (later,) = sent(bench.next_round(), "prepare")
    assert (later.recipient, later.message.prepare.view.round) == (1, ROUND + 1)


def test_what_comes_ahead_of_its_round_is_bounded_by_sender():
    """A member whose clock is ahead, or that lies, costs so much memory; the others' early messages stay."""
    bench = Bench(1)
    entries = tuple(replace(FIRST, value=bytes(32_000)) for _ in range(32))
    large = replace(status(2, round=ROUND + 1), lock=certificate(EPOCH, REQUEST, entries, 7))
    bench.receive(3, status(3, value(b"103"), round=ROUND + 1))
    for _ in range(20):
        bench.receive(2, large)
    assert bench.member._desk.ahead.size_bytes(2) <= MAX_EARLY_BYTES
    bench.next_round()
    assert 3 in bench.member.describe(REQUEST).heard_this_round


def test_an_observation_above_the_ceiling_is_refused_before_it_is_kept():
    """Also one whose slot is not known yet, or from ahead of its round."""
    huge = value(b"x" * 32_769)
    for bench in (Bench(0), Bench(0, seen=False)):
        if not bench.log:
            bench.member.seen(RAW, bench.now)
        for round in (ROUND, ROUND + 4):
            with pytest.raises(RuleBroken, match="32769 bytes"):
                bench.receive(1, status(1, huge, round=round))


def test_a_member_that_lacks_the_attested_transcript_gets_it_from_others():
    """Whoever attested first may have left the certificate out: the receipt comes with the next who has it."""
    bench = Bench()
    bare = replace(GOOD, evidence=(replace(GOOD.evidence[0], certificate=None),))
    assert [effect.kind for effect in bench.receive(3, bare) if isinstance(effect, Note)] == ["no-transcript"]
    other = replace(GOOD.attestation.reports[0], fuel_used=1)
    assert bench.receive(2, replace(GOOD, attestation=replace(GOOD.attestation, reports=(other,)))) == []
    broken = replace(GOOD.evidence[0].certificate, prepares=())
    assert bench.receive(2, replace(GOOD, evidence=(replace(GOOD.evidence[0], certificate=broken),))) == []
    effects = bench.receive(0, GOOD)
    assert kinds(effects) == ["Save", "Attested"]
    assert effects[1].transcript == GOOD.evidence[0].certificate.transcript
    assert bench.receive(2, GOOD) == [], "once"


def test_who_lacks_the_attested_transcript_is_answered_with_it():
    """It sends its attestation to each round's leader; a leader that has more answers, once a round."""
    bench = Bench()
    bench.receive(3, GOOD)
    bare = replace(GOOD, evidence=(replace(GOOD.evidence[0], certificate=None),))
    (answer,) = sent(bench.receive(2, bare))
    assert (answer.recipient, answer.message.evidence[0].certificate) == (2, GOOD.evidence[0].certificate)
    assert bench.receive(2, bare) == []
