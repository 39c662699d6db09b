"""`pytest --costs`: what the suite costs, by folder, file, shared fixture and test.

CPU is that of the test's process and of every process below it, living or gone; on a machine that does more it is
the figure to compare. What a long-lived fixture's processes burn while a test runs counts for that test.
"""

from __future__ import annotations

import os
import resource
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

TICKS = os.sysconf("SC_CLK_TCK")
FILES_OVER_S = 5.0
TESTS = 25


@dataclass(frozen=True)
class Moment:
    """Seconds on the wall and of CPU."""

    wall_s: float
    cpu_s: float

    @classmethod
    def now(cls) -> Moment:
        """This moment."""
        mine = resource.getrusage(resource.RUSAGE_SELF)
        gone = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = mine.ru_utime + mine.ru_stime + gone.ru_utime + gone.ru_stime
        return cls(time.monotonic(), cpu_s + sum(map(_cpu_s, _children(os.getpid()))))

    def since(self, start: Moment) -> tuple[float, float]:
        """What passed, in both."""
        return self.wall_s - start.wall_s, self.cpu_s - start.cpu_s


def _children(pid: int) -> list[int]:
    """Living children; none where there is no /proc."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, task.read_text().split())
        except OSError:  # ended between the two
            continue
    return found


def _cpu_s(pid: int) -> float:
    """A living process, with those it has waited for and those below it."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS + sum(map(_cpu_s, _children(pid)))


class Costs:
    """Collects in each process, prints in the first one."""

    def __init__(self) -> None:
        self._tests: list[list[Any]] = []  # [id, wall, cpu]
        self._fixtures: list[list[Any]] = []
        self._spans: list[list[Any]] = []  # [process, wall, cpu]: from its first test's start to its last one's end
        self._start: Moment | None = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """A test with its set-up and what is torn down after it."""
        before = Moment.now()
        self._start = self._start or before
        done = yield
        self._tests.append([item.nodeid, *Moment.now().since(before)])
        return done

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Iterator[None]:
        """A fixture that tests share."""
        before = Moment.now()
        done = yield
        if fixturedef.scope != "function":
            name = f"{fixturedef.baseid}::{fixturedef.argname}" if fixturedef.baseid else fixturedef.argname
            self._fixtures.append([name, *Moment.now().since(before)])
        return done

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A process below tells the first one."""
        if self._start is not None:
            name = getattr(session.config, "workerinput", {}).get("workerid", "pytest")
            self._spans.append([name, *Moment.now().since(self._start)])
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["costs"] = [self._tests, self._fixtures, self._spans]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """What a process below had."""
        for mine, theirs in zip(
            (self._tests, self._fixtures, self._spans), getattr(node, "workeroutput", {}).get("costs", ()), strict=False
        ):
            mine += theirs

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The tables; all rows are kept in the cache, too."""
        if cache := getattr(terminalreporter.config, "cache", None):
            cache.set("executor/costs", {"tests": self._tests, "fixtures": self._fixtures, "spans": self._spans})
        for title, rows in (
            ("process", _sums(self._spans, str)),
            ("folder", _sums(self._tests, lambda name: _file(name).rpartition("/")[0])),
            (f"file over {FILES_OVER_S:.0f} s", [row for row in _sums(self._tests, _file) if row[2] >= FILES_OVER_S]),
            ("shared fixture", _sums(self._fixtures, str)[:TESTS]),
            ("test", _sums(self._tests, str)[:TESTS]),
        ):
            terminalreporter.section(f"costs by {title}")
            terminalreporter.write_line(f"{'wall s':>8} {'CPU s':>8} {'number':>7}  {title}")
            for name, number, wall_s, cpu_s in rows:
                terminalreporter.write_line(f"{wall_s:8.1f} {cpu_s:8.1f} {number:7}  {name}")


def _file(name: str) -> str:
    return name.split("::")[0]


def _sums(rows: list[list[Any]], key: Any) -> list[tuple[str, int, float, float]]:
    """Name, number, wall and CPU seconds; the longest first."""
    number: Counter[str] = Counter()
    wall: Counter[str] = Counter()
    cpu: Counter[str] = Counter()
    for name, wall_s, cpu_s in rows:
        number[key(name)] += 1
        wall[key(name)] += wall_s
        cpu[key(name)] += cpu_s
    return sorted(((name, number[name], wall[name], cpu[name]) for name in number), key=lambda row: -row[2])
