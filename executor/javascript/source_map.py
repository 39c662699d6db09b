"""Source maps, version 3: from a place in a bundle to the place in the file it was made of.

Lines and columns count from 0 here, as in the maps. Only `executor build` writes them and only people are shown what
they say, so a map that is damaged says nothing instead of raising.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

from executor.errors import ExecutorError
from executor.model.codec import check_nesting

_DIGITS: Final = {
    letter: value for value, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
}
_CONTINUES, _PAYLOAD, _BITS = 32, 31, 5


@dataclass(frozen=True, slots=True)
class Place:
    """A line and column of a file."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class SourceMap:
    """The segments of each line: column in the bundle, number of the file, line, column; ordered by the first."""

    files: tuple[str, ...]
    lines: tuple[tuple[tuple[int, int, int, int], ...], ...]

    def place_of(self, line: int, column: int) -> Place | None:
        """Where this place of the bundle comes from; None for what no file has."""
        segments = self.lines[line] if 0 <= line < len(self.lines) else ()
        at = bisect_right(segments, column, key=lambda segment: segment[0]) - 1
        if at < 0:
            return None
        _, file, line, column = segments[at]
        return Place(self.files[file], line, column) if 0 <= file < len(self.files) else None


def read_source_map(data: bytes) -> SourceMap:
    """The map in `data`; one without lines when it is none."""
    try:
        text = data.decode("utf-8")
        check_nesting(text)
        plain = json.loads(text)
        files = tuple(map(str, plain["sources"]))
        return SourceMap(files, tuple(_lines(plain["mappings"])))
    except (ExecutorError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return SourceMap((), ())


def _lines(mappings: str) -> list[tuple[tuple[int, int, int, int], ...]]:
    file = line = column = 0
    lines = []
    for text in mappings.split(";"):
        segments, at = [], 0
        for segment in filter(None, text.split(",")):
            moves = _numbers(segment)
            at += moves[0]
            if len(moves) >= 4:  # one of a single number begins what comes from no file
                file, line, column = file + moves[1], line + moves[2], column + moves[3]
                segments.append((at, file, line, column))
        lines.append(tuple(sorted(segments)))
    return lines


def _numbers(text: str) -> list[int]:
    """Base64 VLQ: five bits a digit from the lowest on, the sign in the first."""
    numbers, value, shift = [], 0, 0
    for letter in text:
        digit = _DIGITS[letter]
        value |= (digit & _PAYLOAD) << shift
        shift += _BITS
        if not digit & _CONTINUES:
            numbers.append(-(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    return numbers
