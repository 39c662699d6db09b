"""D13: nothing but an observation can come out of an observe run."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from vm.guests import ECHO, SPEC, World, answer, data, observing, program, request

from executor.errors import TranscriptMismatch
from executor.model.observation import ERROR_CODE, Kind, Observation
from executor.model.transcript import Entry
from executor.model.values import is_decimal
from executor.vm import Refusal, execute, observe

POINTERS = st.sampled_from([0, 1, 256, 300, 1024, 65_535, 65_536, 0x7FFF_FFFF, 0xFFFF_FFFF])
SIZES = st.sampled_from([0, 1, 4, 10, 22, 1024, 4097, 32_769, 65_536, 0xFFFF_FFFF])
KINDS = st.sampled_from([0, 1, 2, 0xFFFF_FFFF])
ACTIONS = st.one_of(
    st.tuples(POINTERS, SIZES).map(lambda a: f"(drop (call $observe (i32.const {a[0]}) (i32.const {a[1]})))"),
    st.tuples(KINDS, POINTERS, SIZES).map(
        lambda a: f"(call $propose (i32.const {a[0]}) (i32.const {a[1]}) (i32.const {a[2]}))"
    ),
    st.tuples(POINTERS, SIZES).map(
        lambda a: f"(drop (call $call (i32.const 256) (i32.const 10) (i32.const {a[0]}) (i32.const {a[1]})))"
    ),
    POINTERS.map(lambda pointer: f"(call $read (i32.const {pointer}))"),
    st.tuples(POINTERS, SIZES).map(lambda a: f"(call $fail (i32.const {a[0]}) (i32.const {a[1]}))"),
    st.tuples(POINTERS, SIZES).map(lambda a: f"(call $log (i32.const 0) (i32.const {a[0]}) (i32.const {a[1]}))"),
    st.sampled_from(["unreachable", "(return (i64.const 12))", "(loop (br 0))", "(drop (memory.grow (i32.const 9)))"]),
    POINTERS.map(lambda pointer: f"(i32.store (i32.const {pointer}) (i32.const 0x31313131))"),
)
WORLDS = st.sampled_from([answer(b""), answer(b"1.5"), answer(bytes(70_000)), Refusal("timeout")])
AGREED = (Entry(SPEC, Kind.VALUE, b"7"),)


@settings(max_examples=150, deadline=None)
@given(st.lists(ACTIONS, max_size=6), st.lists(WORLDS, min_size=2, max_size=2))
def test_whatever_a_guest_does_an_observation_comes_out(actions: list[str], worlds: list[object]) -> None:
    """Any calls in any order: a fitting value or a coded error; and the agreed run is the same whatever was seen."""
    run, before = observing(inside=" ".join(actions), after=ECHO)
    target = program(
        run, before=before + data(256, b"http.fetch") + data(300, b"12.5"),
        limits={"fuel": 3_000_000, "observe_fuel": 5_000_000}, grants={"http": {"hosts": ["example.com"]}},
    )  # fmt: skip
    expected = execute(target, request(target), AGREED)
    for world in worlds:
        seen = observe(target, request(target), (), World({"http.fetch": world}))  # type: ignore[dict-item]
        assert isinstance(seen, Observation)
        if seen.kind is Kind.VALUE:
            assert is_decimal(seen.value)
        else:
            assert ERROR_CODE.fullmatch(seen.value)
        assert execute(target, request(target), AGREED) == expected


@given(st.lists(ACTIONS, max_size=4))
@settings(max_examples=50, deadline=None)
def test_before_observe_mode_an_observe_run_gives_nothing(actions: list[str]) -> None:
    """The same calls in agreed mode end in an observation only by way of an unanswered observe."""
    target = program(" ".join(actions) + " (i64.const 0)", before=data(0, SPEC), limits={"fuel": 3_000_000})
    try:
        seen = observe(target, request(target), (), World())
    except TranscriptMismatch:
        return
    assert isinstance(seen, Observation)
    assert any("$observe" in action for action in actions)
