"""Real guests under the strategies of sets and lists and under `single`: simulated, asserted, checked."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executor.model.observation import Kind
from executor.model.outcome import Returned
from executor.model.spec import Strategy
from executor.testing import DoesNotAgree, assert_agrees, program_of, simulate
from executor.testing.checking import Plan, check
from executor.testing.lies import is_within
from executor.testing.replies import Reply
from executor.testing.strategies import ObservationSet, observation_sets

from .fetching import URL, fetching

SINGLE = fetching("single")
UNION = fetching("union")


def worlds(*bodies: str) -> list[dict[str, Any]]:
    """What each node is answered."""
    return [{URL: body} for body in bodies]


def output(done: Any) -> bytes:
    assert isinstance(done.outcome, Returned), done.verdict()
    return done.outcome.output


def test_one_node_is_asked_and_all_take_its_word() -> None:
    """Each node would be answered something else."""
    done = simulate(SINGLE, replies=worlds("a", "b", "c", "d"))
    (node,) = done.slots[0].seen
    assert b"abcd"[node : node + 1] == output(done)


def test_a_silent_node_that_was_to_look_alone_is_told_of() -> None:
    """The committee agrees on no agreement, and the reason names the slot."""
    (alone,) = simulate(SINGLE, replies=worlds(*"abcd")).slots[0].seen
    done = simulate(SINGLE, replies=worlds(*"abcd"), faults={alone: "silent"})
    assert output(done) == b"no-agreement: single needs its member's observation, had none"
    assert (done.slots[0].entry.kind if done.slots[0].entry else None, dict(done.slots[0].seen)) == (Kind.ERROR, {})
    others = {node: "silent" for node in range(4) if node != alone}
    assert not simulate(SINGLE, replies=worlds(*"abcd"), faults=others).attested


def test_nodes_need_not_see_the_same_under_single() -> None:
    """What they would see differs in every part."""
    assert_agrees(SINGLE, replies=worlds("a", "b", "c", "d"), inputs=[b"", b"1", b"2", b"3"])


@pytest.mark.parametrize(
    ("aggregate", "bodies", "agreed"),
    [
        ("union", ['["a"]', '["a","b"]', '["b","c"]', '["a","b"]'], b'["a","b"]'),
        ("intersection", ['["a","b"]', '["a","b"]', '["b","c"]', '["a","b"]'], b'["a","b"]'),
        ("frequency", ['["a"]', '["a"]', '["a"]', '["a"]'], b'{"a":"3"}'),
        ("common-prefix", ['["1","2"]', '["1","2","3"]', '["1","2"]', '["1","2"]'], b'["1","2"]'),
        ("common-suffix", ['["1","2"]', '["1","2"]', '["0","1","2"]', '["1","2"]'], b'["1","2"]'),
        ("min", ["7", "7", "7", "7"], b"7"),
        ("max", ["7", "7", "7", "7"], b"7"),
        ("trimmed-mean", ["7.50", "7.50", "7.50", "7.50"], b"7.5"),
    ],
)
def test_sets_lists_and_numbers_are_agreed(aggregate: str, bodies: list[str], agreed: bytes) -> None:
    """By real members, and whoever lies the value stays in its bound."""
    assert agreed == output(simulate(fetching(aggregate), replies=worlds(*bodies)))
    assert_agrees(fetching(aggregate), replies=worlds(*bodies))


def test_a_value_of_another_form_is_an_error() -> None:
    """And the advice names what is taken."""
    with pytest.raises(DoesNotAgree, match="`union` and its like canonical JSON arrays of strings"):
        assert_agrees(UNION, replies=worlds(*["a"] * 4))


def test_a_set_of_which_nothing_is_left_is_found() -> None:
    """Ids that are made anew for each request agree on nothing at all."""
    example = {URL: Reply.of(["6f1c1f0e-8a57-4a4e-9f0e-2b1a53f4a9d1"])}
    report = check(program_of(UNION), Plan(inputs=(b"",), replies=example, seconds=1.0))
    assert "no part of it is held by enough nodes" in report.text()


@pytest.mark.parametrize("aggregate", [each for each in Strategy if each is not Strategy.SINGLE])
@given(data=st.data())
@settings(max_examples=15)
def test_drawn_sets_stay_in_their_bound(aggregate: Strategy, data: st.DataObject) -> None:
    """What the public strategies draw, liars included, the protocol agrees on within what honest nodes saw."""
    drawn = data.draw(observation_sets(aggregate.value, 7, 2))
    kind, value = drawn.agreed()
    honest = [seen.value for seen in drawn.honest if seen.kind is Kind.VALUE]
    assert kind is not Kind.VALUE or is_within(aggregate, value, honest)


@given(drawn=observation_sets("single", failing=2))
@settings(max_examples=30)
def test_of_a_set_under_single_one_node_counts(drawn: ObservationSet) -> None:
    """Whatever the others say."""
    said = drawn.observations[drawn.alone]
    assert (said,) == drawn.quorum
    assert (said.kind, said.value) == drawn.agreed()
