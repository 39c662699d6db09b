"""Attacks on a committee's draws, and what becomes of each; on the curves where signatures matter."""

from dataclasses import replace
from itertools import combinations

import pytest
from drawing_bench import (
    EMPTY,
    LOCKED,
    OBSERVED,
    DrawBench,
    asked_parts,
    draw,
    leaving,
    news,
    part,
    price_and_draws,
    proof,
    release,
    run_of,
    simulate_draws,
    told,
    two_draws,
    votes,
)
from protocol_bench import EPOCH, FIRST, RAW, REQUEST, ROUND, SECOND, proposal
from protocol_scenarios import entry, faults, prices, value

from executor.crypto.bls import public_key
from executor.crypto.draws import committee_digest
from executor.crypto.threshold import deal, sign_partly
from executor.errors import BadSignature, InvalidValue, RuleBroken
from executor.model.ids import FunctionId
from executor.model.request import Request
from executor.model.view import NO_VIEW, View
from executor.protocol.effects import Note
from executor.protocol.messages import DrawNews, DrawStatus
from executor.testing.fast_signatures import CURVES, ROUNDS_KEY
from executor.testing.simulated_committee import START_S, make_request
from executor.testing.simulation import Simulation
from executor.testing.simulator import Asked, Reorganisation, Scenario, Simulator, Vanishing
from executor.testing.simulator.checks import violations

SEVEN, SHARES_OF_SEVEN = CURVES.deal_draw_key(7, 3)
DIGEST = committee_digest(draw())
PARTS = {member: CURVES.sign_part(share, DIGEST) for member, share in enumerate(SHARES_OF_SEVEN)}


def drawn(simulation, key, node=0):
    """The proofs in the attested transcript."""
    return [each.value for each in simulation.nodes[node].attested[key].transcript if each.kind == 3]


# Grinding by leader rotation.


@pytest.mark.parametrize("leader", range(4))
def test_whoever_leads_the_draw_is_the_same(leader):
    """Leaders gather, and choose nothing: any statements, any parts, the same proof."""
    simulation, (key,) = simulate_draws(two_draws, leader=leader, seed=leader, suite=CURVES)
    assert drawn(simulation, key) == [proof(0), proof(1)]


@pytest.mark.parametrize("rounds", [1, 2, 5])
def test_a_draw_that_is_put_off_is_the_same(rounds):
    """Leaders that hear nobody for some rounds gain no other draw."""
    until = START_S + 1 + 4 * rounds
    simulation = Simulation(
        two_draws,
        prices,
        suite=CURVES,
        tamper=lambda sender, recipient, message: [message] if simulation.now > until else [],
    )
    key = simulation.request(RAW)
    assert simulation.finish()
    assert drawn(simulation, key) == [proof(0), proof(1)]


# Withholding to veto a draw.


def test_a_leader_that_keeps_the_draw_gains_its_round_and_no_other_draw():
    """It knows first; the next leader makes the same, and it is everybody's."""

    def keeping(sender, recipient, message):
        return [] if sender == 0 and isinstance(message, DrawNews) and message.proofs else [message]

    simulation, (key,) = simulate_draws(run_of(1), tamper=keeping, suite=CURVES)
    assert drawn(simulation, key) == [proof(0)]
    assert simulation.now > START_S + 4  # not in its round


@pytest.mark.parametrize("silent", range(4))
def test_f_members_that_give_no_parts_veto_nothing(silent):
    """Any f + 1 of the others make the proof."""

    def without(sender, recipient, message):
        return [replace(message, part=b"") if sender == silent and isinstance(message, DrawStatus) else message]

    simulation, (key,) = simulate_draws(two_draws, tamper=without, suite=CURVES)
    assert drawn(simulation, key) == [proof(0), proof(1)]


def test_so_many_that_too_few_parts_are_left_stop_a_draw_and_change_none():
    """All but f + 1 give none, one of these is down: nobody holds a proof. Once they give theirs, it is the same."""
    withheld = True

    def without(sender, recipient, message):
        is_part = isinstance(message, DrawStatus)
        return [replace(message, part=b"") if withheld and is_part else message]

    simulation = Simulation(run_of(1), prices, suite=CURVES, tamper=without)
    key = simulation.request(RAW)
    simulation.nodes[0].alive = False
    assert not simulation.finish(60.0)
    assert [node.member._lives[key].drawing.proofs for node in simulation.nodes[1:]] == [()] * 3
    withheld = False
    assert simulation.finish(60.0)
    assert drawn(simulation, key, 1) == [proof(0)]


