"""Shows that every engine setting has its effect (D11): an unknown setting is silently ignored by older engines."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from types import MappingProxyType
from typing import Final

import wasmtime

from executor.errors import HostFault
from executor.model.profile import PROFILE, Profile
from executor.vm.engine import ALWAYS_ON, FEATURES, WASM_STACK_BYTES, engine_of
from executor.vm.machine import GuestStopped, Machine, Rules
from executor.vm.metering import CheckStatus, instrument

FEATURE_MODULES: Final = MappingProxyType(
    {
        "bulk_memory": "(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))))",
        "multi_value": "(module (func (result i32 i32) i32.const 1 i32.const 2))",
        "mutable_globals": '(module (global (export "g") (mut i32) (i32.const 0)))',
        "reference_types": "(module (table 1 funcref) (func (drop (table.size 0)) (drop (ref.null func))))",
        "saturating_float_to_int": "(module (func (drop (i32.trunc_sat_f64_s (f64.const 1)))))",
        "sign_extension": "(module (func (drop (i32.extend8_s (i32.const 1)))))",
        "simd": "(module (func (drop (i8x16.splat (i32.const 1)))))",
        "relaxed_simd": "(module (func (drop (i8x16.relaxed_swizzle (v128.const i64x2 0 0) (v128.const i64x2 0 0)))))",
        "threads": "(module (func atomic.fence))",
        "shared_memory": "(module (memory 1 1 shared))",
        "tail_call": "(module (func return_call 0))",
        "multi_memory": "(module (memory 1) (memory 1))",
        "memory64": "(module (memory i64 1))",
        "exceptions": "(module (tag))",
        "function_references": "(module (type $f (func)) (func (param (ref $f)) (call_ref $f (local.get 0))))",
        "gc": "(module (type (struct (field i32))))",
        "wide_arithmetic": "(module (func (param i64 i64) (result i64 i64) "
        "(i64.mul_wide_u (local.get 0) (local.get 1))))",
        "custom_page_sizes": "(module (memory 1 (pagesize 1)))",
        "stack_switching": "(module (type $f (func)) (type (cont $f)))",
        "component_model": "(component)",
    }
)
"""For each feature the smallest module that needs it."""

_EFFECTS: Final = """
(module
  (memory (export "memory") 1)
  (func $alloc (export "alloc") (param i32) (result i32) (i32.const 0))
  (func (export "run") (param i32 i32) (result i64) (local $x i64)
    (local.set $x (i64.reinterpret_f64 (f64.div (f64.const 0) (f64.const 0))))
    (block (br_if 0 (i32.eqz (local.get 1))) (loop (br 0)))
    (i64.add (local.get $x) (i64.extend_i32_s (memory.grow (i32.const 1)))))
  (func $deep (export "_initialize") (call $deep))
  (func (export "load") (param i32 i32) unreachable))
"""
"""Guest code for each effect, metered; `load` and `_initialize` are called as a run would."""
_NATIVE: Final = """
(module
  (memory (export "memory") 1)
  (global $fuel (export "meter.fuel") (mut i64) (i64.const 0))
  (global (export "meter.depth") (mut i32) (i32.const 0))
  (global (export "meter.pages") (mut i32) (i32.const 0))
  (global (export "meter.status") (mut i32) (i32.const 0))
  (global (export "meter.calls") (mut i32) (i32.const 0))
  (func $deep (export "_initialize") (global.set $fuel (i64.sub (global.get $fuel) (i64.const 1))) (call $deep)))
"""
"""The same recursion with nothing but a counter: only the native stack ends it."""
_CANONICAL_NAN: Final = 0x7FF8_0000_0000_0000
_FUEL: Final = 1_000_000
_MIN_FRAMES: Final = WASM_STACK_BYTES // 64  # of the smallest: 16 bytes on x86-64, 32 on the Pulley interpreter


def self_test(profile: Profile = PROFILE) -> None:
    """Raises HostFault naming the first setting whose effect is missing. Takes some milliseconds."""
    engine = engine_of(profile)
    if uncovered := (set(FEATURES) | ALWAYS_ON) - set(FEATURE_MODULES):
        raise HostFault(f"self-test: no module for {sorted(uncovered)}")
    for feature, text in FEATURE_MODULES.items():
        if _accepts(engine, text) != (feature in profile.features):
            raise HostFault(f"self-test: the feature {feature} is not {_onoff(feature in profile.features)}")
    for name, check in _CHECKS.items():
        if not check(engine, profile):
            raise HostFault(f"self-test: {name} has no effect")


def _onoff(on: bool) -> str:
    return "on" if on else "off"


def _accepts(engine: wasmtime.Engine, text: str) -> bool:
    try:
        wasmtime.Module(engine, bytes(wasmtime.wat2wasm(text)))
    except wasmtime.WasmtimeError:
        return False
    return True


def _machine(engine: wasmtime.Engine, profile: Profile, metered: bytes | None = None) -> Machine:
    module = wasmtime.Module(engine, metered or instrument(bytes(wasmtime.wat2wasm(_EFFECTS))))
    machine = Machine(wasmtime.Linker(engine).instantiate_pre(module), engine, 0, Rules(profile.metering.depth, 2))
    machine.set_fuel(_FUEL)
    return machine


def _stop(machine: Machine, name: bytes, *arguments: int) -> tuple[CheckStatus, wasmtime.TrapCode | None] | None:
    """How a call was stopped, None when it returned."""
    try:
        machine.call(name, *arguments)
    except GuestStopped as stopped:
        return machine.check_status(), stopped.code
    return None


def _fuel(engine: wasmtime.Engine, profile: Profile) -> bool:
    with closing(_machine(engine, profile)) as machine:
        stopped = _stop(machine, b"run", 0, 1)
        return stopped is not None and stopped[0] is CheckStatus.OUT_OF_FUEL


def _depth(engine: wasmtime.Engine, profile: Profile) -> bool:
    with closing(_machine(engine, profile)) as machine:
        stopped = _stop(machine, b"_initialize")
        return stopped is not None and stopped[0] is CheckStatus.STACK


def _plain_trap(engine: wasmtime.Engine, profile: Profile) -> bool:
    with closing(_machine(engine, profile)) as machine:
        return _stop(machine, b"load", 0, 0) == (CheckStatus.NONE, wasmtime.TrapCode.UNREACHABLE)


def _memory_and_nan(engine: wasmtime.Engine, profile: Profile) -> bool:
    with closing(_machine(engine, profile)) as machine:
        first, second = machine.call(b"run", 0, 0), machine.call(b"run", 0, 0)
        return (first, second) == (_CANONICAL_NAN + 1, _CANONICAL_NAN - 1)  # grown from one page, then refused


def _native_stack(engine: wasmtime.Engine, profile: Profile) -> bool:
    with closing(_machine(engine, profile, bytes(wasmtime.wat2wasm(_NATIVE)))) as machine:
        stopped = _stop(machine, b"_initialize")
        frames = _FUEL - machine.fuel()
        return stopped == (CheckStatus.NONE, wasmtime.TrapCode.STACK_OVERFLOW) and frames > _MIN_FRAMES


_CHECKS: Final = MappingProxyType[str, Callable[[wasmtime.Engine, Profile], bool]](
    {
        "fuel metering": _fuel,
        "the stack depth": _depth,
        "a plain trap": _plain_trap,
        "the memory limit or the canonical NaN": _memory_and_nan,
        "max_wasm_stack": _native_stack,
    }
)
