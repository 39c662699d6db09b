"""`random.draw` of the committee: the request's own draws, by the ABI's rules for all draws."""

from __future__ import annotations

import dataclasses

import pytest

from executor.crypto.digests import keccak256, request_id
from executor.crypto.draws import draw_spec
from executor.errors import HostFault, TranscriptMismatch
from executor.model.draw import CommitteeDraw, encode_draw
from executor.model.ids import Digest, RegistrationId
from executor.model.observation import Kind
from executor.model.outcome import Awaiting, Returned, TrapCode, Trapped
from executor.model.transcript import Entry
from executor.model.trigger import HttpCall, Origin
from executor.vm import Diagnostics, Program, execute
from executor.worker.ends import check_end

from .guests import SPEC, data, program, request

NAME = b"random.draw"
DRAW = f"(local.set $n (call $call (i32.const 64) (i32.const {len(NAME)}) (i32.const 0) (i32.const 0)))"
READ = "(local.set $i (i32.wrap_i64 (local.get $n))) (call $read (i32.const 1024))"
OUTPUT = "(i64.or (i64.shl (i64.const 1024) (i64.const 32)) (i64.extend_i32_u (local.get $i)))"
LOOK = f"(drop (call $observe (i32.const 128) (i32.const {len(SPEC)})))"
BEFORE = data(64, NAME) + data(128, SPEC)
GRANT = {"random": {"source": "committee", "draws": 2}}
PROOF = b"\x07" * 48


def guest(run: str) -> Program:
    return program(run, before=BEFORE, limits={"observations": 1}, grants=GRANT)


def drawn(target: Program, ordinal: int, proof: bytes = PROOF) -> Entry:
    made = request(target)
    spec = encode_draw(CommitteeDraw(made.chain_id, made.router, request_id(made), ordinal))
    return Entry(spec, Kind.DRAW, proof)


def test_a_draw_is_awaited_and_then_its_proofs_hash() -> None:
    """By the request's own id, each ordinal another, after what was observed."""
    target = guest(LOOK + DRAW + READ + DRAW + READ + OUTPUT)
    seen, first, second = Entry(SPEC, Kind.VALUE, b"1"), drawn(target, 0), drawn(target, 1, b"\x08" * 48)
    assert execute(target, request(target), (seen,)) == Awaiting(1, first.spec)
    assert execute(target, request(target), (seen, first)) == Awaiting(2, second.spec)
    done = execute(target, request(target), (seen, first, second))
    assert isinstance(done, Returned)
    assert done.output == keccak256(b"\x08" * 48)


def test_observe_after_a_committees_draw_is_against_the_abi() -> None:
    """Nobody chooses an observation knowing the draw."""
    target = guest(DRAW + READ + LOOK + "(i64.const 0)")
    told = Diagnostics()
    outcome = execute(target, request(target), (drawn(target, 0),), diagnostics=told)
    assert outcome == Trapped(TrapCode.ABI, target.function.terms.limits.fuel)
    assert "draws come last" in told.message


def test_more_draws_than_granted_trap() -> None:
    """`draws` is the limit."""
    target = guest(DRAW + DRAW + DRAW + "(i64.const 0)")
    outcome = execute(target, request(target), (drawn(target, 0), drawn(target, 1)))
    assert outcome == Trapped(TrapCode.ABI, target.function.terms.limits.fuel)


def test_another_requests_draw_is_a_mismatch() -> None:
    """D2: another request's, another chain's, and another ordinal."""
    target = guest(DRAW + READ + OUTPUT)
    made = request(target)
    for other in (dataclasses.replace(made, nonce=9), dataclasses.replace(made, chain_id=9)):
        grant = target.function.terms.capabilities.random
        assert grant is not None
        with pytest.raises(TranscriptMismatch):
            execute(target, made, (Entry(draw_spec(grant, other, 0), Kind.DRAW, PROOF),))
    with pytest.raises(TranscriptMismatch):
        execute(target, made, (drawn(target, 1),))


def test_an_http_triggers_poster_may_draw_from_the_committee() -> None:
    """It cannot know the draw of what it posts: nothing of it exists before the request is settled."""
    target = guest(DRAW + READ + OUTPUT)
    posted = dataclasses.replace(request(target), origin=Origin(RegistrationId(bytes(32)), HttpCall(Digest(bytes(32)))))
    awaited = execute(target, posted)
    assert isinstance(awaited, Awaiting)
    assert str(request_id(posted)).encode() in awaited.spec


def test_a_worker_awaits_its_own_requests_draws_only() -> None:
    """Another request's would have the committee sign for that one."""
    target = guest(DRAW + READ + OUTPUT)
    function, made = target.function, request(target)
    check_end(Awaiting(0, drawn(target, 0).spec), function, made, ())
    other = dataclasses.replace(made, nonce=9)
    for spec in (drawn(target, 1).spec, encode_draw(CommitteeDraw(made.chain_id, made.router, request_id(other), 0))):
        with pytest.raises(HostFault, match="awaits a draw which it cannot make"):
            check_end(Awaiting(0, spec), function, made, ())
