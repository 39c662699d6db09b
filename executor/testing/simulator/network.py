"""Which messages arrive, how often and when: the scenario's weather, partitions and eclipses, by its fates."""

from __future__ import annotations

from collections.abc import Callable

from executor.testing.simulator.scenario import MAX_DELAY_MS, Scenario
from executor.testing.simulator.tape import Tape


class Network:
    """Decides every message's fate; the same scenario decides the same."""

    def __init__(self, scenario: Scenario, leader: Callable[[], int]) -> None:
        self._scenario, self._leader = scenario, leader
        self._honest = frozenset(scenario.honest)
        self._fates = Tape(scenario.fates)

    def moment_s(self) -> float:
        """A short while, by the tape."""
        return (5 + self._fates.byte() % (MAX_DELAY_MS - 5)) / 1_000

    def delays_s(self, sender: int, recipient: int, now_ms: float) -> list[float]:
        """After how long each copy of a message arrives; none for a lost one."""
        if now_ms >= self._scenario.stable_ms:
            return [self.moment_s()]
        if self._cut(sender, recipient, now_ms):
            return []
        weather, fates = self._scenario.weather, self._fates
        if fates.chance(weather.loss):
            return []
        copies = 2 if fates.chance(weather.twice) else 1
        return [self._delay_s() for _ in range(copies)]

    def _cut(self, sender: int, recipient: int, now_ms: float) -> bool:
        if self._scenario.eclipse and sender in self._honest and self._leader() == sender:
            return True
        return any(
            part.from_ms <= now_ms < part.to_ms and (sender in part.apart) != (recipient in part.apart)
            for part in self._scenario.partitions
        )

    def _delay_s(self) -> float:
        weather = self._scenario.weather
        if weather.latest_ms and self._fates.chance(weather.late):
            return self._fates.byte() * weather.latest_ms / 255_000
        return self.moment_s()
