"""Every instruction a guest may use: how it is encoded, what it does to the operand stack, what it costs.

The tables are the feature allow-list of function bodies (D3): what they do not name is refused. Names and numbers as in
the WebAssembly core specification 2.0, "Index of Instructions".
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from types import MappingProxyType
from typing import Final, NamedTuple


class Shape(IntEnum):
    """What follows the opcode, and who reads it: up to FLOAT64 the fast path of body.py, from CONTROL on a method."""

    PLAIN = 0
    INDEX = 1  # one LEB128 integer
    MEMORY = 2  # alignment and offset
    FLOAT32 = 3
    FLOAT64 = 4
    NAN = 5  # nothing follows; the result may be a NaN
    CONTROL = 6  # whatever body.py has a method for
    LANE = 7  # one byte
    MEMORY_LANE = 8  # alignment, offset, one byte
    BYTES16 = 9


class Instruction(NamedTuple):
    """One row: `cost` in fuel, `delta` operands pushed less operands popped, `nan` the width of a NaN it may make."""

    name: str
    shape: Shape
    delta: int
    cost: int
    nan: int = 0


# Prices follow measurements on x86-64: half a nanosecond a fuel for the slowest way to run each instruction, caches
# that miss excepted (docs/metering.md, "What a fuel is worth"; `python benchmarks/metering.py --rates`).
LOAD: Final = 4
STORE: Final = 4
DIVISION: Final = 10
ROOT: Final = 12
FLOAT: Final = 2  # add, sub, mul
ROUNDING: Final = 3
CONVERSION: Final = 4
VECTOR_COST: Final = 2
VECTOR_FLOAT: Final = 3
VECTOR_SLOW: Final = 6  # shifts by a variable, reductions to a number
VECTOR_SLOWER: Final = 8  # minima, maxima, saturating truncations


def _rows(
    first: int, names: str, shape: Shape, delta: int, cost: int = 1, nan: int = 0
) -> Iterator[tuple[int, Instruction]]:
    for code, name in enumerate(names.split(), first):
        yield code, Instruction(name, shape, delta, cost, nan)


def _prefixed(prefix: str, names: str) -> str:
    return " ".join(f"{prefix}.{name}" for name in names.split())


_COMPARE_INT: Final = "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u"
_COMPARE_FLOAT: Final = "eq ne lt gt le ge"
_TRUNCATIONS: Final = "trunc_f32_s trunc_f32_u trunc_f64_s trunc_f64_u"
_CONVERSIONS: Final = "convert_i32_s convert_i32_u convert_i64_s convert_i64_u"
_BITS: Final = "and or xor shl shr_s shr_u rotl rotr"


def _core() -> Iterator[tuple[int, Instruction]]:
    plain, index, memory, control, nan = Shape.PLAIN, Shape.INDEX, Shape.MEMORY, Shape.CONTROL, Shape.NAN
    yield from _rows(0x00, "unreachable", control, 0, 0)
    yield from _rows(0x01, "nop", plain, 0, 0)
    yield from _rows(0x02, "block", control, 0, 0)
    yield from _rows(0x03, "loop", control, 0, 1)
    yield from _rows(0x04, "if", control, 0, 2)
    yield from _rows(0x05, "else", control, 0, 0)
    yield from _rows(0x0B, "end", control, 0, 0)
    yield from _rows(0x0C, "br", control, 0, 1)
    yield from _rows(0x0D, "br_if", control, 0, 2)
    yield from _rows(0x0E, "br_table", control, 0, 6)
    yield from _rows(0x0F, "return", control, 0, 1)
    yield from _rows(0x10, "call", control, 0, 6)
    yield from _rows(0x11, "call_indirect", control, 0, 16)
    yield from _rows(0x1A, "drop", plain, -1, 0)
    yield from _rows(0x1B, "select", plain, -2)
    yield from _rows(0x1C, "select_typed", control, -2)
    yield from _rows(0x20, "local.get", index, 1)
    yield from _rows(0x21, "local.set", index, -1)
    yield from _rows(0x22, "local.tee", index, 0)
    yield from _rows(0x23, "global.get", index, 1)
    yield from _rows(0x24, "global.set", index, -1)
    yield from _rows(0x25, "table.get", index, 0, 8)
    yield from _rows(0x26, "table.set", index, -2, 16)
    loads = "i32.load i64.load f32.load f64.load i32.load8_s i32.load8_u i32.load16_s i32.load16_u"
    yield from _rows(0x28, loads, memory, 0, LOAD)
    loads = "i64.load8_s i64.load8_u i64.load16_s i64.load16_u i64.load32_s i64.load32_u"
    yield from _rows(0x30, loads, memory, 0, LOAD)
    stores = "i32.store i64.store f32.store f64.store i32.store8 i32.store16 i64.store8 i64.store16 i64.store32"
    yield from _rows(0x36, stores, memory, -2, STORE)
    yield from _rows(0x3F, "memory.size", index, 1)
    yield from _rows(0x40, "memory.grow", control, 0, 256)
    yield from _rows(0x41, "i32.const i64.const", index, 1)
    yield from _rows(0x43, "f32.const", Shape.FLOAT32, 1)
    yield from _rows(0x44, "f64.const", Shape.FLOAT64, 1)
    yield from _rows(0x45, "i32.eqz", plain, 0)
    yield from _rows(0x46, _prefixed("i32", _COMPARE_INT), plain, -1)
    yield from _rows(0x50, "i64.eqz", plain, 0)
    yield from _rows(0x51, _prefixed("i64", _COMPARE_INT), plain, -1)
    yield from _rows(0x5B, _prefixed("f32", _COMPARE_FLOAT), plain, -1)
    yield from _rows(0x61, _prefixed("f64", _COMPARE_FLOAT), plain, -1)
    for first, kind in ((0x67, "i32"), (0x79, "i64")):
        yield from _rows(first, _prefixed(kind, "clz ctz popcnt"), plain, 0)
        yield from _rows(first + 3, _prefixed(kind, "add sub mul"), plain, -1)
        yield from _rows(first + 6, _prefixed(kind, "div_s div_u rem_s rem_u"), plain, -1, DIVISION)
        yield from _rows(first + 10, _prefixed(kind, _BITS), plain, -1)
    for first, kind, width in ((0x8B, "f32", 32), (0x99, "f64", 64)):
        yield from _rows(first, _prefixed(kind, "abs neg"), plain, 0)
        yield from _rows(first + 2, _prefixed(kind, "ceil floor trunc nearest"), nan, 0, ROUNDING, width)
        yield from _rows(first + 6, _prefixed(kind, "sqrt"), nan, 0, ROOT, width)
        yield from _rows(first + 7, _prefixed(kind, "add sub mul"), nan, -1, FLOAT, width)
        yield from _rows(first + 10, _prefixed(kind, "div"), nan, -1, DIVISION, width)
        yield from _rows(first + 11, _prefixed(kind, "min max"), nan, -1, ROUNDING, width)
        yield from _rows(first + 13, _prefixed(kind, "copysign"), plain, -1, ROUNDING)
    yield from _rows(0xA7, "i32.wrap_i64", plain, 0)
    yield from _rows(0xA8, _prefixed("i32", _TRUNCATIONS), plain, 0, CONVERSION)
    yield from _rows(0xAC, "i64.extend_i32_s i64.extend_i32_u", plain, 0)
    yield from _rows(0xAE, _prefixed("i64", _TRUNCATIONS), plain, 0, CONVERSION)
    yield from _rows(0xB2, _prefixed("f32", _CONVERSIONS), plain, 0, CONVERSION)
    yield from _rows(0xB6, "f32.demote_f64", nan, 0, ROUNDING, 32)
    yield from _rows(0xB7, _prefixed("f64", _CONVERSIONS), plain, 0, CONVERSION)
    yield from _rows(0xBB, "f64.promote_f32", nan, 0, ROUNDING, 64)
    reinterprets = "i32.reinterpret_f32 i64.reinterpret_f64 f32.reinterpret_i32 f64.reinterpret_i64"
    extends = " i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s i64.extend32_s"
    yield from _rows(0xBC, reinterprets + extends, plain, 0)
    yield from _rows(0xD0, "ref.null", index, 1)
    yield from _rows(0xD1, "ref.is_null", plain, 0)
    yield from _rows(0xD2, "ref.func", control, 1, 128)


def _miscellaneous() -> Iterator[tuple[int, Instruction]]:
    control = Shape.CONTROL
    truncations = [f"{to}.trunc_sat_{of}_{sign}" for to in ("i32", "i64") for of in ("f32", "f64") for sign in "su"]
    yield from _rows(0, " ".join(truncations), Shape.PLAIN, 0, CONVERSION)
    yield from _rows(8, "memory.init", control, -3, 64)
    yield from _rows(9, "data.drop", control, 0, 16)
    yield from _rows(10, "memory.copy memory.fill", control, -3, 64)
    yield from _rows(12, "table.init", control, -3, 64)
    yield from _rows(13, "elem.drop", control, 0, 32)
    yield from _rows(14, "table.copy", control, -3, 64)
    yield from _rows(16, "table.size", Shape.INDEX, 1, 4)
    yield from _rows(17, "table.fill", control, -3, 64)


def _lanes(shape: str, operations: str) -> str:
    return _prefixed(shape, operations)


def _vector() -> Iterator[tuple[int, Instruction]]:
    plain, nan, cost = Shape.PLAIN, Shape.NAN, VECTOR_COST
    loads = "load load8x8_s load8x8_u load16x4_s load16x4_u load32x2_s load32x2_u"
    loads += " load8_splat load16_splat load32_splat load64_splat"
    yield from _rows(0, _prefixed("v128", loads), Shape.MEMORY, 0, LOAD)
    yield from _rows(11, "v128.store", Shape.MEMORY, -2, STORE)
    yield from _rows(12, "v128.const", Shape.BYTES16, 1, cost)
    yield from _rows(13, "i8x16.shuffle", Shape.BYTES16, -1, cost)
    yield from _rows(14, "i8x16.swizzle", plain, -1, cost)
    splats = "i8x16.splat i16x8.splat i32x4.splat i64x2.splat f32x4.splat f64x2.splat"
    yield from _rows(15, splats, plain, 0, cost)
    lanes = "i8x16.extract_lane_s i8x16.extract_lane_u i8x16.replace_lane"
    lanes += " i16x8.extract_lane_s i16x8.extract_lane_u i16x8.replace_lane"
    lanes += "".join(f" {kind}.extract_lane {kind}.replace_lane" for kind in ("i32x4", "i64x2", "f32x4", "f64x2"))
    for code, name in enumerate(lanes.split(), 21):
        yield code, Instruction(name, Shape.LANE, -1 if "replace" in name else 0, cost)
    for first, kind in ((35, "i8x16"), (45, "i16x8"), (55, "i32x4")):
        yield from _rows(first, _lanes(kind, _COMPARE_INT), plain, -1, cost)
    for first, kind in ((65, "f32x4"), (71, "f64x2")):
        yield from _rows(first, _lanes(kind, _COMPARE_FLOAT), plain, -1, cost)
    yield from _rows(77, "v128.not", plain, 0, cost)
    yield from _rows(78, "v128.and v128.andnot v128.or v128.xor", plain, -1, cost)
    yield from _rows(82, "v128.bitselect", plain, -2, cost)
    yield from _rows(83, "v128.any_true", plain, 0, VECTOR_SLOW)
    for code, bits in enumerate((8, 16, 32, 64)):
        yield 84 + code, Instruction(f"v128.load{bits}_lane", Shape.MEMORY_LANE, -1, LOAD)
        yield 88 + code, Instruction(f"v128.store{bits}_lane", Shape.MEMORY_LANE, -2, STORE)
    yield from _rows(92, "v128.load32_zero v128.load64_zero", Shape.MEMORY, 0, LOAD)
    yield from _rows(94, "f32x4.demote_f64x2_zero", nan, 0, VECTOR_FLOAT, 32)
    yield from _rows(95, "f64x2.promote_low_f32x4", nan, 0, VECTOR_FLOAT, 64)
    yield from _rows(96, _lanes("i8x16", "abs neg popcnt"), plain, 0, cost)
    yield from _rows(99, _lanes("i8x16", "all_true bitmask"), plain, 0, VECTOR_SLOW)
    yield from _rows(101, _lanes("i8x16", "narrow_i16x8_s narrow_i16x8_u"), plain, -1, cost)
    yield from _rows(103, _lanes("f32x4", "ceil floor trunc nearest"), nan, 0, VECTOR_FLOAT, 32)
    yield from _rows(107, _lanes("i8x16", "shl shr_s shr_u"), plain, -1, VECTOR_SLOW)
    yield from _rows(110, _lanes("i8x16", "add add_sat_s add_sat_u sub sub_sat_s sub_sat_u"), plain, -1, cost)
    yield from _rows(116, "f64x2.ceil f64x2.floor", nan, 0, VECTOR_FLOAT, 64)
    yield from _rows(118, _lanes("i8x16", "min_s min_u max_s max_u"), plain, -1, cost)
    yield from _rows(122, "f64x2.trunc", nan, 0, VECTOR_FLOAT, 64)
    yield from _rows(123, "i8x16.avgr_u", plain, -1, cost)
    for first, wide, narrow in ((124, "i16x8", "i8x16"), (126, "i32x4", "i16x8")):
        yield from _rows(first, _lanes(wide, f"extadd_pairwise_{narrow}_s extadd_pairwise_{narrow}_u"), plain, 0, cost)
    yield from _integer_lanes(128, "i16x8", "i8x16")
    yield from _rows(130, "i16x8.q15mulr_sat_s", plain, -1, cost)
    yield from _rows(133, _lanes("i16x8", "narrow_i32x4_s narrow_i32x4_u"), plain, -1, cost)
    yield from _rows(143, _lanes("i16x8", "add_sat_s add_sat_u"), plain, -1, cost)
    yield from _rows(146, _lanes("i16x8", "sub_sat_s sub_sat_u"), plain, -1, cost)
    yield from _rows(148, "f64x2.nearest", nan, 0, VECTOR_FLOAT, 64)
    yield from _rows(150, _lanes("i16x8", "min_s min_u max_s max_u"), plain, -1, cost)
    yield from _rows(155, "i16x8.avgr_u", plain, -1, cost)
    yield from _integer_lanes(160, "i32x4", "i16x8")
    yield from _rows(182, _lanes("i32x4", "min_s min_u max_s max_u dot_i16x8_s"), plain, -1, cost)
    yield from _integer_lanes(192, "i64x2", "i32x4")
    yield from _rows(214, _lanes("i64x2", "eq ne lt_s gt_s le_s ge_s"), plain, -1, cost)
    for first, kind, width in ((224, "f32x4", 32), (236, "f64x2", 64)):
        yield from _rows(first, _lanes(kind, "abs neg"), plain, 0, cost)
        yield from _rows(first + 3, f"{kind}.sqrt", nan, 0, ROOT, width)
        yield from _rows(first + 4, _lanes(kind, "add sub mul"), nan, -1, VECTOR_FLOAT, width)
        yield from _rows(first + 7, f"{kind}.div", nan, -1, DIVISION, width)
        yield from _rows(first + 8, _lanes(kind, "min max"), nan, -1, VECTOR_SLOWER, width)
        yield from _rows(first + 10, _lanes(kind, "pmin pmax"), plain, -1, cost)
    conversions = "i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u f32x4.convert_i32x4_s f32x4.convert_i32x4_u"
    conversions += " i32x4.trunc_sat_f64x2_s_zero i32x4.trunc_sat_f64x2_u_zero"
    conversions += " f64x2.convert_low_i32x4_s f64x2.convert_low_i32x4_u"
    yield from _rows(248, conversions, plain, 0, VECTOR_SLOWER)


def _integer_lanes(first: int, kind: str, narrow: str) -> Iterator[tuple[int, Instruction]]:
    """What i16x8, i32x4 and i64x2 have at the same offsets from their first opcode."""
    plain, cost = Shape.PLAIN, VECTOR_COST
    yield from _rows(first, _lanes(kind, "abs neg"), plain, 0, cost)
    yield from _rows(first + 3, _lanes(kind, "all_true bitmask"), plain, 0, VECTOR_SLOW)
    extends = f"extend_low_{narrow}_s extend_high_{narrow}_s extend_low_{narrow}_u extend_high_{narrow}_u"
    yield from _rows(first + 7, _lanes(kind, extends), plain, 0, cost)
    yield from _rows(first + 11, _lanes(kind, "shl shr_s shr_u"), plain, -1, VECTOR_SLOW)
    yield from _rows(first + 14, f"{kind}.add", plain, -1, cost)
    yield from _rows(first + 17, f"{kind}.sub", plain, -1, cost)
    yield from _rows(first + 21, f"{kind}.mul", plain, -1, cost)
    multiplies = f"extmul_low_{narrow}_s extmul_high_{narrow}_s extmul_low_{narrow}_u extmul_high_{narrow}_u"
    yield from _rows(first + 28, _lanes(kind, multiplies), plain, -1, VECTOR_FLOAT)


INSTRUCTIONS: Final = MappingProxyType(dict(_core()))
MISCELLANEOUS: Final = MappingProxyType(dict(_miscellaneous()))
"""By the number after the prefix 0xFC."""
VECTOR: Final = MappingProxyType(dict(_vector()))
"""By the number after the prefix 0xFD."""

DOES_NOT_EXPOSE_NAN: Final = frozenset(
    code
    for code, item in INSTRUCTIONS.items()
    if item.nan
    or item.name == "drop"
    or (item.name[:3] in ("f32", "f64") and item.name[4:] in _COMPARE_FLOAT.split())
    or ".trunc_f" in item.name
)
"""Instructions that take a NaN on top of the stack without letting its bits through."""
