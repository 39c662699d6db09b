"""Links a module with the virtual WASI of guest-sdk/go/wasi.wat, after which no import is left but `executor.*`.

Rule 1. What the module imports of WASI is there with the same type, or the module is refused, by the import's name.
Rule 2. The module's functions keep their numbers: those of the virtual WASI take the numbers of the imports that they
        stand for, and only numbers of imports change, among themselves. What is imported twice (fd_write, by Go's
        runtime and by its `syscall`) stands there twice.
Rule 3. Nothing else of the module changes, but that custom sections go; names of functions only if nobody asks for them
        (those of imports are wrong then).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from executor.errors import InvalidModule
from executor.vm.binary import MAGIC, Import, Outline, read_outline
from executor.vm.image import sections
from executor.vm.metering.encoding import read_unsigned, skip_leb, unsigned
from executor.vm.metering.instructions import INSTRUCTIONS, MISCELLANEOUS, VECTOR, Shape

WASI: Final = "wasi_snapshot_preview1"
HOST: Final = "executor"
MAX_IMPORTS: Final = 128  # whose numbers take one byte; WASI has 46 functions, the host six
_TYPE, _GLOBAL, _CODE, _DATA = 1, 6, 10, 11
_CUSTOM: Final = 0
_NAMES: Final = b"\x04name"
_CALL, _GLOBALS = 0x10, (0x23, 0x24)


def linked(module: bytes, wasi: bytes, *, names: bool = False) -> bytes:
    """The module, linked; raises InvalidModule for an import that nobody has. With `names` functions keep theirs."""
    work = _Link(read_outline(module), read_outline(wasi), dict(sections(wasi)))
    out = bytearray(MAGIC)
    for kind, payload in sections(module):
        if kind != _CUSTOM or (names and payload.startswith(_NAMES)):
            written = work.section(kind, payload)
            out += bytes([kind]) + unsigned(len(written)) + written
    return bytes(out)


class _Link:
    """The numbers of one linking."""

    def __init__(self, outline: Outline, wasi: Outline, parts: Mapping[int, bytes]) -> None:
        self.outline, self.wasi, self.parts = outline, wasi, parts
        old = outline.imports
        self.kept = [entry for entry in old if entry.module != WASI]
        wanted = [entry for entry in old if entry.module == WASI]
        if len(old) > MAX_IMPORTS:
            raise InvalidModule(f"{len(old)} imports, the limit is {MAX_IMPORTS}")
        first, there = len(wasi.imports), {export.name: export.index for export in wasi.exports}
        for entry in wanted:
            if entry.name not in there or wasi.signature_of(there[entry.name]) != entry.signature:
                raise InvalidModule(f"import {WASI}.{entry.name}: the virtual WASI has no such function")
        exported = [export.index for export in outline.exports if export.kind == "function"]
        if min([outline.lowest_reference, *exported]) < len(old):
            raise InvalidModule("an import is exported or in a table: imports can only be called")
        self.imported = [[*self.kept, *wanted].index(entry) for entry in old]
        # The virtual WASI's functions: first what is imported, in that order, then the others, behind the module's own.
        self.front = [there[entry.name] - first for entry in wanted]
        self.behind = [at for at in range(len(wasi.functions)) if at not in self.front]
        places = {at: len(self.kept) + place for place, at in enumerate(self.front)}
        own_end = len(old) + len(outline.functions)
        places |= {at: own_end + place for place, at in enumerate(self.behind)}
        self.functions = [self._host(entry) for entry in wasi.imports]
        self.functions += [places[at] for at in range(len(wasi.functions))]

    def section(self, kind: int, payload: bytes) -> bytes:
        """A section of the module with what comes to it."""
        match kind:
            case 1:  # types
                return _joined(payload, self._count(_TYPE), b"", self._entries(_TYPE))
            case 2:  # imports
                return _imports(payload, self.outline.imports)
            case 3:  # functions
                kinds = [self._type(at) for at in range(len(self.wasi.functions))]
                return self._around(payload, kinds)
            case 6:  # globals
                return _joined(payload, self._count(_GLOBAL), b"", self._entries(_GLOBAL))
            case 10:  # code
                return self._around(self._own_code(payload), list(self._bodies()))
            case 11:  # data
                return _joined(payload, self._count(_DATA), b"", self._entries(_DATA))
            case 12:  # data count
                return unsigned(read_unsigned(payload, 0)[0] + self._count(_DATA))
            case _:
                return payload

    def _around(self, payload: bytes, items: list[bytes]) -> bytes:
        """A section of functions between those of the virtual WASI."""
        front, behind = (b"".join(items[at] for at in each) for each in (self.front, self.behind))
        return _joined(payload, len(self.front) + len(self.behind), front, behind)

    def _host(self, entry: Import) -> int:
        for place, kept in enumerate(self.kept):
            if (kept.module, kept.name, kept.signature) == (HOST, entry.name, entry.signature):
                return place
        raise InvalidModule(f"the module does not import {HOST}.{entry.name}, which the virtual WASI calls")

    def _count(self, kind: int) -> int:
        return read_unsigned(self.parts.get(kind, b"\x00"), 0)[0]

    def _entries(self, kind: int) -> bytes:
        payload = self.parts.get(kind, b"\x00")
        return payload[read_unsigned(payload, 0)[1] :]

    def _type(self, at: int) -> bytes:
        return unsigned(len(self.outline.types) + self.wasi.functions[at])

    def _own_code(self, payload: bytes) -> bytes:
        """The module's code with calls of imports by their new numbers, which take as many bytes as the old ones."""
        code = bytearray(payload)
        for start, end in _bodies(payload):
            for at in _instructions(payload, start, end):
                if payload[at] == _CALL and (called := read_unsigned(payload, at + 1)[0]) < len(self.imported):
                    code[at + 1] = self.imported[called] | code[at + 1] & 0x80
        return bytes(code)

    def _bodies(self) -> Iterator[bytes]:
        """The virtual WASI's functions, by their new numbers."""
        payload = self.parts[_CODE]
        for start, end in _bodies(payload):
            body, copied = bytearray(), start
            for at in _instructions(payload, start, end):
                if payload[at] == _CALL or payload[at] in _GLOBALS:
                    number, after = read_unsigned(payload, at + 1)
                    new = self.functions[number] if payload[at] == _CALL else len(self.outline.globals) + number
                    body += payload[copied : at + 1] + unsigned(new)
                    copied = after
            body += payload[copied:end]
            yield unsigned(len(body)) + body


