"""Where two runs part: found by bisection, in the right part, said in words."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vm.guests import ECHO, SPEC, World, answer, data, observing, program, request

from executor.model.observation import Kind, Observation
from executor.model.outcome import Awaiting, Failed, Outcome, Returned, TrapCode, Trapped
from executor.model.transcript import Entry
from executor.testing.differences import first_difference, first_unequal
from executor.testing.rendering import shown_bytes, shown_end, shown_event
from executor.testing.runs import Trace, event_bytes, traced
from executor.vm import Event

RUN, BEFORE = observing(after=ECHO)
OBSERVER = program(RUN, before=BEFORE)
EVENTS = st.builds(
    Event, st.sampled_from(["observe", "call", "read"]), st.integers(0, 3), st.binary(max_size=2), st.binary(max_size=2)
)
END = Returned(b"x", 9)
SAME = 'same on both sides, and longer than a line","price":'


def entry(value: bytes) -> Entry:
    """What was agreed on the only slot."""
    return Entry(SPEC, Kind.VALUE, value)


def test_a_trace_holds_every_host_call_and_the_end() -> None:
    """Names, arguments and answers in order, with fuel that only grows."""
    trace = traced(OBSERVER, request(OBSERVER), (entry(b"12.5"),))
    assert [(event.name, event.argument, event.answer) for event in trace.events] == [
        ("observe", SPEC, b"12.5"),
        ("read", b"", b"12.5"),
    ]
    assert isinstance(trace.end, Returned)
    assert trace.end.output == b"12.5"
    assert 0 < trace.events[0].fuel_used < trace.events[1].fuel_used <= trace.end.fuel_used


def test_a_trace_of_an_observe_run_ends_in_the_observation() -> None:
    """What the guest proposed; the call's argument is operation, zero byte, request."""
    inside = """(drop (call $call (i32.const 512) (i32.const 10) (i32.const 256) (i32.const 4)))
      (call $read (i32.const 256)) (call $propose (i32.const 0) (i32.const 256) (i32.const 4))"""
    run, before = observing(inside=inside)
    target = program(run, before=before + data(512, b"http.fetch"), grants={"http": {"hosts": ["a.example"]}})
    trace = traced(target, request(target), (), World({"http.fetch": answer(b"17.5")}))
    assert trace.end == Observation(Kind.VALUE, b"17.5")
    calls = [(event.name, event.argument, event.answer) for event in trace.events]
    assert calls[1:3] == [("call", b"http.fetch\0\0\0\0\0", b"17.5"), ("read", b"", b"17.5")]


def test_equal_runs_do_not_differ() -> None:
    """Words are not compared."""
    trace = traced(OBSERVER, request(OBSERVER), (entry(b"1"),))
    assert first_difference(trace, traced(OBSERVER, request(OBSERVER), (entry(b"1"),))) is None
    assert first_difference(trace, replace(trace, message="other words", logs=())) is None


@given(st.lists(EVENTS, max_size=8), st.lists(EVENTS, max_size=8), st.sampled_from([END, Returned(b"y", 9)]))
def test_bisection_finds_what_comparing_one_by_one_finds(left: list[Event], right: list[Event], end: Outcome) -> None:
    """The first unequal event; else the first that only one run has; else the end."""
    one, other = Trace(tuple(left), END), Trace(tuple(right), end)
    common = min(len(left), len(right))
    expected = next((at for at in range(common) if left[at] != right[at]), common)
    found = first_difference(one, other)
    if (left, END) == (right, end):
        assert found is None
    else:
        assert found is not None
        assert found.index == expected
        assert found.left == (left[expected] if expected < len(left) else END)
        assert found.right == (right[expected] if expected < len(right) else end)
        assert found.before == tuple(left[max(0, expected - 3) : expected])


def test_bisection_looks_at_few_digests() -> None:
    """Of 100,000 prefixes 17 are compared: enough for logs that stay in another process."""

    class Counted(list[bytes]):
        asked = 0

        def __getitem__(self, at):
            Counted.asked += 1
            return super().__getitem__(at)

    left = Counted(b"%d" % at for at in range(100_000))
    right = [*left[:70_001], *[b"-"] * 29_999]
    Counted.asked = 0
    assert first_unequal(left, right) == 70_001
    assert Counted.asked <= 17


@given(EVENTS, EVENTS)
def test_different_events_have_different_bytes(left: Event, right: Event) -> None:
    """Their parts cannot run into each other."""
    assert (event_bytes(left) == event_bytes(right)) == (left == right)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"name": "call"}, "name"),
        ({"argument": b"z"}, "argument"),
        ({"answer": b"z"}, "answer"),
        ({"fuel_used": 8}, "fuel"),
        ({"answer": b"z", "fuel_used": 8}, "answer and fuel"),
    ],
)
def test_the_part_is_named(change: dict[str, object], part: str) -> None:
    """Which of name, argument, answer and fuel is not the same."""
    event = Event("observe", 7, b"a", b"b")
    found = first_difference(Trace((event,), END), Trace((replace(event, **change),), END))
    assert found is not None
    assert found.part == part


