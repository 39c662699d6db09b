"""What a run in agreed mode ends in."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from eth_hash.auto import keccak

from executor.crypto.digests import request_id
from executor.errors import InvalidValue
from executor.model.function import Function
from executor.model.ids import RegistrationId
from executor.model.manifest import Terms
from executor.model.outcome import Failed, Outcome, Returned, TrapCode, Trapped
from executor.model.profile import PROFILE
from executor.model.trigger import ClockTick, Origin
from executor.vm import Diagnostics, Program, execute, load
from executor.vm.diagnostics import LogLine
from executor.vm.metering.rules import PAGE_FUEL
from executor.vm.prices import IMPORT_PRICES
from vm.guests import ALLOC, IMPORTS, data, module, program, request, wasm

BUDGET = 200_000_000
ABI = Trapped(TrapCode.ABI, BUDGET)
INPUT_BACK = "(i64.or (i64.shl (i64.extend_i32_u (local.get $ptr)) (i64.const 32)) (i64.extend_i32_u (local.get $len)))"


def explained(target: Program, value: bytes = b"") -> tuple[Outcome, str]:
    """The outcome and the reason given to people."""
    diagnostics = Diagnostics()
    return execute(target, request(target, value), diagnostics=diagnostics), diagnostics.message


def output_of(outcome: Outcome) -> bytes:
    """The output of a run that returned."""
    assert isinstance(outcome, Returned)
    return outcome.output


def used_of(outcome: Outcome) -> int:
    """The fuel of a run that returned."""
    assert isinstance(outcome, Returned)
    return outcome.fuel_used


def test_the_input_comes_in_and_the_output_goes_out() -> None:
    """Bytes in, bytes out, any length including none."""
    target = program(INPUT_BACK)
    for value in (b"", b"x", bytes(range(256)) * 8):
        assert output_of(execute(target, request(target, value))) == value


def test_an_empty_output_may_point_anywhere() -> None:
    """A zero length is legal whatever its pointer: some languages' empty slices point nowhere."""
    target = program("(i64.const 0xffffffff00000000)")
    assert output_of(execute(target, request(target))) == b""


def test_exports_are_called_in_order_with_their_arguments() -> None:
    """_initialize, alloc(source), load, alloc(input), run: each once, with the lengths of what it gets."""

    def push(digit: str) -> str:
        return f"(global.set $s (i64.add (i64.mul (global.get $s) (i64.const 100)) {digit}))"

    text = f"""(module {IMPORTS} (memory (export "memory") 1) (global $s (mut i64) (i64.const 0))
      (func (export "_initialize") {push("(i64.const 11)")})
      (func (export "alloc") (param i32) (result i32) {push("(i64.extend_i32_u (local.get 0))")} (i32.const 64))
      (func (export "load") (param i32 i32) {push("(i64.const 12)")})
      (func (export "run") (param i32 i32) (result i64) {push("(i64.extend_i32_u (local.get 1))")}
        (i64.store (i32.const 0) (global.get $s)) (i64.const 8)))"""
    target = load(Function(wasm(text), source=b"src"))
    assert target.has_initialize
    calls = int.from_bytes(output_of(execute(target, request(target, b"data"))), "little")
    assert calls == 11_03_12_04_04


def test_every_run_is_a_fresh_instance() -> None:
    """Nothing of one run reaches the next."""
    target = program("(i32.store8 (i32.const 0) (i32.add (i32.load8_u (i32.const 0)) (i32.const 1))) (i64.const 1)")
    assert [output_of(execute(target, request(target))) for _ in range(3)] == [b"\x01"] * 3


def test_instantiation_has_its_price() -> None:
    """Eight bytes of data are one fuel, a page 65,536; a budget below the price runs nothing."""
    small, more_pages = program("(i64.const 0)", pages="20"), program("(i64.const 0)", pages="21")
    large = program("(i64.const 0)", before=data(65_536, bytes(1_000_000)), pages="20")
    used = [used_of(execute(target, request(target))) for target in (small, more_pages, large)]
    assert used[1] - used[0] == PAGE_FUEL
    assert used[2] - used[0] == 1_000_000 // 8
    poor = program("unreachable", pages="20", limits={"fuel": small.instantiation_fuel - 1})
    diagnostics = Diagnostics()
    outcome = execute(poor, request(poor), diagnostics=diagnostics)
    assert outcome == Trapped(TrapCode.OUT_OF_FUEL, small.instantiation_fuel - 1)
    assert "fuel to pay" in diagnostics.message


