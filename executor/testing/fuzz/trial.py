"""One module on trial: through executor.vm, as it was, and instrumented on every engine."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from hashlib import sha256
from types import TracebackType
from typing import Final, Self

from executor.errors import HostFault, WatchdogExpired
from executor.testing.engines import Case, Row
from executor.testing.engines.engine import ProcessEngine
from executor.testing.fuzz.compare import between_engines, exact_fuel, is_whole, outcome, with_original
from executor.testing.fuzz.draw import Subject, first_case, further_cases
from executor.testing.fuzz.report import Report
from executor.testing.fuzz.tape import Tape

MACHINE_FUEL: Final = 10_000_000  # a hundredth of a second; instantiation and host calls cost most of it
TIMEOUT_S: Final = 60.0


class Divergence(Exception):
    """Engines, or a module before and after instrumentation, disagree; or a process that runs them died."""

    def __init__(self, module: bytes, message: str, case: Case | None = None) -> None:
        super().__init__(message)
        self.module, self.message, self.case = module, message, case

    @property
    def late(self) -> bool:
        """Whether a watchdog expired: if that does not happen again, the machine was busy."""
        return isinstance(self.__cause__, WatchdogExpired)

    @property
    def kind(self) -> str:
        """Who disagrees, or what died: what stays the same while a module is made smaller."""
        return self.message.partition(":")[0]


class Court:
    """The processes that answer, each waited for in a thread of its own; use it as a context manager."""

    def __init__(self, engines: Sequence[ProcessEngine]) -> None:
        self.machine = _own("executor.vm", "host_machine")
        self.original = _own("original", "host_original")
        self.engines = list(engines)
        self._pool = ThreadPoolExecutor(len(engines))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for engine in (self.machine, self.original, *self.engines):
            engine.close()
        self._pool.shutdown()

    def load(self, name: str, module: bytes, budget: int = MACHINE_FUEL) -> Row:
        """Load a module with executor.vm and run it there; the row's note is the reason or the outcomes."""
        return _ask(self.machine, Case(name, module, budget, ()), module)

    def try_module(self, subject: Subject, terms: Tape, report: Report) -> set[str]:
        """Run a module everywhere and compare; the classes of what happened. Raises Divergence."""
        first = first_case(subject, terms)
        row = _ask(self.engines[0], first, subject.original)
        cases = [first, *further_cases(first, row, terms)]
        rows = [row, *(_ask(self.engines[0], case, subject.original) for case in cases[1:])]
        for case, other in zip(cases[1:], rows[1:], strict=True):
            if case.depth == first.depth and (words := exact_fuel(first, row, case.budget, other)):
                raise Divergence(subject.original, words, case)
        whole = [(case, row) for case, row in zip(cases, rows, strict=True) if is_whole(row)]
        bare = [replace(case, module=subject.original) for case, _ in whole]
        before = self._pool.submit(_ask_all, self.original, bare, subject.original)
        answers = [self._pool.submit(_ask_all, engine, cases, subject.original) for engine in self.engines[1:]]
        wait((before, *answers))
        for engine, answer in zip(self.engines[1:], answers, strict=True):
            for case, mine, theirs in zip(cases, rows, answer.result(), strict=True):
                if words := between_engines(mine, theirs):
                    raise Divergence(subject.original, f"{self.engines[0].name} and {engine.name}: {words}", case)
        for (case, mine), original in zip(whole, before.result(), strict=True):
            if words := with_original(mine, original):
                raise Divergence(subject.original, f"instrumented and original: {words}", case)
        found = {outcome(item) for item in rows}
        report.count(rows, len(self.engines), len(whole))
        return found


def digest_name(module: bytes) -> str:
    """A module's name: the first twelve digits of its SHA-256."""
    return sha256(module).hexdigest()[:12]


def _own(name: str, host: str) -> ProcessEngine:
    return ProcessEngine(
        name, lambda: [sys.executable, "-m", f"executor.testing.fuzz.{host}"], timeout_s=TIMEOUT_S
    )  # fmt: skip


def _ask_all(engine: ProcessEngine, cases: Sequence[Case], module: bytes) -> list[Row]:
    return [_ask(engine, case, module) for case in cases]


def _ask(engine: ProcessEngine, case: Case, module: bytes) -> Row:
    try:
        return next(iter(engine.rows((case,))))
    except HostFault as fault:
        raise Divergence(module, str(fault), case) from fault
