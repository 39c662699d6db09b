"""Observations in agreed mode: the transcript answers, or the run awaits (D2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.errors import TranscriptMismatch
from executor.model.observation import Kind
from executor.model.outcome import Awaiting, Returned, TrapCode, Trapped
from executor.model.transcript import Entry
from executor.vm import Diagnostics, Program, execute, observe
from vm.guests import ECHO, SPEC, World, data, observing, program, request

OTHER = b'{"aggregate":"identical"}'


def observer(slots: int) -> Program:
    """A guest that observes `slots` times and returns everything it read, one entry behind the other."""
    specs = [(0, len(SPEC)), (64, len(OTHER))]
    steps = [
        f"""(local.set $n (call $observe (i32.const {pointer}) (i32.const {size})))
        (call $read (local.get $i)) (local.set $i (i32.add (local.get $i) (i32.wrap_i64 (local.get $n))))"""
        for pointer, size in [specs[slot % 2] for slot in range(slots)]
    ]
    run = f"""(local.set $i (i32.const 1024)) {"".join(steps)}
      (i64.or (i64.const 0x40000000000) (i64.extend_i32_u (i32.sub (local.get $i) (i32.const 1024))))"""
    return program(run, before=data(0, SPEC) + data(64, OTHER), limits={"observations": max(slots, 1)})


def entry(slot: int, value: bytes, kind: Kind = Kind.VALUE) -> Entry:
    """The entry that `observer` consumes at this slot."""
    return Entry(SPEC if slot % 2 == 0 else OTHER, kind, value)


FIVE = observer(5)


@given(st.lists(st.binary(max_size=64), min_size=5, max_size=5))
def test_a_prefix_awaits_and_the_whole_transcript_returns(values: list[bytes]) -> None:
    """D2: every proper prefix gives Awaiting at its end with the spec of that slot; the whole gives Returned."""
    transcript = tuple(entry(slot, value) for slot, value in enumerate(values))
    for size in range(5):
        assert execute(FIVE, request(FIVE), transcript[:size]) == Awaiting(size, transcript[size].spec)
    outcome = execute(FIVE, request(FIVE), transcript)
    assert isinstance(outcome, Returned)
    assert outcome.output == b"".join(values)


def test_an_entry_too_many_is_a_mismatch() -> None:
    """D2: a transcript is consumed exactly."""
    target = observer(1)
    with pytest.raises(TranscriptMismatch, match="consumed 1 of 2"):
        execute(target, request(target), (entry(0, b"1"), entry(1, b"2")))


@pytest.mark.parametrize(
    "end", ["unreachable", "(call $fail (i32.const 0) (i32.const 1)) unreachable", "(i64.const 0)"]
)
def test_a_run_that_ends_before_its_transcript_is_a_mismatch(end: str) -> None:
    """D2: whatever the end, entries left over mean that the transcript is not this run's."""
    target = program(end)
    with pytest.raises(TranscriptMismatch, match="consumed 0 of 1"):
        execute(target, request(target), (entry(0, b"1"),))


def test_an_entry_of_another_spec_is_a_mismatch() -> None:
    """D2: the guest's spec and the entry's are compared byte for byte."""
    target = observer(1)
    with pytest.raises(TranscriptMismatch, match="slot 0"):
        execute(target, request(target), (entry(1, b"1"),))


@pytest.mark.parametrize("kind", [Kind.VALUE, Kind.ERROR, Kind.DEFAULT])
def test_the_guest_sees_kind_and_bytes(kind: Kind) -> None:
    """Values, agreed errors and defaults are answered as `kind << 32 | len`."""
    run, before = observing(after="(i64.store (i32.const 2048) (local.get $n)) (i64.const 0x0000080000000008)")
    target = program(run, before=before)
    outcome = execute(target, request(target), (Entry(SPEC, kind, b"no-agreement"),))
    assert isinstance(outcome, Returned)
    assert int.from_bytes(outcome.output, "little") == kind << 32 | 12


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (b"", "not canonical JSON"),
        (b"\xff", "not canonical JSON"),
        (b'{"aggregate": "median"}', "not in canonical form"),
        (b'{"aggregate":"mean"}', "unknown strategy"),
        (b'{"aggregate":"median","x":1}', "unknown key"),
        (b'{"aggregate":{"fields":{}}}', "1 to 32"),
        (b"[" * 4_000, "not canonical JSON"),
        (b" " * 4_097, "the limit is 4096"),
    ],
)
def test_a_bad_spec_is_an_abi_trap(spec: bytes, reason: str) -> None:
    """A spec that is no canonical spec ends the run."""
    run, before = observing(spec)
    target = program(run, before=before)
    diagnostics = Diagnostics()
    assert execute(target, request(target), diagnostics=diagnostics) == Trapped(TrapCode.ABI, 200_000_000)
    assert reason in diagnostics.message


def test_a_spec_of_megabytes_is_paid_for_and_refused() -> None:
    """Its price is taken before anything is looked at: here it is more than the budget."""
    target = program("(drop (call $observe (i32.const 0) (i32.const 0x400000))) unreachable", pages="64")
    assert execute(target, request(target)) == Trapped(TrapCode.OUT_OF_FUEL, 200_000_000)
    rich = program("(drop (call $observe (i32.const 0) (i32.const 0x400000))) unreachable", pages="64",
                   limits={"fuel": 1_000_000_000})  # fmt: skip
    assert execute(rich, request(rich)) == Trapped(TrapCode.ABI, 1_000_000_000)


def test_one_observation_more_than_the_manifest_allows_is_an_abi_trap() -> None:
    """limits.observations counts slots."""
    run, before = observing(after="(drop (call $observe (i32.const 0) (i32.const 22))) unreachable")
    target = program(run, before=before, limits={"observations": 1})
    assert execute(target, request(target), (entry(0, b"1"),)) == Trapped(TrapCode.ABI, 200_000_000)
    none = program(run, before=before, limits={"observations": 0})
    assert execute(none, request(none)) == Trapped(TrapCode.ABI, 200_000_000)


def test_nothing_after_awaiting_has_an_effect() -> None:
    """A guest that goes on after its unanswered observe cannot turn Awaiting into anything else."""
    for after in ("(i64.const 0)", "(call $fail (i32.const 0) (i32.const 1)) unreachable", "(loop (br 0)) unreachable",
                  "(drop (call $observe (i32.const 0) (i32.const 0))) unreachable"):  # fmt: skip
        target = program(f"(drop (call $observe (i32.const 0) (i32.const 22))) {after}", before=data(0, SPEC))
        assert execute(target, request(target)) == Awaiting(0, SPEC)


def test_an_observed_value_survives_the_replay() -> None:
    """replay_agrees_with_recording: what observe gave, put into the transcript, is what execute reads."""
    run, before = observing(inside="(call $propose (i32.const 0) (i32.const 64) (i32.const 5))", after=ECHO)
    target = program(run, before=before + data(64, b"12.50"))
    observation = observe(target, request(target), (), World())
    outcome = execute(target, request(target), (Entry(SPEC, observation.kind, observation.value),))
    assert isinstance(outcome, Returned)
    assert outcome.output == b"12.50"