# Asking twice.


def test_a_request_has_one_draw_however_often_it_is_asked_for():
    """After a restart, in another round, under another leader: the proof does not name them."""
    first, (key,) = simulate_draws(run_of(1), suite=CURVES)
    again, _ = simulate_draws(run_of(1), suite=CURVES, leader=2, crashes={1: 6, 3: 9}, seed=5)
    assert drawn(first, key) == drawn(again, key) == [proof(0)]


def test_two_requests_have_draws_that_say_nothing_of_each_other():
    """Nor have two draws of one request, nor two chains, nor two routers."""
    other = make_request(1)
    draws = [draw(0), draw(1), draw(0, other), replace(draw(0), chain_id=1), replace(draw(0), router=RAW.sender)]
    assert len({proof(about=each) for each in draws}) == len(draws)


# Predicting before finality.


def test_nobody_states_what_is_not_final():
    """A function that draws is begun when no reorganisation reaches its request: others ask for less, it cannot."""
    run = Simulator(Scenario(requests=(Asked("lottery"), Asked("price"))))
    assert run.run()
    assert violations(run, finished=True) == []
    lottery, price = sorted(run.delivered.values(), reverse=True)
    assert price - run.start_s < 4
    assert lottery - run.start_s > 6  # three blocks of two seconds stand on it


def test_f_members_learn_nothing_before_q_said_that_it_is_settled():
    """All they can do early is give their own parts, and those of f are too few."""
    bench = DrawBench(0)
    bench.shares = False
    assert asked_parts(bench.receive(3, told(3, part=part(3)))) == []
    assert leaving(bench.receive(3, told(3, part=part(3, 1)))) == []
    assert bench.member._lives[REQUEST].drawing.proofs == ()


# Reorganisation between draw and delivery.


def test_what_was_drawn_is_not_reorganised_away():
    """Three blocks are replaced, as many as the chain replaces: the request was not begun before, and is one."""
    scenario = Scenario(requests=(Asked("raffle"),), stable_ms=8_000, reorganisations=(Reorganisation(3_500, 3),))
    run = Simulator(scenario)
    assert run.run()
    assert violations(run, finished=True) == []
    assert {len(node.journal) for node in run.nodes} == {1}


def test_a_request_that_comes_back_draws_what_it_drew():
    """A member that lost it goes on from its record, by the same release and proofs."""
    gone = Vanishing(1, 0, 8_100, 12_000)
    run = Simulator(Scenario(requests=(Asked("lottery"),), stable_ms=20_000, vanishings=(gone,), lost_deliveries=99))
    assert run.run()
    assert violations(run, finished=True) == []


def test_a_request_in_another_block_draws_something_else():
    """Its id names its block: what was known of the one says nothing of the other."""
    moved: Request = replace(RAW, block_number=RAW.block_number + 1)
    assert proof(about=draw(0, moved)) != proof(0)


# Observation after draw.


def test_no_leader_has_another_slot_prepared_once_a_draw_is_awaited():
    """Nor another value of the last one: the lock stands against it."""
    bench = DrawBench(execute=price_and_draws)
    bench.lock()
    bench.receive(0, news(release(hashed=OBSERVED, view=LOCKED), (proof(0),)))
    bench.next_round()
    bench.next_round()
    with pytest.raises(RuleBroken, match="slot 1 is not awaited"):
        bench.receive(2, proposal((FIRST, SECOND), round=ROUND + 2))
    other = entry(EPOCH, REQUEST, (), {member: value(b"999") for member in (0, 2, 3)})
    assert [each.kind for each in bench.receive(2, proposal((other,), round=ROUND + 2)) if isinstance(each, Note)] == [
        "not-prepared"
    ]


