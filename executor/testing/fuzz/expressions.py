"""Code that leaves one value: drawn so that it is valid wherever a value of that type is wanted.

Rule 1. `expression` leaves exactly one value of the type asked for, or ends in unreachable code.
Rule 2. Two thirds of all arithmetic touch floats or vectors, half of that makes NaNs.
"""

from __future__ import annotations

from typing import Final

from executor.testing.fuzz.body import BLOCK, ELSE, IF, LOOP, Body
from executor.testing.fuzz.constants import constant
from executor.testing.fuzz.encoding import unsigned
from executor.testing.fuzz.opcodes import FLOATING, GIVING, LETTERS, MAKING_NANS, Operation
from executor.testing.fuzz.shape import ALLOC, GLOBALS, TABLES

MASKS: Final = (0xFFF, 0x7FFF, 0xFFF8, 0xFFFF, 0x1FFFF)
OFFSETS: Final = (0, 0, 0, 0, 8, 0, 64, 0, 4_096, 0, 65_535, 0, 0, 0, 0, 2**32 - 1)


def _chained(letter: str) -> tuple[Operation, ...]:
    others = tuple(item for item in FLOATING[letter] if item.align is None)
    makers = MAKING_NANS.get(letter, ())
    return makers * (3 * len(others) // len(makers) + 1) + others if makers else others


CHAINED: Final = {letter: _chained(letter) for letter in FLOATING}
"""What a chain is made of: three quarters make NaNs, the others show them or take them apart."""


def expression(body: Body, letter: str, depth: int) -> None:
    """Leave one value of this type."""
    choice = body.tape.below(20) if depth > 0 and not body.full else body.tape.below(3)
    match choice:
        case 0:
            body.out += constant(body.tape, letter)
        case 1:
            body.emit(b"\x20", body.local(letter))
        case 2:
            body.emit(b"\x23", body.tape.pick([index for index, item in enumerate(GLOBALS) if item == letter]))
        case 3:
            expression(body, letter, depth - 1)
            body.emit(b"\x22", body.local(letter))
        case 4:
            _conditional(body, letter, depth)
        case 5:
            _block(body, letter, depth)
        case 6:
            _select(body, letter, depth)
        case 7:
            _called(body, letter, depth)
        case 8:
            _branching(body, letter, depth)
        case 9:
            _special(body, letter, depth)
        case _ if letter == "r":
            _special(body, letter, depth)
        case 10 | 11:
            chain(body, letter, body.tape.below(5))
        case _:
            tables = (FLOATING, GIVING, MAKING_NANS if letter in MAKING_NANS else FLOATING)
            operation(body, body.tape.pick(body.tape.pick(tables)[letter]), depth)


def expressions(body: Body, letters: str, depth: int) -> None:
    """Leave these values."""
    for letter in letters:
        expression(body, letter, depth)


def operation(body: Body, item: Operation, depth: int) -> None:
    """One instruction with its operands."""
    for position, letter in enumerate(item.operands):
        if item.align is not None and position == 0:
            address(body, depth - 1)
        else:
            expression(body, letter, depth - 1)
    bare(body, item)


def bare(body: Body, item: Operation) -> None:
    """One instruction with its immediates only."""
    body.out += item.code
    if item.align is not None:
        body.out += unsigned(item.align - body.tape.below(item.align + 1)) + unsigned(body.tape.pick(OFFSETS))
    if item.shuffles:
        body.out += bytes(lane % 32 for lane in body.tape.take(16))
    if item.lanes:
        body.out.append(body.tape.below(item.lanes))


def address(body: Body, depth: int) -> None:
    """Leave an address, nearly always inside the memory."""
    expression(body, "i", depth)
    if body.tape.below(32) != 31:
        masked(body, body.tape.pick(MASKS))


def length(body: Body, depth: int, mask: int = 0x3FF) -> None:
    """Leave a size, nearly always small."""
    expression(body, "i", depth)
    if body.tape.below(32) != 31:
        masked(body, mask)


def masked(body: Body, mask: int) -> None:
    """Keep these bits of an i32."""
    body.number(mask)
    body.emit(b"\x71")


def chain(body: Body, letter: str, length: int) -> None:
    """Leave a value of instructions that follow each other directly, each taking the result of the one before."""
    item = body.tape.pick(CHAINED[letter])
    for operand in item.operands[:-1]:
        _leaf(body, operand)
    if length > 0 and not body.full:
        chain(body, item.operands[-1], length - 1)
    else:
        _leaf(body, item.operands[-1])
    bare(body, item)


def _leaf(body: Body, letter: str) -> None:
    if body.tape.below(4) == 3:
        body.emit(b"\x20", body.local(letter))
    else:
        body.out += constant(body.tape, letter)


def call(body: Body, depth: int) -> str:
    """Call any function, directly or through a table; the types it leaves."""
    index = body.tape.below(len(body.shape.signatures) - 6) + 6
    if body.tape.below(16) == 15:
        index = body.tape.below(6)  # an import with arbitrary arguments
    parameters, results = body.shape.signatures[index]
    expressions(body, parameters, depth - 1)
    if body.tape.below(3) == 2:
        length(body, depth - 1, 7)
        body.emit(b"\x11", body.types.index((parameters, results)), body.tape.below(len(TABLES)))
    else:
        body.emit(b"\x10", index)
    return results


def _called(body: Body, letter: str, depth: int) -> None:
    results = call(body, depth)
    if results[:1] == letter:
        body.keep(results[1:])
    else:
        body.keep(results)
        body.emit(b"\x20", body.local(letter))


def _conditional(body: Body, letter: str, depth: int) -> None:
    expression(body, "i", depth - 1)
    with body.nested(IF, "", letter):
        expression(body, letter, depth - 1)
        body.out += ELSE
        expression(body, letter, depth - 1)


def _block(body: Body, letter: str, depth: int) -> None:
    parameters = "".join(body.tape.pick("iIfFvr") for _ in range(body.tape.below(3)))
    expressions(body, parameters, depth - 1)
    with body.nested(LOOP if body.tape.below(3) == 2 else BLOCK, parameters, letter):
        body.keep(parameters)
        expression(body, letter, depth - 1)


def _select(body: Body, letter: str, depth: int) -> None:
    expressions(body, letter * 2 + "i", depth - 1)
    if letter == "r" or body.tape.below(2):
        body.out += b"\x1c\x01" + bytes([LETTERS[letter]])
    else:
        body.emit(b"\x1b")


def _branching(body: Body, letter: str, depth: int) -> None:
    """A value that is carried to a label if a condition holds, or unreachable code in its place."""
    targets = [index for index, carried in enumerate(reversed(body.labels)) if carried == letter]
    if targets:
        expressions(body, letter + "i", depth - 1)
        body.emit(b"\x0d", body.tape.pick(targets))
    elif body.tape.below(8) == 7:
        body.emit(b"\x00")
    else:
        expression(body, letter, depth - 1)


def _special(body: Body, letter: str, depth: int) -> None:
    table = body.tape.below(len(TABLES))
    match letter, body.tape.below(4):
        case "i", 0:
            body.emit(b"\x3f", 0)  # memory.size
        case "i", 1:
            body.emit(b"\xfc\x10", table)  # table.size
        case "i", 2:
            length(body, depth - 1, 3)
            body.emit(b"\x40", 0)  # memory.grow
        case "r", 0 | 1:
            body.emit(b"\xd2", ALLOC + body.tape.below(len(body.shape.signatures) - ALLOC))  # ref.func
        case "r", _:
            length(body, depth - 1, 3)
            body.emit(b"\x25", table)  # table.get
        case _:
            body.out += constant(body.tape, letter)
