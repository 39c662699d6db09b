"""LEB128 and the few instruction sequences the pass emits (WebAssembly core specification 2.0, "Binary Format")."""

from __future__ import annotations

from typing import Final

from executor.errors import InvalidModule

IF: Final = b"\x04\x40"
ELSE: Final = b"\x05"
END: Final = b"\x0b"
UNREACHABLE: Final = b"\x00"


def unsigned(value: int) -> bytes:
    """Unsigned LEB128."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def signed(value: int) -> bytes:
    """Signed LEB128."""
    out = bytearray()
    while not -64 <= value < 64:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value & 0x7F)
    return bytes(out)


def read_unsigned(data: bytes, position: int) -> tuple[int, int]:
    """An unsigned 32-bit integer and the position after it; raises InvalidModule when it is too long."""
    byte = data[position]
    if byte < 0x80:
        return byte, position + 1
    value, shift = byte & 0x7F, 7
    while True:
        position += 1
        byte = data[position]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position + 1
        shift += 7
        if shift > 28:
            raise InvalidModule(f"integer too long at byte {position}")


def skip_leb(data: bytes, position: int) -> int:
    """The position after an integer of any width."""
    while data[position] > 0x7F:
        position += 1
    return position + 1


def local_get(index: bytes) -> bytes:
    """`local.get`, of an encoded index, as in the four below."""
    return b"\x20" + index


def local_set(index: bytes) -> bytes:
    """`local.set`."""
    return b"\x21" + index


def local_tee(index: bytes) -> bytes:
    """`local.tee`."""
    return b"\x22" + index


def global_get(index: bytes) -> bytes:
    """`global.get`."""
    return b"\x23" + index


def global_set(index: bytes) -> bytes:
    """`global.set`."""
    return b"\x24" + index


def i32(value: int) -> bytes:
    """`i32.const`."""
    return b"\x41" + signed(value)


def i64(value: int) -> bytes:
    """`i64.const`."""
    return b"\x42" + signed(value)


I32_EQ, I32_LT_S, I32_ADD, I32_SUB = b"\x46", b"\x48", b"\x6a", b"\x6b"
I64_LT_S, I64_GT_U, I64_ADD, I64_SUB, I64_MUL = b"\x53", b"\x56", b"\x7c", b"\x7d", b"\x7e"
I64_SHL, I64_SHR_U, I64_EXTEND_I32_U = b"\x86", b"\x88", b"\xad"
MEMORY_SIZE, MEMORY_GROW = b"\x3f\x00", b"\x40\x00"
