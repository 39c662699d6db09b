"""Observe runs: nothing but an observation comes out (D13)."""

from __future__ import annotations

import pytest

from executor.errors import HostFault, TranscriptMismatch
from executor.model.observation import Kind, Observation
from executor.model.profile import PROFILE
from executor.model.transcript import Entry
from executor.vm import Diagnostics, Refusal, observe
from vm.guests import SPEC, Broken, World, answer, data, observing, program, request

HTTP = {"http": {"hosts": ["example.com"]}}
FIELDS = b'{"aggregate":{"fields":{"price":"median","venue":"mode"}}}'


def seen(
    inside: str, before: str = "", spec: bytes = SPEC, world: World | None = None, **options: object
) -> Observation:
    """What comes out when the guest does `inside` in observe mode."""
    run, segments = observing(spec, inside)
    target = program(run, before=segments + before, **options)  # type: ignore[arg-type]
    return observe(target, request(target), (), world or World())


def proposed(value: bytes, spec: bytes = SPEC, kind: int = 0) -> Observation:
    """What comes out when the guest proposes this."""
    inside = f"(call $propose (i32.const {kind}) (i32.const 256) (i32.const {len(value)}))"
    return seen(inside, data(256, value), spec)


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        ("(return (i64.const 0))", "no-proposal"),
        ("(return (i64.const -1))", "no-proposal"),
        ("(call $fail (i32.const 0) (i32.const 4))", "failed"),
        ("unreachable", "trap"),
        ("(drop (i32.div_u (i32.const 1) (i32.const 0)))", "trap"),
        ("(call $deep)", "trap"),
        ("(loop (br 0))", "out-of-fuel"),
        ("(call $fail (i32.const 0) (i32.const 0))", "abi"),
        ("(call $read (i32.const 0))", "abi"),
        ("(call $propose (i32.const 2) (i32.const 0) (i32.const 0))", "abi"),
        ("(call $propose (i32.const 0) (i32.const 65536) (i32.const 1))", "abi"),
        ("(drop (call $call (i32.const -1) (i32.const 1) (i32.const 0) (i32.const 0)))", "abi"),
        ("(drop (call $observe (i32.const 0) (i32.const 22)))", "nested-observe"),
        ("(call $propose (i32.const 0) (i32.const 0) (i32.const 22))", "invalid-value"),
        ("(call $propose (i32.const 1) (i32.const 0) (i32.const 22))", "invalid-code"),
        ("(call $propose (i32.const 1) (i32.const 0) (i32.const 0))", "invalid-code"),
        ("(call $propose (i32.const 0) (i32.const 0) (i32.const 40000))", "invalid-value"),
    ],
)
def test_whatever_the_guest_does_becomes_an_error_observation(inside: str, code: str) -> None:
    """D13: each way out has its stable code."""
    deep = "(func $deep (call $deep))"
    assert seen(inside, deep, limits={"observe_fuel": 100_000_000}) == Observation.error(code)


@pytest.mark.parametrize("after", ["unreachable", "(return (i64.const 7))", "(loop (br 0))",
                                   "(call $propose (i32.const 0) (i32.const 260) (i32.const 1))",
                                   "(call $fail (i32.const 0) (i32.const 4))"])  # fmt: skip
def test_the_first_proposal_stays(after: str) -> None:
    """After propose nothing has an effect: not a second proposal, fail, a trap or an endless loop."""
    inside = f"(call $propose (i32.const 0) (i32.const 256) (i32.const 4)) {after}"
    assert seen(inside, data(256, b"12.5")) == Observation(Kind.VALUE, b"12.5")


