"""Draws at members: asked for in time, agreed by verification alone, in no view, kept with the attestation."""

import pytest
from protocol_scenarios import IDENTICAL, MEDIAN, simulate, value

from executor.crypto.digests import make_report, request_id, transcript_hash
from executor.errors import InvalidSpec, RuleBroken
from executor.model.draw import DrandDraw, encode_draw, parse_draw
from executor.model.observation import Kind
from executor.model.outcome import Awaiting, Returned
from executor.model.transcript import Entry, observed
from executor.model.view import NO_VIEW, Certificate, View
from executor.protocol.checks import Subject, check_certificate, consent_of
from executor.protocol.draws import check_draw, completed, verified
from executor.protocol.effects import Attested, Execute, Obtain, Sign
from executor.protocol.member import Member
from executor.protocol.messages import AttestationMessage, Evidence, Proposal
from executor.protocol.record import decode_record, empty_record
from executor.testing.fast_signatures import CURVES, ROUNDS_KEY
from executor.testing.simulated_committee import FUNCTION_ID, START_S, make_epoch, make_request

WAIT_S = 6
RAW = make_request()
REQUEST = request_id(RAW)


def spec(ordinal=0, published_at=int(START_S) + WAIT_S):
    return encode_draw(DrandDraw(ordinal, bytes(32), ROUNDS_KEY, 77, published_at))


def proof(round=77):
    return CURVES.round_signature(ROUNDS_KEY, round)


def drawn(ordinal=0, **when):
    return Entry(spec(ordinal, **when), Kind.DRAW, proof())


def two_draws(transcript):
    """Nothing observed, two draws, the second's proof returned."""
    if len(transcript) < 2:
        return Awaiting(len(transcript), spec(len(transcript)))
    return Returned(transcript[1].spec, 9)


def price_and_draw(transcript):
    """A price, then a draw."""
    if not transcript:
        return Awaiting(0, MEDIAN)
    if len(transcript) == 1:
        return Awaiting(1, spec())
    return Returned(transcript[0].value + b"|" + transcript[1].value, 12)


@pytest.mark.parametrize(("run", "slots", "draws"), [(two_draws, 0, 2), (price_and_draw, 1, 1)])
def test_draws_are_in_the_transcript_and_in_no_view(run, slots, draws):
    """Every member ends with the same observations and draws; `slots` and the certificate count the former."""
    simulation, (key,) = simulate(run)
    for node in simulation.nodes:
        attested = node.attested[key]
        assert (attested.report.slots, len(attested.transcript)) == (slots, slots + draws)
        assert [entry.kind for entry in attested.transcript[slots:]] == [Kind.DRAW] * draws
        assert attested.report.transcript_hash == transcript_hash(attested.transcript)
        assert all(entry.value == proof() for entry in attested.transcript[slots:])
        if slots == 0:
            assert (attested.certificate, attested.report.round) == (None, NO_VIEW.round)
        else:
            assert attested.certificate.transcript == observed(attested.transcript)
    assert simulation.now - START_S > WAIT_S  # nobody had it before it was published
    assert {note.kind for node in simulation.nodes for note in node.notes} <= {"agreed", "silent", "observed-late"}


def test_a_round_is_not_asked_for_before_its_time():
    """By the member's own clock; `deadline` asks for the moment itself."""
    member = Member(make_epoch(), 1)
    effects = member.seen(RAW, START_S + 0.5)
    effects += member.executed(REQUEST, transcript_hash(()), two_draws(()), START_S + 0.5)
    assert [effect for effect in effects if isinstance(effect, Obtain)] == []
    now = START_S + 0.5
    while not (asked := [effect for effect in effects if isinstance(effect, Obtain)]):
        now = member.deadline()
        assert now <= START_S + WAIT_S
        effects = member.tick(now)
    assert now == START_S + WAIT_S
    assert asked == [Obtain(REQUEST, parse_draw(spec()))]


