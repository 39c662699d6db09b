"""What members' clocks show: off and drifting before stabilisation, nearly right after it."""

from __future__ import annotations

from dataclasses import dataclass

from executor.testing.simulator.scenario import MAX_AHEAD_MS, MAX_SKEW_MS, Clock


@dataclass(frozen=True, slots=True)
class LocalClock:
    """Maps the simulation's time to one member's and back; both in seconds."""

    clock: Clock
    start_s: float
    stable_s: float

    def shows(self, now_s: float) -> float:
        """What the clock shows at a time; it goes back when stabilisation sets it right."""
        if now_s >= self.stable_s:
            return now_s + self._skew_s()
        return now_s + _within(self._offset_s(now_s), MAX_AHEAD_MS)

    def when(self, local_s: float) -> float:
        """The first time, roughly, from which the clock shows at least this."""
        rate = 1 + self.clock.drift / 100
        linear = self.start_s + (local_s - self.start_s - self.clock.ahead_ms / 1_000) / rate
        limited = _within(self._offset_s(linear), MAX_AHEAD_MS)
        before = linear if limited == self._offset_s(linear) else local_s - limited
        return before if before < self.stable_s else max(self.stable_s, local_s - self._skew_s())

    def _offset_s(self, now_s: float) -> float:
        return self.clock.ahead_ms / 1_000 + (now_s - self.start_s) * self.clock.drift / 100

    def _skew_s(self) -> float:
        return _within(self.clock.ahead_ms / 1_000, MAX_SKEW_MS)


def _within(offset_s: float, limit_ms: int) -> float:
    return max(-limit_ms / 1_000, min(limit_ms / 1_000, offset_s))
