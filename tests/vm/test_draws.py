"""`random.draw`: answered by the transcript's draws, the end as Awaiting, and what is against the ABI."""

from __future__ import annotations

import dataclasses

import pytest

from executor.crypto.draws import draw_spec, draw_value
from executor.errors import TranscriptMismatch
from executor.model.ids import Digest, RegistrationId
from executor.model.observation import Kind
from executor.model.outcome import Awaiting, Returned, TrapCode, Trapped
from executor.model.transcript import Entry, Transcript
from executor.model.trigger import ClockTick, HttpCall, Origin
from executor.vm import Diagnostics, Program, execute, observe

from .guests import SPEC, data, program, request

NAME = b"random.draw"
DRAW = f"(local.set $n (call $call (i32.const 64) (i32.const {len(NAME)}) (i32.const 0) (i32.const 0)))"
READ = "(local.set $i (i32.wrap_i64 (local.get $n))) (call $read (i32.const 1024))"
OUTPUT = "(i64.or (i64.shl (i64.const 1024) (i64.const 32)) (i64.extend_i32_u (local.get $i)))"
LOOK = f"(drop (call $observe (i32.const 128) (i32.const {len(SPEC)})))"
BEFORE = data(64, NAME) + data(128, SPEC)
ALONE = {"random": {"source": "drand", "delay_s": 30, "draws": 2}}
BESIDE = {"random": {**ALONE["random"], "accept_draw_known_before_observations": True}}


def guest(run: str, grants: dict[str, object] | None = ALONE, observations: int = 0) -> Program:
    return program(run, before=BEFORE, limits={"observations": observations}, grants=grants)


def drawn(target: Program, ordinal: int, proof: bytes = b"\x07" * 48) -> Entry:
    grant = target.function.terms.capabilities.random
    assert grant is not None
    return Entry(draw_spec(grant, request(target), ordinal), Kind.DRAW, proof)


def reason(target: Program, transcript: Transcript = ()) -> tuple[object, str]:
    diagnostics = Diagnostics()
    return execute(target, request(target), transcript, diagnostics=diagnostics), diagnostics.message


def test_a_run_stops_at_a_draw_that_nobody_made() -> None:
    """Awaiting it, by the spec that the request and the manifest give."""
    target = guest(DRAW + "(i64.const 0)")
    assert execute(target, request(target)) == Awaiting(0, drawn(target, 0).spec)


def test_draws_answer_32_bytes_in_their_order() -> None:
    """Each with its own ordinal, from the transcript's proofs."""
    target = guest(DRAW + READ + DRAW + READ + OUTPUT)
    first, second = drawn(target, 0), drawn(target, 1)
    assert execute(target, request(target), (first,)) == Awaiting(1, second.spec)
    done = execute(target, request(target), (first, second))
    assert isinstance(done, Returned)
    assert done.output == draw_value(request(target), 1, second.value)
    assert done == execute(target, request(target), (first, second))


def test_draws_come_after_observations() -> None:
    """The slot numbers go on; the draw's ordinal begins with 0."""
    target = guest(LOOK + DRAW + READ + OUTPUT, BESIDE, observations=1)
    seen = Entry(SPEC, Kind.VALUE, b"1")
    assert execute(target, request(target), (seen,)) == Awaiting(1, drawn(target, 0).spec)
    done = execute(target, request(target), (seen, drawn(target, 0)))
    assert isinstance(done, Returned)
    assert done.output == draw_value(request(target), 0, b"\x07" * 48)


def test_observe_after_a_draw_is_against_the_abi() -> None:
    """Nobody chooses an observation knowing the draw."""
    target = guest(DRAW + READ + LOOK + "(i64.const 0)", BESIDE, observations=1)
    assert reason(target, (drawn(target, 0),))[0] == Trapped(TrapCode.ABI, target.function.terms.limits.fuel)
    assert "draws come last" in reason(target, (drawn(target, 0),))[1]


@pytest.mark.parametrize(
    ("run", "grants", "words"),
    [
        (DRAW + "(i64.const 0)", None, "no [capabilities.random]"),
        (
            "(drop (call $call (i32.const 64) (i32.const 11) (i32.const 0) (i32.const 1)))(i64.const 0)",
            ALONE,
            "the request is empty",
        ),
    ],
)
def test_what_the_manifest_or_the_abi_does_not_allow_traps(run: str, grants: dict[str, object], words: str) -> None:
    """The grant is missing; a request that says something."""
    target = guest(run, grants)
    outcome, message = reason(target)
    assert outcome == Trapped(TrapCode.ABI, target.function.terms.limits.fuel)
    assert words in message


def test_more_draws_than_granted_trap() -> None:
    """Each costs a run from the start."""
    target = guest(DRAW + DRAW + DRAW + "(i64.const 0)")
    outcome, message = reason(target, (drawn(target, 0), drawn(target, 1)))
    assert outcome == Trapped(TrapCode.ABI, target.function.terms.limits.fuel)
    assert "more than 2 draws" in message


def test_a_transcript_of_other_draws_is_a_mismatch() -> None:
    """D2: another request's round, another ordinal, an observation in a draw's place, and one draw too many."""
    target = guest(DRAW + READ + OUTPUT)
    later = dataclasses.replace(request(target), block_timestamp=2_000_000_000)
    for transcript in (
        (drawn(target, 1),),
        (Entry(SPEC, Kind.VALUE, b"1"),),
        (drawn(target, 0), drawn(target, 1)),
    ):
        with pytest.raises(TranscriptMismatch):
            execute(target, request(target), transcript)
    with pytest.raises(TranscriptMismatch):
        execute(target, later, (drawn(target, 0),))


def test_a_draw_in_an_observations_place_is_a_mismatch() -> None:
    """The kinds never stand for each other."""
    target = guest(LOOK + "(i64.const 0)", BESIDE, observations=1)
    with pytest.raises(TranscriptMismatch):
        execute(target, request(target), (drawn(target, 0),))


def test_an_http_triggers_poster_draws_nothing() -> None:
    """It names the home block, a final one, whose round is out already: it could post until it likes the draw."""
    target = guest(DRAW + "(i64.const 0)")
    posted, ticked = (
        dataclasses.replace(request(target), origin=Origin(RegistrationId(bytes(32)), event))
        for event in (HttpCall(Digest(bytes(32))), ClockTick(7))
    )
    assert execute(target, posted) == Trapped(TrapCode.ABI, target.function.terms.limits.fuel)
    assert isinstance(execute(target, ticked), Awaiting)


class Nothing:
    """A world that nobody asks."""

    def call(self, operation: str, request: bytes) -> None:
        raise AssertionError(operation)


def test_observe_mode_answers_no_draw() -> None:
    """`agreed-mode-only`: what a node drew there would be its own."""
    spec = f"(call $observe (i32.const 128) (i32.const {len(SPEC)}))"
    inside = f"{DRAW} {READ} (call $propose (i32.const 1) (i32.const 1024) (local.get $i)) unreachable"
    target = guest(f"(if (i64.eq {spec} (i64.const -1)) (then {inside})) (i64.const 0)", BESIDE, observations=1)
    seen = observe(target, request(target), (), Nothing())  # type: ignore[arg-type]
    assert (seen.kind, seen.value) == (Kind.ERROR, b"agreed-mode-only")


def test_an_observe_run_does_not_pass_a_draw() -> None:
    """A guest that draws where it was to observe is no observation's."""
    target = guest(DRAW + "(i64.const 0)", BESIDE, observations=1)
    with pytest.raises(TranscriptMismatch, match="the guest draws"):
        observe(target, request(target), (), Nothing())  # type: ignore[arg-type]