def test_a_wrong_proof_changes_nothing_and_is_asked_for_again():
    """Whatever this node's own source gave: said to people, and tried again with the next round."""
    member, wrong = ready_member(), bytes(47) + b"\x01"
    effects = member.drawn(REQUEST, parse_draw(spec()), wrong, START_S + 7)
    assert [effect.kind for effect in effects] == ["no-draw"]
    again = member.tick(START_S + 8.1)
    assert [effect for effect in again if isinstance(effect, Obtain)] == [Obtain(REQUEST, parse_draw(spec()))]
    after = member.drawn(REQUEST, parse_draw(spec()), proof(), START_S + 9)
    assert after == [Execute(REQUEST, (drawn(),))]


@pytest.mark.parametrize("other", [parse_draw(spec(1)), parse_draw(spec(0, int(START_S) + 1))])
def test_a_proof_of_another_draw_is_none_of_this(other):
    """Late answers and repeated ones are ignored."""
    assert ready_member().drawn(REQUEST, other, proof(), START_S + 7) == []


def ready_member():
    """A member whose first draw is published and asked for."""
    member = Member(make_epoch(), 1)
    member.seen(RAW, START_S + 0.5)
    member.executed(REQUEST, transcript_hash(()), two_draws(()), START_S + 0.5)
    effects = member.tick(START_S + WAIT_S)
    assert Obtain(REQUEST, parse_draw(spec())) in effects
    return member


def test_members_without_relays_hold_up_nothing():
    """f members whose relays give nothing never vote; the others attest, and hand over the draws."""
    simulation, (key,) = simulate(
        two_draws, draw=lambda node, draw: None if node == 3 else CURVES.round_signature(draw.key, draw.round)
    )
    assert all(len(node.attested[key].transcript) == 2 for node in simulation.nodes)
    assert simulation.nodes[3].attested[key].transcript == simulation.nodes[0].attested[key].transcript


def test_without_draws_nothing_is_attested():
    """More than f members without relays: the request waits, and nobody makes a draw up."""
    with pytest.raises(AssertionError):
        simulate(two_draws, draw=lambda node, draw: None, limit_s=40.0)


def test_a_killed_member_draws_the_same_again():
    """Proofs are obtained again after a restart; P2 is checked by `simulate`."""
    for boundary in range(1, 14):
        simulation, (key,) = simulate(price_and_draw, crashes={1: boundary})
        assert len(simulation.nodes[0].attested[key].transcript) == 2


def test_a_request_that_waits_for_its_draw_is_not_stalled():
    """Its function says how long; people are told about what does not move only."""
    late = int(START_S) + 100

    def waiting(transcript):
        return Returned(b"x", 1) if transcript else Awaiting(0, spec(0, late))

    simulation, _ = simulate(waiting)
    assert [note.kind for node in simulation.nodes for note in node.notes if note.kind == "stalled"] == []


def test_people_see_the_draw_that_is_waited_for():
    """Round and seconds left; afterwards the draws that are there."""
    member = Member(make_epoch(), 1)
    member.seen(RAW, START_S + 0.5)
    member.executed(REQUEST, transcript_hash(()), two_draws(()), START_S + 0.5)
    view = member.describe(REQUEST)
    assert (view.awaited, view.draws) == (None, ())
    assert (view.awaited_draw.round, view.awaited_draw.waits_s) == (77, 6)
    member.tick(START_S + WAIT_S)
    member.drawn(REQUEST, parse_draw(spec()), proof(), START_S + 7)
    assert [entry.kind for entry in member.describe(REQUEST).draws] == ["draw"]


@pytest.mark.parametrize("transcript", [(drawn(),), (Entry(IDENTICAL, Kind.VALUE, b"n"), drawn())])
def test_no_certificate_covers_a_draw(transcript):
    """A leader cannot have a draw prepared: draws need no consent."""
    certificate = Certificate(View(5, len(transcript)), transcript, ())
    with pytest.raises(RuleBroken, match="over a draw"):
        consent_of(certificate)
    with pytest.raises(RuleBroken, match="over a draw"):
        check_certificate(Subject(make_epoch(), REQUEST, FUNCTION_ID), certificate)


