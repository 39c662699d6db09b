"""Named Byzantine faults: each changes one thing, and only that."""

import sys

import pytest

from executor.model.draw import DrandDraw, encode_draw
from executor.model.function import Function
from executor.model.ids import FunctionId
from executor.model.manifest import Terms
from executor.model.observation import Kind, Observation
from executor.model.outcome import Awaiting, Failed, Returned
from executor.model.request import Request
from executor.model.transcript import Entry
from executor.testing.fast_signatures import ROUNDS_KEY, ROUNDS_SECRET, sign_round
from executor.testing.faults import FAULTS, HonestRuns, LyingObservation, OtherRound, WrongOutput, main
from executor.testing.relays import CHAIN_HASH

FUNCTION = Function(b"\0asm\x01\0\0\0", Terms(), b"")
REQUEST = Request.local(FunctionId(bytes(32)))


class Script:
    """Honest runs with one answer each."""

    def __init__(self, outcome=None, seen=None):
        self.outcome, self.seen = outcome, seen

    async def execute(self, function, request, transcript):
        return self.outcome

    async def observe(self, function, request, transcript):
        return self.seen


def value(data):
    return Observation(Kind.VALUE, data)


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (value(b"101"), value(b"1010")),
        (value(b"-1.25"), value(b"-12.50")),
        (value(b"0"), value(b"0")),
        (value(b"name"), value(b"name")),
        (value(b"\xff"), value(b"\xff")),
        (value(b"live 1:0"), value(b"live 9:9")),
        (value(b'{"1":"live 1:0","minute":"23"}'), value(b'{"1":"live 9:9","minute":"230"}')),
        (value(b'["a1","b"]'), value(b'["a9","b"]')),
        (Observation.error("timeout"), Observation.error("timeout")),
    ],
)
async def test_a_liar_tells_ten_times_the_number_it_saw_or_other_digits(seen, told):
    assert await LyingObservation(Script(seen=seen)).observe(FUNCTION, REQUEST, ()) == told


@pytest.mark.parametrize("number", [b"12345678901234567890123456789012345678901", b"0." + b"1" * 60, b"9" * 77])
async def test_a_lie_is_a_decimal_that_others_accept(number):
    """An unreadable lie would be refused instead of counted."""
    told = await LyingObservation(Script(seen=value(number))).observe(FUNCTION, REQUEST, ())
    assert told.value != number
    assert b"E" not in told.value


async def test_a_liar_executes_honestly():
    assert await LyingObservation(Script(Returned(b"x", 1))).execute(FUNCTION, REQUEST, ()) == Returned(b"x", 1)


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (Returned(b"\x00\xff", 7), Returned(b"\xff\x00", 7)),
        (Failed(b"no", 7), Failed(b"no", 7)),
        (Awaiting(0, b"{}"), Awaiting(0, b"{}")),
    ],
)
async def test_a_wrong_voter_inverts_what_was_returned(outcome, told):
    assert await WrongOutput(Script(outcome)).execute(FUNCTION, REQUEST, ()) == told


async def test_a_wrong_voter_observes_honestly():
    assert await WrongOutput(Script(seen=value(b"1"))).observe(FUNCTION, REQUEST, ()) == value(b"1")


async def test_without_a_fault_nothing_changes():
    honest = HonestRuns(Script(Returned(b"x", 1), value(b"1")))
    assert await honest.execute(FUNCTION, REQUEST, ()) == Returned(b"x", 1)
    assert await honest.observe(FUNCTION, REQUEST, ()) == value(b"1")


def test_every_fault_has_a_name():
    named = {"lying-observation": LyingObservation, "wrong-output": WrongOutput, "other-round": OtherRound}
    assert named == dict(FAULTS)


def test_an_unknown_fault_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["faults", "--fault", "kind", "--config", "x"])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert "lying-observation" in capsys.readouterr().err


async def test_who_wants_another_round_executes_as_if_it_had_been_drawn():
    """Its vote is for another output of a transcript that it cannot change."""
    entries = []

    class Noting(Script):
        async def execute(self, function, request, transcript):
            entries.extend(transcript)
            return Returned(b"x", 1)

    seen = Entry(b'{"aggregate":"median"}', Kind.VALUE, b"101")
    draw = DrandDraw(0, CHAIN_HASH, ROUNDS_KEY, 7, 1_700_000_006)
    drawn = Entry(encode_draw(draw), Kind.DRAW, sign_round(ROUNDS_SECRET, 7))
    await OtherRound(Noting()).execute(FUNCTION, REQUEST, (seen, drawn))
    assert entries == [seen, Entry(drawn.spec, Kind.DRAW, sign_round(ROUNDS_SECRET, 8))]
