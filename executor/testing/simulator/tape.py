"""Choices read from bytes: deterministic, replayable, and Hypothesis shrinks them towards the first choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Tape:
    """Reads its bytes round and round; without any, every choice is the first."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def byte(self) -> int:
        """The next byte."""
        if not self._data:
            return 0
        lap, place = divmod(self._place, len(self._data))
        self._place += 1
        byte = self._data[place]
        return (byte + 41 * lap) % 256 if byte else 0  # zeros stay the first choice; other laps choose anew

    def below(self, count: int) -> int:
        """A number below `count`, at most 256."""
        return self.byte() % count

    def chance(self, percent: int) -> bool:
        """Whether something happens that happens in so many percent; never for a byte of zero."""
        byte = self.byte()
        return byte != 0 and (256 - byte) * 100 <= percent * 256

    def one(self, items: Sequence[T]) -> T:
        """One of the items; raises IndexError for none."""
        return items[self.below(len(items))]

    def some(self, items: Sequence[T]) -> list[T]:
        """All of the items, or some of them."""
        mask = self.byte()
        return [item for place, item in enumerate(items) if not mask >> (place % 8) & 1]
