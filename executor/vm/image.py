"""A module that starts from a given memory: its data segments replaced, exports that were called already dropped.

Rule 1. One memory, active data segments only, no start section; anything else is refused.
Rule 2. The result depends on the module's bytes and the memory alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from executor.errors import InvalidModule
from executor.vm.binary import MAGIC
from executor.vm.metering.encoding import read_unsigned, signed, unsigned

PAGE_BYTES: Final = 65_536
# Zero runs shorter than this stay inside a segment: a new segment costs about this many bytes.
SEGMENT_GAP_BYTES: Final = 16
MAX_SEGMENTS: Final = 50_000  # engines agree on 100,000; beyond this many, longer runs of zeros stay inside
CUSTOM, MEMORY, EXPORT, START, DATA, DATA_COUNT = 0, 5, 7, 8, 11, 12
_GLOBAL_KIND: Final = b"\x03"


def with_memory(module: bytes, memory: bytes, dropped: frozenset[str]) -> bytes:
    """The module that begins with these bytes of memory, without some exports and without custom sections."""
    segments = _segments(memory)
    rewriters: dict[int, Callable[[bytes], bytes]] = {
        MEMORY: lambda payload: _with_minimum(payload, len(memory) // PAGE_BYTES),
        EXPORT: lambda payload: _without_exports(payload, dropped),
        DATA_COUNT: lambda _payload: unsigned(len(segments)),
        DATA: lambda payload: _data_section(payload, segments),
    }
    out = bytearray(MAGIC)
    for kind, payload in sections(module):
        if kind == START:
            raise InvalidModule("a module with a start section cannot be frozen")
        if kind != CUSTOM:
            out += _section(kind, rewriters.get(kind, bytes)(payload))
    return bytes(out)


def with_globals(module: bytes, names: Mapping[str, int]) -> bytes:
    """The module with globals of these indices exported, too."""
    added = b"".join(
        unsigned(len(name)) + name.encode("ascii") + _GLOBAL_KIND + unsigned(index) for name, index in names.items()
    )
    out = bytearray(MAGIC)
    for kind, payload in sections(module):
        if kind == EXPORT:
            count, start = read_unsigned(payload, 0)
            payload = unsigned(count + len(names)) + payload[start:] + added
        out += _section(kind, payload)
    return bytes(out)


def sections(module: bytes) -> Iterator[tuple[int, bytes]]:
    """The kind and payload of each section."""
    at = len(MAGIC)
    while at < len(module):
        kind = module[at]
        size, start = read_unsigned(module, at + 1)
        yield kind, module[start : start + size]
        at = start + size


def _section(kind: int, payload: bytes) -> bytes:
    return bytes([kind]) + unsigned(len(payload)) + payload


def _segments(memory: bytes) -> list[tuple[int, bytes]]:
    """Each part of the memory that begins and ends with a non-zero byte and holds no long run of zeros."""
    gap = SEGMENT_GAP_BYTES
    while True:
        pattern = re.compile(rb"[^\0](?:\0{0,%d}[^\0])*" % (gap - 1))
        segments = [(match.start(), match.group()) for match in pattern.finditer(memory)]
        if len(segments) <= MAX_SEGMENTS:
            return segments
        gap *= 2


def _with_minimum(payload: bytes, pages: int) -> bytes:
    count, at = read_unsigned(payload, 0)
    if count != 1 or payload[at] > 1:
        raise InvalidModule("a module must have one plain 32-bit memory to be frozen")
    _minimum, rest = read_unsigned(payload, at + 1)
    return unsigned(1) + payload[at : at + 1] + unsigned(pages) + payload[rest:]


def _without_exports(payload: bytes, names: frozenset[str]) -> bytes:
    count, at = read_unsigned(payload, 0)
    kept = []
    for _ in range(count):
        length, start = read_unsigned(payload, at)
        _index, end = read_unsigned(payload, start + length + 1)
        if payload[start : start + length].decode() not in names:
            kept.append(payload[at:end])
        at = end
    return unsigned(len(kept)) + b"".join(kept)


def _data_section(payload: bytes, segments: list[tuple[int, bytes]]) -> bytes:
    """A data section of active segments, instead of one of active segments."""
    count, at = read_unsigned(payload, 0)
    for _ in range(count):
        flags, at = read_unsigned(payload, at)
        if flags != 0:
            raise InvalidModule("a module with passive data segments cannot be frozen")
        _offset, at = read_unsigned(payload, at + 1)  # i32.const
        size, at = read_unsigned(payload, at + 1)  # end
        at += size
    body = b"".join(b"\x00\x41" + signed(start) + b"\x0b" + unsigned(len(data)) + data for start, data in segments)
    return unsigned(len(segments)) + body
