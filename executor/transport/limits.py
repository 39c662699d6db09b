"""Bounds on what others can make us do; time is an argument."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

Name = TypeVar("Name")


class Allowance(Generic[Name]):
    """A token bucket for each name: `burst` at once, `per_second` in the long run; the longest unused are forgotten.

    Whoever has one token left may spend many: what that owes is waited for, so that large things pass, seldom.
    """

    def __init__(self, per_second: float, burst: float, *, names: int) -> None:
        self._per_second = per_second
        self._burst = burst
        self._names = names
        self._buckets: OrderedDict[Name, tuple[float, float]] = OrderedDict()  # name -> (tokens, when)

    def spend(self, name: Name, now: float, cost: float = 1.0) -> bool:
        """Take `cost` tokens; False, and nothing is taken, when there is not even one."""
        tokens = self._tokens(name, now)
        allowed = tokens >= 1
        self._buckets[name] = (tokens - cost if allowed else tokens, now)
        self._buckets.move_to_end(name)
        if len(self._buckets) > self._names:
            self._buckets.popitem(last=False)
        return allowed

    def is_spent(self, name: Name, now: float) -> bool:
        """Whether `spend` would say False; takes nothing."""
        return self._tokens(name, now) < 1

    def _tokens(self, name: Name, now: float) -> float:
        tokens, when = self._buckets.get(name, (self._burst, now))
        return min(self._burst, tokens + (now - when) * self._per_second)


class Recent:
    """The last `size` keys of the last `window_s` seconds."""

    def __init__(self, window_s: float, *, size: int) -> None:
        self._window_s = window_s
        self._size = size
        self._seen: OrderedDict[bytes, float] = OrderedDict()

    def add(self, key: bytes, now: float) -> None:
        """Remember `key`."""
        self._seen[key] = now
        self._seen.move_to_end(key)
        if len(self._seen) > self._size:
            self._seen.popitem(last=False)

    def holds(self, key: bytes, now: float) -> bool:
        """Whether `key` was added within the window."""
        return key in self._seen and now - self._seen[key] <= self._window_s
