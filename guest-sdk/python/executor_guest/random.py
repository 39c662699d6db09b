"""Agreed randomness: draws, and the stream that every SDK and contracts/src/libraries/Randomness.sol make of a seed
alike (docs/randomness.md, "The stream").

bytes, below, shuffle and sample go on in one stream, seeded by the run's next draw when it is first used.
"""

from __future__ import annotations

from builtins import bytes as _bytes
from collections.abc import Iterable
from functools import cache
from typing import Any, TypeVar, overload

from executor_guest._bytes import Bytes, require_bytes
from executor_guest._calls import pure, require_agreed
from executor_guest._crypto import keccak256

T = TypeVar("T")
_SEED_BYTES = 32
_WORD = 1 << 256


def draw() -> _bytes:
    """32 bytes that nobody in the committee chose. Draws come last: after one, observe ends the run."""
    require_agreed("random.draw")
    return pure("random.draw")


class Stream:
    """Choices made of a 32-byte seed, the same everywhere. One seed serves one purpose: its streams are the same."""

    __slots__ = ("_seed", "_used")

    def __init__(self, seed: Bytes) -> None:
        self._seed, self._used = require_bytes(seed, "a stream's seed"), 0
        if len(self._seed) != _SEED_BYTES:
            raise ValueError(f"a stream's seed has {_SEED_BYTES} bytes, not {len(self._seed)}")

    def bytes(self, count: int) -> _bytes:
        """So many bytes: whole words one after the other, the last one cut."""
        _require_count(count, "bytes")
        return b"".join([self._word() for _ in range(0, count, _SEED_BYTES)])[:count]

    def below(self, n: int) -> int:
        """A number in [0, n), each as likely as any other: words that would make some likelier are refused."""
        _require_limit(n)
        accepted = _WORD - _WORD % n
        while True:
            word = int.from_bytes(self._word(), "big")
            if word < accepted:
                return word % n

    def shuffle(self, items: Iterable[T]) -> list[T]:
        """The items in random order; what was given stays as it is."""
        listed = list(items)
        return self.sample(listed, len(listed))

    @overload
    def sample(self, items: int, count: int) -> list[int]: ...

    @overload
    def sample(self, items: Iterable[T], count: int) -> list[T]: ...

    def sample(self, items: Any, count: int) -> list[Any]:
        """So many different items, or numbers in [0, n), in random order, each such sequence as likely as any other."""
        _require_count(count, "sample")
        if isinstance(items, int):
            _require_limit(items)
            listed, size = None, items
        else:
            listed = list(items)
            size = len(listed)
        if count > size:
            raise ValueError(f"a sample of {count} out of {size}")
        moved: dict[int, int] = {}  # places of Fisher and Yates' list that hold another number than their own
        chosen: list[Any] = []
        for i in range(count):
            place = i + self.below(size - i)
            index = moved.get(place, place)
            chosen.append(index if listed is None else listed[index])
            moved[place] = moved.get(i, i)
        return chosen

    def _word(self) -> _bytes:
        block = self._seed + self._used.to_bytes(32, "big")  # abi.encode(seed, number of the word)
        self._used += 1
        return keccak256(block)


def stream(seed: Bytes) -> Stream:
    """A stream of one's own."""
    return Stream(seed)


@cache
def _own() -> Stream:
    return Stream(draw())


def bytes(count: int) -> _bytes:
    """So many bytes of the run's own stream."""
    return _own().bytes(count)


def below(n: int) -> int:
    """A number in [0, n) of the run's own stream."""
    return _own().below(n)


def shuffle(items: Iterable[T]) -> list[T]:
    """The items in random order."""
    return _own().shuffle(items)


@overload
def sample(items: int, count: int) -> list[int]: ...


@overload
def sample(items: Iterable[T], count: int) -> list[T]: ...


def sample(items: Any, count: int) -> list[Any]:
    """So many different items, or numbers in [0, n), in random order."""
    return _own().sample(items, count)


def _require_count(count: int, what: str) -> None:
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise ValueError(f"{what} takes a count, not {count!r}")


def _require_limit(n: int) -> None:
    if isinstance(n, bool) or not isinstance(n, int):
        raise TypeError(f"below takes an int, not {type(n).__name__}")
    if not 1 <= n < _WORD:
        raise ValueError("there is no number below zero, and none of 257 bits")
