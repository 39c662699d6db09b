"""A whole guest from a tape: valid, of the ABI, and full of what engines could disagree about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from executor.testing.fuzz.body import Body, Types
from executor.testing.fuzz.constants import constant
from executor.testing.fuzz.encoding import MAGIC, name, section, signed, sized, unsigned, vector
from executor.testing.fuzz.expressions import expressions
from executor.testing.fuzz.opcodes import LETTERS
from executor.testing.fuzz.shape import (
    ALLOC,
    GLOBALS,
    IMPORT_MODULE,
    INITIALIZE,
    LAYOUT,
    PASSIVE_BYTES,
    RUN,
    TABLES,
    Shape,
    draw_shape,
)
from executor.testing.fuzz.statements import DEPTH, statement, statements, witness
from executor.testing.fuzz.tape import Tape
from executor.vm.checks import IMPORTS

RESULTS_AT: Final = 2_048  # where `run` puts its locals and globals before it returns
KERNEL: Final = 60
STATEMENTS: Final = 30  # of one body, at most, on the outermost level
_STORES: Final = {"i": b"\x36\x00", "I": b"\x37\x00", "f": b"\x38\x00", "F": b"\x39\x00", "v": b"\xfd\x0b\x00"}


def guest(decisions: bytes) -> bytes:
    """The module that these decisions make."""
    tape = Tape(decisions)
    shape = draw_shape(tape)
    types = Types(list(shape.types))
    bodies = [
        _body(tape, shape, types, index, signature)
        for index, signature in enumerate(shape.signatures)
        if index >= ALLOC
    ]
    functions = range(len(shape.signatures))
    globals_ = [_global(tape, letter) for letter in GLOBALS]
    elements = vector(_segments(tape, functions[ALLOC:]))
    return MAGIC + b"".join(
        (
            section(1, vector(_function_type(*signature) for signature in types.signatures)),
            section(2, vector(_import(types, shape, index, entry) for index, entry in enumerate(IMPORTS))),
            section(3, vector(unsigned(types.index(shape.signatures[index])) for index in functions[ALLOC:])),
            section(4, vector(b"\x70\x00" + unsigned(size) for size in TABLES)),
            section(5, vector((_memory(shape),))),
            section(6, vector(globals_)),
            section(7, vector(_exports(shape))),
            section(9, elements),
            section(12, unsigned(2)),
            section(10, vector(bodies)),
            section(11, vector((b"\x00\x41\x00\x0b" + sized(b"".join(LAYOUT)), b"\x01" + sized(PASSIVE_BYTES)))),
        )
    )


def _body(tape: Tape, shape: Shape, types: Types, index: int, signature: tuple[str, str]) -> bytes:
    body = Body(tape, shape, types, *signature)
    if index == ALLOC and tape.below(4) != 3:
        body.number(4_096)
        return body.encoded()
    if index == RUN:
        if kernel := tape.one_in(3):  # arithmetic that nothing keeps from being reached and seen
            for _ in range(1 + tape.below(KERNEL)):
                witness(body, DEPTH)
        for _ in range(0 if kernel else 1 + tape.below(STATEMENTS)):
            statement(body, DEPTH)
        _show(body)
        if tape.below(8) != 7:
            body.out += b"\x42" + signed(RESULTS_AT << 32 | 16 * (len(body.locals) + len(GLOBALS)))
            return body.encoded()
    else:
        for _ in range(tape.below(4)):
            statements(body, DEPTH - 1)
    expressions(body, signature[1], DEPTH - 1)
    return body.encoded()


def _show(body: Body) -> None:
    """Store every local and global where the host can see it."""
    places = [(b"\x20", index, letter) for index, letter in enumerate(body.locals)]
    places += [(b"\x23", index, letter) for index, letter in enumerate(GLOBALS)]
    for slot, (instruction, index, letter) in enumerate(places):
        body.number(RESULTS_AT + 16 * slot)
        body.emit(instruction, index)
        if letter == "r":
            body.emit(b"\xd1")
        body.out += _STORES["i" if letter == "r" else letter] + b"\x00"


def _function_type(parameters: str, results: str) -> bytes:
    return b"\x60" + vector(_value(x) for x in parameters) + vector(_value(x) for x in results)


def _value(letter: str) -> bytes:
    return bytes([LETTERS[letter]])


def _import(types: Types, shape: Shape, index: int, entry: str) -> bytes:
    return name(IMPORT_MODULE) + name(entry) + b"\x00" + unsigned(types.index(shape.signatures[index]))


def _memory(shape: Shape) -> bytes:
    if shape.maximum is None:
        return b"\x00" + unsigned(shape.pages)
    return b"\x01" + unsigned(shape.pages) + unsigned(shape.maximum)


def _global(tape: Tape, letter: str) -> bytes:
    return _value(letter) + b"\x01" + constant(tape, letter) + b"\x0b"


def _exports(shape: Shape) -> Iterable[bytes]:
    yield name("memory") + b"\x02\x00"
    yield name("alloc") + b"\x00" + unsigned(ALLOC)
    yield name("run") + b"\x00" + unsigned(RUN)
    if shape.has_initialize:
        yield name("_initialize") + b"\x00" + unsigned(INITIALIZE)


def _segments(tape: Tape, functions: range) -> Iterable[bytes]:
    """An active segment for table 0, a passive one with a null, and a declarative one that allows every
    `ref.func`; of our own functions only, as imports can only be called."""
    chosen = [unsigned(tape.pick(functions)) for _ in range(1 + tape.below(8))]
    yield b"\x00\x41\x00\x0b" + vector(chosen)
    yield b"\x05\x70" + vector((b"\xd0\x70\x0b", *(b"\xd2" + item + b"\x0b" for item in chosen)))
    yield b"\x03\x00" + vector(unsigned(index) for index in functions)