def _joined(payload: bytes, added: int, front: bytes, behind: bytes) -> bytes:
    count, start = read_unsigned(payload, 0)
    return unsigned(count + added) + front + payload[start:] + behind


def _imports(payload: bytes, entries: list[Import]) -> bytes:
    """The import section without WASI."""
    _count, at = read_unsigned(payload, 0)
    kept = []
    for entry in entries:
        start = at
        for _ in range(2):
            size, at = read_unsigned(payload, at)
            at += size
        _type, at = read_unsigned(payload, at + 1)
        if entry.module != WASI:
            kept.append(payload[start:at])
    return unsigned(len(kept)) + b"".join(kept)


def _bodies(payload: bytes) -> Iterator[tuple[int, int]]:
    """Where the functions of a code section stand."""
    count, at = read_unsigned(payload, 0)
    for _ in range(count):
        size, start = read_unsigned(payload, at)
        at = start + size
        yield start, at


_PREFIXED: Final = {0xFC: MISCELLANEOUS, 0xFD: VECTOR}
_INTEGERS: Final = {Shape.PLAIN: 0, Shape.NAN: 0, Shape.INDEX: 1, Shape.MEMORY: 2}
_BYTES: Final = {Shape.FLOAT32: 4, Shape.FLOAT64: 8, Shape.LANE: 1, Shape.BYTES16: 16}
_CONTROL: Final = {
    0x00: 0, 0x02: 1, 0x03: 1, 0x04: 1, 0x05: 0, 0x0B: 0, 0x0C: 1, 0x0D: 1, 0x0F: 0, 0x10: 1, 0x11: 2, 0x40: 1,
    0xD2: 1,
}  # fmt: skip
_BULK: Final = {8: 2, 9: 1, 10: 2, 11: 1, 12: 2, 13: 1, 14: 2, 17: 1}


def _instructions(code: bytes, start: int, end: int) -> Iterator[int]:
    """Where the instructions of a function stand, after its locals."""
    groups, at = read_unsigned(code, start)
    for _ in range(groups):
        at = skip_leb(code, at) + 1
    while at < end:
        yield at
        at = _after(code, at)


def _after(code: bytes, position: int) -> int:
    """The position after an instruction."""
    opcode, number, position = code[position], code[position], position + 1
    if opcode in _PREFIXED:
        number, position = read_unsigned(code, position)
    instruction = _PREFIXED[opcode].get(number) if opcode in _PREFIXED else INSTRUCTIONS.get(opcode)
    if instruction is None:
        raise InvalidModule(f"instruction 0x{opcode:02x} {number} is of no allowed feature")
    shape = instruction.shape
    if shape in _BYTES:
        return position + _BYTES[shape]
    if shape in _INTEGERS:
        integers = _INTEGERS[shape]
    elif shape is Shape.MEMORY_LANE:
        return skip_leb(code, skip_leb(code, position)) + 1
    elif opcode == 0x0E:
        targets, position = read_unsigned(code, position)
        integers = targets + 1
    elif opcode == 0x1C:
        types, position = read_unsigned(code, position)
        return position + types
    else:
        integers = _BULK[number] if opcode == 0xFC else _CONTROL[opcode]
    for _ in range(integers):
        position = skip_leb(code, position)
    return position
