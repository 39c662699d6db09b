"""Constants that generated guests compute with: the borders of every type, and every kind of NaN."""

from __future__ import annotations

import struct
from typing import Final

from executor.testing.fuzz.encoding import signed
from executor.testing.fuzz.tape import Tape

_INTEGERS: Final = (0, 1, -1, 2, 7, 31, 32, 63, 64, 127, 128, 255, 256, 4096, 65_535, 65_536)
INTEGERS_32: Final = (*_INTEGERS, 2**31 - 1, -(2**31), 0x7FC00000, 0x7F800001, 0x4F000000 - 2**31)
INTEGERS_64: Final = (
    *_INTEGERS,
    2**31,
    2**32 - 1,
    2**32,
    2**53 + 1,
    2**63 - 1,
    -(2**63),
    0x7FF8000000000000,
    0x7FF0000000000001,
)
FLOATS_32: Final = (
    0x00000000, 0x3F800000, 0x80000000, 0xBF800000, 0x7FC00000, 0xFFC00000, 0x7F800001, 0xFFBFFFFF, 0x7FFFFFFF,
    0x7FFFFFFF, 0xFFFFFFFF, 0xFFC00001, 0x7FC54321,
    0x7FC12345, 0x7F800000, 0xFF800000, 0x00000001, 0x807FFFFF, 0x7F7FFFFF, 0x4F000000, 0x4EFFFFFF, 0xCF000000,
    0xCF000001, 0x5F000000, 0x3F000000, 0x40200000, 0x4B800001,
)  # fmt: skip
FLOATS_64: Final = (
    0x0000000000000000, 0x3FF0000000000000, 0x8000000000000000, 0xBFF0000000000000, 0x7FF8000000000000,
    0xFFF8000000000000, 0x7FF0000000000001, 0xFFF7FFFFFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0x7FF8000012345678,
    0xFFFFFFFFFFFFFFFF, 0x7FFFFFFF7FFFFFFF, 0xFFF8000000000001, 0x7FF8765400000000,
    0x7FF0000000000000, 0xFFF0000000000000, 0x0000000000000001, 0x800FFFFFFFFFFFFF, 0x7FEFFFFFFFFFFFFF,
    0x41E0000000000000, 0x41DFFFFFFFC00000, 0xC1E0000000200000, 0x43E0000000000000, 0xC3E0000000000001,
    0x3FE0000000000000, 0x4004000000000000, 0x36A0000000000000, 0x47EFFFFFF0000000,
)  # fmt: skip
"""1, -1, both zeros, quiet and signalling NaNs with and without payload and sign, infinities, subnormals, ties, and the
borders of every conversion."""


def constant(tape: Tape, letter: str) -> bytes:
    """An instruction that leaves a constant of this type."""
    match letter:
        case "i":
            value = tape.pick(INTEGERS_32) if tape.below(4) else int.from_bytes(tape.take(4), "little", signed=True)
            return b"\x41" + signed(value)
        case "I":
            value = tape.pick(INTEGERS_64) if tape.below(4) else int.from_bytes(tape.take(8), "little", signed=True)
            return b"\x42" + signed(value)
        case "f":
            return b"\x43" + _float_32(tape)
        case "F":
            return b"\x44" + _float_64(tape)
        case "v":
            if tape.below(2):
                return b"\xfd\x0c" + b"".join(_float_64(tape) for _ in range(2))
            return b"\xfd\x0c" + b"".join(_float_32(tape) for _ in range(4))
        case _:
            return b"\xd0\x70"  # ref.null func


def _float_32(tape: Tape) -> bytes:
    choice = tape.below(256)
    return struct.pack("<I", FLOATS_32[choice % len(FLOATS_32)]) if choice < 240 else tape.take(4)


def _float_64(tape: Tape) -> bytes:
    choice = tape.below(256)
    return struct.pack("<Q", FLOATS_64[choice % len(FLOATS_64)]) if choice < 240 else tape.take(8)
