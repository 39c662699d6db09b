"""A row: what an engine answers for a case, in canonical JSON. Two engines agree when their lines are equal.

Every value is the decimal string of the signed integer with its bits; any NaN is the canonical one (a JavaScript host
cannot see another), and a vector or reference is "-": no call may depend on one.

Rule 1. Trap classes are as coarse as outcomes: what a check of ours says in `meter.status` (1, 2 and 3), else TRAP, and
        NATIVE_STACK when the engine's own stack ended, which is our fault and no outcome.
Rule 2. Fuel and depth are exact at every import call and after every call that returned; after a trap they are
        meaningless and no part of a row.
Rule 3. Memory and globals at the end are part of a row after every trap but NATIVE_STACK, too: a trapping instruction
        has no effect, bulk operations check their whole range first, and our checks stand at fixed places.
Rule 4. All import calls are counted and digested, the first 200 are shown. The digest is SHA-256 over one line for
        each: `name argument,argument fuel depth` and a newline.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from executor.testing.engines.cases import encode

SHOWN: Final = 200  # import calls in a row


class TrapClass(StrEnum):
    """What stopped a call."""

    OUT_OF_FUEL = "OUT_OF_FUEL"
    STACK = "STACK"
    HOST = "HOST"
    TRAP = "TRAP"
    NATIVE_STACK = "NATIVE_STACK"


@dataclass(frozen=True, slots=True)
class Returned:
    """A call that came back, with the fuel and depth left then; a negative fuel is OUT_OF_FUEL."""

    results: tuple[str, ...]
    fuel: int
    depth: int


@dataclass(frozen=True, slots=True)
class Trapped:
    """A call that was stopped; the last of its case."""

    trap: TrapClass


@dataclass(frozen=True, slots=True)
class Astray:
    """A call whose `alloc` answered a range outside the memory; the last of its case."""

    pointer: int


@dataclass(frozen=True, slots=True)
class HostCalls:
    """The import calls of a case: (name, arguments, fuel, depth), all of them counted and digested."""

    count: int
    digest: str
    first: tuple[tuple[str, tuple[str, ...], int, int], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """An engine's answer. `instance` is "ok", "trap" (a segment out of bounds) or "refused" (does not compile)."""

    name: str
    instance: str
    calls: tuple[Returned | Trapped | Astray, ...]
    host: HostCalls
    ended: int | None  # the import call that ended the run
    pages: int | None
    memory: str | None  # SHA-256, in hex
    globals: tuple[tuple[str, str], ...]  # exported integers, by name
    note: str = field(default="", compare=False)  # the engine's own words, for people

    def json(self) -> dict[str, Any]:
        """The row as JSON values; the note is no part of it."""
        return {
            "name": self.name,
            "instance": self.instance,
            "calls": [_encode_call(call) for call in self.calls],
            "host": {
                "count": self.host.count,
                "digest": self.host.digest,
                "first": [
                    [name, list(arguments), str(fuel), depth] for name, arguments, fuel, depth in self.host.first
                ],
            },
            "ended": self.ended,
            "pages": self.pages,
            "memory": self.memory,
            "globals": dict(self.globals),
        }

    def line(self) -> str:
        """The row as one line of canonical JSON."""
        return encode(self.json())

    @classmethod
    def of_line(cls, line: str) -> Row:
        """The row of such a line, or of a host's answer, which may have a note."""
        value = json.loads(line)
        host = value["host"]
        return cls(
            value["name"],
            value["instance"],
            tuple(_decode_call(call) for call in value["calls"]),
            HostCalls(
                host["count"],
                host["digest"],
                tuple((name, tuple(arguments), int(fuel), depth) for name, arguments, fuel, depth in host["first"]),
            ),
            value["ended"],
            value["pages"],
            value["memory"],
            tuple(sorted(value["globals"].items())),
            value.get("note", ""),
        )


def _encode_call(call: Returned | Trapped | Astray) -> dict[str, Any]:
    match call:
        case Returned(results, fuel, depth):
            return {"results": list(results), "fuel": str(fuel), "depth": depth}
        case Trapped(trap):
            return {"trap": trap.value}
        case Astray(pointer):
            return {"astray": pointer}


def _decode_call(value: dict[str, Any]) -> Returned | Trapped | Astray:
    if "trap" in value:
        return Trapped(TrapClass(value["trap"]))
    if "astray" in value:
        return Astray(value["astray"])
    return Returned(tuple(value["results"]), int(value["fuel"]), value["depth"])