def test_a_run_that_ended_earlier_differs_by_its_end() -> None:
    """Event against end, and end against end."""
    event = Event("log", 1, b"", b"")
    found = first_difference(Trace((event,), END), Trace((), END))
    assert found is not None
    assert (found.part, found.left, found.right) == ("one run ended", event, END)
    ended = first_difference(Trace((event,), END), Trace((event,), Trapped(TrapCode.TRAP, 9)))
    assert ended is not None
    assert ended.part == "how the run ended"


def test_a_difference_is_rendered_for_people() -> None:
    """Three events of context, both sides, cut to where they differ."""
    long = b'{"venue":"a very long name that is the same on both sides, and longer than a line","price":'
    before = tuple(Event("log", at, b"line %d" % at, b"") for at in range(5))
    one = Trace((*before, Event("observe", 1_000, SPEC, long + b"1842.17}")), END)
    other = Trace((*before, Event("observe", 1_000, SPEC, long + b"1842.19}")), END)
    found = first_difference(one, other)
    assert found is not None
    assert found.render("node 0", "another").splitlines() == [
        "they part at host call 6: answer",
        "2 equal host calls before",
        "=   3  log line 2  [fuel 2]",
        "=   4  log line 3  [fuel 3]",
        "=   5  log line 4  [fuel 4]",
        f"!   6  node 0   observe {SPEC.decode()} -> …{SAME}1842.17}}  [fuel 1,000]",
        f"!   6  another  observe {SPEC.decode()} -> …{SAME}1842.19}}  [fuel 1,000]",
    ]


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (Returned(b"", 1_000), "returned (empty)  [fuel 1,000]"),
        (Returned(b"\xff\x00", 1), "returned 0xff00  [fuel 1]"),
        (Failed(b"TypeError: no", 2), "failed: TypeError: no  [fuel 2]"),
        (Trapped(TrapCode.OUT_OF_FUEL, 3), "trapped: OUT_OF_FUEL  [fuel 3]"),
        (Awaiting(0, b'{"aggregate":"median","label":"eth"}'), 'awaits slot 0 "eth" under `median`'),
        (Awaiting(1, b"not a spec"), "awaits slot 1"),
        (Observation.error("threw"), "observed error threw"),
        (Observation(Kind.VALUE, b"1.5"), "observed 1.5"),
    ],
)
def test_every_end_has_words(end: Outcome | Observation, words: str) -> None:
    """One line each."""
    assert shown_end(end) == words


@given(st.binary(max_size=300), st.none() | st.binary(max_size=300))
def test_any_bytes_can_be_shown(value: bytes, beside: bytes | None) -> None:
    """On one printable line of bounded length."""
    shown = shown_bytes(value, beside=beside)
    assert shown.isprintable()
    assert len(shown) <= 62
    assert not re.search("[\n\t]", shown)


HEAD = b'{"headers":{"a":"b"},"status":200}'


def framed(*parts: bytes) -> bytes:
    """Each with its length before it."""
    return b"".join(len(part).to_bytes(4, "little") + part for part in parts)


@pytest.mark.parametrize(
    ("operation", "argument", "answer", "words"),
    [
        (b"http.fetch", framed(b'{"url":"https://a/"}'), framed(HEAD) + b"y", 'GET https://a/ -> 200 y {"a": "b"}'),
        (b"http.fetch", framed(b"no JSON"), b"http-bad-request", "0x070000006e6f204a534f4e -> http-bad-request"),
        (b"http.fetch_many", b"\1\0\0\0" + framed(framed(b'{"url":"https://a/"}')),
         b"\2\0\0\0" + b"\0" + framed(framed(HEAD) + b"x") + b"\1" + framed(b"http-tls"),
         'GET https://a/ -> 200 x {"a": "b"} | error http-tls'),
        (b"http.fetch_many", b"", b"\2\0\0\0", "-> 0x02000000"),
        (b"secrets.get", b"KEY", b"value", "KEY -> value"),
        (b"input.context", b"", b"{}", "-> {}"),
    ],
)  # fmt: skip
def test_calls_have_words(operation: bytes, argument: bytes, answer: bytes, words: str) -> None:
    """HTTP without its framing; what is malformed as bytes."""
    event = Event("call", 1, operation + b"\0" + argument, answer)
    assert shown_event(event) == f"call {operation.decode()} {words}  [fuel 1]"


@given(st.sampled_from([b"http.fetch", b"http.fetch_many", b"\xff"]), st.binary(max_size=60), st.binary(max_size=60))
def test_any_call_can_be_shown(operation: bytes, argument: bytes, answer: bytes) -> None:
    """On one line."""
    event = Event("call", 1, operation + b"\0" + argument, answer)
    assert len(shown_event(event, beside=event).splitlines()) == 1
