"""A slice of the sweep that `make simulate` runs, and what the simulator itself promises."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from executor.errors import InvalidConfig
from executor.testing.fast_signatures import CURVES
from executor.testing.simulator import (
    FAULTS,
    Asked,
    Clock,
    Crash,
    Faulty,
    Partition,
    Reorganisation,
    Scenario,
    Sighting,
    Simulator,
    Trouble,
    Vanishing,
    Weather,
    crashing,
    duels,
    loners,
    lotteries,
    scenarios,
    simulate_scenario,
    storms,
)
from executor.testing.simulator.checks import violations
from executor.testing.simulator.drawing import DRAW_FAULTS
from executor.testing.simulator.programs import PROGRAMS
from executor.testing.simulator.scenario import TRIGGERS

SLICE = settings(
    max_examples=12,
    deadline=None,
    phases=[
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
    ],  # shrinking is for `make simulate`: a scenario is printed whole
    suppress_health_check=list(HealthCheck),
)
FULL = Scenario(
    n=7,
    requests=(Asked("three", spread=1), Asked("pure", 700), Asked("name", 40, 3)),
    faulty=(
        Faulty(2, ("hidden-locks", "slow"), bytes(range(1, 49))),
        Faulty(5, ("poison-first",), bytes(range(60, 99))),
    ),
    stable_ms=16_000,
    weather=Weather(25, 25, 25, 3_000),
    fates=bytes(range(7, 250, 5)),
    partitions=(Partition(2_000, 9_000, (0, 3)),),
    crashes=(Crash(1, 12), Crash(4, 30, 1_000)),
    clocks=(Clock(6, 5_000, 10),),
    vanishings=(Vanishing(3, 0, 3_000, 8_000),),
    troubles=(Trouble(0, 0, 2, 600),),
    lost_deliveries=1,
    first_leader=2,
)


@SLICE
@given(scenarios())
def test_every_property_holds_in_any_scenario(scenario):
    """P1 to P5, K1, bounded memory, nobody honest blamed, delivered in time."""
    result = simulate_scenario(scenario)
    assert not result.violations, str(result)


@SLICE
@given(duels())
def test_every_property_holds_against_hostile_leaders(scenario):
    """Nobody else is heard as a leader until stabilisation."""
    result = simulate_scenario(scenario)
    assert not result.violations, str(result)


@SLICE
@given(crashing())
def test_every_property_holds_where_everybody_crashes(scenario):
    """Around any effect of the first rounds, several times."""
    result = simulate_scenario(scenario)
    assert not result.violations, str(result)


@SLICE
@given(loners((4, 4, 7)))
def test_every_property_holds_where_one_member_looks(scenario):
    """Silent, lying, or telling each leader something else; beside hostile leaders."""
    result = simulate_scenario(scenario)
    assert not result.violations, str(result)


@SLICE
@given(storms((4, 4, 7)))
def test_every_property_holds_in_storms_of_triggers(scenario):
    """Clocks, blocks, logs and POSTs, on a chain that is reorganised, some over before everybody has read of them."""
    result = simulate_scenario(scenario)
    assert not result.violations, str(result)


@SLICE
@given(lotteries((4, 4, 7)))
def test_every_property_holds_where_committees_draw(scenario):
    """Hostile leaders and liars about draws, a key that comes late, members without a share."""
    result = simulate_scenario(scenario)
    assert not result.violations, str(result)


@settings(SLICE, max_examples=5)
@given(scenarios((4,), ("ecdsa", "bls-ecdsa")))
def test_every_property_holds_under_real_signatures(scenario):
    """The curves behind the same interface."""
    result = simulate_scenario(scenario, CURVES)
    assert not result.violations, str(result)


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_alone_stops_nothing(name):
    """At its worst place: it leads the first round."""
    faulty = (Faulty(2, (name,), bytes(range(3, 250, 5))),)
    asked = (Asked("two", spread=1), Asked("name", spread=3))
    result = simulate_scenario(Scenario(requests=asked, faulty=faulty, first_leader=2))
    assert not result.violations, str(result)
    assert len(asked) == result.delivered


@pytest.mark.parametrize("name", DRAW_FAULTS)
def test_each_fault_about_draws_alone_stops_none(name):
    """It leads the first round, and another member holds no share."""
    faulty = (Faulty(2, (name,), bytes(range(3, 250, 5))),)
    result = simulate_scenario(Scenario(requests=(Asked("sample"),), faulty=faulty, first_leader=2, shareless=(1,)))
    assert not result.violations, str(result)
    assert result.delivered == 1


def test_the_curves_draw_the_same_way():
    """Liars about draws, under real signatures; the key comes late."""
    faulty = (Faulty(2, ("wrong-parts", "states-anything"), bytes(range(3, 250, 5))),)
    asked = (Asked("tombola", spread=1), Asked("lottery"))
    result = simulate_scenario(Scenario(requests=asked, faulty=faulty, stable_ms=12_000, key_ms=9_000), CURVES)
    assert not result.violations, str(result)
    assert result.reached["note no-draw-key"] > 0


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_calm_network_delivers_within_a_round(program):
    """With nothing wrong a request is attested at once, whatever the function."""
    result = simulate_scenario(Scenario(requests=(Asked(program),)))
    assert not result.violations
    assert result.rounds < (2 if PROGRAMS[program].draws else 1)  # a draw is published within the second


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_what_an_event_starts_is_delivered_like_a_request(trigger):
    """Every member derives it for itself; beside a request, in batches of its own."""
    result = simulate_scenario(Scenario(requests=(Asked("two", trigger=trigger), Asked("two"))))
    assert not result.violations, str(result)
    assert result.delivered == 2
    assert result.rounds < 1


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_an_event_that_is_over_is_let_end_and_begun_by_nobody_again(trigger):
    """One member reads of it too late, another is down at its end; all read it once more afterwards."""
    asked = Asked("price", trigger=trigger, lasts_s=3)
    crashes = (Crash(1, 3, 6_000),)
    result = simulate_scenario(
        Scenario(requests=(asked,), stable_ms=8_000, crashes=crashes, sightings=(Sighting(3, 0, 15_000),), eclipse=True)
    )
    assert not result.violations, str(result)
    assert result.reached["let end"] == 3


@pytest.mark.parametrize("trigger", ["", "log"])
@pytest.mark.parametrize(("depth", "requests"), [(None, 2), (1, 2), (3, 1), ("finalized", 1)])
def test_a_reorganisation_makes_another_request_of_what_was_not_deep_enough(trigger, depth, requests):
    """What asks for as many blocks as are replaced is begun once, and never vanishes."""
    asked = Asked("price", trigger=trigger, confirmations=depth)
    run = Simulator(Scenario(requests=(asked,), stable_ms=8_000, reorganisations=(Reorganisation(3_500, 3),)))
    assert run.run()
    assert violations(run, finished=True) == []
    begun = [node.journal.keys() for node in run.nodes]
    assert {len(journal) for journal in begun} == {requests}


def test_nobody_reads_what_the_chain_does_not_have_yet():
    """A reorganisation ends before the request is made: it is begun when it is there."""
    gone = Vanishing(1, 0, 800, 1_328)
    result = simulate_scenario(Scenario(requests=(Asked(at_ms=3_900),), stable_ms=8_000, vanishings=(gone,)))
    assert not result.violations, str(result)


def test_relays_that_forge_a_draw_are_asked_again():
    """By each member for itself; nobody's vote is over a forged one."""
    troubles = tuple(Trouble(member, 0, 2) for member in range(4))
    result = simulate_scenario(Scenario(requests=(Asked("drawn-last"),), troubles=troubles))
    assert not result.violations, str(result)
    assert result.reached["note no-draw"] == 8


