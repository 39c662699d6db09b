"""How many bodies are read, judged and handed over at a time: with the body limit, this bounds memory.

Rule 1. Small bodies have places of their own: whoever trickles large ones holds up no Prepare and no vote.
Rule 2. One address holds at most a part of either kind, so that no stranger holds all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final as Constant

from executor.errors import InvalidValue

SMALL_BYTES: Constant = 64 * 1024  # all but proposals, certificates and attestations over large values
SMALL_PLACES: Constant = 256  # 16 MiB together
SMALL_EACH: Constant = 128  # a whole committee may sit behind one address
LARGE_PLACES: Constant = 16  # of 17 MiB
LARGE_EACH: Constant = 8


class Places:
    """Places by size of the body; nobody waits for one: who finds none comes again."""

    def __init__(self) -> None:
        self._held: dict[bool, Counter[str]] = {False: Counter(), True: Counter()}
        self._taken = {False: 0, True: 0}

    @property
    def taken(self) -> int:
        """Bodies under way."""
        return sum(self._taken.values())

    @contextmanager
    def place(self, source: str, size: int) -> Iterator[None]:
        """Hold a place; raises InvalidValue when none is free for this source."""
        large = size > SMALL_BYTES
        most, each = (LARGE_PLACES, LARGE_EACH) if large else (SMALL_PLACES, SMALL_EACH)
        held = self._held[large]
        if self._taken[large] >= most or held[source] >= each:
            raise InvalidValue(f"{self._taken[large]} bodies are being read, {held[source]} of them from this address")
        held[source] += 1
        self._taken[large] += 1
        try:
            yield
        finally:
            self._taken[large] -= 1
            held[source] -= 1
            if not held[source]:
                del held[source]


class Share:
    """A few places of one kind, of which one source holds a part at most (Rule 2)."""

    def __init__(self, places: int, each: int) -> None:
        self._places = places
        self._each = each
        self._held = Counter[str]()

    @property
    def taken(self) -> int:
        """Places held now."""
        return self._held.total()

    def take(self, source: str) -> str:
        """Take a place, until `give_back`; raises InvalidValue when none is free for this source."""
        taken = self._held.total()
        if taken >= self._places or self._held[source] >= self._each:
            raise InvalidValue(f"{taken} of {self._places} places are taken, {self._held[source]} from this address")
        self._held[source] += 1
        return source

    def give_back(self, source: str) -> None:
        """Free a place."""
        self._held[source] -= 1
        if not self._held[source]:
            del self._held[source]
