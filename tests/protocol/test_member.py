"""One member, message by message: what it does, in which order, and what it refuses (P4)."""

from dataclasses import replace

import pytest
from protocol_bench import (
    EMPTY,
    EPOCH,
    FIRST,
    RAW,
    REQUEST,
    ROUND,
    SECOND,
    Bench,
    attestation,
    kinds,
    proposal,
    sent,
    status,
)
from protocol_scenarios import IDENTICAL, MEDIAN, certificate, entry, value

from executor.crypto.digests import request_id
from executor.errors import BadSignature, InvalidEncoding, InvalidValue, NotAMember, RuleBroken
from executor.model.observation import Kind, Observation
from executor.model.outcome import Awaiting, Returned
from executor.model.report import Scheme
from executor.model.transcript import Entry
from executor.model.view import View
from executor.protocol.delivering import root_of
from executor.protocol.effects import Attested, Note, Observe, Save, Sign, Transmit
from executor.protocol.member import Member
from executor.protocol.messages import (
    BatchProposal,
    CertificateMessage,
    Evidence,
)
from executor.protocol.record import decode_record
from executor.protocol.statements import PrepareStatement
from executor.testing.simulated_committee import START_S, make_request

# Order.


def test_a_request_is_executed_and_its_slot_observed():
    """The leader hears of it at once; then Execute, then Observe."""
    effects = Bench().log
    assert kinds(effects) == ["Send", "Execute", "Observe"]
    assert effects[0].recipient == 0
    assert effects[2] == Observe(REQUEST, (), 0)


def test_an_observation_is_saved_before_it_is_signed_and_signed_before_it_is_sent():
    """And it is final: another value later changes nothing."""
    bench = Bench(2)
    effects = bench.run(bench.member.observed(REQUEST, EMPTY, 0, value(b"101"), bench.now))
    assert kinds(effects) == ["Save", "Sign", "Send"]
    assert decode_record(effects[0].record).observations[0].observation == value(b"101")
    assert sent(effects)[0].message.observations[0].signed.observation == value(b"101")
    assert bench.run(bench.member.observed(REQUEST, EMPTY, 0, value(b"999"), bench.now)) == []
    assert sent(bench.next_round())[0].message.observations[0].signed.observation == value(b"101")


def test_an_error_is_superseded_by_one_value_and_never_the_reverse():
    """Rule 5: it is observed again in the next round, not at once."""
    bench = Bench()
    effects = bench.run(bench.member.observed(REQUEST, EMPTY, 0, Observation.error("timeout"), bench.now))
    assert kinds(effects) == ["Save", "Sign", "Send"]
    assert Observe(REQUEST, (), 0) in bench.next_round()
    assert kinds(bench.run(bench.member.observed(REQUEST, EMPTY, 0, value(b"101"), bench.now)))[0] == "Save"
    assert bench.run(bench.member.observed(REQUEST, EMPTY, 0, Observation.error("timeout"), bench.now)) == []
    assert Observe(REQUEST, (), 0) not in bench.next_round()


def test_an_own_value_that_does_not_fit_becomes_an_error():
    """Others would refuse it; an error observation they count."""
    bench = Bench()
    effects = bench.run(bench.member.observed(REQUEST, EMPTY, 0, value(b"cheap"), bench.now))
    assert decode_record(effects[0].record).observations[0].observation == Observation.error("invalid-value")


def test_a_prepare_is_saved_signed_and_sealed_to_the_leader():
    """Nobody but the leader may see it."""
    effects = Bench().receive(0, proposal())
    assert kinds(effects) == ["Save", "Sign", "Send"]
    assert decode_record(effects[0].record).highest == View(ROUND, 1)
    assert isinstance(effects[1].statement, PrepareStatement)
    assert (effects[2].recipient, effects[2].sealed, effects[2].message.type) == (0, True, "prepare")