def test_who_knows_a_draw_votes_over_the_transcript_that_was_released():
    """And no other: members that had locked on something else before come to it first."""
    bench = DrawBench(execute=price_and_draws)
    bench.receive(0, news(release(hashed=OBSERVED, view=LOCKED), (proof(0), proof(1))))
    other = entry(EPOCH, REQUEST, (), {member: value(b"999") for member in (0, 2, 3)})
    effects = bench.lock(transcript=(other,))
    assert asked_parts(effects) == []
    simulation, (key,) = simulate_draws(price_and_draws, suite=CURVES)
    assert faults(simulation) == []
    assert simulation.nodes[0].attested[key].report.slots == 1


# Colluding members, with one share too few.


@pytest.mark.parametrize("members", list(combinations(range(7), 2)))
def test_one_share_too_few_makes_nothing(members):
    """Of seven, any two: what comes out verifies under no key."""
    made = CURVES.combine({member: PARTS[member] for member in members})
    assert not CURVES.is_draw(SEVEN.public_key, DIGEST, made)


def test_any_threshold_of_parts_make_the_same_signature():
    """All 35 triples of seven, and more of them: whose parts they are leaves no trace."""
    made = {
        CURVES.combine({member: PARTS[member] for member in members})
        for size in (3, 5, 7)
        for members in combinations(range(7), size)
    }
    assert len(made) == 1
    assert CURVES.is_draw(SEVEN.public_key, DIGEST, made.pop())


def test_a_part_made_up_beside_good_ones_makes_nothing():
    """Another's part under one's own name, twice the same, or a point of one's choice."""
    for third in (PARTS[1], PARTS[3], CURVES.round_signature(ROUNDS_KEY, 7)):
        made = CURVES.combine({0: PARTS[0], 1: PARTS[1], 2: third})
        assert not CURVES.is_draw(SEVEN.public_key, DIGEST, made)
    with pytest.raises(InvalidValue):
        CURVES.combine({0: PARTS[0], 1: PARTS[1], 2: bytes(48)})


# Replays from another request, chain or epoch.

ELSEWHERE = {
    "another request": {"request": type(REQUEST)(b"\x07" * 32)},
    "another function": {"function": FunctionId(b"\x07" * 32)},
    "another epoch": {"epoch": replace(EPOCH, number=EPOCH.number + 1)},
    "another chain": {"epoch": replace(EPOCH, chain_id=EPOCH.chain_id + 1)},
    "another router": {"epoch": replace(EPOCH, router=EPOCH.committee)},
    "another committee": {"epoch": replace(EPOCH, committee=EPOCH.router)},
    "another view": {"view": View(ROUND, 0)},
    "another transcript": {"hashed": OBSERVED},
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_release_from_elsewhere_releases_nothing(name):
    """Each of its signatures names request, function, epoch, chain, router, committee, transcript and view."""
    bench = DrawBench()
    there = release(**{"hashed": EMPTY, "view": NO_VIEW, **ELSEWHERE[name]})
    shown = replace(there, transcript_hash=EMPTY, view=NO_VIEW)
    with pytest.raises(BadSignature):
        bench.receive(0, news(shown))
    assert asked_parts(bench.log) == []


@pytest.mark.parametrize(
    "about",
    [
        draw(1),
        draw(0, make_request(1)),
        replace(draw(0), chain_id=1),
        replace(draw(0), router=EPOCH.committee),
    ],
    ids=["another ordinal", "another request", "another chain", "another router"],
)
def test_a_draw_from_elsewhere_is_none_here(about):
    """Proofs and parts alike; a part only costs its sender."""
    bench = DrawBench(0)
    bench.shares = False
    with pytest.raises(BadSignature):
        bench.receive(2, news(proofs=(proof(about=about),)))
    bench.receive(2, told(2))
    bench.receive(3, told(3, part=part(3, about=about)))
    effects = bench.receive(2, told(2, part=part(2)))
    assert [effect.details["member"] for effect in effects if isinstance(effect, Note)] == [3]


def test_another_epochs_key_makes_no_draw_of_this_one():
    """Shares of another dealing make a signature by another key."""
    bench = DrawBench()
    dealt = deal(bytes(32), DIGEST, 2)
    other = CURVES.combine({member: sign_partly(dealt.share(member).value, DIGEST) for member in (0, 1)})
    assert CURVES.is_draw(public_key(dealt.values[0].to_bytes(32, "big")), DIGEST, other)
    with pytest.raises(BadSignature):
        bench.receive(0, news(release(), (other,)))
    assert votes(bench.log) == []
