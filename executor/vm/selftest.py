"""Shows that every engine setting has its effect (D11): an unknown setting is silently ignored by older engines."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

import wasmtime
from wasmtime._instance import InstanceExports

from executor.errors import HostFault
from executor.model.profile import PROFILE, Profile
from executor.vm.engine import ALWAYS_ON, FEATURES, engine_of

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
  (global $depth (mut i32) (i32.const 0))
  (func (export "loop") (loop (br 0)))
  (func $deep (export "deep") (global.set $depth (i32.add (global.get $depth) (i32.const 1))) (call $deep))
  (func (export "depth") (result i32) (global.get $depth))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "nan32") (param f32 f32) (result i32) (i32.reinterpret_f32 (f32.div (local.get 0) (local.get 1))))
  (func (export "nan64") (param f64 f64) (result i64) (i64.reinterpret_f64 (f64.div (local.get 0) (local.get 1))))
  (func (export "payload") (result i32) (i32.reinterpret_f32 (f32.add (f32.const nan:0x200000) (f32.const 1)))))
"""
_CANONICAL_32, _CANONICAL_64 = 0x7FC0_0000, 0x7FF8_0000_0000_0000
_FUEL = 100_000
_MIN_DEPTH = 20_000  # of the smallest frames: 16 to 64 bytes each, so about 2 MiB of native stack is there


def self_test(profile: Profile = PROFILE) -> None:
    """Raises HostFault naming the first setting whose effect is missing. Takes some milliseconds."""
    engine = engine_of(profile)
    if uncovered := (set(FEATURES) | ALWAYS_ON) - set(FEATURE_MODULES):
        raise HostFault(f"self-test: no module for {sorted(uncovered)}")
    for feature, text in FEATURE_MODULES.items():
        if _accepts(engine, text) != (feature in profile.features):
            raise HostFault(f"self-test: the feature {feature} is not {_onoff(feature in profile.features)}")
    module = wasmtime.Module(engine, bytes(wasmtime.wat2wasm(_EFFECTS)))
    for name, check in _CHECKS.items():
        store = wasmtime.Store(engine)
        store.set_limits(memory_size=131_072)
        store.set_fuel(_FUEL)
        if not check(store, wasmtime.Instance(store, module, []).exports(store)):
            raise HostFault(f"self-test: {name} has no effect")


def _onoff(on: bool) -> str:
    return "on" if on else "off"


def _accepts(engine: wasmtime.Engine, text: str) -> bool:
    try:
        wasmtime.Module(engine, bytes(wasmtime.wat2wasm(text)))
    except wasmtime.WasmtimeError:
        return False
    return True


def _trap_code(call: Callable[[], object]) -> wasmtime.TrapCode | None:
    try:
        call()
    except wasmtime.Trap as trap:
        return trap.trap_code
    return None


def _consumes_fuel(store: wasmtime.Store, exports: InstanceExports) -> bool:
    loop = exports["loop"]
    assert isinstance(loop, wasmtime.Func)
    return _trap_code(lambda: loop(store)) is wasmtime.TrapCode.OUT_OF_FUEL and store.get_fuel() == 0


def _has_stack(store: wasmtime.Store, exports: InstanceExports) -> bool:
    deep, depth = exports["deep"], exports["depth"]
    assert isinstance(deep, wasmtime.Func)
    assert isinstance(depth, wasmtime.Func)
    store.set_fuel(_FUEL * 1_000)
    return _trap_code(lambda: deep(store)) is wasmtime.TrapCode.STACK_OVERFLOW and depth(store) > _MIN_DEPTH


def _limits_memory(store: wasmtime.Store, exports: InstanceExports) -> bool:
    grow = exports["grow"]
    assert isinstance(grow, wasmtime.Func)
    return (grow(store, 1), grow(store, 1), grow(store, 0)) == (1, -1, 2)


def _canonical_nans(store: wasmtime.Store, exports: InstanceExports) -> bool:
    nan32, nan64, payload = exports["nan32"], exports["nan64"], exports["payload"]
    assert isinstance(nan32, wasmtime.Func)
    assert isinstance(nan64, wasmtime.Func)
    assert isinstance(payload, wasmtime.Func)
    results = (nan32(store, 0.0, 0.0), nan64(store, 0.0, 0.0), payload(store))
    return results == (_CANONICAL_32, _CANONICAL_64, _CANONICAL_32)


_CHECKS: Final = MappingProxyType[str, Callable[[wasmtime.Store, InstanceExports], bool]](
    {
        "consume_fuel": _consumes_fuel,
        "max_wasm_stack": _has_stack,
        "the memory limit": _limits_memory,
        "cranelift_nan_canonicalization": _canonical_nans,
    }
)
