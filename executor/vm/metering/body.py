"""Rewrites one function body: charges, checks, frames, canonical NaNs (docs/metering.md, "Function bodies").

Theory of operation. One walk over the instructions, which are copied as they are. Where the pass has something to say
it cuts the copied text and puts a piece between; a block's charge is only known at the block's end, so its place is
kept and filled in last. The module has been validated: the walk needs heights and reachability, no types.

Rule 1. A block begins at the entry, after `loop`, `if`, `else` and `br_if`, and after the `end` of an `if`, of a
        construct some reachable branch names, and of one whose end is unreachable.
Rule 2. A block's charge is the sum of the costs of its reachable instructions, taken when the block is entered; the
        first block's has the locals beyond FREE_LOCAL_SLOTS on top, and values beyond FREE_VALUES cost a fuel each.
Rule 3. Fuel is checked at loop headers and at the entry of functions that call or cost more than UNCHECKED_FUEL; depth,
        before it, at the entry of functions that call or are larger than FREE_LEAF_SLOTS.
Rule 4. Code that is unreachable in the sense of the specification's validation algorithm is copied, costs nothing, and
        counts neither as a call nor for the frame.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from executor.errors import InvalidModule
from executor.vm.metering import encoding as e
from executor.vm.metering.encoding import read_unsigned, skip_leb, unsigned
from executor.vm.metering.instructions import DOES_NOT_EXPOSE_NAN, INSTRUCTIONS, MISCELLANEOUS, VECTOR, Shape
from executor.vm.metering.rules import (
    FRAME_BASE,
    FREE_LEAF_SLOTS,
    FREE_LOCAL_SLOTS,
    FREE_VALUES,
    SLOTS,
    UNCHECKED_FUEL,
)
from executor.vm.metering.snippets import Snippets

MAX_LOCALS: Final = 50_000  # parameters and our own included: the limit engines agree on
MAX_BODY_BYTES: Final = 7_654_321  # instrumented: the same

MAX_TARGETS: Final = 65_520  # of a br_table: the same

_UNKNOWN: Final = 255
_SHAPES: Final = bytes(INSTRUCTIONS[code].shape if code in INSTRUCTIONS else _UNKNOWN for code in range(256))
_DELTAS: Final = [INSTRUCTIONS[code].delta if code in INSTRUCTIONS else 0 for code in range(256)]
_COSTS: Final = [INSTRUCTIONS[code].cost if code in INSTRUCTIONS else 0 for code in range(256)]
_PREFIXED: Final = {0xFC: MISCELLANEOUS, 0xFD: VECTOR}
_FAST: Final = int(Shape.NAN)
_LANEWISE: Final = frozenset(
    item.name for item in VECTOR.values() if item.nan and "promote" not in item.name and "demote" not in item.name
)
"""Vector arithmetic that takes its operands by the lanes of its result: it lets no bits of a NaN through."""
_BLOCK, _LOOP, _IF, _ELSE = 0x02, 0x03, 0x04, 0x05


class Signature(NamedTuple):
    """A function type: value type bytes."""

    parameters: bytes
    results: bytes


class _Construct:
    """An open block, loop, if or function."""

    __slots__ = ("base", "kind", "parameters", "results", "targeted")

    def __init__(self, kind: int, base: int, parameters: int, results: int) -> None:
        self.kind, self.base, self.parameters, self.results = kind, base, parameters, results
        self.targeted = False


class _Block(NamedTuple):
    """A place in the output where the charge of a block goes."""

    place: int
    cost: int
    entry: bool
    loop: bool


class Body:
    """The rewriting of one function; `rewrite` is called once."""

    def __init__(
        self,
        code: bytes,
        types: Sequence[Signature],
        functions: Sequence[int],
        imported: int,
        signature: Signature,
        snippets: Snippets,
        block_type: Callable[[bytes], bytes],
    ) -> None:
        self.code, self.types, self.signature = code, types, signature
        self.functions, self.imported = functions, imported
        self.snippets, self.block_type = snippets, block_type
        self.output: list[bytes] = []
        self.copied = 0  # everything before is in the output
        self.blocks: list[_Block] = []
        self.place, self.entry, self.loop = 0, True, False
        self.height = self.highest = self.cost = 0
        self.constructs = [_Construct(_BLOCK, 0, 0, len(signature.results))]
        self.unreachable = 0  # constructs opened in unreachable code, plus one
        self.calls = self.pays = False
        self.returns: list[int] = []
        self.scratch: dict[str, bytes] = {}
        self.scratch_types: list[int] = []
        self.local_count = 0

    def rewrite(self, start: int, end: int) -> bytes:
        """The new body of the code from `start` (its locals) to `end`; raises InvalidModule."""
        groups, slots, first = self._locals(start)
        declared = self.code[first[0] : first[1]]
        self.copied = first[1]
        self._reserve(entry=True)
        self._walk(first[1], end)
        self._flush_text(end - 1)  # all but the last `end`
        self._close_block()
        return self._assemble(groups, declared, slots + self.highest + FRAME_BASE)

    # Locals

    def _locals(self, start: int) -> tuple[int, int, tuple[int, int]]:
        """Groups, slots, and where the declarations stand."""
        count = len(self.signature.parameters)
        slots = sum(SLOTS[kind] for kind in self.signature.parameters)
        groups, position = read_unsigned(self.code, start)
        declarations, given = position, slots
        for _ in range(groups):
            repeat, position = read_unsigned(self.code, position)
            count += repeat
            slots += repeat * SLOTS[self.code[position]]
            position += 1
        self.cost = max(0, slots - given - FREE_LOCAL_SLOTS)
        self.local_count = count
        if count > MAX_LOCALS - 8:
            raise InvalidModule(f"a function with {count} parameters and locals, the limit is {MAX_LOCALS - 8}")
        return groups, slots, (declarations, position)

    def _local(self, name: str, kind: int) -> bytes:
        """The encoded index of a local of ours."""
        if name not in self.scratch:
            self.scratch[name] = unsigned(self.local_count + len(self.scratch))
            self.scratch_types.append(kind)
        return self.scratch[name]

    # Text and blocks

    def _flush_text(self, position: int) -> None:
        """Copy the text up to here."""
        self.output.append(self.code[self.copied : position])
        self.copied = position

    def _replace(self, start: int, end: int, piece: bytes) -> None:
        """Put a piece where an instruction stood."""
        self._flush_text(start)
        self.output.append(piece)
        self.copied = end

    def _reserve(self, *, entry: bool = False, loop: bool = False) -> None:
        self.place, self.entry, self.loop = len(self.output), entry, loop
        self.output.append(b"")

    def _close_block(self) -> None:
        self.blocks.append(_Block(self.place, self.cost, self.entry, self.loop))
        self.cost = 0

    def _begin_block(self, position: int, *, loop: bool = False) -> None:
        self._close_block()
        self._flush_text(position)
        self._reserve(loop=loop)

    # The walk

    def _walk(self, position: int, end: int) -> None:
        code, shapes, deltas, costs, fast = self.code, _SHAPES, _DELTAS, _COSTS, _FAST
        height, highest, cost = self.height, self.highest, self.cost
        while position < end:
            opcode = code[position]
            shape = shapes[opcode]
            if shape > fast:
                self.height, self.highest, self.cost = height, highest, cost
                position = self._control(opcode, position)
                if self.unreachable:
                    position = self._skip_unreachable(position)
                height, cost = self.height, self.cost
                highest = height if height > self.highest else self.highest
                continue
            cost += costs[opcode]
            height += deltas[opcode]
            if height > highest:
                highest = height
            position += 1
            if shape == 1:  # INDEX
                while code[position] > 127:
                    position += 1
                position += 1
            elif shape == 2:  # MEMORY
                position = self._memory_argument(position)
            elif shape == 5:  # NAN
                if code[position] not in DOES_NOT_EXPOSE_NAN:
                    self._canonical(position, INSTRUCTIONS[opcode].nan)
            elif shape:
                position += 4 if shape == 3 else 8
        self.height, self.highest, self.cost = height, highest, cost
        if position != end or self.constructs:
            raise InvalidModule("a function body does not end where it says")

    def _memory_argument(self, position: int) -> int:
        if self.code[position] > 63:
            raise InvalidModule("a memory argument of another memory")
        return skip_leb(self.code, position + 1)

    def _canonical(self, position: int, width: int) -> None:
        self._flush_text(position)
        self.output.append(self.snippets.canonical(self._local, width))

    def _control(self, opcode: int, position: int) -> int:
        """An instruction that is more than its immediates; the position after it."""
        if opcode in _PREFIXED:
            return self._prefixed(opcode, position)
        method = _METHODS.get(opcode)
        if method is None:
            raise InvalidModule(f"opcode 0x{opcode:02x} is of no allowed feature")
        self.cost += _COSTS[opcode]
        return method(self, opcode, position)

    def _open(self, opcode: int, position: int) -> int:
        kind = self.code[position + 1]
        if opcode == _IF:
            self.height -= 1
        if kind == 0x40 or kind in SLOTS:
            parameters, results, after = 0, int(kind != 0x40), position + 2
        else:
            index, after = read_unsigned(self.code, position + 1)
            parameters, results = map(len, self.types[index])
        self.constructs.append(_Construct(opcode, self.height - parameters, parameters, results))
        self._carry(parameters)
        self._carry(results)
        if opcode != _BLOCK:
            self._begin_block(after, loop=opcode == _LOOP)
        return after

    def _else(self, _opcode: int, position: int, *, was_reachable: bool = True) -> int:
        construct = self.constructs[-1]
        if was_reachable and self.height != construct.base + construct.results:
            raise InvalidModule("operands left over at an else")
        construct.kind = _ELSE
        self.height = construct.base + construct.parameters
        self._begin_block(position + 1)
        return position + 1

    def _end(self, _opcode: int, position: int, *, was_reachable: bool = True) -> int:
        construct = self.constructs.pop()
        if was_reachable and self.height != construct.base + construct.results:
            raise InvalidModule("operands left over at an end")
        self.height = construct.base + construct.results
        if self.constructs and (construct.kind in (_IF, _ELSE) or construct.targeted or not was_reachable):
            self._begin_block(position + 1)
        return position + 1

    def _branch(self, opcode: int, position: int) -> int:
        label, after = read_unsigned(self.code, position + 1)
        self._carry(self._target(label))
        if opcode == 0x0D:
            self.height -= 1
            self._begin_block(after)
        else:
            self.unreachable = 1
        return after

    def _branch_table(self, _opcode: int, position: int) -> int:
        count, position = read_unsigned(self.code, position + 1)
        if count > MAX_TARGETS:
            raise InvalidModule(f"a br_table of {count} targets, the limit is {MAX_TARGETS}")
        values = 0
        for _ in range(count + 1):
            label, position = read_unsigned(self.code, position)
            values = self._target(label)  # the same for all
        self._carry(values)
        self.unreachable = 1
        return position

    def _target(self, label: int) -> int:
        """Note a branch to a label; how many values it carries."""
        construct = self.constructs[-1 - label]
        construct.targeted = True
        return construct.parameters if construct.kind == _LOOP else construct.results

    def _carry(self, values: int) -> None:
        self.cost += max(0, values - FREE_VALUES)

    def _return(self, _opcode: int, position: int) -> int:
        self._replace(position, position + 1, b"\x0c" + unsigned(len(self.constructs) - 1))
        self.returns.append(len(self.output) - 1)
        self._carry(len(self.signature.results))
        self.unreachable = 1
        return position + 1

    def _unreachable(self, _opcode: int, position: int) -> int:
        self.unreachable = 1
        return position + 1

    def _call(self, opcode: int, position: int) -> int:
        index, after = read_unsigned(self.code, position + 1)
        around = self.snippets.around_call
        if opcode == 0x10:
            if index < self.imported:
                around = self.snippets.around_import
            index = self.functions[index]
        else:
            self.height -= 1
            after = skip_leb(self.code, after)
        signature = self.types[index]
        self.height += len(signature.results) - len(signature.parameters)
        self._carry(len(signature.results))
        self.calls = True
        self._replace(position, after, around(self._local, self.code[position:after]))
        return after

    def _select_typed(self, opcode: int, position: int) -> int:
        count, after = read_unsigned(self.code, position + 1)
        self.height += _DELTAS[opcode]
        return after + count

    def _function_reference(self, opcode: int, position: int) -> int:
        index, after = read_unsigned(self.code, position + 1)
        if index < self.imported:
            raise InvalidModule(f"ref.func of import {index}: imports can only be called")
        self.height += _DELTAS[opcode]
        return after

    def _grow(self, _opcode: int, position: int) -> int:
        self.pays = True
        self._replace(position, position + 2, self.snippets.grow(self._local))
        return position + 2

    def _prefixed(self, opcode: int, position: int) -> int:
        number, after = read_unsigned(self.code, position + 1)
        instruction = _PREFIXED[opcode].get(number)
        if instruction is None:
            raise InvalidModule(f"instruction 0x{opcode:02x} {number} is of no allowed feature")
        self.cost += instruction.cost
        self.height += instruction.delta
        match instruction.shape:
            case Shape.INDEX:
                return skip_leb(self.code, after)
            case Shape.LANE:
                return after + 1
            case Shape.MEMORY:
                return self._memory_argument(after)
            case Shape.MEMORY_LANE:
                return self._memory_argument(after) + 1
            case Shape.BYTES16:
                return after + 16
            case Shape.NAN:
                self._canonical_vector(after, instruction.name, instruction.nan)
            case Shape.CONTROL:
                return self._bulk(number, position, after)
        return after

    def _canonical_vector(self, after: int, name: str, width: int) -> None:
        if self.code[after] == 0xFD:
            consumer = VECTOR.get(read_unsigned(self.code, after + 1)[0])
            if consumer is not None and consumer.name in _LANEWISE and consumer.name[:5] == name[:5]:
                return  # its own result is made canonical
        self._flush_text(after)
        self.output.append(self.snippets.canonical_vector(self._local, width))

    def _bulk(self, number: int, position: int, after: int) -> int:
        for _ in range(_BULK_INDICES[number]):
            after = skip_leb(self.code, after)
        if number in (9, 13):  # data.drop, elem.drop: nothing moves
            return after
        self.pays = True
        piece = self.snippets.bulk(self._local, self.code[position:after], elements=number in (12, 14, 17))
        self._replace(position, after, piece)
        return after

    # Unreachable code

    def _skip_unreachable(self, position: int) -> int:
        """Past the code that cannot be reached, with the `else` or `end` that makes what follows reachable."""
        while True:
            opcode = self.code[position]
            if opcode in (_BLOCK, _LOOP, _IF):
                self.unreachable += 1
            elif opcode == 0x0B or (opcode == _ELSE and self.unreachable == 1):
                self.unreachable -= 1
                if not self.unreachable:
                    after = self._else if opcode == _ELSE else self._end
                    return after(opcode, position, was_reachable=False)
            position = self._skip(opcode, position)

    def _skip(self, opcode: int, position: int) -> int:
        """The position after an instruction."""
        code = self.code
        if opcode in _PREFIXED:
            number, position = read_unsigned(code, position + 1)
            instruction = _PREFIXED[opcode].get(number)
        else:
            number, position, instruction = opcode, position + 1, INSTRUCTIONS.get(opcode)
        if instruction is None:
            raise InvalidModule(f"opcode 0x{opcode:02x} in unreachable code is of no allowed feature")
        match instruction.shape:
            case Shape.PLAIN | Shape.NAN:
                return position
            case Shape.INDEX:
                return skip_leb(code, position)
            case Shape.MEMORY:
                return self._memory_argument(position)
            case Shape.MEMORY_LANE:
                return self._memory_argument(position) + 1
            case Shape.FLOAT32 | Shape.FLOAT64 | Shape.LANE | Shape.BYTES16:
                return position + _FIXED[instruction.shape]
            case Shape.CONTROL:
                return self._skip_control(opcode, number, position)

    def _skip_control(self, opcode: int, number: int, position: int) -> int:
        code = self.code
        indices = _BULK_INDICES[number] if opcode == 0xFC else _CONTROL_INDICES[opcode]
        if opcode == 0x0E:
            indices, position = read_unsigned(code, position)
            if indices > MAX_TARGETS:
                raise InvalidModule(f"a br_table of {indices} targets, the limit is {MAX_TARGETS}")
            indices += 1
        elif opcode == 0x1C:
            count, position = read_unsigned(code, position)
            return position + count
        for _ in range(indices):
            position = skip_leb(code, position)
        return position

    # The new body

    def _assemble(self, groups: int, declared: bytes, frame: int) -> bytes:
        snippets, output = self.snippets, self.output
        counted = self.calls or frame > FREE_LEAF_SLOTS
        heavy = self.calls or sum(block.cost for block in self.blocks) > UNCHECKED_FUEL
        whole = (
            not (heavy or self.pays)
            and all(block.entry or not block.cost for block in self.blocks)
            and not any(block.loop for block in self.blocks)
        )
        before = snippets.enter(frame) if counted else b""
        after = snippets.leave(frame) if counted else b""
        if whole:
            output[self.blocks[0].place] = snippets.charge_whole(self.blocks[0].cost)
        else:
            after = snippets.flush(self._local) + after
            for block in self.blocks:
                check = block.loop or (block.entry and heavy)
                output[block.place] = snippets.charge(self._local, block.cost, entry=block.entry, check=check)
        if after:  # one way out: the body becomes a block, which takes the place of the function's own label
            before += b"\x02" + self.block_type(self.signature.results)
            after = e.END + after
        else:
            for place in self.returns:
                output[place] = b"\x0f"
        kinds = b"".join(b"\x01%c" % kind for kind in self.scratch_types)
        body = unsigned(groups + len(self.scratch_types)) + declared + kinds + before + b"".join(output) + after + e.END
        if len(body) > MAX_BODY_BYTES:
            raise InvalidModule(
                f"a function body of {len(body)} bytes with its metering, the limit is {MAX_BODY_BYTES}"
            )
        return unsigned(len(body)) + body


_BULK_INDICES: Final = {8: 2, 9: 1, 10: 2, 11: 1, 12: 2, 13: 1, 14: 2, 17: 1}
_CONTROL_INDICES: Final = {
    0x00: 0, 0x02: 1, 0x03: 1, 0x04: 1, 0x05: 0, 0x0B: 0, 0x0C: 1, 0x0D: 1,
    0x0E: 0, 0x0F: 0, 0x10: 1, 0x11: 2, 0x1C: 0, 0x40: 1, 0xD2: 1,
}  # fmt: skip
_FIXED: Final = {Shape.FLOAT32: 4, Shape.FLOAT64: 8, Shape.LANE: 1, Shape.BYTES16: 16}
_METHODS: Final[dict[int, Callable[[Body, int, int], int]]] = {
    0x00: Body._unreachable,
    0x02: Body._open,
    0x03: Body._open,
    0x04: Body._open,
    0x05: Body._else,
    0x0B: Body._end,
    0x0C: Body._branch,
    0x0D: Body._branch,
    0x0E: Body._branch_table,
    0x0F: Body._return,
    0x10: Body._call,
    0x11: Body._call,
    0x1C: Body._select_typed,
    0x40: Body._grow,
    0xD2: Body._function_reference,
}
