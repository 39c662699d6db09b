"""What a run is reported for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """A property that did not hold: its name in docs/simulator.md, and what was seen."""

    property: str
    text: str

    def __str__(self) -> str:
        return f"{self.property}: {self.text}"
