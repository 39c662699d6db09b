"""D4: only fuel ends a running guest; wall-clock time changes no outcome."""

from __future__ import annotations

import signal
import time

from vm.guests import program, request

from executor.model.outcome import TrapCode, Trapped
from executor.vm import execute
from executor.vm.engine import SETTINGS


def test_the_engine_has_no_clock() -> None:
    """Epoch interruption, the engine's other way to end a guest, is off."""
    assert SETTINGS["epoch_interruption"] is False


def test_signals_and_time_change_nothing() -> None:
    """A run of tens of milliseconds under a timer that fires every millisecond ends as it does alone."""
    target = program("(loop (br 0)) unreachable", limits={"fuel": 500_000_000})
    fired = []
    previous = signal.signal(signal.SIGALRM, lambda *_: fired.append(time.monotonic()))
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        outcomes = {execute(target, request(target)) for _ in range(3)}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert outcomes == {Trapped(TrapCode.OUT_OF_FUEL, 500_000_000)}
    assert fired
