"""Metrics of epochs' draw keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final as Constant
from typing import Protocol

from prometheus_client.core import GaugeMetricFamily, Metric

STATES: Constant = ("making", "made", "registered")


class Standing(Protocol):
    """How an epoch's key stands (executor/node/draw_key/desk.py)."""

    @property
    def state(self) -> str:
        """One of STATES."""

    @property
    def share(self) -> bool:
        """Whether this member has one."""


def read_draw_keys(standings: Sequence[Standing]) -> Iterable[Metric]:
    """Of the newest epoch; nothing where this node makes no draw keys."""
    if not standings:
        return
    newest = standings[-1]
    states = GaugeMetricFamily("executor_draw_key", "1 for how the newest epoch's draw key stands.", labels=["state"])
    for state in STATES:
        states.add_metric([state], newest.state == state)
    yield states
    yield GaugeMetricFamily("executor_draw_share", "1 while this member has a share of that key.", value=newest.share)
