"""How often a node asks one host, whichever functions want it: an operator's courtesy to servers, off by default."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final as Constant

from executor.capabilities.errors import CallRefused

MAX_HOSTS: Constant = 4_096  # remembered at a time, 200 bytes each; the one asked longest ago is forgotten


class HostRates:
    """`per_second` requests a host, of which `burst` may come at once."""

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval_s = 1.0 / per_second
        self._early_s = (burst - 1) * self._interval_s
        self._clock = clock
        self._due: OrderedDict[str, float] = OrderedDict()  # when a host's allowance will be whole again

    def __len__(self) -> int:
        return len(self._due)

    async def turn(self, host: str, within_s: float) -> None:
        """Waits for the host's next free moment; raises CallRefused("http-rate-limited") when that is too far off."""
        if (wait_s := self.take(host, within_s)) > 0:
            await asyncio.sleep(wait_s)

    def take(self, host: str, within_s: float) -> float:
        """Reserves the next free moment and tells how far off it is. Raises CallRefused, and then reserves nothing."""
        now = self._clock()
        due = max(self._due.get(host, now), now)
        wait_s = max(0.0, due - self._early_s - now)
        if wait_s > within_s:
            raise CallRefused("http-rate-limited", f"this node asks {host} once in {self._interval_s:.3g} s")
        self._due[host] = due + self._interval_s
        self._due.move_to_end(host)
        if len(self._due) > MAX_HOSTS:
            self._due.popitem(last=False)
        return wait_s
