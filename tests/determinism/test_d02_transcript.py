"""D2: a transcript is consumed exactly; a proper prefix gives Awaiting; anything else raises TranscriptMismatch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vm.guests import data, program, request

from executor.errors import TranscriptMismatch
from executor.model.observation import Kind
from executor.model.outcome import Awaiting, Returned
from executor.model.transcript import Entry
from executor.vm import execute

FIRST, THEN = b'{"aggregate":"mode","label":"first"}', b'{"aggregate":"mode"}'
ENDLESS = program(
    f"""(drop (call $observe (i32.const 0) (i32.const {len(FIRST)}))) (call $read (i32.const 1024))
    (loop (if (i32.ne (i32.load8_u (i32.const 1024)) (i32.const 0)) (then
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (i32.store8 (i32.const 1024) (i32.const 0))
      (drop (call $observe (i32.const 64) (i32.const {len(THEN)}))) (call $read (i32.const 1024)) (br 1))))
    (i32.store (i32.const 512) (local.get $i)) (i64.const 0x0000020000000004)""",
    before=data(0, FIRST) + data(64, THEN),
    limits={"observations": 32},
)
"""Observes until it is told a value that starts with a zero byte (or nothing): so how many it needs is data."""

VALUES = st.binary(max_size=8)


def consumed(values: list[bytes]) -> int:
    """How many of the values the guest asks for, or one more than there are when it asks on."""
    for index, value in enumerate(values):
        if not value or value[0] == 0:
            return index + 1
    return len(values) + 1


@given(st.lists(VALUES, max_size=12))
def test_a_transcript_is_consumed_exactly(values: list[bytes]) -> None:
    """Awaiting, Returned or TranscriptMismatch, as the data says and in no other case."""
    values = [b"\x01", *values] if values and not values[0] else values
    transcript = tuple(Entry(FIRST if index == 0 else THEN, Kind.VALUE, value) for index, value in enumerate(values))
    needed = consumed(values)
    if needed > len(values):
        assert execute(ENDLESS, request(ENDLESS), transcript) == Awaiting(len(values), THEN if values else FIRST)
    elif needed == len(values):
        assert isinstance(execute(ENDLESS, request(ENDLESS), transcript), Returned)
    else:
        with pytest.raises(TranscriptMismatch):
            execute(ENDLESS, request(ENDLESS), transcript)


@given(st.lists(VALUES.filter(lambda value: bool(value) and value[0] != 0), min_size=2, max_size=6), st.data())
def test_a_foreign_spec_is_a_mismatch(values: list[bytes], draw: st.DataObject) -> None:
    """One entry of another spec, wherever it stands."""
    wrong = draw.draw(st.integers(0, len(values) - 1))
    transcript = tuple(
        Entry(FIRST if (index == 0) != (index == wrong) else THEN, Kind.VALUE, value)
        for index, value in enumerate(values)
    )
    with pytest.raises(TranscriptMismatch, match=f"slot {wrong}"):
        execute(ENDLESS, request(ENDLESS), transcript)
