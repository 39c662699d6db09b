"""Freeze a prepared WebAssembly instance into a module, so that every run starts from the prepared state.

Rule 1: one memory, active data segments only, no start section; anything else is refused.
Rule 2: the only mutable state outside the memory are exported globals, and they must stand where they began.
Rule 3: the result depends on the module's bytes alone, so two builds give the same bytes.
"""

import re
from collections.abc import Callable, Iterable, Iterator

import wasmtime

PAGE_BYTES = 65536
# Zero runs shorter than this stay inside a segment: a new segment costs about this many bytes.
SEGMENT_GAP_BYTES = 16

MEMORY, GLOBAL, EXPORT, START, DATA, DATA_COUNT, CUSTOM = 5, 6, 7, 8, 11, 12, 0


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
    return rewrite(wasm, bytes(memory.read(store, 0, memory.data_len(store))), frozenset(drop_exports))


def rewrite(wasm: bytes, memory: bytes, drop_exports: frozenset[str]) -> bytes:
    """Replace the module's memory size and data by those of ``memory``; drop exports and custom sections."""
    segments = [(match.start(), match.group()) for match in re.finditer(SEGMENT, memory)]
    rewriters: dict[int, Callable[[bytes], bytes]] = {
        MEMORY: lambda payload: with_minimum(payload, len(memory) // PAGE_BYTES),
        EXPORT: lambda payload: without_exports(payload, drop_exports),
        DATA_COUNT: lambda _payload: unsigned(len(segments)),
        DATA: lambda payload: data_section(payload, segments),
    }
    out = bytearray(wasm[:8])
    for kind, payload in sections(wasm):
        if kind == START:
            raise SnapshotError("the module has a start section")
        if kind != CUSTOM:
            payload = rewriters.get(kind, bytes)(payload)
            out += bytes([kind]) + unsigned(len(payload)) + payload
    return bytes(out)


# A run that begins and ends with a non-zero byte and holds no long run of zeros.
SEGMENT = re.compile(rb"[^\0](?:\0{0,%d}[^\0])*" % (SEGMENT_GAP_BYTES - 1))


def sections(wasm: bytes) -> Iterator[tuple[int, bytes]]:
    """The (kind, payload) pairs of a module."""
    at = 8
    while at < len(wasm):
        kind = wasm[at]
        size, start = read_unsigned(wasm, at + 1)
        yield kind, wasm[start : start + size]
        at = start + size


def with_minimum(payload: bytes, pages: int) -> bytes:
    """The memory section with another minimum."""
    count, at = read_unsigned(payload, 0)
    if count != 1 or payload[at] > 1:
        raise SnapshotError("the module must have one plain 32-bit memory")
    _minimum, rest = read_unsigned(payload, at + 1)
    return unsigned(1) + payload[at : at + 1] + unsigned(pages) + payload[rest:]


def without_exports(payload: bytes, names: frozenset[str]) -> bytes:
    """The export section without some names."""
    count, at = read_unsigned(payload, 0)
    kept = []
    for _ in range(count):
        length, start = read_unsigned(payload, at)
        _index, end = read_unsigned(payload, start + length + 1)
        if payload[start : start + length].decode() not in names:
            kept.append(payload[at:end])
        at = end
    return unsigned(len(kept)) + b"".join(kept)


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


def data_section(payload: bytes, segments: list[tuple[int, bytes]]) -> bytes:
    """A data section of active segments, instead of one of active segments."""
    count, at = read_unsigned(payload, 0)
    for _ in range(count):
        flags, at = read_unsigned(payload, at)
        if flags != 0:
            raise SnapshotError("the module has passive data segments")
        _offset, at = read_unsigned(payload, at + 1)  # i32.const
        size, at = read_unsigned(payload, at + 1)  # end
        at += size
    body = b"".join(b"\x00\x41" + signed(start) + b"\x0b" + unsigned(len(data)) + data for start, data in segments)
    return unsigned(len(segments)) + body


def read_unsigned(data: bytes, at: int) -> tuple[int, int]:
    """The LEB128 number at ``at`` and the position after it; signed numbers only need the position."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def unsigned(value: int) -> bytes:
    """Unsigned LEB128."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def signed(value: int) -> bytes:
    """Signed LEB128 of a non-negative number."""
    out = bytearray()
    while value > 63:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])
