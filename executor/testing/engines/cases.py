"""A case: what an engine is asked to run. Its JSON line is all that a host in another language needs.

A case instantiates an instrumented module once, sets `meter.fuel`, `meter.depth` and `meter.pages`, then calls exports
in order until one is stopped. It has a memory if the module exports one (the first is taken: there is only one).

Rule 1. An argument is the bits of a value of the parameter's type, as a signed or unsigned integer; a floating-point
        argument whose bits are a NaN is passed as the canonical NaN.
Rule 2. Bytes as an argument are handed over as the guest ABI does it: the export `alloc` is called with their length,
        they are written where it answers, and pointer and length are passed, two arguments. A range outside the memory
        ends the case.

The six imports of the guest ABI (module `executor`) are answered by a host so small that every language writes it anew:

Rule 3. Every import call is recorded first: its name, its arguments, fuel and depth left.
Rule 4. Once the run has ended, an import does nothing and answers 0.
Rule 5. The price is taken: fuel goes down by `price`; below zero, the run ends.
Rule 6. `observe` and `call` take the next of `answers`: its bytes become pending, and `kind << 32 | length` is the
        result. After the last answer comes the first again if `repeat` says so; otherwise the run ends.
Rule 7. `read` copies the pending bytes to its pointer, once. Nothing pending, or a range outside the memory, ends the
        run; an empty range is inside every memory.
Rule 8. `propose` and `fail` end the run. `log` does nothing.
Rule 9. A run ends by setting fuel to -1 and answering 0: the guest is stopped by its next check.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, Final

from executor.errors import InvalidValue

DEPTH: Final = 40_000  # stack slots, the profile's
PAGES: Final = 1_024  # 64 MiB, a manifest's default
PRICE: Final = 1_000  # of one import call


@dataclass(frozen=True, slots=True)
class Answer:
    """What `observe` or `call` answers: 0 value, 1 error, 2 default, and the bytes to read."""

    kind: int
    data: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.kind < 1 << 31:
            raise InvalidValue(f"an answer's kind is a 31-bit number, not {self.kind}")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an export; bytes stand for (pointer, length) of a copy the guest made room for."""

    export: str
    arguments: tuple[int | bytes, ...] = ()


@dataclass(frozen=True)
class Case:
    """One instance of an instrumented module, and what happens to it."""

    name: str
    module: bytes
    budget: int
    calls: tuple[Call, ...]
    depth: int = DEPTH
    pages: int = PAGES
    answers: tuple[Answer, ...] = ()
    repeat: bool = False
    price: int = PRICE

    def __post_init__(self) -> None:
        if not 0 <= self.budget < 1 << 63 or not 0 <= self.price < 1 << 31:
            raise InvalidValue(f"case {self.name}: budget {self.budget} or price {self.price} is out of range")
        if not 0 <= self.depth < 1 << 31 or not 0 <= self.pages <= 1 << 16:
            raise InvalidValue(f"case {self.name}: depth {self.depth} or pages {self.pages} is out of range")

    @cached_property
    def module_digest(self) -> str:
        """SHA-256 of the instrumented module, in hex."""
        return sha256(self.module).hexdigest()

    def terms(self) -> dict[str, Any]:
        """Everything but the module, as JSON values. 64-bit numbers are decimal strings, bytes are {"base64": …}."""
        return {
            "name": self.name,
            "sha256": self.module_digest,
            "budget": str(self.budget),
            "depth": self.depth,
            "pages": self.pages,
            "price": self.price,
            "repeat": self.repeat,
            "answers": [[answer.kind, _encode_bytes(answer.data)] for answer in self.answers],
            "calls": [[call.export, [_encode_argument(value) for value in call.arguments]] for call in self.calls],
        }

    def line(self) -> str:
        """The case as one line of JSON, its module within, in base64."""
        return encode({**self.terms(), "module": _encode_bytes(self.module)})

    @classmethod
    def of_line(cls, line: str) -> Case:
        """The case of such a line; raises InvalidValue when the module is not the one that was meant."""
        value = json.loads(line)
        return cls.of_terms(value, base64.b64decode(value["module"]["base64"], validate=True))

    @classmethod
    def of_terms(cls, value: Mapping[str, Any], module: bytes) -> Case:
        """The case of its JSON values and its instrumented module."""
        case = cls(
            value["name"],
            module,
            int(value["budget"]),
            tuple(Call(export, tuple(map(_decode_argument, arguments))) for export, arguments in value["calls"]),
            value["depth"],
            value["pages"],
            tuple(Answer(kind, _decode_bytes(data)) for kind, data in value["answers"]),
            value["repeat"],
            value["price"],
        )
        if case.module_digest != value["sha256"]:
            raise InvalidValue(f"case {case.name}: the module is {case.module_digest}, not {value['sha256']}")
        return case


def encode(value: Any) -> str:
    """Canonical JSON: sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _encode_bytes(data: bytes) -> dict[str, str]:
    return {"base64": base64.b64encode(data).decode("ascii")}


def _decode_bytes(value: Mapping[str, str]) -> bytes:
    return base64.b64decode(value["base64"], validate=True)


def _encode_argument(value: int | bytes) -> str | dict[str, str]:
    return _encode_bytes(value) if isinstance(value, bytes) else str(value)


def _decode_argument(value: str | Mapping[str, str]) -> int | bytes:
    return int(value) if isinstance(value, str) else _decode_bytes(value)
