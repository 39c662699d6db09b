"""The home chain of a scenario: its blocks, which of them reorganisations replace, and which are final."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from executor.crypto.digests import keccak256
from executor.model.trigger import HomeBlock
from executor.testing.simulated_committee import START_S

BLOCK_S: Final = 2
FINAL_BLOCKS: Final = 3  # on top of a final one; no reorganisation is deeper
GENESIS_S: Final = int(START_S) - 86_400


@dataclass(frozen=True, slots=True)
class Branch:
    """One version of a block, and when it is canonical."""

    number: int
    from_s: float
    until_s: float = math.inf


class Home:
    """A block every BLOCK_S; `reorganisations` say when, and how many blocks are replaced."""

    def __init__(self, reorganisations: Sequence[tuple[float, int]]) -> None:
        self._reorganisations = sorted(reorganisations)

    def head(self, now_s: float) -> int:
        """The latest block's number."""
        return int((now_s - GENESIS_S) // BLOCK_S)

    def block(self, number: int, branch: int = 0) -> HomeBlock:
        """A block, as a branch has it."""
        return HomeBlock(number, GENESIS_S + number * BLOCK_S, keccak256(b"parent of %d, %d" % (number, branch)))

    def first_at(self, time_s: float) -> int:
        """The first block at or after a time."""
        return math.ceil((time_s - GENESIS_S) / BLOCK_S)

    def final(self, now_s: float) -> HomeBlock:
        """The latest final block."""
        return self.block(self.head(now_s) - FINAL_BLOCKS)

    def final_from_s(self, time_s: float) -> float:
        """When a block of this time is final."""
        return float(GENESIS_S + (self.first_at(time_s) + FINAL_BLOCKS) * BLOCK_S)

    def branches(self, number: int, from_s: float) -> Iterator[Branch]:
        """The versions of the block `number`, of which `from_s` shows the first."""
        branch = 0
        for at_s, blocks in self._reorganisations:
            if at_s > from_s and self.head(at_s) - blocks < number:
                yield Branch(branch, from_s, at_s)
                branch, from_s = branch + 1, at_s
        yield Branch(branch, from_s)