@pytest.mark.parametrize("place", ["_initialize", "alloc", "load", "run"])
def test_every_export_burns_the_budget(place: str) -> None:
    """A loop anywhere ends the run out of fuel, with the whole budget used."""
    loops = {name: "(loop (br 0))" if name == place else "" for name in ("_initialize", "alloc", "load", "run")}
    text = f"""(module (memory (export "memory") 1) (func (export "_initialize") {loops["_initialize"]})
      (func (export "alloc") (param i32) (result i32) {loops["alloc"]} (i32.const 0))
      (func (export "load") (param i32 i32) {loops["load"]})
      (func (export "run") (param i32 i32) (result i64) {loops["run"]} (i64.const 0)))"""
    target = load(Function(wasm(text), Terms.model_validate({"limits": {"fuel": 1_000_000}}), b"source"))
    assert execute(target, request(target)) == Trapped(TrapCode.OUT_OF_FUEL, 1_000_000)


def test_fuel_used_is_exact_and_a_smaller_budget_is_out_of_fuel() -> None:
    """The fuel a run uses is enough for it; one less is not."""
    run = "(call $log (i32.const 1) (i32.const 0) (i32.const 3)) (i64.const 0)"
    target = program(run)
    outcome = execute(target, request(target))
    assert isinstance(outcome, Returned)
    assert outcome.fuel_used > IMPORT_PRICES["log"].of(3)
    enough = program(run, limits={"fuel": outcome.fuel_used})
    assert execute(enough, request(enough)) == outcome
    short = program(run, limits={"fuel": outcome.fuel_used - 1})
    assert execute(short, request(short)) == Trapped(TrapCode.OUT_OF_FUEL, outcome.fuel_used - 1)


def test_every_import_costs_its_price() -> None:
    """The difference a call makes is its price and a few units of guest code."""
    idle = program("(i64.const 0)")
    base = execute(idle, request(idle))
    calls = {
        "log": ("(call $log (i32.const 1) (i32.const 0) (i32.const 10))", 10),
        "fail": ("(call $fail (i32.const 0) (i32.const 10))", 10),
    }
    for name, (call, size) in calls.items():
        target = program(f"{call} (i64.const 0)")
        outcome = execute(target, request(target))
        assert isinstance(outcome, Returned | Failed)
        assert isinstance(base, Returned)
        assert 0 <= outcome.fuel_used - base.fuel_used - IMPORT_PRICES[name].of(size) < 20


def test_a_trap_burns_the_whole_budget() -> None:
    """Trap kinds are coarse and the fuel figure is the budget."""
    for run in ("unreachable", "(drop (i32.div_u (i32.const 1) (i32.const 0))) (i64.const 0)",
                "(drop (i32.load (i32.const 65536))) (i64.const 0)"):  # fmt: skip
        target = program(run)
        assert execute(target, request(target)) == Trapped(TrapCode.TRAP, BUDGET)


def test_fail_ends_the_run_whatever_follows() -> None:
    """After fail: unreachable, returning, an endless loop or another fail change nothing but the block's own charge."""
    outcomes = set()
    for after in ("unreachable", "(i64.const 0)", "(loop (br 0)) unreachable",
                  "(call $fail (i32.const 2) (i32.const 1)) unreachable",
                  "(drop (call $observe (i32.const 0) (i32.const 1))) unreachable",
                  "(call $log (i32.const 0) (i32.const 0) (i32.const 1)) unreachable",
                  "(drop (i32.load (i32.const -1))) unreachable"):  # fmt: skip
        target = program(f"(call $fail (i32.const 0) (i32.const 4)) {after}", before=data(0, b"oops"))
        outcomes.add(execute(target, request(target)))
    assert {(type(outcome), outcome.error) for outcome in outcomes} == {(Failed, b"oops")}
    assert max(outcome.fuel_used for outcome in outcomes) - min(outcome.fuel_used for outcome in outcomes) < 30


