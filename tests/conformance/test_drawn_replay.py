"""Draws in the browser's replay: outcomes, fuel and import calls are those of executor.vm, whatever the transcript."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from vm.guests import SPEC, data, module

from executor.crypto.draws import draw_spec
from executor.model.function import Function
from executor.model.ids import Digest, RegistrationId
from executor.model.manifest import parse_terms
from executor.model.observation import Kind
from executor.model.outcome import Awaiting, Returned, TrapCode, Trapped
from executor.model.transcript import Entry
from executor.model.trigger import ClockTick, HttpCall, Origin
from executor.testing.engines import WebReplay
from executor.vm import load

from .functions import Subject, in_javascript, in_python, local

DRAW = "(local.set $n (call $call (i32.const 64) (i32.const 11) (i32.const 0) (i32.const {})))"
READ = "(local.set $i (i32.wrap_i64 (local.get $n))) (call $read (i32.const 1024))"
OUTPUT = "(i64.or (i64.shl (i64.const 1024) (i64.const 32)) (i64.extend_i32_u (local.get $i)))"
LOOK = f"(drop (call $observe (i32.const 128) (i32.const {len(SPEC)})))"
OWN = {"source": "committee", "draws": 2}
GRANT = {"source": "drand", "delay_s": 30, "draws": 2, "accept_draw_known_before_observations": True}


def drawing(run: str, *, granted: dict[str, object] | None = GRANT) -> Function:
    """A guest, its grant of two draws, and one observation."""
    capabilities = {"random": granted} if granted else {}
    terms = parse_terms({"limits": {"observations": 1}, "capabilities": capabilities})
    return Function(module(run, before=data(64, b"random.draw") + data(128, SPEC)), terms)


def entry(subject: Subject, ordinal: int, proof: bytes = b"\x09" * 48) -> Entry:
    grant = subject.function.terms.capabilities.random
    assert grant is not None
    return Entry(draw_spec(grant, subject.request, ordinal), Kind.DRAW, proof)


def subjects() -> Iterator[Subject]:
    """Draws answered, awaited, too many, of another place, after which is observed, and not granted."""
    once = DRAW.format(0) + READ
    twice = local("two draws", drawing(once + once + OUTPUT))
    first, second, seen = entry(twice, 0), entry(twice, 1), Entry(SPEC, Kind.VALUE, b"1")
    for transcript in ((), (first,), (first, second), (second,), (first, first), (first, second, second), (seen,)):
        yield dataclasses.replace(twice, transcript=transcript)
    after = local("an observation, then a draw", drawing(LOOK + once + OUTPUT))
    for transcript in ((seen,), (seen, entry(after, 0)), (entry(after, 0),)):
        yield dataclasses.replace(after, transcript=transcript)
    before = local("a draw, then an observation", drawing(once + LOOK + OUTPUT))
    yield dataclasses.replace(before, transcript=(entry(before, 0), seen))
    yield dataclasses.replace(before, transcript=(entry(before, 0),))
    three = local("three draws", drawing(once * 3 + OUTPUT))
    yield dataclasses.replace(three, transcript=(entry(three, 0), entry(three, 1)))
    yield local("not granted", drawing(once + OUTPUT, granted=None))
    yield local("with a request", drawing(DRAW.format(1) + OUTPUT))
    for event in (HttpCall(Digest(bytes(32))), ClockTick(7)):
        origin = Origin(RegistrationId(bytes(32)), event)
        for source in (GRANT, OWN):
            drawn = local(f"two draws by {source['source']}", drawing(once + once + OUTPUT, granted=source))
            posted = dataclasses.replace(drawn, request=dataclasses.replace(drawn.request, origin=origin))
            yield posted
            yield dataclasses.replace(posted, transcript=(entry(posted, 0), entry(posted, 1)))


@pytest.fixture(scope="module")
def web() -> Iterator[WebReplay]:
    """One V8 for all requests."""
    with WebReplay() as replay:
        yield replay


def test_draws_end_alike(web: WebReplay) -> None:
    """Every end there is, with equal import calls and fuel on the way."""
    ends = []
    for subject in subjects():
        expected = in_python(load(subject.function), subject)
        assert in_javascript(web, subject) == expected, subject.name
        ends.append(expected[0])
    assert {type(end) for end in ends} == {Returned, Awaiting, Trapped, str}
    assert {end.code for end in ends if isinstance(end, Trapped)} == {TrapCode.ABI}
