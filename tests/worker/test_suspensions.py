"""What blew up waits, each time twice as long."""

from __future__ import annotations

import pytest

from executor.errors import FunctionSuspended
from executor.worker import suspensions as module
from executor.worker.suspensions import Suspensions


class Clock:
    """A clock that tests turn."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        """Now."""
        return self.now_s


def wait_of(suspensions: Suspensions, clock: Clock) -> int:
    """How long "f" has to wait, in whole seconds."""
    start_s = clock.now_s
    for waited in range(10_000):
        try:
            suspensions.check("f")
        except FunctionSuspended:
            clock.now_s += 1
        else:
            assert clock.now_s == start_s + waited
            return waited
    raise AssertionError("suspended for ever")


def test_each_failure_in_a_row_waits_twice_as_long() -> None:
    """10 s, 20 s, ... and 10 minutes at most, however many; success starts afresh; others never wait."""
    clock = Clock()
    suspensions = Suspensions("module", clock)
    waits = []
    for _ in range(9):
        suspensions.strike("f", "blew up")
        suspensions.check("g")
        waits.append(wait_of(suspensions, clock))
    assert waits == [10, 20, 40, 80, 160, 320, 600, 600, 600]
    suspensions.clear("f")
    suspensions.check("f")
    suspensions.strike("f", "blew up")
    assert wait_of(suspensions, clock) == 10


def test_tolerated_failures_cost_no_wait() -> None:
    """The third in a row does; the refusal says what happened."""
    clock = Clock()
    suspensions = Suspensions("function", clock, tolerated=2)
    for _ in range(2):
        suspensions.strike("f", "hung")
        suspensions.check("f")
    suspensions.strike("f", "died")
    with pytest.raises(FunctionSuspended, match="function f failed 3 times in a row and is not tried for 10 s: died"):
        suspensions.check("f")


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of failing functions push out the oldest record."""
    monkeypatch.setattr(module, "MAX_KEYS", 3)
    suspensions = Suspensions("module", Clock())
    for name in "fghi":
        suspensions.strike(name, "blew up")
    assert len(suspensions._records) == 3
    suspensions.check("f")
    with pytest.raises(FunctionSuspended):
        suspensions.check("i")
