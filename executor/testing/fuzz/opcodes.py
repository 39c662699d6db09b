"""Which operands each instruction of the allowed features takes and leaves: the vocabulary of the grammar.

Written from the specification (webassembly.github.io/spec/core/appendix/index-instructions.html), on purpose without
looking at the tables of executor.vm.metering: a test compares the two.

A signature is `operands:results`, one letter a value: i i32, I i64, f f32, F f64, v v128, r funcref.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from executor.testing.fuzz.encoding import unsigned

LETTERS: Final = {"i": 0x7F, "I": 0x7E, "f": 0x7D, "F": 0x7C, "v": 0x7B, "r": 0x70}


@dataclass(frozen=True, slots=True)
class Operation:
    """An instruction without control flow and without indices.

    `align` is the natural alignment (log2) of a memory access, None for others; `lanes` bounds a lane immediate.
    """

    code: bytes
    operands: str
    results: str
    align: int | None = None
    lanes: int = 0
    shuffles: bool = False


_PLAIN: Final = """
45 i:i  46-4f ii:i  50 I:i  51-5a II:i  5b-60 ff:i  61-66 FF:i  67-69 i:i  6a-78 ii:i  79-7b I:I  7c-8a II:I
8b-91 f:f  92-98 ff:f  99-9f F:F  a0-a6 FF:F  a7 I:i  a8-a9 f:i  aa-ab F:i  ac-ad i:I  ae-af f:I  b0-b1 F:I
b2-b3 i:f  b4-b5 I:f  b6 F:f  b7-b8 i:F  b9-ba I:F  bb f:F  bc f:i  bd F:I  be i:f  bf I:F  c0-c1 i:i  c2-c4 I:I
"""
_MEMORY: Final = """
28 i:i 2  29 i:I 3  2a i:f 2  2b i:F 3  2c-2d i:i 0  2e-2f i:i 1  30-31 i:I 0  32-33 i:I 1  34-35 i:I 2
36 ii: 2  37 iI: 3  38 if: 2  39 iF: 3  3a ii: 0  3b ii: 1  3c iI: 0  3d iI: 1  3e iI: 2
"""
_SATURATING: Final = "00-01 f:i  02-03 F:i  04-05 f:I  06-07 F:I"
_VECTOR: Final = """
0e vv:v  0f-11 i:v  12 I:v  13 f:v  14 F:v  23-4c vv:v  4d v:v  4e-51 vv:v  52 vvv:v  53 v:i  5e-62 v:v  63-64 v:i
65-66 vv:v  67-6a v:v  6b-6d vi:v  6e-73 vv:v  74-75 v:v  76-79 vv:v  7a v:v  7b vv:v  7c-81 v:v  82 vv:v  83-84 v:i
85-86 vv:v  87-8a v:v  8b-8d vi:v  8e-93 vv:v  94 v:v  95-99 vv:v  9b-9f vv:v  a0-a1 v:v  a3-a4 v:i  a7-aa v:v
ab-ad vi:v  ae vv:v  b1 vv:v  b5-ba vv:v  bc-bf vv:v  c0-c1 v:v  c3-c4 v:i  c7-ca v:v  cb-cd vi:v  ce vv:v  d1 vv:v
d5-df vv:v  e0-e1 v:v  e3 v:v  e4-eb vv:v  ec-ed v:v  ef v:v  f0-f7 vv:v  f8-ff v:v
"""
_VECTOR_MEMORY: Final = """
00 i:v 4  01-06 i:v 3  07 i:v 0  08 i:v 1  09 i:v 2  0a i:v 3  0b iv: 4  5c i:v 2  5d i:v 3
"""
_LANES: Final = """
15-16 v:i 16  17 vi:v 16  18-19 v:i 8  1a vi:v 8  1b v:i 4  1c vi:v 4  1d v:I 2  1e vI:v 2  1f v:f 4  20 vf:v 4
21 v:F 2  22 vF:v 2
"""
_LANE_MEMORY: Final = """
54 iv:v 0  55 iv:v 1  56 iv:v 2  57 iv:v 3  58 iv: 0  59 iv: 1  5a iv: 2  5b iv: 3
"""


def _rows(table: str, width: int) -> list[tuple[int, str, str, int]]:
    words = table.split()
    rows = []
    for start in range(0, len(words), width):
        first, _, last = words[start].partition("-")
        operands, _, results = words[start + 1].partition(":")
        number = int(words[start + 2]) if width == 3 else 0
        rows += [(code, operands, results, number) for code in range(int(first, 16), int(last or first, 16) + 1)]
    return rows


def _operations() -> tuple[Operation, ...]:
    vector = {code: b"\xfd" + unsigned(code) for code in range(256)}
    return (
        *(Operation(bytes([code]), takes, leaves) for code, takes, leaves, _ in _rows(_PLAIN, 2)),
        *(Operation(bytes([code]), takes, leaves, align) for code, takes, leaves, align in _rows(_MEMORY, 3)),
        *(Operation(bytes([0xFC, code]), takes, leaves) for code, takes, leaves, _ in _rows(_SATURATING, 2)),
        Operation(vector[13], "vv", "v", shuffles=True),
        *(Operation(vector[code], takes, leaves) for code, takes, leaves, _ in _rows(_VECTOR, 2)),
        *(Operation(vector[code], takes, leaves, align) for code, takes, leaves, align in _rows(_VECTOR_MEMORY, 3)),
        *(Operation(vector[code], takes, leaves, lanes=lanes) for code, takes, leaves, lanes in _rows(_LANES, 3)),
        *(
            Operation(vector[code], takes, leaves, align, lanes=16 >> align)
            for code, takes, leaves, align in _rows(_LANE_MEMORY, 3)
        ),
        Operation(b"\xd1", "r", "i"),  # ref.is_null
    )


OPERATIONS: Final = _operations()
STORES: Final = tuple(item for item in OPERATIONS if not item.results)
GIVING: Final = {letter: tuple(item for item in OPERATIONS if item.results == letter) for letter in "iIfFv"}
FLOATING: Final = {
    letter: tuple(item for item in items if {"f", "F", "v"} & set(item.operands)) for letter, items in GIVING.items()
}
"""The part of GIVING that computes with floats or vectors: where engines would differ if they could."""


def _making_nans() -> dict[str, tuple[Operation, ...]]:
    codes = {
        "f": [bytes([code]) for code in (*range(0x8D, 0x98), 0xB6)],
        "F": [bytes([code]) for code in (*range(0x9B, 0xA6), 0xBB)],
        "v": [
            b"\xfd" + unsigned(code)
            for code in (0x5E, 0x5F, *range(0x67, 0x6B), 0x74, 0x75, 0x7A, 0x94, *range(0xE3, 0xEA), *range(0xEF, 0xF6))
        ],
    }
    return {letter: tuple(item for item in OPERATIONS if item.code in wanted) for letter, wanted in codes.items()}


MAKING_NANS: Final = _making_nans()
"""Instructions whose result may be a NaN, by the type of it: chains of them are where a canonical NaN is forgotten."""
