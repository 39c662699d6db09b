"""assert_deterministic: real functions are, everywhere; a place that breaks one thing is found and told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vm.guests import ECHO, observing, program

from executor.errors import InvalidValue, TranscriptMismatch, WorkerDied
from executor.model.observation import Kind
from executor.model.outcome import Returned
from executor.model.request import Request
from executor.model.transcript import Entry, Transcript
from executor.testing import NotDeterministic, Trace, assert_deterministic, strategies, traced
from executor.testing.variants import PLACES, Child, Here, Place, elsewhere
from executor.vm import Program

from .functions import MEDIAN_OF_PRICE, REPLY, URL, javascript, without_fuel

RUN, BEFORE = observing(after=ECHO)
OBSERVER = program(RUN, before=BEFORE)
ANSWERED = (Entry(b'{"aggregate":"median"}', Kind.VALUE, b"12.5"),)


@dataclass(frozen=True)
class Changed:
    """A machine that changes one thing of every run that returns: what a miscompiled engine would do."""

    change: Callable[[Trace], Trace]
    name: str = "a broken machine"

    def run(self, target: Program, request: Request, transcript: Transcript) -> Trace:
        """The run with that change."""
        trace = traced(target, request, transcript)
        return self.change(trace) if isinstance(trace.end, Returned) else trace


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    """A fresh process with unoptimised code."""
    with Child(PLACES[1]) as started:
        yield started


def test_a_function_is_deterministic_everywhere() -> None:
    """Twenty worlds, outages among them, here, in Kathmandu, unoptimised and in the Pulley interpreter."""
    assert_deterministic(MEDIAN_OF_PRICE, replies={URL: REPLY})


def test_inputs_and_worlds_may_be_given() -> None:
    """Each input with each world; the places are still running from the test before, or start."""
    function = javascript("export default (input) => input.text() + observe(median, () => get().json().price);")
    assert_deterministic(function, inputs=[b"a", b"b"], replies=[{URL: {"price": 1}}, {URL: {"price": 2}}], variants=[])
    assert_deterministic(function, inputs=strategies.inputs(example="x"), replies=[{URL: REPLY}], variants=[])
    assert_deterministic(function, replies=st.just({}), variants=[], max_examples=2)


@settings(max_examples=10, deadline=None)
@given(strategies.inputs(example={"n": [1.5, "x"]}))
def test_inside_given_what_was_drawn_is_passed(drawn: bytes) -> None:
    """Any JSON, echoed by way of the engine's parser and writer."""
    function = javascript("export default (input) => JSON.stringify(input.json());")
    assert_deterministic(function, inputs=drawn, replies=[{}], variants=[])


def one_byte_off(trace: Trace) -> Trace:
    """Another output."""
    assert isinstance(trace.end, Returned)
    return replace(trace, end=Returned(trace.end.output[:-1] + b"!", trace.end.fuel_used))


def one_fuel_off(trace: Trace) -> Trace:
    """Another fuel figure of one host call."""
    first, *rest = trace.events
    return replace(trace, events=(replace(first, fuel_used=first.fuel_used + 1), *rest))


def test_another_output_is_found_and_told() -> None:
    """The whole report, fuel figures left out."""
    with pytest.raises(NotDeterministic) as raised:
        assert_deterministic(MEDIAN_OF_PRICE, replies={URL: REPLY}, variants=[Changed(one_byte_off)])
    assert without_fuel(str(raised.value)).splitlines() == [
        "one request has two outcomes",
        "",
        "input    (empty)",
        f'reply    {URL}  200 {{"symbol": "ETH-USD", "price": 1842.17}}  (node 0)',
        "they part at host call 3: how the run ended",
        '=   1  observe {"aggregate":"median","label":"eth-usd"} -> 1842.17  [fuel]',
        "=   2  read -> 1842.17  [fuel]",
        "!   3  here              returned 1842.17  [fuel]",
        "!   3  a broken machine  returned 1842.1!  [fuel]",
    ]


def test_another_fuel_figure_is_found() -> None:
    """Of a host call in the middle of a run, though the outcome is the same."""
    with pytest.raises(NotDeterministic) as raised:
        assert_deterministic(MEDIAN_OF_PRICE, replies=[{URL: REPLY}], variants=[Changed(one_fuel_off)])
    assert raised.value.difference.part == "fuel"
    assert raised.value.difference.index == 0
    assert raised.value.names == ("here", "a broken machine")


def test_the_input_that_differs_is_shrunk() -> None:
    """A machine that is wrong from a length on: the shortest such input is shown."""

    def wrong_from_five(trace: Trace) -> Trace:
        assert isinstance(trace.end, Returned)
        return one_byte_off(trace) if len(trace.end.output) >= 5 else trace

    function = javascript("export default (input) => input.bytes;")
    with pytest.raises(NotDeterministic) as raised:
        assert_deterministic(function, inputs=strategies.inputs(), variants=[Changed(wrong_from_five)], max_examples=50)
    assert raised.value.input == bytes(5)


def test_a_child_gives_the_trace_of_here(child: Child) -> None:
    """Host calls, end and all; a mismatch is raised there and here."""
    request = Request.local(OBSERVER.function_id, b"")
    for transcript in ((), ANSWERED):
        assert child.run(OBSERVER, request, transcript) == Here().run(OBSERVER, request, transcript)
    with pytest.raises(TranscriptMismatch):
        child.run(OBSERVER, request, (*ANSWERED, *ANSWERED))


def test_a_child_lives_elsewhere() -> None:
    """An engine setting that does not exist ends it: so the settings are really set."""
    with Child(Place("nowhere", {}, {"no_such_setting": 1})) as nowhere, pytest.raises(WorkerDied, match="nowhere"):
        nowhere.run(OBSERVER, Request.local(OBSERVER.function_id), ())


def test_a_child_that_died_is_replaced() -> None:
    """The next call starts it anew."""
    first = elsewhere(OBSERVER)
    broken = first[0]
    assert isinstance(broken, Child)
    broken.close()
    second = elsewhere(OBSERVER)
    assert second[0] is not broken
    assert second[1:] == first[1:]
    request = Request.local(OBSERVER.function_id)
    assert second[0].run(OBSERVER, request, ANSWERED) == Here().run(OBSERVER, request, ANSWERED)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"inputs": ["text"]}, "an input is bytes, not str"),
        ({"inputs": ["text"], "replies": [{}]}, "an input is bytes, not str"),
        ({"inputs": []}, "nothing would be tried"),
        ({"replies": []}, "nothing would be tried"),
    ],
)
def test_wrong_arguments_are_refused(options: dict[str, Any], named: str) -> None:
    """By InvalidValue; an assertion over nothing is one of them."""
    with pytest.raises(InvalidValue, match=named):
        assert_deterministic(OBSERVER, variants=[], **options)
