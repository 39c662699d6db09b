"""Guests that attack the host."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import MappingProxyType

import pytest

from executor.errors import HostFault, InvalidModule
from executor.model.function import Function
from executor.model.outcome import Returned, TrapCode, Trapped
from executor.model.profile import PROFILE
from executor.vm import Diagnostics, Program, execute, load
from executor.vm import engine as engine_module
from executor.vm.engine import SETTINGS
from executor.vm.imports import RUNS
from vm.guests import data, module, program, request

BUDGET = 200_000_000


def test_an_endless_loop_runs_out_of_fuel() -> None:
    """D4: only fuel ends it."""
    target = program("(loop (br 0)) unreachable")
    assert execute(target, request(target)) == Trapped(TrapCode.OUT_OF_FUEL, BUDGET)


def test_endless_recursion_is_out_of_stack() -> None:
    """D5: the depth is counted by rule, in any export and through tables."""
    for run, before in (
        ("(call $deep) (i64.const 0)", "(func $deep (call $deep))"),
        ("(call $a) (i64.const 0)", "(func $a (call $b)) (func $b (call $a))"),
        ("(call_indirect (type $t) (i32.const 0)) (i64.const 0)",
         "(type $t (func)) (table funcref (elem $deep)) (func $deep (call_indirect (type $t) (i32.const 0)))"),
    ):  # fmt: skip
        target = program(run, before=before)
        assert execute(target, request(target)) == Trapped(TrapCode.STACK, BUDGET)


def test_a_native_overflow_is_a_host_fault() -> None:
    """D5: on an engine with too little native stack the rules are not reached, and nothing is signed."""
    with pytest.raises(HostFault, match="native stack overflow"):
        run_on_a_small_stack()


def run_on_a_small_stack() -> None:
    """Deep recursion on an engine like ours with 64 KiB of stack."""
    profile = replace(PROFILE, name="small stack")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine_module, "SETTINGS", MappingProxyType({**SETTINGS, "max_wasm_stack": 65_536}))
        function = Function(module("(call $deep) (i64.const 0)", before="(func $deep (call $deep))"))
        target = load(function, profile)
    execute(target, request(target))


def test_host_functions_answer_at_the_bottom_of_the_stack() -> None:
    """The last frames call the host, and it has room to work."""
    deep = """(func $deep (call $log (i32.const 0) (i32.const 0) (i32.const 3)) (call $wide))
      (func $wide (local {}) (call $deep))""".format("v128 " * 100)
    target, diagnostics = program("(call $deep) (i64.const 0)", before=deep), Diagnostics()
    assert execute(target, request(target), diagnostics=diagnostics) == Trapped(TrapCode.STACK, BUDGET)
    assert 0 < len(diagnostics.logs) < PROFILE.ceilings.log_lines


def test_memory_beyond_the_limit_is_refused_to_the_guest() -> None:
    """D5: memory.grow answers -1 at the manifest's limit, and the guest lives on."""
    grow = """(loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
      (i32.store (i32.const 0) (memory.size)) (i64.const 4)"""
    for memory_mib in (1, 7, PROFILE.ceilings.memory_mib):
        target = program(grow, limits={"memory_mib": memory_mib, "fuel": 1_000_000_000})
        outcome = execute(target, request(target))
        assert isinstance(outcome, Returned)
        assert int.from_bytes(outcome.output, "little") == 16 * memory_mib


def test_memory_at_once_or_by_its_own_maximum() -> None:
    """The smaller of the declared maximum and the manifest's limit holds."""
    for pages, ask, expected in (("1", 65_535, -1), ("1 2", 2, -1), ("1 2", 1, 1), ("1", 1_023, 1), ("1", 1_024, -1)):
        target = program(f"(i32.store (i32.const 0) (memory.grow (i32.const {ask}))) (i64.const 4)", pages=pages)
        outcome = execute(target, request(target))
        assert isinstance(outcome, Returned)
        assert int.from_bytes(outcome.output, "little", signed=True) == expected


