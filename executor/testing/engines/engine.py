"""Whatever answers cases, and the ones that do it in a process of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Protocol, Self

from executor.errors import WorkerDied
from executor.testing.engines.cases import Case, encode
from executor.testing.engines.process import LineProcess
from executor.testing.engines.rows import Row


class Engine(Protocol):
    """Whatever answers cases. Use it as a context manager; one thread at a time."""

    name: str

    def rows(self, cases: Iterable[Case]) -> Iterator[Row]:
        """A row for every case, in order. Raises WorkerDied or WatchdogExpired (both HostFault) naming the case."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class ProcessEngine(LineProcess):
    """An engine behind a command.

    A module is sent once for a run of cases that share it, so group the cases by module.
    """

    _module = ""

    def rows(self, cases: Iterable[Case]) -> Iterator[Row]:
        """A row for every case, in order; after an error the next call goes on with a new process."""
        for case in cases:
            yield self._answer(case)

    def _answer(self, case: Case) -> Row:
        known = self.running and self._module == case.module_digest
        self._module = case.module_digest
        row = Row.of_line(self.ask(encode(case.terms()) if known else case.line(), f"case {case.name}"))
        if row.name != case.name:
            self.close()
            raise WorkerDied(f"engine {self.name}: answered {row.name!r} for case {case.name!r}")
        return row