def test_a_leader_proposes_no_draw():
    """Its proof verifies, and still it is nobody's to propose."""
    member = ready_member()
    round = make_epoch().round_at(START_S + 9)
    proposal = Proposal(REQUEST, View(round, 1), (drawn(),), None)
    with pytest.raises(RuleBroken, match="a proposal of a draw"):
        member.received(make_epoch().leader(round), proposal, START_S + 9)


def test_draws_offered_with_an_attestation_must_be_the_attested_ones():
    """The attested hash says which they are: others, too many or other kinds are left."""
    outcome = Returned(b"x", 1)
    report = make_report(REQUEST, FUNCTION_ID, transcript_hash((drawn(),)), outcome, NO_VIEW)
    assert completed(report, (), ((drawn(1),), (drawn(),))) == (drawn(),)
    assert completed(report, (), ((drawn(1),), (drawn(), drawn(1)))) is None
    assert completed(report, (), ((Entry(MEDIAN, Kind.VALUE, b"1"),),)) is None
    assert completed(report, (), ((drawn(),) * 17,)) is None


def test_a_member_that_was_down_gets_the_draws_with_the_attestation():
    """Also without any relay: the receipt is whole."""
    simulation, (key,) = simulate(price_and_draw, dead=(3,))
    message = decode_record(simulation.nodes[0].journal[key]).attestation
    member = Member(simulation.epoch, 3)
    member.seen(RAW, simulation.now)
    effects = member.received(0, message, simulation.now + 1)
    (attested,) = [effect for effect in effects if isinstance(effect, Attested)]
    assert attested.transcript == simulation.nodes[0].attested[key].transcript


def test_an_attestation_without_its_draws_is_completed_by_a_later_one():
    """Whoever passed it on may have left them out, or put others in their place."""
    simulation, (key,) = simulate(two_draws, dead=(3,))
    whole = decode_record(simulation.nodes[0].journal[key]).attestation
    member = Member(simulation.epoch, 3)
    member.seen(RAW, simulation.now)
    evidence = whole.evidence[0]
    bare = AttestationMessage(whole.attestation, (Evidence(evidence.payload, None, (drawn(7),)),), whole.votes)
    effects = member.received(1, bare, simulation.now + 1)
    assert [effect.kind for effect in effects if hasattr(effect, "kind")] == ["no-transcript"]
    effects = member.received(0, whole, simulation.now + 1)
    (attested,) = [effect for effect in effects if isinstance(effect, Attested)]
    assert len(attested.transcript) == 2


def test_records_without_draws_keep_their_bytes():
    """What was journaled before there were draws is read, and written, as it was."""
    assert b"draws" not in empty_record(REQUEST, FUNCTION_ID)
    simulation, (key,) = simulate(prices_only)
    assert b"draws" not in simulation.nodes[0].journal[key]


def prices_only(transcript):
    return Returned(transcript[0].value, 11) if transcript else Awaiting(0, MEDIAN)


def test_a_draw_is_verified_under_the_key_it_names():
    """Another round's signature, another length and no draw at all are refused."""
    assert check_draw(CURVES, spec(), proof(), None) == parse_draw(spec())
    assert not verified(CURVES, parse_draw(spec()), proof(78), None)
    for what, given in ((spec(), proof(78)), (spec(), proof()[:-1]), (spec(), b""), (MEDIAN, proof())):
        with pytest.raises(InvalidSpec):
            check_draw(CURVES, what, given, None)


def test_an_observation_of_a_draw_is_no_observation():
    """A member that claims to have observed the slot of a draw breaks a rule; this node's own is dropped."""
    member = ready_member()
    effects = member.observed(REQUEST, transcript_hash(()), 0, value(b"1"), START_S + 7)
    assert [effect for effect in effects if isinstance(effect, Sign)] == []
