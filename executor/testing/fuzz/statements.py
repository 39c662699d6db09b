"""Code that leaves the stack as it was: stores, loops, branches, bulk operations, host calls, dead code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from executor.testing.fuzz.body import BLOCK, COUNTERS, ELSE, IF, LOOP, Body
from executor.testing.fuzz.encoding import unsigned
from executor.testing.fuzz.expressions import address, bare, call, chain, expression, expressions, length, operation
from executor.testing.fuzz.opcodes import OPERATIONS, STORES
from executor.testing.fuzz.shape import GLOBALS, PASSIVE_DATA, SEGMENTS, TABLES

DEPTH: Final = 5  # of nested statements and operands
WITNESSES: Final = {
    letter: tuple(item for item in STORES if item.operands[1] == letter and not item.lanes) for letter in "iIfFv"
}
WITNESSES_AT: Final = 20_480
ROUNDS: Final = (3, 1, 2, 9, 40, 300)


def statements(body: Body, depth: int) -> None:
    """A few statements."""
    for _ in range(body.tape.below(5)):
        if body.full:
            return
        statement(body, depth)


def statement(body: Body, depth: int) -> None:
    """One statement; simple ones only where nesting is deep."""
    body.tape.pick(_SIMPLE if depth <= 0 else _ALL)(body, depth)


def _set_local(body: Body, depth: int) -> None:
    letter = body.tape.pick("iIfFvr")
    expression(body, letter, depth)
    body.emit(b"\x21", body.local(letter))


def _set_global(body: Body, depth: int) -> None:
    index = body.tape.below(len(GLOBALS))
    expression(body, GLOBALS[index], depth)
    body.emit(b"\x24", index)


def _store(body: Body, depth: int) -> None:
    operation(body, body.tape.pick(STORES), depth)


def _any_operation(body: Body, depth: int) -> None:
    item = body.tape.pick(OPERATIONS)
    operation(body, item, depth)
    body.keep(item.results)


def _drop(body: Body, depth: int) -> None:
    expression(body, body.tape.pick("iIfFvr"), depth)
    body.emit(b"\x1a")


def _block(body: Body, depth: int) -> None:
    letters = "".join(body.tape.pick("iIfFvr") for _ in range(body.tape.below(4)))
    taken = letters[: body.tape.below(2)]
    expressions(body, taken, depth - 1)
    with body.nested(BLOCK, taken, letters):
        body.keep(taken)
        statements(body, depth - 1)
        expressions(body, letters, depth - 1)
    body.keep(letters)


def _if(body: Body, depth: int) -> None:
    expression(body, "i", depth - 1)
    with body.nested(IF):
        statements(body, depth - 1)
        if body.tape.below(2):
            body.out += ELSE
            statements(body, depth - 1)


def _counted_loop(body: Body, depth: int) -> None:
    if body.counting == COUNTERS:
        return
    counter = body.counter
    body.counting += 1
    body.number(body.tape.pick(ROUNDS))
    body.emit(b"\x21", counter)
    with body.nested(LOOP):
        statements(body, depth - 1)
        body.emit(b"\x20", counter)
        body.number(-1)
        body.emit(b"\x6a")
        body.emit(b"\x22", counter)
        body.emit(b"\x0d", 0)
    body.counting -= 1


def _free_loop(body: Body, depth: int) -> None:
    """A loop that goes on while some value is not zero: possibly for ever."""
    carried = "".join(body.tape.pick("iIfFv") for _ in range(body.tape.below(3)))
    expressions(body, carried, depth - 1)
    with body.nested(LOOP, carried):
        body.keep(carried)
        statements(body, depth - 1)
        expressions(body, carried + "i", depth - 1)
        body.emit(b"\x0d", 0)
        body.keep(carried)


def _branch_if(body: Body, depth: int) -> None:
    target = body.tape.below(len(body.labels))
    carried = body.labels[-1 - target]
    expressions(body, carried + "i", depth - 1)
    body.emit(b"\x0d", target)
    body.keep(carried)


def _branch_table(body: Body, depth: int) -> None:
    with body.nested(BLOCK):
        carried = body.labels[-1 - body.tape.below(len(body.labels))]
        same = [index for index, letters in enumerate(reversed(body.labels)) if letters == carried]
        targets = [body.tape.pick(same) for _ in range(body.tape.below(5) + 1)]
        expressions(body, carried + "i", depth - 1)
        body.out += b"\x0e" + unsigned(len(targets) - 1) + b"".join(map(unsigned, targets))
        _dead(body, depth)


def _leave(body: Body, depth: int) -> None:
    """A branch, a return or a trap under a condition, with dead code behind it."""
    expression(body, "i", depth - 1)
    with body.nested(IF):
        match body.tape.below(4):
            case 0 | 1:
                target = body.tape.below(len(body.labels))
                expressions(body, body.labels[-1 - target], depth - 1)
                body.emit(b"\x0c", target)
            case 2:
                expressions(body, body.results, depth - 1)
                body.emit(b"\x0f")
            case _:
                body.emit(b"\x00")
        _dead(body, depth)


def _dead(body: Body, depth: int) -> None:
    """Code that cannot be reached: ordinary statements, and instructions whose operands nobody pushed."""
    for _ in range(body.tape.below(3)):
        if body.tape.below(2):
            item = body.tape.pick(OPERATIONS)
            bare(body, item)
            body.out += b"\x1a" * len(item.results)
        else:
            statement(body, depth - 1)


def _call(body: Body, depth: int) -> None:
    body.keep(call(body, depth))


def witness(body: Body, _depth: int) -> None:
    """The end of a chain, stored where nothing else writes: shown however the run goes on."""
    item = body.tape.pick(WITNESSES[body.tape.pick("vvfF")])
    body.number(WITNESSES_AT + 16 * body.tape.below(64))
    chain(body, item.operands[-1], 1 + body.tape.below(5))
    bare(body, item)


def _nothing(body: Body, _depth: int) -> None:
    body.emit(b"\x01")


def _grow(body: Body, depth: int) -> None:
    length(body, depth - 1, 3)
    body.emit(b"\x40", 0)
    body.keep("i")


def _bulk_memory(body: Body, depth: int) -> None:
    match body.tape.below(5):
        case 0:
            address(body, depth - 1)
            expression(body, "i", depth - 1)
            length(body, depth - 1)
            body.emit(b"\xfc\x0b", 0)  # memory.fill
        case 1 | 2:
            address(body, depth - 1)
            address(body, depth - 1)
            length(body, depth - 1)
            body.emit(b"\xfc\x0a", 0, 0)  # memory.copy
        case 3:
            address(body, depth - 1)
            length(body, depth - 1, 0x7F)
            length(body, depth - 1, 0x7F)
            body.emit(b"\xfc\x08", PASSIVE_DATA, 0)  # memory.init
        case _:
            body.emit(b"\xfc\x09", body.tape.below(2))  # data.drop


def _bulk_table(body: Body, depth: int) -> None:
    table = body.tape.below(len(TABLES))
    match body.tape.below(5):
        case 0:
            length(body, depth - 1, 3)
            expression(body, "r", depth - 1)
            body.emit(b"\x26", table)  # table.set
        case 1:
            for _ in range(3):
                length(body, depth - 1, 3)
            body.emit(b"\xfc\x0e", table, body.tape.below(len(TABLES)))  # table.copy
        case 2:
            for _ in range(3):
                length(body, depth - 1, 1)
            body.emit(b"\xfc\x0c", body.tape.pick(SEGMENTS), table)  # table.init
        case 3:
            length(body, depth - 1, 3)
            expression(body, "r", depth - 1)
            length(body, depth - 1, 3)
            body.emit(b"\xfc\x11", table)  # table.fill
        case _:
            body.emit(b"\xfc\x0d", body.tape.pick(SEGMENTS))  # elem.drop


def _text(body: Body) -> None:
    start, size = body.tape.pick(body.shape.texts)
    body.number(start)
    body.number(size)


def _host_call(body: Body, depth: int) -> None:
    """An import with plausible arguments, and `read` behind those that answer."""
    match body.tape.below(8):
        case 0 | 1 | 2:
            start, size = body.shape.texts[body.tape.below(2)]  # a well-formed spec
            body.number(start)
            body.number(size)
            body.emit(b"\x10", 0)  # observe
        case 3 | 4:
            _text(body)
            _text(body)
            body.emit(b"\x10", 2)  # call
        case 5 | 6:
            expression(body, "i", depth - 1)
            _text(body)
            body.emit(b"\x10", 5)  # log
            return
        case _:
            proposes = body.tape.below(2)
            if proposes:
                body.number(body.tape.below(3))
            _text(body)
            body.emit(b"\x10", 1 if proposes else 4)  # propose or fail
            return
    body.emit(b"\x21", body.local("I"))
    if body.tape.below(4) != 3:
        address(body, depth - 1)
        body.emit(b"\x10", 3)  # read


_SIMPLE: Final[tuple[Callable[[Body, int], None], ...]] = (
    _set_local, _store, _set_global, _drop, _bulk_memory, _host_call, _bulk_table, witness,
    witness,
)  # fmt: skip
_ALL: Final = (
    *_SIMPLE, _any_operation, _any_operation, witness, _store, _set_local, _block, _if, _counted_loop, _counted_loop,
    _free_loop, _branch_if, _branch_if, _branch_table, _leave, _call, _call, _grow, _nothing,
)  # fmt: skip
