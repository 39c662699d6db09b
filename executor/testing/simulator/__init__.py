"""The simulator: real members through a scenario that Hypothesis draws, with Byzantine ones among them.

    from executor.testing.simulator import Faulty, Scenario, simulate_scenario

    result = simulate_scenario(Scenario(faulty=(Faulty(3, ("two-faced-leader",)),)))
    assert not result.violations, str(result)

Start at simulator.py; docs/simulator.md says how to run, replay and extend it.
"""

from executor.testing.simulator.drawing import crashing, duels, everything, loners, lotteries, scenarios, storms
from executor.testing.simulator.faults import FAULTS, Fault
from executor.testing.simulator.hand import Hand
from executor.testing.simulator.result import Result, simulate_scenario
from executor.testing.simulator.scenario import (
    FOREVER,
    Asked,
    Clock,
    Crash,
    Faulty,
    Partition,
    Reorganisation,
    Scenario,
    Sighting,
    Trouble,
    Vanishing,
    Weather,
)
from executor.testing.simulator.simulator import Simulator
from executor.testing.simulator.violation import Violation

__all__ = [
    "FAULTS",
    "FOREVER",
    "Asked",
    "Clock",
    "Crash",
    "Fault",
    "Faulty",
    "Hand",
    "Partition",
    "Reorganisation",
    "Result",
    "Scenario",
    "Sighting",
    "Simulator",
    "Trouble",
    "Vanishing",
    "Violation",
    "Weather",
    "crashing",
    "duels",
    "everything",
    "loners",
    "lotteries",
    "scenarios",
    "simulate_scenario",
    "storms",
]
