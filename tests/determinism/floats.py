"""Random float code of every width, whose NaNs are read back in other widths, and how an engine of its own runs it."""

from __future__ import annotations

import struct

import wasmtime
from hypothesis import strategies as st

from executor.vm.metering import instrument

BINARY = ("add", "sub", "mul", "div", "min", "max")
UNARY = ("sqrt", "ceil", "floor", "trunc", "nearest")
MOVES = ("abs", "neg")
NUMBERS = (0.0, -0.0, 1.5, -1.0, 3e38, float("inf"), float("-inf"))
NANS_64 = (0x7FF8_0000_0000_0000, 0xFFF8_0000_0000_0000, 0x7FF0_0000_0000_0001, 0xFFFF_FFFF_FFFF_FFFF)
NANS_32 = (0x7FC0_0000, 0xFFC0_0000, 0x7F80_0001, 0xFFFF_FFFF)


def _constants(kind: str, lane: str, code: str, nans: tuple[int, ...]) -> st.SearchStrategy[str]:
    bits = [int.from_bytes(struct.pack(f"<{code}", value), "little") for value in NUMBERS]
    return st.sampled_from([f"({kind}.reinterpret_{lane} ({lane}.const {value}))" for value in (*bits, *nans)])


def _make(template: str, *inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*inner).map(lambda parts: template.format(*parts))


def _operations(kind: str, prefix: str, expression: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.sampled_from(BINARY).flatmap(lambda name: _make(f"({prefix}.{name} {{}} {{}})", expression, expression)),
        st.sampled_from(UNARY + MOVES).flatmap(lambda name: _make(f"({prefix}.{name} {{}})", expression)),
        _make("(select {} {} (i32.wrap_i64 (local.get $i)))", expression, expression),
        _make(f"(local.tee ${kind} {{}})", expression),
        _make(f"(call $id_{kind} {{}})", expression),
        _make(f"(block (result {kind}) (br_if 0 {{}} (i32.wrap_i64 (local.get $i))))", expression),
        _make(f"(if (result {kind}) (i32.wrap_i64 (local.get $i)) (then {{}}) (else {{}}))", expression, expression),
    )


doubles: st.SearchStrategy[str] = st.deferred(
    lambda: st.one_of(
        _constants("f64", "i64", "d", NANS_64),
        _operations("f64", "f64", doubles),
        _make("(f64.promote_f32 {})", singles),
        _make("(f64x2.extract_lane 1 {})", vectors),
        _make("(f64.copysign {} {})", doubles, doubles),
        _make("(f64.reinterpret_i64 {})", integers),
    )
)
singles: st.SearchStrategy[str] = st.deferred(
    lambda: st.one_of(
        _constants("f32", "i32", "f", NANS_32),
        _operations("f32", "f32", singles),
        _make("(f32.demote_f64 {})", doubles),
        _make("(f32x4.extract_lane 2 {})", vectors),
        _make("(f32.reinterpret_i32 (i32.wrap_i64 {}))", integers),
    )
)
vectors: st.SearchStrategy[str] = st.deferred(
    lambda: st.one_of(
        _make("(f64x2.splat {})", doubles),
        _make("(f32x4.splat {})", singles),
        _operations("v128", "f64x2", vectors),
        _operations("v128", "f32x4", vectors),
        _make("(f32x4.demote_f64x2_zero {})", vectors),
        _make("(f64x2.promote_low_f32x4 {})", vectors),
        _make("(i64x2.add {} {})", vectors, vectors),
        _make("(i8x16.shuffle 1 2 3 4 20 21 22 23 8 9 10 11 31 30 29 28 {} {})", vectors, vectors),
        _make("(v128.bitselect {} {} {})", vectors, vectors, vectors),
        _make("(f64x2.pmin {} {})", vectors, vectors),
        _make("(f32x4.replace_lane 1 {} {})", vectors, singles),
        _make("(f64x2.replace_lane 0 {} {})", vectors, doubles),
    )
)
integers: st.SearchStrategy[str] = st.deferred(
    lambda: st.one_of(
        _make("(i64.reinterpret_f64 {})", doubles),
        _make("(i64.extend_i32_u (i32.reinterpret_f32 {}))", singles),
        _make("(i64x2.extract_lane 0 {})", vectors),
        _make("(i64.extend_i32_s (i16x8.extract_lane_s 3 {}))", vectors),
        st.just("(local.get $i)"),
    )
)


def module(expression: str, kind: str) -> bytes:
    """A module whose `f` stores a value of this type at 1024; $i is read from 0."""
    kinds = ("f64", "f32", "v128")
    identities = "".join(f"(func $id_{name} (param {name}) (result {name}) (local.get 0))" for name in kinds)
    return bytes(
        wasmtime.wat2wasm(
            f"""(module (memory (export "memory") 1) {identities} (func (export "f") (param $i i64)
            (local $f64 f64) (local $f32 f32) (local $v128 v128)
            (local.set $i (i64.load (i32.const 0)))
            ({kind}.store (i32.const 1024) {expression})))"""
        )
    )


def engine(*, canonical: bool) -> wasmtime.Engine:
    """An engine whose own canonicalisation is on or off."""
    config = wasmtime.Config()
    config.cranelift_nan_canonicalization = canonical
    return wasmtime.Engine(config)


NEITHER, THEIRS = engine(canonical=False), engine(canonical=True)


def bits(code: bytes, where: wasmtime.Engine, data: bytes = b"", results: int = 1) -> list[bytes]:
    """What `f` stores from 1024 on, with this data at 0; the meter of an instrumented module is set."""
    store = wasmtime.Store(where)
    exports = wasmtime.Instance(store, wasmtime.Module(where, code), []).exports(store)
    for name, item in exports.items():
        if isinstance(item, wasmtime.Global) and name in ("meter.fuel", "meter.depth"):
            item.set_value(store, 1_000_000)
    run, memory = exports["f"], exports["memory"]
    assert isinstance(run, wasmtime.Func)
    assert isinstance(memory, wasmtime.Memory)
    memory.write(store, data, 0)
    run(store, 0)
    return [bytes(memory.read(store, at, at + 16)) for at in range(1024, 1024 + 16 * results, 16)]


def metered(code: bytes, data: bytes = b"", results: int = 1) -> list[bytes]:
    """The same with our metering on an engine that canonicalises nothing."""
    return bits(instrument(code), NEITHER, data, results)
