"""Rounds by time. Time is an argument and never goes back; it decides progress only, never safety."""

from __future__ import annotations

from executor.model.committee import Epoch


class Schedule:
    """The current round of one member, and whose turn it is."""

    def __init__(self, epoch: Epoch, now: float = 0.0) -> None:
        self._epoch = epoch
        self.now = now
        self.round = epoch.round_at(now)

    def advance(self, now: float) -> bool:
        """Move to `now`, or stay where a clock went back; whether a new round was entered."""
        self.now = max(self.now, now)
        before, self.round = self.round, self._epoch.round_at(self.now)
        return self.round != before

    def leader(self, round: int | None = None) -> int:
        """The leader of a round, by default the current one."""
        return self._epoch.leader(self.round if round is None else round)

    @property
    def next_round_at(self) -> float:
        """When the next round begins."""
        return float((self.round + 1) * self._epoch.round_length_s)
