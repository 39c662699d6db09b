"""What an endpoint says of time, against this machine's own clock.

Rule 1. No honest block is dated far ahead (Ethereum: 15 s). Chain time closes requests and ends what triggers made, for
        good: one invented date would do that to all of them at once, and a lone endpoint may invent what it likes.
Rule 2. A block may be as old as it likes: chains pause.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from executor.errors import ChainUnavailable


@dataclass(frozen=True, slots=True)
class Dates:
    """How many seconds ahead of `clock` a block may be dated."""

    ahead_s: float
    clock: Callable[[], float] = time.time

    def check(self, chain_id: int, number: int, timestamp: int) -> None:
        """Raises ChainUnavailable for a block from the future."""
        ahead_s = timestamp - self.clock()
        if ahead_s > self.ahead_s:
            raise ChainUnavailable(
                f"block {number} of chain {chain_id} is dated {ahead_s:.0f} s ahead of this machine's clock, believed "
                f"are {self.ahead_s:g} s ([chain] ahead_s): the endpoints lie, or the clock is wrong (executor doctor)"
            )
