"""D5: rules end recursion and growth; where the host would have, there is no outcome."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vm.guests import module, request

from determinism.configurations import CONFIGURATIONS, configured
from executor.errors import HostFault
from executor.model.function import Function
from executor.model.manifest import Terms
from executor.model.outcome import Outcome, Returned, TrapCode, Trapped
from executor.model.profile import PROFILE, Profile
from executor.vm import execute, load

DEPTH = PROFILE.metering.depth
BUDGET = 200_000_000
TESTS = Path(__file__).resolve().parent.parent
SHAPES = {
    "direct": "(func $deep (call $deep))",
    "mutual": "(func $deep (call $other)) (func $other (call $deep))",
    "indirect": "(type $t (func)) (table funcref (elem $deep)) (func $deep (call_indirect (type $t) (i32.const 0)))",
    "many locals": f"(func $deep (local {'v128 ' * 1_000}) (call $deep))",
    "many operands": f"(func $deep (call $deep) {'(i64.load (i32.const 0))' * 500} {'drop ' * 500})",
    "many parameters": f"(func $deep (call $wide {'(i64.const 1)' * 200})) "
    f"(func $wide (param {'i64 ' * 200}) (call $deep))",
    "behind a loop": "(func $deep (loop (call $deep) (br 0)))",
    "values kept across the call": "(func $deep (local i64) (local.set 0 (i64.load (i32.const 8))) (call $deep) "
    + "(i64.store (i32.const 8) (i64.mul (local.get 0) (i64.load (i32.const 16))))" * 50
    + ")",
}
CALL = "(call $deep) (i64.const 0)"


def run(run_body: str, before: str, profile: Profile = PROFILE, memory_mib: int = 64) -> Outcome:
    """The outcome of a guest."""
    terms = Terms.model_validate({"limits": {"memory_mib": memory_mib, "fuel": BUDGET}})
    target = load(Function(module(run_body, before=before), terms), profile)
    return execute(target, request(target))


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_endless_recursion_of_any_shape_is_out_of_stack_on_every_engine(configuration: str) -> None:
    """STACK, whatever a frame costs natively."""
    with configured(configuration) as profile:
        found = {name: run(CALL, before, profile) for name, before in SHAPES.items()}
    assert found == dict.fromkeys(SHAPES, Trapped(TrapCode.STACK, BUDGET))


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 60),
    st.integers(0, 20),
    st.integers(1, 80),
    st.sampled_from(["", "unoptimised code", "the Pulley interpreter"]),
)
def test_the_last_frame_that_fits_follows_from_the_rules(
    locals_: int, vectors: int, operands: int, configuration: str
) -> None:
    """docs/metering.md: a frame is 8 + parameters and locals (v128 twice) + operands; one call more is STACK."""
    kept, dropped = "(i64.const 1)" * (operands - 1), "drop " * (operands - 1)
    deep = f"""(func $deep (param $n i32) (local {"i64 " * locals_}{"v128 " * vectors})
      {kept} (if (local.get $n) (then (call $deep (i32.sub (local.get $n) (i32.const 1))))) {dropped})"""
    height = operands + 1  # `i32.sub` has two operands above what is kept
    frame = 8 + 1 + locals_ + 2 * vectors + height
    own = 8 + 4 + 1  # of `run`: two parameters, two locals, one operand
    fits = (DEPTH - own) // frame
    profile = PROFILE
    if configuration:
        with configured(configuration) as profile:
            pass
    # `fits` frames are the one that run calls and the calls it makes
    assert isinstance(run(f"(call $deep (i32.const {fits - 1})) (i64.const 0)", deep, profile), Returned)
    assert run(f"(call $deep (i32.const {fits})) (i64.const 0)", deep, profile) == Trapped(TrapCode.STACK, BUDGET)


@pytest.mark.parametrize("stack_bytes", [16_384, 65_536, 262_144, 2_097_152])
def test_a_native_overflow_is_a_host_fault_and_never_an_outcome(stack_bytes: int) -> None:
    """An engine with too little native stack ends a run as ours does, or says nothing about it at all."""
    faults = {}
    with configured(f"{stack_bytes} bytes of stack", {"max_wasm_stack": stack_bytes}) as profile:
        for name, before in SHAPES.items():
            try:
                assert run(CALL, before, profile) == Trapped(TrapCode.STACK, BUDGET)
            except HostFault as fault:
                faults[name] = str(fault)
    assert all("native stack overflow" in words for words in faults.values())
    if stack_bytes <= 16_384:  # 20 frames of a thousand slots fit everywhere: there the rules came first
        assert faults.keys() == SHAPES.keys() - {"many locals", "many operands"}


GROW = """(i32.store (i32.const 0) (memory.grow (i32.const {first})))
  (i32.store (i32.const 4) (memory.grow (i32.const {second}))) (i32.store (i32.const 8) (memory.size)) (i64.const 12)"""


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 40) | st.integers(0, 2**32 - 1),
    st.integers(0, 40) | st.integers(0, 2**32 - 1),
    st.integers(1, 2),
    st.none() | st.integers(1, 40),
    st.sampled_from(["", "a memory that moves", "explicit checks", "the Pulley interpreter"]),
)
def test_growth_is_granted_and_refused_by_rule(
    first: int, second: int, memory_mib: int, maximum: int | None, configuration: str
) -> None:
    """memory.grow answers the old size as long as manifest and module allow it, and -1 beyond, on every engine."""
    cap = min(16 * memory_mib, 65_536 if maximum is None else maximum)
    size, answers = 1, []
    for pages in (first, second):
        granted = size + pages <= cap
        answers.append(size if granted else -1)
        size += pages if granted else 0
    profile = PROFILE
    if configuration:
        with configured(configuration) as profile:
            pass
    terms = Terms.model_validate({"limits": {"memory_mib": memory_mib}})
    pages_text = "1" if maximum is None else f"1 {maximum}"
    body = GROW.format(first=first, second=second)
    target = load(Function(module(body, pages=pages_text), terms), profile)
    outcome = execute(target, request(target))
    assert isinstance(outcome, Returned)
    found = [int.from_bytes(outcome.output[at : at + 4], "little", signed=True) for at in (0, 4, 8)]
    assert found == [*answers, size]


def starve() -> None:
    """In a process of its own: the host has less memory than the guest may have, which it notices in mid-run."""
    grow = "(i32.store (i32.const 0) (memory.grow (i32.const {}))) (i64.const 4)"
    terms = Terms.model_validate({"limits": {"memory_mib": 256, "fuel": 1_000_000_000}})
    small, large = (load(Function(module(grow.format(pages)), terms)) for pages in (16, 4_000))
    execute(small, request(small))
    status = Path("/proc/self/status").read_text(encoding="ascii")
    used = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmData")) * 1_024
    limit = used + (160 << 20)  # enough for a stack of 80 MiB, not for 250 MiB of memory besides
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    for target in (small, large, small):
        try:
            print(execute(target, request(target)))
        except HostFault as fault:
            print(f"host fault: {fault}")


def test_growth_that_the_rules_grant_and_the_host_refuses_is_a_host_fault() -> None:
    """The guest is not told -1: nothing but a fault comes out, and the process goes on."""
    done = subprocess.run(
        [sys.executable, "-c", "from determinism.test_d05_stack_and_memory import starve; starve()"],
        cwd=TESTS, capture_output=True, text=True, check=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{TESTS}{os.pathsep}{TESTS.parent}"},
    )  # fmt: skip
    before, refused, after = done.stdout.splitlines()
    assert before == after
    assert before.startswith("Returned(output=b'\\x01\\x00\\x00\\x00'")
    assert refused == "host fault: the host refused memory that the guest may have"
