"""Freeze a prepared WebAssembly instance into a module, so that every run starts from the prepared state.

Rule 1: one memory, active data segments only, no start section; anything else is refused (executor/vm/image.py).
Rule 2: the only mutable state outside the memory are exported globals, and they must stand where they began.
Rule 3: the result depends on the module's bytes alone, so two builds give the same bytes.
"""

from collections.abc import Iterable

import wasmtime

from executor.errors import InvalidModule
from executor.vm.image import EXPORT, sections, with_memory
from executor.vm.metering.encoding import read_unsigned


class SnapshotError(Exception):
    """The module cannot be frozen: a rule of this file does not hold for it."""


def snapshot(wasm: bytes, prepare: Iterable[str], drop_exports: Iterable[str]) -> bytes:
    """Call the ``prepare`` exports in order on a fresh instance and return the module that starts from its memory.

    Imports are defined as traps: preparation must not depend on a host.
    """
    engine = wasmtime.Engine()
    module = wasmtime.Module(engine, wasm)
    store = wasmtime.Store(engine)
    linker = wasmtime.Linker(engine)
    linker.define_unknown_imports_as_traps(module)
    exports = linker.instantiate(store, module).exports(store)
    memory = exports.get("memory")
    state = {item.name: exports[item.name] for item in module.exports if isinstance(item.type, wasmtime.GlobalType)}
    if not isinstance(memory, wasmtime.Memory) or "__stack_pointer" not in state:
        raise SnapshotError("the module must export memory and __stack_pointer")

    def values() -> dict[str, object]:
        return {name: item.value(store) for name, item in state.items() if isinstance(item, wasmtime.Global)}

    began = values()
    for name in prepare:
        function = exports.get(name)
        if not isinstance(function, wasmtime.Func):
            raise SnapshotError(f"the module has no function {name}")
        function(store)
    if moved := [name for name, value in values().items() if value != began[name]]:
        raise SnapshotError(f"preparation moved {moved[0]}")
    try:
        return with_memory(wasm, bytes(memory.read(store, 0, memory.data_len(store))), frozenset(drop_exports))
    except InvalidModule as error:
        raise SnapshotError(str(error)) from error


def exported_global(wasm: bytes, name: str) -> int:
    """The index of the global exported under a name."""
    for kind, payload in sections(wasm):
        if kind == EXPORT:
            count, at = read_unsigned(payload, 0)
            for _ in range(count):
                length, start = read_unsigned(payload, at)
                index, at = read_unsigned(payload, start + length + 1)
                if payload[start : start + length + 1] == name.encode() + b"\x03":
                    return index
    raise SnapshotError(f"no global is exported as {name}")
