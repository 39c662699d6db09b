"""A committee's draws at members: statements, releases, parts and proofs; each rule of drawing.py, broken."""

from dataclasses import replace

import pytest
from drawing_bench import (
    EMPTY,
    KEY,
    LOCKED,
    OBSERVED,
    DrawBench,
    asked_parts,
    draw,
    leaving,
    news,
    noted,
    part,
    price_and_draws,
    proof,
    release,
    run_of,
    simulate_draws,
    stated,
    statements,
    told,
    two_draws,
    votes,
)
from protocol_bench import EPOCH, REQUEST, ROUND, Bench, sent
from protocol_scenarios import MEDIAN

from executor.errors import BadSignature, InvalidValue, NotAMember, RuleBroken
from executor.model.draw import encode_draw
from executor.model.ids import RequestId
from executor.model.observation import Kind
from executor.model.outcome import Awaiting
from executor.model.transcript import observed
from executor.model.view import NO_VIEW, View
from executor.protocol.effects import ALL, Execute, Save, Sign
from executor.protocol.member import Member
from executor.protocol.messages import DrawNews, DrawStatus, Settled
from executor.protocol.record import decode_record, empty_record
from executor.protocol.releases import Stated
from executor.protocol.statements import Signatures
from executor.testing.fast_signatures import CURVES
from executor.testing.simulated_committee import FUNCTION_ID


@pytest.mark.parametrize(("run", "slots", "suite"), [(two_draws, 0, CURVES), (price_and_draws, 1, CURVES)])
def test_members_draw_together(run, slots, suite):
    """Every member ends with the same proofs, in the transcript and in no view; on the curves."""
    simulation, (key,) = simulate_draws(run, suite=suite)
    for node in simulation.nodes:
        attested = node.attested[key]
        assert [entry.kind for entry in attested.transcript[slots:]] == [Kind.DRAW] * 2
        assert [entry.value for entry in attested.transcript[slots:]] == [proof(0), proof(1)]
        assert (attested.report.slots, len(observed(attested.transcript))) == (slots, slots)
        assert node.notes == [] or {note.kind for note in node.notes} <= {"agreed", "silent", "observed-late"}
        assert node.faults == []


def test_a_member_states_what_it_would_vote_for():
    """Under its lock, in its view, once; the leader alone is told, and no part is made before a release."""
    bench = DrawBench(execute=price_and_draws)
    assert statements(bench.log) == []
    effects = bench.lock()
    assert statements(effects) == [(OBSERVED, LOCKED)]
    assert [type(each).__name__ for each in effects if isinstance(each, Save)] == ["Save"]
    assert asked_parts(bench.log) == []
    ((recipient, message),) = leaving(effects)
    assert (recipient, message) == (
        0,
        DrawStatus(REQUEST, ROUND, Settled(OBSERVED, LOCKED, stated(1, OBSERVED, LOCKED)), None, (), b""),
    )


def test_without_observations_it_is_stated_too():
    """That the request is final is q members' word, not one's own node's."""
    bench = DrawBench()
    assert statements(bench.log) == [(EMPTY, NO_VIEW)]
    assert asked_parts(bench.log) == []


def test_nothing_is_stated_while_a_slot_is_awaited():
    """Before the lock is there, and under a lock that is not the whole of it."""
    bench = DrawBench(execute=run_of(1, (MEDIAN, MEDIAN)))
    effects = bench.lock()
    assert statements(bench.log) == statements(effects) == []


def test_a_lock_in_a_later_view_is_stated_anew():
    """A statement is for one view: q of one view are a release."""
    bench = DrawBench(3, price_and_draws)
    bench.lock()
    bench.next_round()
    assert statements(bench.lock(ROUND + 1)) == [(OBSERVED, View(ROUND + 1, 1))]


def test_q_statements_are_a_release_and_go_to_all():
    """Of one transcript and view; the leader keeps it durably first."""
    bench = DrawBench(0)
    assert leaving(bench.receive(2, told(2))) == []
    effects = bench.receive(3, told(3))
    saved = next(place for place, each in enumerate(effects) if isinstance(each, Save))
    (sending,) = [place for place, each in enumerate(effects) if sent([each], "draw-news")]
    assert saved < sending
    assert effects[sending].recipient == ALL
    assert effects[sending].message == DrawNews(REQUEST, release((0, 2, 3)), ())
    assert asked_parts(effects) == [0]


