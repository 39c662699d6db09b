"""What a generated guest consists of, fixed before its bodies are written: signatures, globals, tables, segments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from executor.testing.fuzz.tape import Tape
from executor.vm.checks import EXPORTS, IMPORT_MODULE, IMPORTS

_LETTER: Final = {"i32": "i", "i64": "I"}
ALLOC, RUN, INITIALIZE = 6, 7, 8  # function indices: the six imports come first
GLOBALS: Final = "iIfFvr" * 2
"""The type of each global; all are mutable."""
TABLES: Final = (8, 4)
"""Elements of each table."""
PASSIVE_DATA: Final = 1  # index of the passive data segment; segment 0 is active
SEGMENTS: Final = (0, 1, 2)  # element segments: active, passive, declarative
LAYOUT: Final = (
    b'{"aggregate":"median"}', b'{"aggregate":"identical"}', b"input.context", b"crypto.keccak256", b"http.fetch",
    b"hello", b"\xff\xfe", b"1842.17", b"no-answer", b"",
)  # fmt: skip
"""Texts that host calls are given, one behind the other from address 0."""
PASSIVE_BYTES: Final = bytes(range(256))


@dataclass(frozen=True, slots=True)
class Shape:
    """Signatures of all functions by index, and the sizes of the memory in pages."""

    signatures: tuple[tuple[str, str], ...]
    pages: int
    maximum: int | None
    has_initialize: bool
    texts: tuple[tuple[int, int], ...] = field(default=())

    @property
    def types(self) -> tuple[tuple[str, str], ...]:
        """Every function type once, in the order of the type section."""
        return tuple(dict.fromkeys(self.signatures))


def _abi(name: str) -> tuple[str, str]:
    signature = IMPORTS.get(name) or EXPORTS[name]
    return "".join(_LETTER[x] for x in signature.parameters), "".join(_LETTER[x] for x in signature.results)


def draw_shape(tape: Tape) -> Shape:
    """A shape: the ABI's functions, then up to five with any signature."""
    signatures = [_abi(name) for name in IMPORTS]
    signatures += [_abi("alloc"), _abi("run")]
    if has_initialize := tape.one_in(4):
        signatures.append(_abi("_initialize"))
    for _ in range(tape.below(6)):
        parameters = "".join(tape.pick("iIfFvr") for _ in range(tape.below(5)))
        results = "".join(tape.pick("iIfFvr") for _ in range(tape.pick((1, 0, 1, 2, 1, 4))))
        signatures.append((parameters, results))
    start, texts = 0, []
    for text in LAYOUT:
        texts.append((start, len(text)))
        start += len(text)
    return Shape(tuple(signatures), 1 + tape.below(2), tape.pick((None, 3, 8, 20)), has_initialize, tuple(texts))


__all__ = [
    "ALLOC", "GLOBALS", "IMPORT_MODULE", "INITIALIZE", "LAYOUT", "PASSIVE_BYTES", "PASSIVE_DATA", "RUN", "SEGMENTS",
    "TABLES", "Shape", "draw_shape",
]  # fmt: skip