def test_a_repeated_proposal_gets_the_same_prepare():
    """Resending the journaled Prepare is always allowed; nothing new is signed."""
    bench = Bench()
    first = bench.receive(0, proposal())[-1]
    assert bench.receive(0, proposal()) == [first]


def test_a_certificate_is_saved_as_the_lock_and_execution_goes_on():
    """Then the next slot is observed."""
    effects = Bench().receive(0, CertificateMessage(REQUEST, certificate(EPOCH, REQUEST, (FIRST,), ROUND)))
    assert kinds(effects) == ["Save", "Execute", "Observe"]
    assert decode_record(effects[0].record).lock.view == View(ROUND, 1)
    assert effects[2].slot == 1


def test_a_complete_transcript_is_voted_on():
    """The report is saved, then signed, then sent to the leader with the certificate's view."""
    lock = certificate(EPOCH, REQUEST, (FIRST, SECOND), ROUND)
    effects = Bench().receive(0, CertificateMessage(REQUEST, lock))
    assert kinds(effects) == ["Save", "Execute", "Save", "Sign", "Send"]
    report = effects[-1].message.report
    assert (report.round, report.slots) == (ROUND, 2)
    assert effects[-1].recipient == 0


# Proposals.


@pytest.mark.parametrize("other", [1, 2, 3])
def test_a_proposal_of_another_than_the_rounds_leader_breaks_a_rule(other):
    """Only the leader of the view's round proposes in it."""
    bench = Bench(3 if other != 3 else 1)
    if other != bench.index:
        with pytest.raises(RuleBroken, match="another member leads"):
            bench.receive(other, proposal())


def test_an_early_proposal_waits_for_its_round_and_a_late_one_is_dropped():
    """Rule 2: the next leader's clock may be ahead of ours."""
    bench = Bench(2)
    assert bench.receive(1, proposal(round=ROUND + 1)) == []
    assert [item.message.type for item in sent(bench.next_round())] == ["status", "prepare"]
    assert bench.receive(0, proposal()) == []


def test_a_proposal_waits_for_execution():
    """The slot is checked against the member's own run, which may still be under way."""
    bench = Bench(seen=False)
    bench.member.seen(RAW, bench.now)
    assert bench.member.received(0, proposal(), bench.now) == []
    effects = bench.run(bench.member.executed(REQUEST, EMPTY, Awaiting(0, MEDIAN), bench.now))
    assert sent(effects, "prepare")


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (proposal((replace(FIRST, value=b"100"),)), RuleBroken),
        (proposal((replace(FIRST, observations=FIRST.observations[:2]),)), RuleBroken),
        (
            proposal((entry(EPOCH, REQUEST, (), {0: value(b"1"), 2: value(b"1"), 3: value(b"1")}, IDENTICAL),)),
            RuleBroken,
        ),
        (proposal((FIRST, SECOND)), RuleBroken),
        (proposal(()), RuleBroken),
        (replace(proposal(), view=View(ROUND, 2)), RuleBroken),
        (
            proposal((FIRST, SECOND), shown=replace(certificate(EPOCH, REQUEST, (FIRST,), ROUND - 1), prepares=())),
            RuleBroken,
        ),
    ],
)
def test_a_wrong_proposal_is_refused_and_a_right_one_still_prepared(bad, error):
    """P4: one wrong message never blocks; the refused proposal used up no view."""
    bench = Bench()
    with pytest.raises(error) as refused:
        bench.receive(0, bad)
    assert refused.value.member == 0
    assert sent(bench.receive(0, proposal()), "prepare")


def test_a_shown_certificate_covers_its_entries():
    """No observation set is needed for what q members prepared already."""
    bare = replace(FIRST, observations=())
    shown = certificate(EPOCH, REQUEST, (FIRST,), ROUND - 1)
    bench = Bench()
    assert sent(bench.receive(0, proposal((bare, SECOND), shown=shown)), "prepare")


