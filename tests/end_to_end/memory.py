"""What stands in a running process's memory."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

CHUNK_BYTES = 1 << 24


def found_in(process: int | str, needles: Mapping[str, bytes]) -> set[str]:
    """The names of the needles that stand anywhere in the private, writable memory of a process, raw or in hex."""
    wanted = {name: (needle, needle.hex().encode()) for name, needle in needles.items()}
    seen: set[str] = set()
    with Path(f"/proc/{process}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{process}/maps").read_text().splitlines():
            area, mode = line.split()[:2]
            first, last = (int(part, 16) for part in area.split("-"))
            if mode.startswith("rw"):
                with contextlib.suppress(OSError):  # unmapped meanwhile, or a device's
                    seen |= _found(memory, first, last, wanted)
    return seen


def _found(memory: object, first: int, last: int, wanted: Mapping[str, tuple[bytes, ...]]) -> set[str]:
    seen: set[str] = set()
    tail = b""
    for place in range(first, last, CHUNK_BYTES):
        memory.seek(place)  # type: ignore[attr-defined]
        data = tail + memory.read(min(CHUNK_BYTES, last - place))  # type: ignore[attr-defined]
        seen |= {name for name, forms in wanted.items() if any(form in data for form in forms)}
        tail = data[-64:]
    return seen
