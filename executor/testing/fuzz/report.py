"""What a sweep has seen, in numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from executor.testing.engines import Row
from executor.testing.fuzz.compare import outcome, overflowed

_PARTICULARS = re.compile(r"[0-9a-f]{16,}|0x[0-9a-f]+|-?\d+|`[^`]*`")


@dataclass(slots=True)
class Report:
    """Counters; `str` is the report for people."""

    made: Counter[str] = field(default_factory=Counter)
    survived: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    machine: Counter[str] = field(default_factory=Counter)
    renamed: int = 0  # survivors of smith whose externref was made a funcref
    executions: int = 0  # of instrumented modules
    originals: int = 0  # executions of modules as they were
    overflows: int = 0
    damaged: Counter[str] = field(default_factory=Counter)
    late: int = 0  # answers that were late once and in time when asked for again
    divergences: list[str] = field(default_factory=list)

    def refuse(self, reason: str) -> None:
        """A module that `load` refused; reasons that differ in numbers only are one."""
        self.refused[_PARTICULARS.sub("…", reason)[:90]] += 1

    def count(self, rows: Sequence[Row], engines: int, originals: int) -> None:
        """The rows of a module's cases on the first engine, which so many engines answered, and so many originals."""
        self.executions += len(rows) * engines
        self.originals += originals
        self.overflows += sum(overflowed(row) for row in rows)
        self.outcomes.update(outcome(row) for row in rows)

    def progress(self) -> str:
        """One line on the way."""
        survived, damaged = self.survived.total(), self.damaged.total()
        return (
            f"{survived} modules survived of {self.made.total()}, {self.executions} executions, "
            f"{damaged} damaged modules, {len(self.divergences)} divergences"
        )

    def __str__(self) -> str:
        made = self.made.total()
        lines = [
            f"modules: {made} made ({_listed(self.made)}), {self.survived.total()} survived ({_listed(self.survived)})",
            f"refused: {self.refused.total()}, of which {self.renamed} survived with funcref in the place of externref",
            *(f"  {count:6}  {reason}" for reason, count in self.refused.most_common()),
            f"executions: {self.executions} of instrumented modules, {self.originals} of originals beside them",
            f"outcomes on the first engine: {_listed(self.outcomes)}",
            f"outcomes of executor.vm: {_listed(self.machine)}",
            f"damaged modules: {self.damaged.total()} ({_listed(self.damaged)})",
            f"native stack overflows: {self.overflows}",
            f"late answers that were in time the second time: {self.late}",
            f"divergences and crashes: {len(self.divergences)}",
            *(f"  {words[:600]}" for words in self.divergences),
        ]
        return "\n".join(lines)


def _listed(counter: Counter[str]) -> str:
    return ", ".join(f"{key} {count}" for key, count in counter.most_common()) or "none"
