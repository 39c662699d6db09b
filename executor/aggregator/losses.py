"""Requests whose delivery cost gas and brought nothing: when they may be tried again. Time is an argument.

Whoever can have a delivery fail when it is mined, such as the owner of a subscription who takes its money out just
before a push, makes its sender pay for it. So each such loss doubles the time until this node tries again; the others
try in their own rounds, and learn the same.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final as Constant

from executor.model.ids import RequestId

FIRST_S: Constant = 30.0  # seven rounds: another member's copy that came first is seen by then
LONGEST_S: Constant = 3_600.0
REMEMBERED: Constant = 4_096  # as many as are under way


class Losses:
    """The losses in a row of each request; the longest unlost are forgotten."""

    def __init__(self) -> None:
        self._losses: OrderedDict[RequestId, tuple[int, float]] = OrderedDict()  # in a row, and until when to wait

    def note(self, requests: Iterable[RequestId], now: float) -> None:
        """A delivery of these cost gas and delivered none of them."""
        for request in requests:
            times = self._losses.pop(request, (0, 0.0))[0] + 1
            self._losses[request] = (times, now + min(FIRST_S * 2 ** min(times - 1, 16), LONGEST_S))
            if len(self._losses) > REMEMBERED:
                self._losses.popitem(last=False)

    def forget(self, requests: Iterable[RequestId]) -> None:
        """These were delivered."""
        for request in requests:
            self._losses.pop(request, None)

    def waits_s(self, requests: Iterable[RequestId], now: float) -> float:
        """How long to wait before any of these is worth a transaction; 0 where one is."""
        return max(0.0, min((self._losses.get(request, (0, now))[1] - now for request in requests), default=0.0))
