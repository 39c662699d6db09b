"""Functions that blew up wait before they are tried again, each failure twice as long.

What blows up is our fault and not the guest's (HostFault), and costs a process each time. Trying it again at once would
let one function keep the machine busy with it, so it is refused for a while; what succeeds starts afresh.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

from executor.errors import FunctionSuspended

FIRST_S: Final = 10.0
LONGEST_S: Final = 600.0
MAX_KEYS: Final = 1_024


@dataclass(frozen=True, slots=True)
class Record:
    """What is held against a key."""

    failures: int
    until_s: float
    reason: str


class Suspensions:
    """Failures in a row by key. `tolerated` of them cost no wait; `clock` gives seconds."""

    def __init__(self, what: str, clock: Callable[[], float], *, tolerated: int = 0) -> None:
        self._what, self._clock, self._tolerated = what, clock, tolerated
        self._records: OrderedDict[Hashable, Record] = OrderedDict()

    def check(self, key: Hashable) -> None:
        """Raises FunctionSuspended while a key has to wait."""
        record = self._records.get(key)
        if record is not None and (left_s := record.until_s - self._clock()) > 0:
            raise FunctionSuspended(
                f"{self._what} {key} failed {record.failures} times in a row and is not tried for {left_s:.0f} s: "
                f"{record.reason}"
            )

    def strike(self, key: Hashable, reason: object) -> None:
        """One more failure."""
        record = self._records.pop(key, None)
        failures = 1 if record is None else record.failures + 1
        over = failures - self._tolerated
        wait_s = min(FIRST_S * 2 ** min(over - 1, 16), LONGEST_S) if over > 0 else 0.0
        self._records[key] = Record(failures, self._clock() + wait_s, str(reason))
        if len(self._records) > MAX_KEYS:
            self._records.popitem(last=False)

    def clear(self, key: Hashable) -> None:
        """It went well: nothing is held against it."""
        self._records.pop(key, None)
