"""D1: the same function, request and transcript give the same outcome, fuel included."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vm.guests import module, request

from determinism.configurations import CONFIGURATIONS, configured
from determinism.corpus import outcomes
from executor.model.function import Function
from executor.vm import execute, load

TESTS = Path(__file__).parent.parent


def test_a_repeated_run_has_the_same_outcome() -> None:
    """Twice in this process."""
    assert outcomes() == outcomes()


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_engine_configuration_gives_the_same_outcome(name: str) -> None:
    """Outcome, fuel and memory do not depend on how the engine compiles."""
    with configured(name) as profile:
        assert outcomes(profile) == outcomes()


def test_two_processes_agree() -> None:
    """Fresh processes with other hash seeds, locales, time zones and directories give the same bytes."""
    expected = outcomes()
    for variables in ({"PYTHONHASHSEED": "1", "LC_ALL": "C"}, {"PYTHONHASHSEED": "2", "TZ": "Asia/Kathmandu"}):
        found = subprocess.run(
            [sys.executable, "-m", "determinism.corpus"], cwd=TESTS, check=True, capture_output=True,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{TESTS.parent}", **variables},
        )  # fmt: skip
        assert json.loads(found.stdout) == expected


FLOATS = st.sampled_from(["add", "sub", "mul", "div", "min", "max", "copysign"])
UNARY = st.sampled_from(["neg", "abs", "sqrt", "ceil", "floor", "trunc", "nearest"])
LEAVES = st.one_of(
    st.integers(0, 2**64 - 1).map(lambda bits: f"(f64.reinterpret_i64 (i64.const {bits}))"),
    st.sampled_from(
        ["(f64.const 0)", "(f64.const -0)", "(f64.const inf)", "(f64.const nan)", "(f64.load (i32.const 8))"]
    ),
)
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(FLOATS, inner, inner).map(lambda parts: f"(f64.{parts[0]} {parts[1]} {parts[2]})"),
        st.tuples(UNARY, inner).map(lambda parts: f"(f64.{parts[0]} {parts[1]})"),
        inner.map(lambda value: f"(f64.promote_f32 (f32.demote_f64 {value}))"),
        inner.map(lambda value: f"(block (result f64) (f64.store (i32.const 8) {value}) (f64.load (i32.const 8)))"),
    ),
    max_leaves=12,
)


@settings(max_examples=40, deadline=None)
@given(EXPRESSIONS, st.integers(1, 50))
def test_random_float_code_agrees_on_every_engine(expression: str, rounds: int) -> None:
    """Random float arithmetic in a loop, NaN payloads included, gives the same bytes and fuel on every engine."""
    run = f"""(local.set $i (i32.const {rounds}))
      (loop (f64.store (i32.const 8) {expression}) (br_if 0 (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
      (i64.const 0x0000000800000008)"""
    function = Function(module(run))
    found = set()
    for name in ("", "unoptimised code", "the Pulley interpreter"):
        if name:
            with configured(name) as profile:
                target = load(function, profile)
        else:
            target = load(function)
        found.add(execute(target, request(target)))
    assert len(found) == 1
