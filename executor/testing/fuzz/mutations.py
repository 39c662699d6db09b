"""Damage done to real modules: what reaches a loader that reads files from strangers."""

from __future__ import annotations

from typing import Final

from executor.testing.fuzz.encoding import MAGIC, section
from executor.testing.fuzz.tape import Tape

BORDERS: Final = (0x00, 0x01, 0x7F, 0x80, 0xFF, 0x40, 0x0B, 0x60, 0x70, 0x6F, 0x7B, 0xFC, 0xFD, 0xFE)
"""Bytes that mean something: ends of LEB128, types, prefixes of instructions."""
EDITS: Final = (1, 1, 2, 1, 4)  # one alone is what a loader overlooks most easily
MAX_REPEATS: Final = 200


def damaged(module: bytes, other: bytes, tape: Tape) -> bytes:
    """The module after a few edits, some of them with parts of the other one."""
    for _ in range(tape.pick(EDITS)):
        module = _edit(module, other, tape)
    return module


def _edit(module: bytes, other: bytes, tape: Tape) -> bytes:
    place = tape.below(len(module) + 1)
    match tape.below(14):
        case 0 | 1:
            bit = 1 << tape.below(8)
            return module[:place] + bytes(byte ^ bit for byte in module[place : place + 1]) + module[place + 1 :]
        case 2:
            return module[:place] + bytes([tape.pick(BORDERS)]) + module[place + 1 :]
        case 3:
            return module[:place]
        case 4:
            return module[:place] + tape.take(tape.below(6)) + module[place:]
        case 5:
            return module[:place] + module[place + tape.below(40) :]
        case 6:
            part = module[place : place + 1 + tape.below(30)]
            return module[:place] + part * tape.below(MAX_REPEATS) + module[place:]
        case 7:
            start = tape.below(len(other) + 1)
            return module[:place] + other[start : start + tape.below(200)] + module[place:]
        case _:
            return _spliced(module, other, tape)


def _spliced(module: bytes, other: bytes, tape: Tape) -> bytes:
    """Sections moved, doubled, dropped, or taken from the other module."""
    mine, theirs = sections(module), sections(other)
    if not mine:
        return module
    place = tape.below(len(mine))
    match tape.below(9):
        case 0:
            del mine[place]
        case 1:
            mine.insert(tape.below(len(mine)), mine[place])
        case 2 if theirs:
            taken = tape.pick(theirs)
            mine = [taken if number == taken[0] else (number, content) for number, content in mine]
        case _:
            largest = max(range(len(mine)), key=lambda index: len(mine[index][1]))  # nearly always the code
            number, content = mine[largest]
            mine[largest] = (tape.below(15), content) if tape.below(8) == 7 else (number, _edit_bytes(content, tape))
    return MAGIC + b"".join(section(number, content) for number, content in mine)


def _edit_bytes(content: bytes, tape: Tape) -> bytes:
    """A byte of a section's content changed: the sizes around it stay right, so the damage is met further in."""
    place = tape.below(len(content) + 1)
    changed = bytes(byte ^ 1 << tape.below(3) for byte in content[place : place + 1])  # often a neighbouring opcode
    return content[:place] + (changed if tape.below(4) else bytes([tape.pick(BORDERS)])) + content[place + 1 :]


def sections(module: bytes) -> list[tuple[int, bytes]]:
    """The sections of a module as far as they can be read."""
    found, position = [], len(MAGIC)
    while position < len(module):
        number, size, shift = module[position], 0, 0
        position += 1
        while position < len(module):
            byte = module[position]
            size |= (byte & 0x7F) << shift
            shift += 7
            position += 1
            if byte < 0x80:
                break
        found.append((number, module[position : position + size]))
        position += size
    return found
