"""The metering pass: a module in, the same module with metering rules m1 built into it out (D5, D12).

Everything of ours is appended, so nothing is renumbered: five globals with their exports (docs/metering.md, "Host
interface"), block types, locals. Of the custom sections only `name` stays, for the backtraces people read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from executor.errors import InvalidModule
from executor.vm.binary import MAGIC
from executor.vm.metering.body import Body, Signature
from executor.vm.metering.encoding import read_unsigned, signed, skip_leb, unsigned
from executor.vm.metering.rules import SLOTS
from executor.vm.metering.snippets import DECLARATIONS, EXPORTS, RESERVED_PREFIX, Globals, Snippets

CUSTOM, TYPE, IMPORT, FUNCTION, GLOBAL, EXPORT, START, CODE = 0, 1, 2, 3, 6, 7, 8, 10
ORDER: Final = (1, 2, 3, 4, 5, 6, 7, 9, 12, 10, 11)
_EMPTY: Final = b"\x00"
_NAMES: Final = b"\x04name"


def instrument(module: bytes) -> bytes:
    """The instrumented module. `module` has passed the engine's validation and vm/checks.py; that is not repeated.

    Pure. Raises InvalidModule for an instruction no table names and for what would not fit the engines' limits.
    """
    try:
        work = _Pass(module)
        work.rewrite(Snippets(Globals.after(work.global_count)))
        work.append_globals()
        return work.result()
    except IndexError:
        raise InvalidModule("the module ends in the middle of something") from None


def rewrite_bodies(module: bytes, snippets: Snippets) -> bytes:
    """The module with its functions rewritten by other snippets, nothing appended: for tools that count otherwise."""
    work = _Pass(module)
    work.rewrite(snippets)
    return work.result()


class _Pass:
    """The state of one pass."""

    def __init__(self, module: bytes) -> None:
        self.sections = dict(_sections(module))
        if START in self.sections:
            raise InvalidModule("start section: instantiation must run no guest code; export _initialize instead")
        self.types = list(_types(self.sections.get(TYPE, _EMPTY)))
        self.type_indices = {signature: index for index, signature in reversed(list(enumerate(self.types)))}
        self.added_types: dict[bytes, int] = {}
        imported = list(_imported_types(self.sections.get(IMPORT, _EMPTY)))
        self.functions = imported + list(_indices(self.sections.get(FUNCTION, _EMPTY)))
        self.imported = len(imported)
        self.global_count, self.globals_at = read_unsigned(self.sections.get(GLOBAL, _EMPTY), 0)

    def rewrite(self, snippets: Snippets) -> None:
        """Rewrite every function."""
        sections = self.sections
        code = self._code(sections.get(CODE, _EMPTY), snippets)
        if CODE in sections:
            sections[CODE] = code
        if self.added_types:
            count, start = read_unsigned(sections[TYPE], 0)
            added = b"".join(b"\x60\x00" + unsigned(len(results)) + results for results in self.added_types)
            sections[TYPE] = unsigned(count + len(self.added_types)) + sections[TYPE][start:] + added

    def append_globals(self) -> None:
        """Add the metering's globals and their exports."""
        sections = self.sections
        count, declared = unsigned(self.global_count + len(EXPORTS)), sections.get(GLOBAL, _EMPTY)[self.globals_at :]
        sections[GLOBAL] = count + declared + DECLARATIONS
        sections[EXPORT] = self._exports(sections.get(EXPORT, _EMPTY))

    def result(self) -> bytes:
        """The new module."""
        sections = self.sections
        order = (kind for kind in (*ORDER, CUSTOM) if kind in sections)
        parts = (bytes([kind]) + unsigned(len(sections[kind])) + sections[kind] for kind in order)
        return MAGIC + b"".join(parts)

    def _code(self, data: bytes, snippets: Snippets) -> bytes:
        count, position = read_unsigned(data, 0)
        bodies = [unsigned(count)]
        for index in self.functions[self.imported :]:
            size, start = read_unsigned(data, position)
            position = start + size
            body = Body(data, self.types, self.functions, self.imported, self.types[index], snippets, self._block_type)
            bodies.append(body.rewrite(start, position))
        return b"".join(bodies)

    def _block_type(self, results: bytes) -> bytes:
        """The encoded type of a block without parameters."""
        if not results:
            return b"\x40"
        if len(results) == 1:
            return results
        index = self.type_indices.get(Signature(b"", results))
        if index is not None:
            return signed(index)
        return signed(self.added_types.setdefault(results, len(self.types) + len(self.added_types)))

    def _exports(self, data: bytes) -> bytes:
        count, start = read_unsigned(data, 0)
        position = start
        for _ in range(count):
            size, position = read_unsigned(data, position)
            name = data[position : position + size]
            if name.startswith(RESERVED_PREFIX.encode("ascii")):
                raise InvalidModule(f"export {name.decode('utf-8', 'replace')}: names that begin with meter. are taken")
            position = skip_leb(data, position + size + 1)
        added = (
            unsigned(len(name)) + name.encode("ascii") + b"\x03" + unsigned(self.global_count + offset)
            for offset, name in enumerate(EXPORTS)
        )
        return unsigned(count + len(EXPORTS)) + data[start:] + b"".join(added)


def _sections(module: bytes) -> Iterator[tuple[int, bytes]]:
    position = len(MAGIC)
    while position < len(module):
        kind = module[position]
        size, start = read_unsigned(module, position + 1)
        position = start + size
        if kind != CUSTOM or module.startswith(_NAMES, start):
            yield kind, module[start:position]


def _types(data: bytes) -> Iterator[Signature]:
    count, position = read_unsigned(data, 0)
    for _ in range(count):
        lists = []
        position += 1  # 0x60
        for _ in range(2):
            size, start = read_unsigned(data, position)
            position = start + size
            lists.append(data[start:position])
            if unknown := set(lists[-1]) - SLOTS.keys():
                raise InvalidModule(f"value type 0x{min(unknown):02x} is of no allowed feature")
        yield Signature(*lists)


def _imported_types(data: bytes) -> Iterator[int]:
    count, position = read_unsigned(data, 0)
    for _ in range(count):
        for _ in range(2):
            size, position = read_unsigned(data, position)
            position += size
        if data[position]:
            raise InvalidModule("only functions may be imported")
        index, position = read_unsigned(data, position + 1)
        yield index


def _indices(data: bytes) -> Iterator[int]:
    count, position = read_unsigned(data, 0)
    for _ in range(count):
        index, position = read_unsigned(data, position)
        yield index