def test_tables_do_not_grow() -> None:
    """table.grow is in no table of ours."""
    with pytest.raises(InvalidModule, match="instruction 0xfc 15"):
        program("(drop (table.grow (ref.null func) (i32.const 1))) (i64.const 0)", before="(table 1 funcref)")


def test_a_module_cannot_reach_the_metering() -> None:
    """What would mean our globals after the pass is invalid before it; the names of their exports are taken."""
    with pytest.raises(InvalidModule, match="the engine refuses"):
        load(Function(raw_global_set()))
    with pytest.raises(InvalidModule, match="belong to the metering"):
        program(before='(global (export "meter.fuel") (mut i64) (i64.const 0))')


def raw_global_set() -> bytes:
    """A module without globals whose run sets one."""
    whole = module("(global.set $g (i64.const 1)) (i64.const 0)", before="(global $g (mut i64) (i64.const 0))")
    section = b"\x06\x06\x01\x7e\x01\x42\x00\x0b"
    assert section in whole
    return whole.replace(section, b"")


@pytest.mark.parametrize("size", [0, 100])
def test_a_log_flood_is_an_abi_trap(size: int) -> None:
    """Lines and bytes are bounded; what was logged before stays."""
    target = program(f"(loop (call $log (i32.const 0) (i32.const 0) (i32.const {size})) (br 0)) unreachable")
    diagnostics = Diagnostics()
    assert execute(target, request(target), diagnostics=diagnostics) == Trapped(TrapCode.ABI, BUDGET)
    assert diagnostics.message.startswith("log: more than")
    assert len(diagnostics.logs) == min(PROFILE.ceilings.log_lines, PROFILE.ceilings.log_bytes // max(size, 1))


def test_a_flood_of_huge_calls_runs_out_of_fuel() -> None:
    """Lengths are paid for as the guest gives them, before anything is copied."""
    call = "(loop (drop (call $call (i32.const 0) (i32.const -1) (i32.const 0) (i32.const -1))) (br 0)) unreachable"
    target = program(call)
    assert execute(target, request(target)) == Trapped(TrapCode.OUT_OF_FUEL, BUDGET)


def test_a_guest_that_ignores_the_end_is_stopped_by_the_missing_fuel() -> None:
    """After fail a loop of host calls ends at once: not one of them does anything."""
    run = """(call $fail (i32.const 0) (i32.const 2))
      (loop (call $log (i32.const 0) (i32.const 0) (i32.const 2)) (br 0)) unreachable"""
    target = program(run, before=data(0, b"no"))
    diagnostics = Diagnostics()
    execute(target, request(target), diagnostics=diagnostics)
    assert diagnostics.logs == []


def test_runs_leave_nothing_behind() -> None:
    """Whatever happened in them, finished runs are forgotten."""
    with pytest.raises(HostFault):
        run_on_a_small_stack()
    assert RUNS == {}


def test_threads_do_not_mix_their_runs() -> None:
    """D10: faults and outcomes of concurrent runs stay with their own runs."""

    def one(number: int) -> bool:
        target, value = TARGETS[number % 3], bytes([number])
        if number % 3 == 2:
            return execute(target, request(target)) == Trapped(TrapCode.STACK, BUDGET)
        outcome = execute(target, request(target, value))
        if number % 3 == 1:
            return outcome == Trapped(TrapCode.ABI, BUDGET)
        return isinstance(outcome, Returned) and outcome.output == value

    with ThreadPoolExecutor(3) as threads:
        assert all(threads.map(one, range(240)))


TARGETS: tuple[Program, ...] = (
    program("(call $log (i32.const 0) (i32.const 0) (i32.const 1)) "
            "(i64.or (i64.shl (i64.extend_i32_u (local.get $ptr)) (i64.const 32)) (i64.const 1))"),
    program("(call $read (i32.const 0)) unreachable"),
    program("(call $deep) (i64.const 0)", before="(func $deep (call $deep))"),
)  # fmt: skip
