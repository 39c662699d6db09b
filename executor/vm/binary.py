"""Reads the outline of a WASM binary: what the checks need, before any engine sees the bytes.

Theory of operation. The engine validates every module completely; this reader only has to find, without trusting
anything, the parts our own rules speak about. It is strict about what it reads (bounds, LEB128 lengths, UTF-8) and
skips function bodies after their locals.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from executor.errors import InvalidModule

MAGIC = b"\x00asm\x01\x00\x00\x00"
MAX_ENTRIES = 100_000  # of any section: what engines agree to accept for exports and data segments
MAX_ARITY = 1_000  # parameters, and results, of one type: what engines agree on
MAX_NAME_BYTES = 100_000  # of imports, exports and custom sections: the same
MAX_ITEMS = 1_000_000  # about a second of reading; QuickJS has 7,763
SECTION_ITEMS = 100  # what a section counts for: at most 10,000 of them
SECTIONS = ("custom", "type", "import", "function", "table", "memory", "global", "export", "start", "element", "code",
            "data", "data count", "tag")  # fmt: skip
VALUE_TYPES = {0x7F: "i32", 0x7E: "i64", 0x7D: "f32", 0x7C: "f64", 0x7B: "v128", 0x70: "funcref"}
EXTERNAL_KINDS = ("function", "table", "memory", "global", "tag")
_SINGLE_CONSTANTS = {0x41: "s32", 0x42: "s64", 0x43: "f32", 0x44: "f64", 0xD0: "type"}


@dataclass(frozen=True, slots=True)
class Signature:
    """A function type."""

    parameters: tuple[str, ...]
    results: tuple[str, ...]

    def __str__(self) -> str:
        return f"({', '.join(self.parameters)}) -> ({', '.join(self.results)})"


@dataclass(frozen=True, slots=True)
class Import:
    """An import; `signature` is None for anything but functions."""

    module: str
    name: str
    kind: str
    signature: Signature | None


@dataclass(frozen=True, slots=True)
class Export:
    """An export; `index` counts imports first."""

    name: str
    kind: str
    index: int


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a memory (pages) or table (elements), with the raw flags byte."""

    flags: int
    minimum: int
    maximum: int | None


@dataclass(slots=True)
class Outline:
    """What the reader found."""

    types: list[Signature] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    functions: list[int] = field(default_factory=list)
    tables: list[Limits] = field(default_factory=list)
    memories: list[Limits] = field(default_factory=list)
    globals: list[bool] = field(default_factory=list)  # whether each is mutable
    exports: list[Export] = field(default_factory=list)
    locals: list[int] = field(default_factory=list)
    has_start: bool = False
    data_bytes: int = 0  # of all segments
    segment_elements: int = 0
    lowest_reference: int = 1 << 32  # of the functions that segments and globals name

    @property
    def elements(self) -> int:
        """Elements that tables begin with, and that segments hold."""
        return self.segment_elements + sum(table.minimum for table in self.tables)

    def signature_of(self, index: int) -> Signature:
        """The type of the function with this index; raises InvalidModule."""
        imported = [entry.signature for entry in self.imports if entry.signature is not None]
        if index < len(imported):
            return imported[index]
        try:
            return self.types[self.functions[index - len(imported)]]
        except IndexError:
            raise InvalidModule(f"function {index} does not exist") from None