def test_a_mixed_set_is_prepared_only_after_waiting():
    """Rule 4: f + 3 rounds by the member's own clock."""
    mixed = entry(EPOCH, REQUEST, (), {0: value(b"1"), 2: Observation.error("timeout"), 3: value(b"2")})
    bench = Bench()
    assert sent(bench.receive(0, proposal((mixed,)))) == []
    for _ in range(4):
        bench.next_round()
    assert sent(bench.receive(0, proposal((mixed,), round=ROUND + 4)), "prepare")


def test_one_prepare_a_view():
    """P2: the second transcript of the same view is refused, and people are told."""
    bench = Bench()
    other = entry(EPOCH, REQUEST, (), {0: value(b"5"), 2: value(b"5"), 3: value(b"5")})
    bench.receive(0, proposal())
    assert kinds(bench.receive(0, proposal((other,)))) == ["Note"]


# Certificates.


def test_certificates_of_another_than_the_current_leader_are_ignored():
    """Except that one of the next leader's own round is held until then."""
    message = CertificateMessage(REQUEST, certificate(EPOCH, REQUEST, (FIRST,), ROUND))
    bench = Bench()
    assert bench.receive(3, message) == []
    bench = Bench(2)
    assert bench.receive(1, CertificateMessage(REQUEST, certificate(EPOCH, REQUEST, (FIRST,), ROUND + 1))) == []
    assert any(isinstance(effect, Save) for effect in bench.next_round())


def test_a_forged_certificate_changes_nothing():
    """BadSignature names the sender; the member still locks on the real one."""
    good = certificate(EPOCH, REQUEST, (FIRST,), ROUND)
    forged = replace(good, prepares=tuple(replace(item, signature=b"\x01" * 64) for item in good.prepares))
    bench = Bench()
    with pytest.raises(BadSignature) as refused:
        bench.receive(0, CertificateMessage(REQUEST, forged))
    assert refused.value.member == 0
    assert kinds(bench.receive(0, CertificateMessage(REQUEST, good)))[0] == "Save"


# Anyone, early, late, and strangers.


@pytest.mark.parametrize("sender", [-1, 1, 4, 65535])
def test_strangers_and_echoes_change_nothing(sender):
    """P4: an index outside the epoch, or this member's own."""
    bench = Bench()
    with pytest.raises(NotAMember):
        bench.receive(sender, proposal())
    assert sent(bench.receive(0, proposal()), "prepare")


def test_messages_about_an_unseen_request_are_read_when_it_is_seen():
    """P4: an early message is no fault and not lost."""
    bench = Bench(seen=False)
    assert bench.receive(0, proposal()) == []
    assert sent(bench.seen(), "prepare")


def test_a_wrong_early_message_is_noted_when_it_is_read():
    """There is no receive to raise from any more."""
    bench = Bench(seen=False)
    bench.receive(3, proposal())
    notes = [effect for effect in bench.seen() if isinstance(effect, Note)]
    assert [(note.kind, note.details["member"]) for note in notes] == [("fault", 3)]


def test_an_attestation_is_accepted_from_anybody_and_ends_agreement():
    """P5: saved first; then everything a receipt needs; statuses are answered with it; nothing else is done."""
    bench = Bench()
    effects = bench.receive(3, attestation())
    assert kinds(effects) == ["Save", "Attested"]
    assert effects[1].transcript == (FIRST, SECOND)
    assert effects[1].certificate.view == View(ROUND, 2)
    assert [item.member for item in effects[1].votes] == [0, 2, 3]
    assert bench.receive(0, proposal()) == []
    (answer,) = bench.receive(2, status(2))
    assert (answer.recipient, answer.message.type) == (2, "attestation")
    assert bench.receive(2, status(2)) == []


def test_an_attestation_nobody_delivers_is_transmitted_in_a_later_own_round():
    """P5, and not before the patience is over."""
    bench = Bench()
    bench.receive(3, attestation())
    rounds = [any(isinstance(effect, Transmit) for effect in bench.next_round()) for _ in range(9)]
    assert rounds == [False, False, False, False, True, False, False, False, True]


