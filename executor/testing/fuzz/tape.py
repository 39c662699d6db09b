"""Decisions read from bytes: the same bytes always make the same module, fewer or smaller bytes a simpler one.

Rule 1. A tape that has run out answers 0 to everything; generators keep their simplest choice at 0, so they end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Tape:
    """A cursor over the bytes that decide what a generator does next."""

    __slots__ = ("_data", "_position")

    def __init__(self, data: bytes) -> None:
        self._data, self._position = data, 0

    @property
    def ended(self) -> bool:
        """Whether every further decision is 0."""
        return self._position >= len(self._data)

    def below(self, bound: int) -> int:
        """A number of 0 .. bound - 1."""
        value = int.from_bytes(self.take(1 if bound <= 256 else 2 if bound <= 65_536 else 8), "little")
        return value % bound

    def pick(self, items: Sequence[Item]) -> Item:
        """One of these; the first when the tape has run out."""
        return items[self.below(len(items))]

    def one_in(self, count: int) -> bool:
        """True about once in `count` times; False when the tape has run out."""
        return self.below(count) == 1

    def take(self, size: int) -> bytes:
        """The next bytes, filled up with zeros."""
        part = self._data[self._position : self._position + size]
        self._position += size
        return part + bytes(size - len(part))
