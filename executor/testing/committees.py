"""A function and the committee that is to agree on it: the assertions and the simulation with both filled in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from executor.testing.assertions import assert_agrees, assert_deterministic
from executor.testing.quorums import check_committee
from executor.testing.simulate_result import Simulated
from executor.testing.simulating import simulate
from executor.vm import Program


@dataclass(frozen=True, slots=True)
class Committee:
    """n nodes that run `program`, of which f may do anything."""

    program: Program
    n: int = 4
    f: int = 1

    def __post_init__(self) -> None:
        check_committee(self.n, self.f)

    def assert_agrees(self, **options: Any) -> None:
        """`executor.testing.assert_agrees` for this function and committee."""
        __tracebackhide__ = True
        assert_agrees(self.program, n=self.n, f=self.f, **options)

    def assert_deterministic(self, **options: Any) -> None:
        """`executor.testing.assert_deterministic` for this function."""
        __tracebackhide__ = True
        assert_deterministic(self.program, **options)

    def simulate(self, **options: Any) -> Simulated:
        """`executor.testing.simulate` for this function and committee."""
        return simulate(self.program, n=self.n, f=self.f, **options)