def test_statements_of_different_views_are_no_release():
    """Two of one and one of another, where three are needed; a third of the first is the release."""
    bench = DrawBench(0, price_and_draws)
    later = View(ROUND + 1, 1)
    for member, view in ((1, LOCKED), (2, LOCKED), (3, later)):
        assert sent(bench.receive(member, told(member, hashed=OBSERVED, view=view)), "draw-news") == []
    (sending,) = sent(bench.receive(3, told(3, hashed=OBSERVED, view=LOCKED)), "draw-news")
    assert sending.message.release == release((1, 2, 3), OBSERVED, LOCKED)


def test_a_release_is_kept_before_the_part_is_asked_for():
    """And the part goes to the leader alone."""
    bench = DrawBench()
    effects = bench.receive(0, news(release()))
    names = [type(each).__name__ for each in effects]
    assert names.index("Save") < names.index("SignPart")
    assert leaving(effects) == [(0, DrawStatus(REQUEST, ROUND, None, None, (), part(1)))]
    saved = next(each for each in effects if isinstance(each, Save))
    assert decode_record(saved.record).release == release()


def test_t_parts_are_the_proof_and_go_to_all():
    """Its own and another's; the run goes on, and the next draw's part is made under the same release."""
    bench = DrawBench(0)
    bench.receive(2, told(2))
    bench.receive(3, told(3))
    effects = bench.receive(2, told(2, part=part(2)))
    assert leaving(effects)[0][1] == DrawNews(REQUEST, None, (proof(0),))
    assert next(effect for effect in effects if isinstance(effect, Execute)).transcript[0].value == proof(0)
    assert asked_parts(effects) == [1]


def test_any_members_proof_lets_a_member_go_on():
    """It is verified under the epoch's key; then comes the next draw, and after the last the vote."""
    bench = DrawBench()
    bench.receive(0, news(release()))
    effects = bench.receive(3, news(proofs=(proof(0),)))
    assert asked_parts(effects) == [1]
    assert leaving(effects)[-1] == (0, DrawStatus(REQUEST, ROUND, None, None, (proof(0),), part(1, 1)))
    effects = bench.receive(0, news(proofs=(proof(0), proof(1))))
    assert asked_parts(effects) == []
    assert len(votes(effects)) == 1


def test_proofs_that_come_early_are_used_in_their_turn():
    """Also before this member holds the transcript."""
    bench = DrawBench(execute=price_and_draws)
    bench.receive(0, news(release(hashed=OBSERVED, view=LOCKED), (proof(0), proof(1))))
    effects = bench.lock()
    assert statements(effects) == []
    assert asked_parts(effects) == []
    assert len(votes(effects)) == 1


def test_a_release_of_another_transcript_releases_nothing_here():
    """A member that lags keeps it for when it gets there, and gives no part."""
    bench = DrawBench()
    effects = bench.receive(0, news(release(hashed=OBSERVED, view=LOCKED)))
    assert asked_parts(effects) == []
    assert votes(effects) == []


@pytest.mark.parametrize(
    ("shown", "fault"),
    [
        pytest.param(release((0, 2)), RuleBroken, id="too few"),
        pytest.param(release((2, 0, 3)), RuleBroken, id="out of order"),
        pytest.param(release((0, 0, 3)), RuleBroken, id="one twice"),
        pytest.param(replace(release(), view=View(ROUND, 0)), BadSignature, id="of another view"),
        pytest.param(replace(release(), transcript_hash=OBSERVED), BadSignature, id="of another transcript"),
        pytest.param(
            replace(release(), statements=(*release().statements[:2], Stated(9, bytes(64)))),
            NotAMember,
            id="a stranger",
        ),
        pytest.param(replace(release(), statements=release().statements * 2), RuleBroken, id="more than members"),
        pytest.param(
            replace(release(), statements=(*release().statements[:2], Stated(3, bytes(65)))), RuleBroken, id="too long"
        ),
    ],
)
def test_a_false_release_is_refused_and_changes_nothing(shown, fault):
    """As news and in a status alike."""
    for bench, message in ((DrawBench(1), news(shown)), (DrawBench(0), told(2, shown=shown))):
        before = repr(bench.member._lives)
        with pytest.raises(fault):
            bench.receive(2, message)
        assert repr(bench.member._lives) == before