def test_fail_and_log_work_before_run() -> None:
    """A syntax error in `load` ends the run as Failed, with its log kept."""
    text = f"""(module {IMPORTS} (memory (export "memory") 1) {ALLOC} {data(0, b"bad source")}
      (func (export "load") (param i32 i32) (call $log (i32.const 1) (i32.const 0) (i32.const 3))
        (call $fail (i32.const 0) (i32.const 10)))
      (func (export "run") (param i32 i32) (result i64) unreachable))"""
    target = load(Function(wasm(text), source=b"source"))
    diagnostics = Diagnostics()
    outcome = execute(target, request(target), diagnostics=diagnostics)
    assert isinstance(outcome, Failed)
    assert outcome.error == b"bad source"
    assert diagnostics.logs == [LogLine(1, "bad")]


@pytest.mark.parametrize("call", ["(drop (call $observe (i32.const 0) (i32.const 0)))",
                                  "(call $propose (i32.const 0) (i32.const 0) (i32.const 0))",
                                  "(drop (call $call (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))",
                                  "(call $read (i32.const 0))"])  # fmt: skip
@pytest.mark.parametrize("place", ["_initialize", "alloc", "load"])
def test_nothing_else_works_before_run(call: str, place: str) -> None:
    """observe, propose, call and read in _initialize, alloc or load break the ABI."""
    bodies = {name: call if name == place else "" for name in ("_initialize", "alloc", "load")}
    text = f"""(module {IMPORTS} (memory (export "memory") 1) (func (export "_initialize") {bodies["_initialize"]})
      (func (export "alloc") (param i32) (result i32) {bodies["alloc"]} (i32.const 0))
      (func (export "load") (param i32 i32) {bodies["load"]})
      (func (export "run") (param i32 i32) (result i64) (i64.const 0)))"""
    target = load(Function(wasm(text), source=b"source"))
    outcome, message = explained(target)
    assert outcome == ABI
    assert "before run" in message


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        ("(i64.const 0x0001000000000001)", "leaves the memory"),
        ("(i64.const 0x00000000ffffffff)", "leaves the memory"),
        ("(i64.const 0xffffffffffffffff)", "leaves the memory"),
        ("(i64.const 4097)", "limits.output_bytes is 4096"),
        ("(call $fail (i32.const 65536) (i32.const 1)) unreachable", "leave the memory"),
        ("(call $fail (i32.const -1) (i32.const 2)) unreachable", "leave the memory"),
        ("(call $fail (i32.const 0) (i32.const 0)) unreachable", "empty"),
        ("(call $fail (i32.const 0) (i32.const 1025)) unreachable", "the limit is 1024"),
        ("(call $log (i32.const 0) (i32.const 65530) (i32.const 10)) unreachable", "leave the memory"),
        ("(call $log (i32.const 0) (i32.const 0) (i32.const 1)) unreachable", "not UTF-8"),
        ("(call $read (i32.const 0)) unreachable", "nothing is pending"),
        ("(call $propose (i32.const 0) (i32.const 0) (i32.const 0)) unreachable", "propose"),
        ("(drop (call $call (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0))) unreachable", "not UTF-8"),
        ("(drop (call $call (i32.const 0) (i32.const 65) (i32.const 0) (i32.const 0))) unreachable", "limit is 64"),
        ("(drop (call $call (i32.const 8) (i32.const 10) (i32.const 0) (i32.const 0))) unreachable", "wrap it in obs"),
        ("(drop (call $call (i32.const 8) (i32.const 10) (i32.const -9) (i32.const 9))) unreachable", "leave the"),
        ("(drop (call $call (i32.const 8) (i32.const 10) (i32.const 0) (i32.const 262145))) unreachable", "262144"),
    ],
)  # fmt: skip
def test_a_broken_rule_is_an_abi_trap_with_a_reason(run: str, reason: str) -> None:
    """Each rule ends the run as Trapped(ABI) with the whole budget, and people are told why."""
    target = program(run, before=data(0, b"\xff") + data(8, b"http.fetch"), pages="8" if "262145" in run else "1")
    outcome, message = explained(target)
    assert outcome == ABI
    assert reason in message


def test_a_lying_alloc_is_an_abi_trap() -> None:
    """An `alloc` that answers outside the memory gets nothing written."""
    for pointer in (65_536, 65_530, 0xFFFF_FFFF):
        lie = f'(func (export "alloc") (param i32) (result i32) (i32.const {pointer}))'
        outcome, message = explained(program(alloc=lie), bytes(16))
        assert outcome == ABI
        assert "alloc(16)" in message


def test_an_input_over_the_ceiling_is_an_abi_trap() -> None:
    """The limit of the profile holds even when a contract lets more through."""
    outcome, message = explained(program(), bytes(PROFILE.ceilings.input_bytes + 1))
    assert outcome == ABI
    assert "the input has 65537 bytes" in message