@pytest.mark.parametrize(
    ("spec", "value", "fits"),
    [
        (SPEC, b"0", True),
        (SPEC, b"-12.500", True),
        (SPEC, b"9" * 78, True),
        (SPEC, b"9" * 79, False),
        (SPEC, b"1.", False),
        (SPEC, b"01", False),
        (SPEC, b"+1", False),
        (SPEC, b"1e5", False),
        (SPEC, b"1\n", False),
        (SPEC, "\u0661".encode(), False),
        (SPEC, b"", False),
        (b'{"aggregate":"identical"}', b"\x00\xff", True),
        (b'{"aggregate":"mode"}', b"", True),
        (FIELDS, b'{"price":"1.5","venue":"x"}', True),
        (FIELDS, b'{"price":1,"venue":"x"}', False),
        (FIELDS, b'{"price":"x","venue":"x"}', False),
        (FIELDS, b'{"price":"1.5"}', False),
        (FIELDS, b'{"a":"1","price":"1.5","venue":"x"}', False),
        (FIELDS, b'{"venue":"x","price":"1.5"}', False),
        (FIELDS, b"[]", False),
        (FIELDS, b"\xff", False),
    ],
)
def test_a_proposed_value_fits_its_strategy_or_is_invalid(spec: bytes, value: bytes, fits: bool) -> None:
    """Only values the strategies can aggregate are observed."""
    expected = Observation(Kind.VALUE, value) if fits else Observation.error("invalid-value")
    assert proposed(value, spec) == expected


def test_a_proposed_error_keeps_its_code() -> None:
    """A guest's own code is observed as it is; anything else is `invalid-code`."""
    assert proposed(b"http-503", kind=1) == Observation.error("http-503")
    assert proposed(b"HTTP 503", kind=1) == Observation.error("invalid-code")
    assert proposed(b"a" * 65, kind=1) == Observation.error("invalid-code")


CALL = """(local.set $n (call $call (i32.const 256) (i32.const {size}) (i32.const 300) (i32.const 3)))
  (i64.store (i32.const 512) (local.get $n)) (call $read (i32.const 520))
  (call $propose (i32.const 0) (i32.const 512) (i32.add (i32.const 8) (i32.wrap_i64 (local.get $n))))"""
RAW = b'{"aggregate":"identical"}'


def called(operation: bytes, world: World, **options: object) -> tuple[int, bytes]:
    """(status, bytes) of one call in observe mode with the request `req`."""
    before = data(256, operation) + data(300, b"req")
    observation = seen(CALL.format(size=len(operation)), before, RAW, world, **options)
    assert observation.kind is Kind.VALUE
    packed, value = int.from_bytes(observation.value[:8], "little"), observation.value[8:]
    assert packed & 0xFFFF_FFFF == len(value)
    return packed >> 32, value


def test_a_granted_call_reaches_the_world() -> None:
    """The adapter gets operation and request, the guest its answer."""
    world = World({"http.fetch": answer(b"body")})
    assert called(b"http.fetch", world, grants=HTTP) == (0, b"body")
    assert world.asked == [("http.fetch", b"req")]


def test_a_refusal_is_status_one_with_its_code() -> None:
    """What the world does wrong is a code."""
    assert called(b"http.fetch", World({"http.fetch": Refusal("timeout")}), grants=HTTP) == (1, b"timeout")


def test_deny_by_default() -> None:
    """What the manifest does not grant, or nobody knows, is refused without asking the world."""
    world = World({"http.fetch": answer(b"body"), "secrets.get": answer(b"key")})
    assert called(b"http.fetch", world) == (1, b"not-granted")
    assert called(b"secrets.get", world, grants=HTTP) == (1, b"not-granted")
    assert called(b"clock.now", world, grants=HTTP) == (1, b"unknown-operation")
    assert world.asked == []


def test_pure_operations_answer_in_observe_mode_too() -> None:
    """crypto.keccak256 asks no world."""
    world = World()
    status, value = called(b"crypto.keccak256", world)
    assert (status, len(value)) == (0, 32)
    assert world.asked == []


def test_a_response_over_the_ceiling_is_a_refusal() -> None:
    """An adapter that hands over too much is cut off with a code."""
    world = World({"http.fetch": answer(bytes(PROFILE.ceilings.call_response_bytes + 1))})
    assert called(b"http.fetch", world, grants=HTTP) == (1, b"response-too-large")