@pytest.mark.parametrize(
    "proofs",
    [(bytes(48),), (proof(1),), (proof(0), proof(0)), (part(2),), (b"",), (proof(0)[:-1],)],
    ids=["nothing", "another draw's", "one twice", "a part", "empty", "short"],
)
def test_a_false_proof_is_refused_and_changes_nothing(proofs):
    """Whoever sends it, the leader or a member to it."""
    for bench, message in ((DrawBench(1), news(proofs=proofs)), (DrawBench(0), told(2, proofs=proofs))):
        before = repr(bench.member._lives)
        with pytest.raises(BadSignature):
            bench.receive(2, message)
        assert repr(bench.member._lives) == before


def test_another_proof_than_the_one_known_is_refused():
    """There is one."""
    bench = DrawBench()
    bench.receive(0, news(release(), (proof(0),)))
    with pytest.raises(BadSignature, match="another proof"):
        bench.receive(2, news(proofs=(proof(1), proof(0))))


def test_a_false_statement_is_refused():
    """Signed by another, or over something else."""
    bench = DrawBench(0)
    for message in (
        replace(told(2), settled=Settled(EMPTY, NO_VIEW, stated(3))),
        replace(told(2), settled=Settled(EMPTY, LOCKED, stated(2))),
    ):
        with pytest.raises(BadSignature):
            bench.receive(2, message)


def test_a_bad_part_costs_its_sender_only():
    """What comes out does not verify, so each is looked at; from then on that member's are on arrival."""
    bench = DrawBench(0)
    bench.shares = False
    bench.receive(2, told(2))
    bench.receive(3, told(3))
    assert leaving(bench.receive(2, told(2, part=part(2, 1)))) == []
    effects = bench.receive(3, told(3, part=part(3)))
    assert noted(effects) == ["fault"]
    assert leaving(effects) == []
    with pytest.raises(BadSignature, match="the part of draw 0"):
        bench.receive(2, told(2, part=part(3)))
    effects = bench.receive(1, told(1, part=part(1)))
    assert leaving(effects)[0] == (ALL, DrawNews(REQUEST, None, (proof(0),)))


@pytest.mark.parametrize("bad", [bytes(48), b"\xff" * 48, b"\x01"])
def test_a_part_that_is_no_point_is_a_bad_one(bad):
    """It verifies under no key."""
    bench = DrawBench(0)
    bench.receive(2, told(2))
    bench.receive(3, told(3))
    effects = bench.receive(2, told(2, part=bad))
    assert noted(effects) == ["fault"]
    assert leaving(bench.receive(3, told(3, part=part(3))))[0] == (ALL, DrawNews(REQUEST, None, (proof(0),)))


def test_good_parts_of_a_key_that_is_not_theirs_make_nothing_and_blame_nobody():
    """A key that its shares do not make cannot be (docs/adr/0027): no draw comes of it, and no loop without end."""
    bench = DrawBench(0, key=replace(KEY, public_key=KEY.shares[0]))
    for member in (2, 3):
        bench.receive(member, told(member))
    effects = bench.receive(2, told(2, part=part(2)))
    assert (noted(effects), leaving(effects)) == ([], [])


def test_without_a_share_a_member_does_all_but_parts():
    """Up to f honest ones hold none; their draws come from the others."""
    bench = DrawBench(3, shares=False)
    effects = bench.receive(0, news(release((0, 1, 2))))
    assert leaving(effects) == []
    assert leaving(bench.next_round())[0] == (1, DrawStatus(REQUEST, ROUND + 1, None, None, (), b""))
    effects = bench.receive(2, news(proofs=(proof(0), proof(1))))
    assert len(votes(effects)) == 1


def test_before_the_epochs_key_is_made_the_request_waits():
    """It is said once; statements go, no part does, and proofs are not believed. Then it goes on at once."""
    bench = DrawBench(key=None)
    assert noted(bench.log) == ["no-draw-key"]
    assert statements(bench.log) == [(EMPTY, NO_VIEW)]
    bench.receive(0, news(release()))
    assert bench.receive(2, news(proofs=(bytes(48),))) == []
    assert asked_parts(bench.log) == []
    assert asked_parts(bench.run(bench.member.draw_key(KEY, bench.now))) == [0]


def test_an_epoch_has_one_key():
    """The same may be told again; another, or one without every member's share, is refused."""
    bench = DrawBench()
    assert bench.member.draw_key(KEY, bench.now) == []
    for other in (replace(KEY, public_key=KEY.shares[0]), replace(KEY, shares=KEY.shares[:3])):
        with pytest.raises(InvalidValue, match="one draw key"):
            bench.member.draw_key(other, bench.now)


