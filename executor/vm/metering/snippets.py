"""What the pass writes into a function body; semantics in docs/metering.md, the code shape is free.

Fuel lives in a local while a function runs and in the global `meter.fuel` across calls and at its end. Every check that
fails writes its reason to `meter.status` before it traps, so that no other trap can be taken for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeAlias

from executor.vm.metering import encoding as e
from executor.vm.metering.rules import (
    BYTES_PER_FUEL_SHIFT,
    CANONICAL_NAN_32,
    CANONICAL_NAN_64,
    ELEMENT_FUEL_SHIFT,
    PAGE_FUEL,
)


class CheckStatus(IntEnum):
    """`meter.status`: which check stopped the guest."""

    NONE = 0
    OUT_OF_FUEL = 1
    STACK = 2
    HOST_MEMORY = 3  # the engine refused a growth that the rules allow


@dataclass(frozen=True, slots=True)
class Globals:
    """The encoded indices of the appended globals."""

    fuel: bytes
    depth: bytes
    pages: bytes
    status: bytes
    calls: bytes

    @classmethod
    def after(cls, count: int) -> Globals:
        """Of a module that has `count` globals."""
        return cls(*(e.unsigned(count + offset) for offset in range(5)))


EXPORTS: Final = ("meter.fuel", "meter.depth", "meter.pages", "meter.status", "meter.calls")
"""In the order of Globals."""
RESERVED_PREFIX: Final = "meter."
DECLARATIONS: Final = b"\x7e\x01\x42\x00\x0b" + b"\x7f\x01\x41\x00\x0b" * 4
"""The globals themselves: mutable, one i64 and four i32, zero."""


Scratch: TypeAlias = Callable[[str, int], bytes]
"""Name and value type -> the encoded index of a local that the pass adds to the function."""
_I32, _I64, _F32, _F64, _V128 = 0x7F, 0x7E, 0x7D, 0x7C, 0x7B


class Snippets:
    """Instruction sequences for one module; each takes the locals it needs."""

    def __init__(self, globals_: Globals) -> None:
        self.globals = globals_
        self.out_of_fuel = self._stop(CheckStatus.OUT_OF_FUEL)
        self.save = e.global_set(globals_.fuel)
        self.load = e.global_get(globals_.fuel)

    def _stop(self, status: CheckStatus) -> bytes:
        return e.IF + e.i32(status) + e.global_set(self.globals.status) + e.UNREACHABLE + e.END

    def charge(self, scratch: Scratch, cost: int, *, entry: bool, check: bool) -> bytes:
        """Take `cost` at the head of a block; at a function's entry the fuel comes from the global."""
        fuel = scratch("fuel", _I64)
        source = self.load if entry else e.local_get(fuel)
        if not cost and not check:
            return source + e.local_set(fuel) if entry else b""
        taken = source + e.i64(cost) + e.I64_SUB
        if not check:
            return taken + e.local_set(fuel)
        return taken + e.local_tee(fuel) + e.i64(0) + e.I64_LT_S + self.out_of_fuel

    def charge_whole(self, cost: int) -> bytes:
        """The charge of a leaf that is a single block: it needs no local and no check."""
        return self.load + e.i64(cost) + e.I64_SUB + self.save if cost else b""

    def flush(self, scratch: Scratch) -> bytes:
        """The fuel back to the global, at a body's end."""
        return e.local_get(scratch("fuel", _I64)) + self.save

    def around_call(self, scratch: Scratch, call: bytes) -> bytes:
        """A call, with the fuel in the global meanwhile."""
        fuel = scratch("fuel", _I64)
        return e.local_get(fuel) + self.save + call + self.load + e.local_set(fuel)

    def around_import(self, scratch: Scratch, call: bytes) -> bytes:
        """A call of the host, counted."""
        calls = self.globals.calls
        return self.around_call(scratch, e.global_get(calls) + e.i32(1) + e.I32_ADD + e.global_set(calls) + call)

    def enter(self, slots: int) -> bytes:
        """Take a frame from the depth, or stop."""
        depth = self.globals.depth
        taken = e.global_get(depth) + e.i32(slots) + e.I32_SUB + e.global_set(depth)
        return taken + e.global_get(depth) + e.i32(0) + e.I32_LT_S + self._stop(CheckStatus.STACK)

    def leave(self, slots: int) -> bytes:
        """Give a frame back."""
        depth = self.globals.depth
        return e.global_get(depth) + e.i32(slots) + e.I32_ADD + e.global_set(depth)

    def _pay(self, fuel: bytes, amount: bytes) -> bytes:
        paid = e.local_get(fuel) + amount + e.I64_SUB + e.local_tee(fuel)
        return paid + e.i64(0) + e.I64_LT_S + self.out_of_fuel

    def bulk(self, scratch: Scratch, instruction: bytes, *, elements: bool) -> bytes:
        """A bulk instruction, its length on the stack, paid for by that length."""
        fuel, count = scratch("fuel", _I64), scratch("count", _I32)
        length = e.local_get(count) + e.I64_EXTEND_I32_U
        amount = length + (
            e.i64(ELEMENT_FUEL_SHIFT) + e.I64_SHL if elements else e.i64(BYTES_PER_FUEL_SHIFT) + e.I64_SHR_U
        )
        return e.local_tee(count) + self._pay(fuel, amount) + instruction

    def grow(self, scratch: Scratch) -> bytes:
        """`memory.grow`: refused by our own rule beyond `meter.pages`, else paid by the page and never refused."""
        fuel, count = scratch("fuel", _I64), scratch("count", _I32)
        pages = e.local_get(count) + e.I64_EXTEND_I32_U
        wanted = e.MEMORY_SIZE + e.I64_EXTEND_I32_U + pages + e.I64_ADD
        too_many = wanted + e.global_get(self.globals.pages) + e.I64_EXTEND_I32_U + e.I64_GT_U
        grown = e.local_get(count) + e.MEMORY_GROW + e.local_tee(count)
        refused = grown + e.i32(-1) + e.I32_EQ + self._stop(CheckStatus.HOST_MEMORY)
        granted = self._pay(fuel, pages + e.i64(PAGE_FUEL) + e.I64_MUL) + refused + e.local_get(count)
        return e.local_set(count) + too_many + b"\x04\x7f" + e.i32(-1) + e.ELSE + granted + e.END

    def canonical(self, scratch: Scratch, width: int) -> bytes:
        """The number on the stack, or the canonical NaN."""
        if width == 32:
            value, nan, equal = scratch("f32", _F32), b"\x43" + CANONICAL_NAN_32, b"\x5b"
        else:
            value, nan, equal = scratch("f64", _F64), b"\x44" + CANONICAL_NAN_64, b"\x61"
        return e.local_tee(value) + nan + e.local_get(value) * 2 + equal + b"\x1b"

    def canonical_vector(self, scratch: Scratch, width: int) -> bytes:
        """The same for each lane of a vector."""
        value = scratch("v128", _V128)
        if width == 32:
            lanes, equal = CANONICAL_NAN_32 * 4, b"\xfd\x41"
        else:
            lanes, equal = CANONICAL_NAN_64 * 2, b"\xfd\x47"
        return e.local_tee(value) + b"\xfd\x0c" + lanes + e.local_get(value) * 2 + equal + b"\xfd\x52"
