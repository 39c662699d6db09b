"""What a module must be before any engine sees it (guest ABI, "Exports" and "Imports").

Rule 1. At most the profile's sizes: bytes, functions, table elements; at most MAX_LOCALS locals and MAX_TABLES tables.
Rule 2. No start section: instantiation runs no guest code.
Rule 3. Imports are functions of module `executor` with exactly the ABI's names and types; nothing else. They are
        called and nothing more, so that the metering counts every host call: not exported, in no table.
Rule 4. One memory, exported as `memory`, whose minimum fits the manifest's `memory_mib`.
Rule 5. The ABI's exports with exactly its types; `load` if and only if the function has source.

Types are validated by wasmtime under the feature allow-list of vm/engine.py; instructions have to be in the tables of
vm/metering/instructions.py.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from executor.errors import InvalidModule
from executor.model.function import Function
from executor.model.profile import Ceilings
from executor.vm.binary import Outline, Signature, read_outline
from executor.vm.metering.snippets import RESERVED_PREFIX

PAGES_PER_MIB = 16
MAX_LOCALS = 49_992  # of one function: engines agree on 50,000 with its parameters, some are the metering's
MAX_TABLES = 16  # compilers make one; with the ceiling on elements this bounds a run's tables to 13 MB
IMPORT_MODULE = "executor"


def _signature(parameters: str, results: str = "") -> Signature:
    return Signature(tuple(parameters.split()), tuple(results.split()))


IMPORTS: Final = MappingProxyType(
    {
        "observe": _signature("i32 i32", "i64"),
        "propose": _signature("i32 i32 i32"),
        "call": _signature("i32 i32 i32 i32", "i64"),
        "read": _signature("i32"),
        "fail": _signature("i32 i32"),
        "log": _signature("i32 i32 i32"),
    }
)
EXPORTS: Final = MappingProxyType(
    {
        "alloc": _signature("i32", "i32"),
        "run": _signature("i32 i32", "i64"),
        "load": _signature("i32 i32"),
        "_initialize": _signature(""),
    }
)


def check_module(function: Function, ceilings: Ceilings) -> Outline:
    """The outline of a module that may be compiled; raises InvalidModule naming the rule that is broken."""
    size = len(function.module)
    if size > ceilings.module_bytes:
        raise InvalidModule(f"the module has {size} bytes, the limit is {ceilings.module_bytes}")
    if len(function.source) > ceilings.source_bytes:
        raise InvalidModule(f"the source has {len(function.source)} bytes, the limit is {ceilings.source_bytes}")
    outline = read_outline(function.module)
    if outline.has_start:
        raise InvalidModule("start section: instantiation must run no guest code; export _initialize instead")
    _check_sizes(outline, ceilings)
    _check_imports(outline)
    _check_memory(outline, function.terms.limits.memory_mib)
    _check_exports(outline, has_source=bool(function.source))
    return outline


def _check_sizes(outline: Outline, ceilings: Ceilings) -> None:
    functions = len(outline.imports) + len(outline.functions)
    if functions > ceilings.functions:
        raise InvalidModule(f"{functions} functions, the limit is {ceilings.functions}")
    if len(outline.tables) > MAX_TABLES:
        raise InvalidModule(f"{len(outline.tables)} tables, the limit is {MAX_TABLES}")
    for table in outline.tables:
        if table.minimum > ceilings.table_elements:
            raise InvalidModule(f"a table of {table.minimum} elements, the limit is {ceilings.table_elements}")
    if outline.segment_elements > ceilings.table_elements:  # two kilobytes of the compiler's memory each
        raise InvalidModule(
            f"element segments of {outline.segment_elements} entries, the limit is {ceilings.table_elements}"
        )
    for count in outline.locals:
        if count > MAX_LOCALS:
            raise InvalidModule(f"a function with {count} locals, the limit is {MAX_LOCALS}")


def _check_imports(outline: Outline) -> None:
    for entry in outline.imports:
        where = f"import {entry.module}.{entry.name}"
        if entry.module != IMPORT_MODULE or entry.name not in IMPORTS:
            raise InvalidModule(f"{where}: only {IMPORT_MODULE}.{{{', '.join(IMPORTS)}}} may be imported")
        if entry.signature != IMPORTS[entry.name]:
            raise InvalidModule(f"{where}: type {entry.signature}, the ABI says {IMPORTS[entry.name]}")
    exported = [export.index for export in outline.exports if export.kind == "function"]
    if (index := min([outline.lowest_reference, *exported])) < len(outline.imports):
        raise InvalidModule(
            f"import {outline.imports[index].name} is exported or in a table: imports can only be called"
        )


def _check_memory(outline: Outline, memory_mib: int) -> None:
    if len(outline.memories) != 1:
        raise InvalidModule(f"{len(outline.memories)} memories; a module has one, exported as `memory`")
    minimum = outline.memories[0].minimum
    if minimum > memory_mib * PAGES_PER_MIB:
        raise InvalidModule(f"the memory starts with {minimum} pages, limits.memory_mib allows {memory_mib * 16}")


def _check_exports(outline: Outline, *, has_source: bool) -> None:
    exports = {export.name: export for export in outline.exports}
    for name in exports:
        if name.startswith(RESERVED_PREFIX):
            raise InvalidModule(f"export `{name}`: names that begin with {RESERVED_PREFIX} belong to the metering")
    memory = exports.get("memory")
    if memory is None or memory.kind != "memory":
        raise InvalidModule("no memory is exported as `memory`")
    if has_source and "load" not in exports:
        raise InvalidModule("the function has source, but the module exports no `load`: it is no engine")
    if not has_source and "load" in exports:
        raise InvalidModule("the module exports `load`: it is an engine and needs source")
    for name, signature in EXPORTS.items():
        export = exports.get(name)
        if export is None:
            if name in ("alloc", "run"):
                raise InvalidModule(f"no export `{name}`")
            continue
        if export.kind != "function":
            raise InvalidModule(f"export `{name}` is a {export.kind}, not a function")
        if (actual := outline.signature_of(export.index)) != signature:
            raise InvalidModule(f"export `{name}`: type {actual}, the ABI says {signature}")