def test_a_restarted_member_holds_its_release_and_proofs():
    """Nobody is asked for them again; the run goes on where it was."""
    bench = DrawBench()
    bench.receive(0, news(release(), (proof(0),)))
    record = [each for each in bench.log if isinstance(each, Save)][-1].record
    again = DrawBench(record=record)
    assert statements(again.log) == []
    assert asked_parts(again.log) == [1]
    assert leaving(again.log) == [(0, DrawStatus(REQUEST, ROUND, None, None, (proof(0),), part(1, 1)))]
    (shown,) = leaving(again.receive(0, news(proofs=(proof(0),), asks=True)))
    assert shown[1].release == release()


def test_each_proof_is_kept_as_it_comes():
    """And the first release is: any one of the transcript serves."""
    bench = DrawBench()
    bench.receive(0, news(release()))
    bench.receive(0, news(release((0, 1, 2)), (proof(0),)))
    kept = decode_record([each for each in bench.log if isinstance(each, Save)][-1].record)
    assert (kept.release, kept.proofs) == (release(), (proof(0),))


def test_a_statement_of_an_earlier_lock_is_told_to_nobody():
    """Its signature came late: the lock has moved on, and is stated itself."""
    bench = DrawBench(3, price_and_draws)
    effects = bench.lock()
    late = next(each.statement for each in effects if isinstance(each, Sign))
    bench.next_round()
    bench.lock(ROUND + 1)
    held = bench.member._lives[REQUEST].drawing.settled
    assert bench.member.signed(late, Signatures(stated(3, OBSERVED, LOCKED)), bench.now) == []
    assert bench.member._lives[REQUEST].drawing.settled == held


def test_a_record_without_draws_of_the_committee_has_no_word_of_them():
    """Records of before are read as they were, and written so."""
    for word in (b"release", b"proofs"):
        assert word not in empty_record(REQUEST, FUNCTION_ID)


def test_every_leader_is_told_anew():
    """The statement while there is no release; then the proofs and the part."""
    bench = DrawBench()
    assert leaving(bench.next_round()) == []  # to itself: it leads
    bench.next_round()
    bench.receive(2, news(release(), (proof(0),)))
    assert leaving(bench.next_round()) == [(3, DrawStatus(REQUEST, ROUND + 3, None, None, (proof(0),), part(1, 1)))]


def test_a_status_for_another_round_is_nobodys():
    """Members whose clocks are ahead are heard when the round begins."""
    bench = DrawBench(1)
    before = repr(bench.member._lives)
    assert bench.receive(2, told(2)) == []
    assert repr(bench.member._lives) == before
    bench.receive(2, told(2, round=ROUND + 1))
    bench.receive(3, told(3, round=ROUND + 1))
    assert (ALL, news(release((1, 2, 3)))) in leaving(bench.next_round())


def test_who_lacks_proofs_is_answered_once_a_round():
    """By the leader, of what it held when the round began; and a leader that lacks them by every member."""
    bench = DrawBench(1)
    bench.receive(0, news(release(), (proof(0),)))
    bench.next_round()
    answer = (2, news(proofs=(proof(0),)))
    assert answer in leaving(bench.receive(2, told(2, round=ROUND + 1, settled=False)))
    assert answer not in leaving(bench.receive(2, told(2, round=ROUND + 1, settled=False)))
    bench.next_round()
    assert leaving(bench.receive(2, news(release()))) == [answer]
    assert leaving(bench.receive(2, news(release()))) == []


def test_a_release_from_before_goes_to_who_still_states():
    """Alone: it is large, and most hold it. One that comes in the leader's own round goes to all."""
    bench = DrawBench(1)
    bench.receive(0, news(release()))
    assert leaving(bench.next_round()) == []
    assert leaving(bench.receive(2, told(2, round=ROUND + 1))) == [(2, news(release()))]
    assert leaving(bench.receive(2, told(2, round=ROUND + 1))) == []
    assert leaving(bench.receive(3, told(3, round=ROUND + 1, settled=False))) == []
    new = DrawBench(0)
    for member in (2, 3):
        new.receive(member, told(member))
    assert leaving(new.receive(1, told(1))) == []  # it went to all a moment ago
    late = DrawBench(1)
    late.next_round()
    assert leaving(late.receive(2, told(2, round=ROUND + 1, shown=release())))[0] == (ALL, news(release()))


