"""Which instructions a module contains: what makes it worth keeping."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from executor.testing.fuzz.encoding import unsigned
from executor.testing.fuzz.mutations import sections
from executor.testing.fuzz.opcodes import OPERATIONS

_CODE_SECTION: Final = 10
_INDICES: Final = {
    0x02: 1, 0x03: 1, 0x04: 1, 0x0C: 1, 0x0D: 1, 0x10: 1, 0x11: 2, 0x20: 1, 0x21: 1, 0x22: 1, 0x23: 1, 0x24: 1, 0x25: 1,
    0x26: 1, 0x3F: 1, 0x40: 1, 0x41: 1, 0x42: 1, 0xD0: 1, 0xD2: 1,
}  # fmt: skip
"""LEB128 immediates of the instructions that are no `Operation`."""
_BULK_INDICES: Final = {8: 2, 9: 1, 10: 2, 11: 1, 12: 2, 13: 1, 14: 2, 15: 1, 16: 1, 17: 1}
_OPERATIONS: Final = {item.code: item for item in OPERATIONS}


def instructions(module: bytes) -> frozenset[str]:
    """The opcodes of a valid module, in hex."""
    content = next((content for number, content in sections(module) if number == _CODE_SECTION), b"\x00")
    cursor = _Cursor(content)
    found: set[str] = set()
    for _ in range(cursor.number()):
        size = cursor.number()
        found.update(_walk(content, cursor.position, cursor.position + size))
        cursor.position += size
    return frozenset(found)


class _Cursor:
    """Reads LEB128 integers."""

    __slots__ = ("data", "position")

    def __init__(self, data: bytes, position: int = 0) -> None:
        self.data, self.position = data, position

    def number(self) -> int:
        value = shift = 0
        while True:
            byte = self.data[self.position]
            self.position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value


def _walk(data: bytes, start: int, end: int) -> Iterator[str]:
    cursor = _Cursor(data, start)
    for _ in range(cursor.number()):
        cursor.number()
        cursor.position += 1
    while cursor.position < end:
        opcode = data[cursor.position]
        cursor.position += 1
        code = bytes([opcode])
        if opcode in (0xFC, 0xFD):
            number = cursor.number()
            code = bytes([opcode]) + unsigned(number)
            yield f"{opcode:02x}.{number}"
            if opcode == 0xFC and number >= 8:
                _skip(cursor, _BULK_INDICES[number])
                continue
            if code == b"\xfd\x0c":  # v128.const
                cursor.position += 16
                continue
        else:
            yield f"{opcode:02x}"
        if (item := _OPERATIONS.get(code)) is not None:
            _skip(cursor, 0 if item.align is None else 2)
            cursor.position += 16 if item.shuffles else 1 if item.lanes else 0
        elif opcode == 0x0E:
            _skip(cursor, cursor.number() + 1)
        elif opcode == 0x1C:
            cursor.position += cursor.number()
        elif opcode in (0x43, 0x44):
            cursor.position += 4 if opcode == 0x43 else 8
        else:
            _skip(cursor, _INDICES.get(opcode, 0))


def _skip(cursor: _Cursor, count: int) -> None:
    for _ in range(count):
        cursor.number()
