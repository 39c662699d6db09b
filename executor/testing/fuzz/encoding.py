"""The few parts of the binary format that a generator writes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

MAGIC: Final = b"\x00asm\x01\x00\x00\x00"


def unsigned(value: int) -> bytes:
    """LEB128 of a number that is not negative."""
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


def sized(data: bytes) -> bytes:
    """Bytes behind their length."""
    return unsigned(len(data)) + data


def vector(items: Iterable[bytes]) -> bytes:
    """Items behind their count."""
    parts = tuple(items)
    return unsigned(len(parts)) + b"".join(parts)


def section(number: int, content: bytes) -> bytes:
    """A section."""
    return bytes([number]) + sized(content)


def name(text: str) -> bytes:
    """A name."""
    return sized(text.encode())