class _Reader:
    """A cursor that never leaves its bytes."""

    __slots__ = ("data", "end", "items", "position")

    def __init__(self, data: bytes, position: int, end: int, items: list[int]) -> None:
        self.data, self.position, self.end, self.items = data, position, end, items

    def byte(self) -> int:
        if self.position >= self.end:
            raise InvalidModule(f"unexpected end at byte {self.position}")
        self.position += 1
        return self.data[self.position - 1]

    def skip(self, size: int) -> int:
        start = self.position
        if size > self.end - start:
            raise InvalidModule(f"{size} bytes announced at byte {start}, {self.end - start} there")
        self.position += size
        return start

    def u32(self) -> int:
        data, position, end = self.data, self.position, self.end  # a third of the time of reading CPython's engine
        value = shift = 0
        while shift <= 28:
            if position >= end:
                raise InvalidModule(f"unexpected end at byte {position}")
            byte = data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                self.position = position
                if value > 0xFFFF_FFFF:
                    raise InvalidModule(f"integer too large at byte {position}")
                return value
            shift += 7
        raise InvalidModule(f"integer too long at byte {position}")

    def leb(self, bits: int) -> None:
        last = min(self.end, self.position + (bits + 6) // 7)
        for position in range(self.position, last):
            if self.data[position] < 0x80:
                self.position = position + 1
                return
        if last == self.end:
            raise InvalidModule(f"unexpected end at byte {last}")
        raise InvalidModule(f"integer too long at byte {last}")

    def name(self) -> str:
        size = self.u32()
        start = self.skip(size)
        if size > MAX_NAME_BYTES:
            raise InvalidModule(f"a name of {size} bytes at byte {start}, the limit is {MAX_NAME_BYTES}")
        try:
            return self.data[start : start + size].decode("utf-8")
        except UnicodeDecodeError:
            raise InvalidModule(f"a name at byte {start} is not UTF-8") from None

    def value_type(self) -> str:
        code = self.byte()
        if code not in VALUE_TYPES:
            raise InvalidModule(f"value type 0x{code:02x} at byte {self.position - 1} is of no allowed feature")
        return VALUE_TYPES[code]

    def count(self) -> range:
        """The indices of a vector's items; all vectors of a module together are bounded, as each item costs time."""
        count = self.u32()
        self.items[0] += count
        if self.items[0] > MAX_ITEMS:
            raise InvalidModule(f"more than {MAX_ITEMS} types, entries, elements and groups of locals")
        return range(count)

    def value_types(self) -> tuple[str, ...]:
        return tuple([self.value_type() for _ in self.count()])

    def limits(self) -> Limits:
        flags = self.byte()
        if flags > 1:
            raise InvalidModule(f"limits flags 0x{flags:02x}: shared and 64-bit memories and custom pages are refused")
        minimum = self.u32()
        return Limits(flags, minimum, self.u32() if flags & 1 else None)

    def constant(self) -> None:
        """Skip a constant expression of one instruction; extended constant expressions are no allowed feature."""
        opcode = self.byte()
        if opcode == 0xD2:
            self.reference()
            return self._end_constant()
        if opcode == 0x23:  # legal of imported globals, which nobody has; of its own only with later features
            raise InvalidModule(f"global.get in a constant expression at byte {self.position - 1}")
        if opcode == 0xFD:
            if self.u32() != 12:
                raise InvalidModule(f"no constant expression at byte {self.position}")
            self.skip(16)
        else:
            match _SINGLE_CONSTANTS.get(opcode):
                case "s32":
                    self.leb(32)
                case "s64":
                    self.leb(64)
                case "f32":
                    self.skip(4)
                case "f64":
                    self.skip(8)
                case "type":
                    self.value_type()
                case _:
                    raise InvalidModule(f"opcode 0x{opcode:02x} in a constant expression at byte {self.position - 1}")
        return self._end_constant()

    def _end_constant(self) -> None:
        if self.byte() != 0x0B:
            raise InvalidModule(f"extended constant expression at byte {self.position - 1}")

    def reference(self) -> None:
        """The index of a function that something may call later."""
        self.items[1] = min(self.items[1], self.u32())


@lru_cache(maxsize=4)  # an engine's outline is read once, however many functions share it
def read_outline(data: bytes) -> Outline:
    """The outline of a module; raises InvalidModule where the bytes make no sense or use a refused feature."""
    if data[: len(MAGIC)] != MAGIC:
        raise InvalidModule("not a core WASM binary of version 1")
    outline = Outline()
    reader = _Reader(data, len(MAGIC), len(data), [0, outline.lowest_reference])
    seen: set[int] = set()
    while reader.position < reader.end:
        section = reader.byte()
        reader.items[0] += SECTION_ITEMS
        if reader.items[0] > MAX_ITEMS:
            raise InvalidModule(f"more than {MAX_ITEMS // SECTION_ITEMS} sections")
        size = reader.u32()
        start = reader.skip(size)
        if section >= len(SECTIONS):
            raise InvalidModule(f"unknown section {section}")
        if section and section in seen:
            raise InvalidModule(f"the {SECTIONS[section]} section comes twice")
        seen.add(section)
        part = _Reader(data, start, start + size, reader.items)
        _read_section(SECTIONS[section], part, outline)
        if section and part.position != part.end:
            raise InvalidModule(f"the {SECTIONS[section]} section is longer than its contents")
    outline.lowest_reference = reader.items[1]
    return outline


def _read_section(name: str, reader: _Reader, outline: Outline) -> None:
    match name:
        case "custom":
            reader.name()  # some engines look at it
            reader.position = reader.end
        case "data count":
            reader.position = reader.end
        case "start":
            outline.has_start = True
            reader.position = reader.end
        case "tag":
            raise InvalidModule("tag section: exceptions are refused")
        case _:
            entries = reader.count()
            if len(entries) > MAX_ENTRIES:
                raise InvalidModule(f"the {name} section has {len(entries)} entries, the limit is {MAX_ENTRIES}")
            read = _ENTRIES[name]
            for _ in entries:
                read(reader, outline)


def _type(reader: _Reader, outline: Outline) -> None:
    form = reader.byte()
    if form != 0x60:
        raise InvalidModule(f"type form 0x{form:02x} is of no allowed feature")
    signature = Signature(reader.value_types(), reader.value_types())
    if (most := max(map(len, (signature.parameters, signature.results)))) > MAX_ARITY:
        raise InvalidModule(f"a type of {most} parameters or results, the limit is {MAX_ARITY}")
    outline.types.append(signature)


def _import(reader: _Reader, outline: Outline) -> None:
    module, name, kind = reader.name(), reader.name(), reader.byte()
    if kind >= len(EXTERNAL_KINDS):
        raise InvalidModule(f"import {module}.{name}: unknown kind {kind}")
    if kind:  # refused by the checks, by name: what follows it needs no reading
        raise InvalidModule(f"import {module}.{name}: a {EXTERNAL_KINDS[kind]}; only functions may be imported")
    index = reader.u32()
    if index >= len(outline.types):
        raise InvalidModule(f"import {module}.{name}: type {index} does not exist")
    outline.imports.append(Import(module, name, EXTERNAL_KINDS[kind], outline.types[index]))


def _function(reader: _Reader, outline: Outline) -> None:
    outline.functions.append(reader.u32())


def _table(reader: _Reader, outline: Outline) -> None:
    if reader.value_type() != "funcref":
        raise InvalidModule("a table of anything but funcref")
    outline.tables.append(reader.limits())


def _memory(reader: _Reader, outline: Outline) -> None:
    outline.memories.append(reader.limits())


def _global(reader: _Reader, outline: Outline) -> None:
    reader.value_type()
    outline.globals.append(reader.byte() == 1)
    reader.constant()


def _export(reader: _Reader, outline: Outline) -> None:
    name, kind, index = reader.name(), reader.byte(), reader.u32()
    if kind >= len(EXTERNAL_KINDS):
        raise InvalidModule(f"export {name}: unknown kind {kind}")
    outline.exports.append(Export(name, EXTERNAL_KINDS[kind], index))


def _element(reader: _Reader, outline: Outline) -> None:
    flags = reader.u32()
    if flags > 7:
        raise InvalidModule(f"element segment flags {flags}")
    if flags & 3 == 2:
        reader.u32()
    if not flags & 1:
        reader.constant()
    if flags & 3:
        reader.byte()  # element kind or reference type, validated by the engine
    entries = reader.count()
    outline.segment_elements += len(entries)
    for _ in entries:
        if flags & 4:
            reader.constant()
        else:
            reader.reference()


def _code(reader: _Reader, outline: Outline) -> None:
    size = reader.u32()
    start = reader.skip(size)
    body = _Reader(reader.data, start, start + size, reader.items)
    count = 0
    for _ in body.count():
        count += body.u32()
        body.value_type()
    outline.locals.append(count)


def _data(reader: _Reader, outline: Outline) -> None:
    flags = reader.u32()
    if flags > 2:
        raise InvalidModule(f"data segment flags {flags}")
    if flags == 2:
        reader.u32()
    if flags != 1:
        reader.constant()
    size = reader.u32()
    reader.skip(size)
    outline.data_bytes += size


_ENTRIES = {
    "type": _type,
    "import": _import,
    "function": _function,
    "table": _table,
    "memory": _memory,
    "global": _global,
    "export": _export,
    "element": _element,
    "code": _code,
    "data": _data,
}
