"""D1: the same function, request and transcript give the same outcome, fuel included."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vm.guests import module, request

from determinism.corpus import outcomes
from executor.model.function import Function
from executor.model.profile import PROFILE, Profile
from executor.vm import engine as engine_module
from executor.vm import execute, load
from executor.vm.engine import SETTINGS, engine_of

TESTS = Path(__file__).parent.parent
CONFIGURATIONS: dict[str, dict[str, bool | int | str]] = {
    "unoptimised code": {"cranelift_opt_level": "none"},
    "code optimised for size": {"cranelift_opt_level": "speed_and_size"},
    "no copy-on-write memory": {"memory_init_cow": False},
    "a small reservation": {"memory_reservation": 1 << 28, "memory_guard_size": 1 << 16},
    "explicit checks": {"signals_based_traps": False},
    "parallel compilation": {"parallel_compilation": True},
    "the Pulley interpreter": {"target": "pulley64"},
}
"""Engines that are not ours, but have to agree with it: the last shares no instruction with this processor."""


@contextmanager
def configured(name: str) -> Iterator[Profile]:
    """A profile with our rules on another configuration of the engine."""
    profile = replace(PROFILE, name=name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine_module, "SETTINGS", MappingProxyType({**SETTINGS, **CONFIGURATIONS[name]}))
        engine_of(profile)
    yield profile


def test_repeated() -> None:
    """Twice in this process."""
    assert outcomes() == outcomes()


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_on_another_engine_configuration(name: str) -> None:
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
def test_random_float_code_agrees(expression: str, rounds: int) -> None:
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