def test_a_call_too_many_is_an_abi_error() -> None:
    """At most 64 calls of the world in one observe run."""
    world = World({"http.fetch": answer(b"")})
    inside = "(loop (drop (call $call (i32.const 256) (i32.const 10) (i32.const 0) (i32.const 0))) (br 0))"
    assert seen(inside, data(256, b"http.fetch"), world=world, grants=HTTP) == Observation.error("abi")
    assert len(world.asked) == PROFILE.ceilings.calls


def test_an_adapters_bug_is_a_host_fault() -> None:
    """D10: what an adapter raises ends the run as our fault, with its cause kept."""
    run, before = observing(inside="(drop (call $call (i32.const 256) (i32.const 10) (i32.const 0) (i32.const 0)))")
    target = program(run, before=before + data(256, b"http.fetch"), grants=HTTP)
    with pytest.raises(HostFault, match="ZeroDivisionError") as caught:
        observe(target, request(target), (), Broken())
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_observe_mode_has_fuel_of_its_own() -> None:
    """The replay burns `fuel`, what follows burns `observe_fuel`; neither lends to the other."""
    spin = "(local.set $i (i32.const 100000)) (loop (br_if 0 (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))"
    propose = "(call $propose (i32.const 0) (i32.const 256) (i32.const 1))"
    value = Observation(Kind.VALUE, b"1")
    run, before = observing(inside=spin + propose)
    enough = program(run, before=before + data(256, b"1"), limits={"fuel": 300_000, "observe_fuel": 2_000_000})
    assert observe(enough, request(enough), (), World()) == value
    poor = program(run, before=before + data(256, b"1"), limits={"fuel": 2_000_000, "observe_fuel": 300_000})
    assert observe(poor, request(poor), (), World()) == Observation.error("out-of-fuel")
    late = program(spin + run, before=before + data(256, b"1"), limits={"fuel": 300_000})
    with pytest.raises(TranscriptMismatch, match="before slot 0"):
        observe(late, request(late), (), World())


def test_the_replay_comes_first() -> None:
    """With entries in the transcript, the guest observes at the first slot they do not answer."""
    run, before = observing(
        after="""(drop (call $observe (i32.const 0) (i32.const 22)))
        (call $propose (i32.const 0) (i32.const 1024) (local.get $i)) unreachable"""
    )
    target = program(run, before=before)
    assert observe(target, request(target), (Entry(SPEC, Kind.VALUE, b"41"),), World()).value == b"41"
    with pytest.raises(TranscriptMismatch, match="slot 0"):
        observe(target, request(target), (Entry(RAW, Kind.VALUE, b"41"),), World())


@pytest.mark.parametrize(
    "run", ["(i64.const 0)", "unreachable", "(call $fail (i32.const 0) (i32.const 1)) unreachable"]
)
def test_a_run_that_never_observes_is_a_mismatch(run: str) -> None:
    """An observe run that ends in agreed mode gives nothing: the caller's transcript is not this run's."""
    target = program(run)
    with pytest.raises(TranscriptMismatch, match="before slot 0"):
        observe(target, request(target), (), World())


def test_logs_have_a_budget_of_their_own_in_observe_mode() -> None:
    """Lines of the replay do not use up the observation's."""
    many = PROFILE.ceilings.log_lines
    flood = f"""(local.set $i (i32.const {many}))
      (loop (call $log (i32.const 0) (i32.const 0) (i32.const 0))
        (br_if 0 (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))"""
    run, before = observing(inside=flood + "(call $propose (i32.const 0) (i32.const 256) (i32.const 1))")
    target = program(flood + run, before=before + data(256, b"1"))
    diagnostics = Diagnostics()
    assert observe(target, request(target), (), World(), diagnostics=diagnostics) == Observation(Kind.VALUE, b"1")
    assert len(diagnostics.logs) == 2 * many
