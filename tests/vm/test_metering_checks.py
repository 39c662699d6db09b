"""What costs time costs fuel, and no host call is lost."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from executor.errors import HostFault, InvalidModule
from executor.model.function import Function
from executor.model.outcome import Returned, TrapCode, Trapped
from executor.vm import execute, load
from executor.vm.metering.rules import FREE_LOCAL_SLOTS, UNCHECKED_FUEL
from vm.guests import IMPORTS, module, program, request, wasm


def used(run: str, before: str = "", fuel: int = 200_000_000) -> int:
    """The fuel of a run that returns."""
    target = program(f"{run} (i64.const 0)", before=before, limits={"fuel": fuel})
    outcome = execute(target, request(target))
    assert isinstance(outcome, Returned)
    return outcome.fuel_used


def test_a_function_that_calls_nothing_is_checked_when_it_is_large() -> None:
    """A caller that strings a thousand of them together overdraws by one of them at most."""
    leaf = "(func $leaf " + "(drop (i32.div_u (i32.const 9) (i32.const 2)))" * 30 + ")"
    calls = "(call $leaf)" * 1_000
    whole = used(calls, leaf)
    one = used("(call $leaf)", leaf) - used("") - 6
    assert one > UNCHECKED_FUEL
    for short in (1, 10, 500):
        target = program(f"{calls} unreachable", before=leaf, limits={"fuel": whole - short * one})
        assert execute(target, request(target)) == Trapped(TrapCode.OUT_OF_FUEL, whole - short * one)


def test_a_plain_trap_before_any_check_is_a_plain_trap() -> None:
    """A small leaf overdraws and traps: no check failed, on no engine."""
    code = "(drop (i32.mul (i32.const 9) (i32.const 2)))" * 30 + "unreachable"
    fuel = program(code).instantiation_fuel + 10  # for `alloc` and a little of `run`
    target = program(code, limits={"fuel": fuel})
    assert execute(target, request(target)) == Trapped(TrapCode.TRAP, fuel)


def test_nested_loops_cost_what_they_check() -> None:
    """Every loop that is entered is a fuel, as it is a check."""
    nested = lambda depth: f"{'(loop ' * depth}{')' * depth}"  # noqa: E731 - it reads as what it makes
    assert used(nested(1_001)) - used(nested(1)) == 1_000


def test_locals_beyond_the_free_ones_cost_a_fuel_each() -> None:
    """They are made at the entry of their function; a vector is two."""
    free = used("(call $f)", f"(func $f (local {'i64 ' * FREE_LOCAL_SLOTS}))")
    assert free == used("(call $f)", "(func $f)")
    assert used("(call $f)", f"(func $f (local {'i64 ' * FREE_LOCAL_SLOTS} i32 v128))") == free + 3


@pytest.mark.parametrize(
    ("one", "many", "extra"),
    [
        ("(drop (block (result i32) (i32.const 1)))", "(block (result i32 i32 i32) {0}) {1}", 2),
        ("(drop (block (result i32) (br 0 (i32.const 1))))", "(block (result i32 i32 i32) {0} (br 0)) {1}", 4),
        ("(drop (block (result i32) (br_if 0 (i32.const 1) (i32.const 1))))",
         "(block (result i32 i32 i32) {0} (br_if 0 (i32.const 1))) {1}", 4),
        ("(drop (block (result i32) (br_table 0 0 (i32.const 1) (i32.const 1))))",
         "(block (result i32 i32 i32) {0} (br_table 0 0 (i32.const 1))) {1}", 4),
        ("(i32.const 1) (loop (param i32) (drop))", "{0} (loop (param i32 i32 i32) {1})", 2),
    ],
)  # fmt: skip
def test_values_beyond_the_first_cost_a_fuel_each(one: str, many: str, extra: int) -> None:
    """Where a branch carries them, or a construct takes or gives them."""
    three = many.format("(i32.const 1) (i32.const 1) (i32.const 1)", "(drop) (drop) (drop)")
    assert used(three) - used(one) == extra + 2  # and two constants


def test_results_beyond_the_first_cost_a_fuel_each() -> None:
    """Of a call, and of the return that makes them."""
    three = "(func $f (result i32 i32 i32) (return (i32.const 1) (i32.const 1) (i32.const 1)))"
    one = "(func $f (result i32) (return (i32.const 1)))"
    assert used("(call $f) (drop) (drop) (drop)", three) - used("(call $f) (drop)", one) == 2 + 2 + 2


@pytest.mark.parametrize(
    "reference",
    ["(table funcref (elem $log))", '(export "other" (func $log))', "(global funcref (ref.func $log))",
     "(elem declare funcref (ref.func $log))", "(table 1 funcref) (elem (i32.const 0) func $log)"],
)  # fmt: skip
def test_imports_can_only_be_called(reference: str) -> None:
    """Any other way to reach one would be a host call that is not counted."""
    with pytest.raises(InvalidModule, match="imports can only be called"):
        load(Function(module(before=reference)))


def test_the_export_run_is_no_import() -> None:
    """Though its type would fit."""
    text = f"""(module {IMPORTS} (memory (export "memory") 1) (export "run" (func $observe))
      (func (export "alloc") (param i32) (result i32) (i32.const 0)))"""
    with pytest.raises(InvalidModule, match="imports can only be called"):
        load(Function(wasm(text)))


class Interrupted(Exception):
    """What the signal handler of this test raises."""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # ctypes tells of each broken off call
def test_a_signal_handler_that_raises_never_makes_an_outcome() -> None:
    """D1: raised at the entry of a host call, where no code of ours runs yet, it is a HostFault, or the caller's."""
    loop = """(local.set $i (i32.const 400)) (loop
      (call $log (i32.const 1) (i32.const 0) (i32.const 0))
      (br_if 0 (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))"""
    target = program(f"{loop} (i64.const 0)")
    wanted = request(target)
    expected = execute(target, wanted)
    assert isinstance(expected, Returned)

    def interrupt(_number: int, _frame: object) -> None:
        raise Interrupted

    main, previous, faults = threading.main_thread().ident, signal.signal(signal.SIGUSR1, interrupt), 0
    assert main is not None
    try:
        for attempt in range(60):
            timer = threading.Timer(0.0004 + attempt * 0.00003, signal.pthread_kill, (main, signal.SIGUSR1))
            try:
                timer.start()
                assert execute(target, wanted) == expected
                timer.join()
                time.sleep(0.001)
            except Interrupted:
                pass
            except HostFault:
                faults += 1
            finally:
                timer.join()
    finally:
        signal.signal(signal.SIGUSR1, previous)
    assert faults > 0