GOOD = attestation()


@pytest.mark.parametrize(
    "bad",
    [
        replace(GOOD, attestation=replace(GOOD.attestation, proof=GOOD.attestation.proof[:-1] + b"\x00")),
        replace(GOOD, attestation=replace(GOOD.attestation, proof=b"")),
        replace(GOOD, attestation=replace(GOOD.attestation, scheme=Scheme.BLS)),
        replace(GOOD, attestation=replace(GOOD.attestation, reports=GOOD.attestation.reports * 2)),
        replace(GOOD, evidence=()),
        replace(GOOD, evidence=(Evidence(b"another payload", None),)),
    ],
)
def test_a_forged_attestation_is_refused(bad):
    """P1: proof, scheme, reports and payloads are checked; the real one is still accepted."""
    bench = Bench()
    with pytest.raises(RuleBroken):
        bench.receive(3, bad)
    assert kinds(bench.receive(3, GOOD)) == ["Save", "Attested"]


def test_an_attestation_that_no_verifier_accepts_is_refused():
    """It is signed well, but could never be delivered: taking it for the end would stop the request."""
    bls_only = replace(EPOCH, verifiers=(replace(EPOCH.verifiers[0], scheme=Scheme.BLS),))
    member = Member(bls_only, 1)
    member.seen(RAW, START_S)
    with pytest.raises(RuleBroken, match="no verifier"):
        member.received(3, GOOD, START_S)


def test_what_rides_with_an_attestation_is_checked_or_dropped():
    """A bad vote and a bad certificate harm nothing: without a transcript there is no receipt, and people know."""
    bench = Bench()
    votes = (replace(GOOD.votes[0], ecdsa=bytes(64)), *GOOD.votes[1:])
    lock = replace(GOOD.evidence[0].certificate, prepares=())
    effects = bench.receive(3, replace(GOOD, votes=votes, evidence=(replace(GOOD.evidence[0], certificate=lock),)))
    assert kinds(effects) == ["Save", "Note"]
    assert effects[1].kind == "no-transcript"
    effects = Bench().receive(3, replace(GOOD, votes=votes))
    assert [item.member for item in effects[1].votes] == [2, 3]


def test_an_endless_certificate_that_rides_with_an_attestation_is_not_even_hashed():
    """More entries than a slot number counts used to end the process; fewer cost seconds."""
    endless = (Entry(b"", Kind.VALUE, b""),) * 70_000
    lock = replace(GOOD.evidence[0].certificate, transcript=endless)
    message = replace(GOOD, evidence=(replace(GOOD.evidence[0], certificate=lock),))
    with pytest.raises(RuleBroken, match="70000 entries"):
        Bench().receive(3, message)


def test_a_batch_is_signed_only_over_own_standing_votes():
    """Rule 3: signing a root is voting for every leaf."""
    bench = Bench()
    lock = certificate(EPOCH, REQUEST, (FIRST, SECOND), ROUND)
    own = bench.receive(0, CertificateMessage(REQUEST, lock))[-1].message.report
    other = replace(own, request_id=request_id(make_request(1)))
    assert bench.receive(0, BatchProposal((own, other))) == []
    for wrong in ((own,), (own, own), ()):
        with pytest.raises(RuleBroken):
            bench.receive(0, BatchProposal(wrong))


def test_a_batch_with_another_report_than_its_own_is_not_even_sent_to_the_signer():
    """Two requests; the second report in the batch is not the one this member stands by."""
    bench, reports = Bench(seen=False), []
    for nonce in (0, 1):
        bench.member.seen(make_request(nonce), bench.now)
        request = request_id(make_request(nonce))
        effects = bench.run(bench.member.executed(request, EMPTY, Returned(b"%d" % nonce, 1), bench.now))
        reports.append(effects[-1].message.report)
    wrong = replace(reports[1], output_hash=reports[0].output_hash)
    assert bench.receive(0, BatchProposal((reports[0], wrong))) == []
    assert bench.receive(3, BatchProposal(tuple(reports))) == []  # not the leader
    effects = bench.receive(0, BatchProposal(tuple(reports)))
    assert kinds(effects) == ["Sign", "Send"]
    assert effects[1].message.root == root_of(reports)