def test_what_a_scenario_says_happens():
    """Restarts, refusals and the rest are reached: nothing is silently left out."""
    reached = simulate_scenario(FULL).reached
    assert {"restart", "refused BadSignature", "attested 3 slots", "agreed error"} <= reached.keys()


def test_a_scenario_replays_from_its_repr():
    """Message by message: the same figures."""
    assert eval(repr(FULL)) == FULL
    first, second = simulate_scenario(FULL), simulate_scenario(eval(repr(FULL)))
    assert not first.violations, str(first)
    assert (first.messages, first.rounds, first.reached) == (second.messages, second.rounds, second.reached)


@pytest.mark.parametrize(
    "wrong",
    [
        {"n": 4, "faulty": (Faulty(0, ()), Faulty(1, ()))},
        {"crashes": (Crash(9, 1),)},
        {"partitions": (Partition(0, 5_000, (1,)),)},
        {"clocks": (Clock(0, 60_000),)},
        {"scheme": "rsa"},
        {"requests": ()},
        {"weather": Weather(latest_ms=60_000)},
        {"requests": (Asked(trigger="email"),)},
        {"requests": (Asked(trigger="log", lasts_s=0),)},
        {"stable_ms": 9_000, "reorganisations": (Reorganisation(4_000, 4),)},
        {"reorganisations": (Reorganisation(4_000, 1),)},
        {"shareless": (0, 1)},
        {"key_ms": 4_000},
    ],
)
def test_a_scenario_that_is_none_is_refused(wrong):
    """More than f faulty members, members that are not there, trouble after stabilisation."""
    with pytest.raises(InvalidConfig):
        Scenario(**wrong)


def test_an_answer_to_a_stranger_goes_nowhere():
    """A faulty leader consents to whoever asks, also to one that is no member; found by `make simulate`, seed 31082."""
    faulty = (Faulty(0, ("half-silent", "consents-to-everything"), bytes(48)), Faulty(1, ("stranger",), bytes(48)))
    result = simulate_scenario(Scenario(n=7, requests=(Asked("price"),), faulty=faulty))
    assert not result.violations, str(result)