def test_a_leader_without_a_release_asks_f_and_one_for_it():
    """Of those who state no more, and each once; who is asked shows it once a round, and to the leader alone."""
    bench = DrawBench(0)
    given = told(2, part=part(2))
    assert leaving(bench.receive(2, given)) == [(2, news(asks=True))]
    assert leaving(bench.receive(2, given)) == []
    assert leaving(bench.receive(1, told(1, settled=False))) == [(1, news(asks=True))]
    assert leaving(bench.receive(3, told(3, settled=False))) == []
    for _ in range(EPOCH.n):
        bench.next_round()
    assert leaving(bench.receive(3, told(3, round=ROUND + 4, settled=False))) == [(3, news(asks=True))]
    holder = DrawBench(2)
    holder.receive(0, news(release()))
    asked = news(asks=True)
    assert leaving(holder.receive(3, asked)) == []
    assert leaving(holder.receive(0, asked)) == [(0, DrawStatus(REQUEST, ROUND, None, release(), (), part(2)))]
    assert leaving(holder.receive(0, asked)) == []
    assert leaving(DrawBench(2).receive(0, asked)) == []


def test_people_see_what_a_draw_waits_for():
    """Its key; then who stated, while this member leads; then whose parts are here."""
    bench = DrawBench(0, key=None)
    assert bench.member.describe(REQUEST).awaited_draw.keyless
    bench.shares = False
    bench.run(bench.member.draw_key(KEY, bench.now))
    bench.receive(2, told(2))
    seen = bench.member.describe(REQUEST).awaited_draw
    assert (seen.keyless, seen.released, seen.stated) == (False, False, (0, 2))
    bench.receive(3, told(3))
    bench.receive(3, told(3, part=part(3)))
    seen = bench.member.describe(REQUEST).awaited_draw
    assert (seen.ordinal, seen.round, seen.released, seen.parts) == (0, None, True, (3,))


def test_who_still_draws_is_given_the_attestation():
    """By whoever holds it."""
    simulation, (key,) = simulate_draws(two_draws, suite=CURVES)
    member = Member(simulation.epoch, 1, draw_key=simulation.draw_key)
    member.restore(key, simulation.nodes[1].journal[key], simulation.now)
    leader = simulation.epoch.leader(simulation.epoch.round_at(simulation.now))
    message = told(3, round=simulation.epoch.round_at(simulation.now))
    effects = member.received(3, message, simulation.now) if leader != 3 else member.received(3, news(), simulation.now)
    assert [effect.message.type for effect in sent(effects)] == ["attestation"]


def test_a_crash_before_any_effect_changes_no_draw():
    """Every boundary of one member's draws; P2 is checked by `simulate_draws`."""
    proofs = set()
    for boundary in range(1, 26):
        simulation, (key,) = simulate_draws(price_and_draws, crashes={1: boundary})
        proofs.add(tuple(entry.value for entry in simulation.nodes[0].attested[key].transcript[1:]))
    assert len(proofs) == 1


def test_a_run_that_awaits_anothers_draw_is_the_hosts_fault():
    """The spec is the machine's own (D2): it cannot be another request's."""
    other = encode_draw(replace(draw(), request=RequestId(bytes(32))))
    with pytest.raises(InvalidValue, match="none of this request's"):
        DrawBench(execute=lambda transcript: Awaiting(0, other))


def test_a_member_of_another_function_draws_nothing():
    """The bench's usual function awaits observations: statements of others do not make it draw."""
    bench = Bench(0)
    for member in (1, 2, 3):
        bench.receive(member, told(member))
    assert asked_parts(bench.log) == statements(bench.log) == []


def test_proofs_are_told_also_by_who_never_saw_a_release():
    """A faulty leader gave one member the proofs alone: it ended its run, and states nothing more for others to use."""
    bench = DrawBench(3, price_and_draws)
    bench.lock()
    bench.receive(0, news(proofs=(proof(0), proof(1))))
    bench.next_round()
    bench.lock(ROUND + 1)
    assert [message for _, message in leaving(bench.next_round()) if isinstance(message, DrawStatus)] == [
        DrawStatus(REQUEST, ROUND + 2, None, None, (proof(0), proof(1)), b"")
    ]