def test_a_batch_that_no_transaction_holds_is_not_signed():
    """Its attestation would end agreement on each of its requests, and nobody could deliver it."""
    for count, size in ((2, 65_536), (33, 0), (2, 50_000)):
        bench, reports = Bench(seen=False), []
        for nonce in range(count):
            bench.member.seen(make_request(nonce), bench.now)
            output = bytes([nonce]) * (size + 1)
            request = request_id(make_request(nonce))
            effects = bench.run(bench.member.executed(request, EMPTY, Returned(output, 1), bench.now))
            reports.append(effects[-1].message.report)
        effects = bench.receive(0, BatchProposal(tuple(reports)))
        assert kinds(effects) == (["Sign", "Send"] if size == 50_000 else [])


def test_a_closed_request_is_forgotten():
    """Delivered or expired: late messages, late answers and a second sight do nothing; its record reopens it."""
    bench = Bench()
    record = bench.receive(0, proposal())[0].record
    bench.run(bench.member.delivered(REQUEST, bench.now))
    assert bench.receive(0, proposal()) == []
    assert bench.seen() == []
    assert bench.run(bench.member.executed(REQUEST, EMPTY, Awaiting(0, MEDIAN), bench.now)) == []
    assert bench.run(bench.member.expired(REQUEST, bench.now)) == []
    assert kinds(bench.run(bench.member.restore(REQUEST, record, bench.now)))[:2] == ["Send", "Execute"]


def test_a_restored_member_is_bound_by_its_record():
    """P2: another transcript in the view it prepared in is refused, the same one gets the same Prepare."""
    record = Bench().receive(0, proposal())[0].record
    bench = Bench(seen=False)
    bench.run(bench.member.restore(REQUEST, record, bench.now))
    other = entry(EPOCH, REQUEST, (), {0: value(b"5"), 2: value(b"5"), 3: value(b"5")})
    assert kinds(bench.receive(0, proposal((other,)))) == ["Note"]
    assert sent(bench.receive(0, proposal()), "prepare")


def test_an_attested_request_is_told_again_after_a_restart():
    """The crash may have come before the receipt was written."""
    record = Bench().receive(3, GOOD)[0].record
    bench = Bench(seen=False)
    effects = bench.run(bench.member.restore(REQUEST, record, bench.now))
    assert kinds(effects) == ["Attested"]
    assert isinstance(effects[0], Attested)


def test_a_wrong_record_stops_the_driver():
    """Garbage, or the record of another request."""
    record = Bench().receive(0, proposal())[0].record
    bench = Bench(seen=False)
    with pytest.raises(InvalidEncoding):
        bench.member.restore(REQUEST, record[:-1], bench.now)
    with pytest.raises(InvalidValue):
        bench.member.restore(request_id(make_request(1)), record, bench.now)


def test_a_signer_that_did_not_answer_is_asked_again():
    """In the next round, for the same report."""
    bench = Bench(seen=False)
    bench.member.seen(RAW, bench.now)
    effects = bench.member.executed(REQUEST, EMPTY, Returned(b"x", 1), bench.now)
    unanswered = [effect for effect in effects if isinstance(effect, Sign)]
    bench.now = bench.member.deadline()
    assert [effect for effect in bench.member.tick(bench.now) if isinstance(effect, Sign)] == unanswered


def test_time_never_goes_back():
    """A clock set back repeats no round."""
    bench = Bench()
    bench.next_round()
    assert bench.member.deadline() == START_S + 8
    bench.member.tick(START_S - 100)
    assert bench.member.deadline() == START_S + 8


def test_an_epoch_has_only_its_members():
    """The facade is for members."""
    with pytest.raises(InvalidValue):
        Member(EPOCH, 4)