def test_pending_bytes_are_read_once() -> None:
    """A second read is against the rules."""
    call = "(drop (call $call (i32.const 0) (i32.const 16) (i32.const 0) (i32.const 0)))"
    once = program(f"{call} (call $read (i32.const 64)) (i64.const 0x0000004000000020)",
                   before=data(0, b"crypto.keccak256"))  # fmt: skip
    assert output_of(execute(once, request(once))) == keccak(b"")
    twice = program(f"{call} (call $read (i32.const 64)) (call $read (i32.const 64)) (i64.const 0)",
                    before=data(0, b"crypto.keccak256"))  # fmt: skip
    assert explained(twice) == (ABI, "read: nothing is pending")
    outside = program(f"{call} (call $read (i32.const 65505)) (i64.const 0)", before=data(0, b"crypto.keccak256"))
    assert explained(outside) == (ABI, "read: 32 bytes at 65505 leave the memory")


def test_keccak256_hashes_guest_bytes() -> None:
    """crypto.keccak256 of the input."""
    target = program(
        """(drop (call $call (i32.const 0) (i32.const 16) (local.get $ptr) (local.get $len)))
        (call $read (i32.const 64)) (i64.const 0x0000004000000020)""",
        before=data(0, b"crypto.keccak256"),
    )
    assert output_of(execute(target, request(target, b"abc"))) == keccak(b"abc")


def test_the_context_is_the_requests() -> None:
    """input.context gives every field a guest may see, as canonical JSON."""
    target = program(
        """(local.set $n (call $call (i32.const 0) (i32.const 13) (i32.const 0) (i32.const 0)))
        (call $read (i32.const 64)) (i64.or (i64.const 0x0000004000000000) (local.get $n))""",
        before=data(0, b"input.context"),
    )
    asked = replace(request(target), chain_id=11155111, nonce=7, block_timestamp=1_700_000_000)
    context = json.loads(output_of(execute(target, asked)))
    assert context["request_id"] == str(request_id(asked))
    assert (context["chain_id"], context["nonce"], context["block_timestamp"]) == (11155111, 7, 1_700_000_000)
    assert context["function_id"] == str(target.function_id)
    assert context["trigger"] == "request"
    assert len(context) == 14
    origin = Origin(RegistrationId(bytes([7]) * 32), ClockTick(1_700_000_000))
    triggered = replace(request(target), chain_id=1, block_timestamp=1_700_000_005, origin=origin)
    context = json.loads(output_of(execute(target, triggered)))
    assert context["request_id"] == str(request_id(triggered)) != str(request_id(replace(triggered, origin=None)))
    assert (context["trigger"], context["registration"]) == ("cron", "0x" + "07" * 32)
    assert len(context) == 15


def test_a_request_for_another_function_is_refused() -> None:
    """P3: a program runs only requests that name it."""
    one, other = program(), program("(i64.const 0) (drop (i32.const 0))")
    with pytest.raises(InvalidValue, match="request is for function"):
        execute(one, request(other))


def test_logs_stay_outside_the_outcome() -> None:
    """D6: what is logged changes no byte of the outcome, and diagnostics or their absence neither."""
    run = "(call $log (i32.const 2) (i32.const 0) (i32.const 2)) (i64.const 0)"
    one, two = program(run, before=data(0, b"ab")), program(run, before=data(0, b"xy"))
    diagnostics = Diagnostics()
    outcome = execute(one, request(one), diagnostics=diagnostics)
    assert diagnostics.logs == [LogLine(2, "ab")]
    assert outcome == execute(one, request(one)) == execute(two, request(two))


def test_compiled_code_runs_the_same() -> None:
    """D8: a program restored from its compiled code gives the same outcome."""
    function = Function(module(INPUT_BACK))
    fresh = load(function)
    restored = load(function, compiled=fresh.serialize())
    assert execute(fresh, request(fresh, b"in")) == execute(restored, request(restored, b"in"))


def test_diagnostics_say_how_much_memory_there_was() -> None:
    """Peak memory is the memory at the end: it never shrinks."""
    target = program("(drop (memory.grow (i32.const 3))) (i64.const 0)")
    diagnostics = Diagnostics()
    execute(target, request(target), diagnostics=diagnostics)
    assert diagnostics.memory_bytes == 4 * 65_536
