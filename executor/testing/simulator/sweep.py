"""Many scenarios in batches that Hypothesis draws; what is wrong is shrunk, and its repr replays it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st

from executor.protocol.settings import Settings
from executor.testing.fast_signatures import SigningSuite
from executor.testing.simulator.result import Result, simulate_scenario
from executor.testing.simulator.scenario import Scenario

BATCH: Final = 200  # scenarios drawn with one seed; the next batch takes the next


@dataclass(slots=True)
class Sweep:
    """Figures of all scenarios so far, and the smallest ones with something wrong."""

    suite: Callable[[], SigningSuite]
    protocol_settings: Settings | None = None
    schedules: int = 0
    messages: int = 0
    delivered: int = 0
    attempts: int = 0
    worst: tuple[float, float, int] = (0.0, 0.0, 0)  # share of the bound, rounds, bound
    rounds: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    reached: Counter[str] = field(default_factory=Counter)
    found: list[Result] = field(default_factory=list)
    first_found_at: int | None = None

    def batch(self, strategy: st.SearchStrategy[Scenario], number: int, count: int, *, shrink: bool = True) -> None:
        """Run one batch; stops at the first scenario with something wrong, shrinks it and keeps the smallest."""
        smallest: list[Result] = []

        @seed(number)
        @settings(
            max_examples=count,
            deadline=None,
            database=None,
            derandomize=False,
            verbosity=Verbosity.quiet,
            print_blob=False,
            report_multiple_bugs=False,
            phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def every_property_holds(scenario: Scenario) -> None:
            result = self.one(scenario, counted=not smallest)
            if result.violations and (
                not smallest or result.violations[0].property == smallest[0].violations[0].property
            ):
                smallest.append(result)
                raise _Wrong

        try:
            every_property_holds()
        except _Wrong:
            self.found.append(smallest[-1])

    def one(self, scenario: Scenario, *, counted: bool = True) -> Result:
        """Run one scenario and add it to the figures."""
        result = simulate_scenario(scenario, self.suite(), self.protocol_settings)
        if counted:
            self.schedules += 1
            self.messages += result.messages
            self.delivered += result.delivered
            self.rounds += result.rounds
            self.worst = max(self.worst, (result.rounds / result.bound, result.rounds, result.bound))
            self.faults.update(name for each in scenario.faulty for name in each.faults)
            self.reached.update(result.reached)
            self.reached.update(_shapes(scenario))
            if result.violations and self.first_found_at is None:
                self.first_found_at = self.schedules
        return result

    def __str__(self) -> str:
        lines = [
            f"{self.schedules} schedules, {self.messages} messages, {self.delivered} requests attested and delivered",
            f"{self.rounds / max(1, self.schedules):.2f} rounds after stabilisation on average; "
            f"at worst {self.worst[1]:.1f} of the {self.worst[2]} allowed",
            "faults: " + ", ".join(f"{name} {count}" for name, count in sorted(self.faults.items())),
            "reached: " + ", ".join(f"{name} {count}" for name, count in sorted(self.reached.items())),
        ]
        return "\n".join(lines)


def run_sweep(
    sweep: Sweep, strategy: st.SearchStrategy[Scenario], count: int, first_seed: int, tell: Callable[[str], None]
) -> None:
    """Batches until `count` scenarios ran."""
    started, number = time.monotonic(), first_seed
    while sweep.schedules < count:
        before = len(sweep.found)
        sweep.batch(strategy, number, min(BATCH, count - sweep.schedules))
        for result in sweep.found[before:]:
            tell(f"WRONG (seed {number}):\n{result}")
        number += 1
        tell(f"{time.monotonic() - started:7.0f} s  {sweep.schedules} schedules, {len(sweep.found)} wrong")


def _shapes(scenario: Scenario) -> list[str]:
    parts = {
        "partition": scenario.partitions,
        "crash": scenario.crashes,
        "skewed clock": scenario.clocks,
        "late sighting": scenario.sightings,
        "vanished request": scenario.vanishings,
        "reorganisation": scenario.reorganisations,
        "short event": any(asked.trigger and asked.lasts_s < 60 for asked in scenario.requests),
        "observation trouble": scenario.troubles,
        "eclipse": scenario.eclipse,
        "lost delivery": scenario.lost_deliveries,
        "bad network": scenario.stable_ms,
        "late key": scenario.key_ms,
        "no share": scenario.shareless,
    }
    asked = [f"trigger {each.trigger}" for each in scenario.requests if each.trigger]
    asked += [f"depth {each.confirmations}" for each in scenario.requests if each.confirmations]
    return [name for name, present in parts.items() if present] + asked + [f"n={scenario.n}"]


class _Wrong(Exception):
    """Something did not hold: for Hypothesis to shrink."""
