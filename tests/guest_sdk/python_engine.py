"""Python functions on the machine itself, as a node runs them; the engine is compiled once on this machine."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from executor.model.function import Function
from executor.model.manifest import Terms
from executor.model.observation import Observation
from executor.model.outcome import Failed, Outcome, Returned
from executor.model.profile import PROFILE
from executor.model.request import Request
from executor.model.transcript import Transcript
from executor.receipts import engine_for
from executor.receipts.loader import Loader, user_cache
from executor.vm import Diagnostics, Program, Response, execute, load, observe

TIMESTAMP = 1_700_000_000
FUEL = 5_000_000_000
SPARE_SLOTS = 1_000
CRAMPED = replace(PROFILE, metering=replace(PROFILE.metering, depth=PROFILE.metering.depth - SPARE_SLOTS))
"""The profile with fewer stack slots: whatever recurses ends before the machine's own end of the stack."""

ENGINE = engine_for("python")
LOADER = Loader(modules=2, directory=user_cache())


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended."""

    outcome: Outcome | Observation
    diagnostics: Diagnostics

    @property
    def output(self) -> bytes:
        """What was returned."""
        assert isinstance(self.outcome, Returned), (self.outcome, self.diagnostics.message, self.logs)
        return self.outcome.output

    @property
    def text(self) -> str:
        """The same as text."""
        return self.output.decode()

    @property
    def error(self) -> str:
        """What it failed with."""
        assert isinstance(self.outcome, Failed), (self.outcome, self.diagnostics.message)
        return self.outcome.error.decode()

    @property
    def logs(self) -> list[tuple[int, str]]:
        """Levels and lines."""
        return [(line.level, line.text) for line in self.diagnostics.logs]


@lru_cache(maxsize=1)
def _serialized() -> bytes:
    return LOADER(Function(ENGINE, Terms(), b"x")).serialize()


class Unreachable:
    """A node that reaches nothing."""

    def call(self, operation: str, request: bytes) -> Response:
        raise AssertionError(f"{operation} was called")


def program(source: str | bytes, *, cramped: bool = False, **terms: Any) -> Program:
    """A source with the SDK's names imported, as a node loads it."""
    limits = {"fuel": FUEL, "observe_fuel": FUEL, "output_bytes": 65_536, **terms.pop("limits", {})}
    data = textwrap.dedent(source).encode() if isinstance(source, str) else source
    function = Function(ENGINE, Terms.model_validate({"limits": limits, **terms}), data)
    return load(function, CRAMPED, compiled=_serialized()) if cramped else LOADER(function)


def run(source: str | bytes, data: bytes = b"", transcript: Transcript = (), **terms: Any) -> Ran:
    """An agreed run."""
    loaded, diagnostics = program(source, **terms), Diagnostics()
    request = Request.local(loaded.function_id, data, block_timestamp=TIMESTAMP)
    return Ran(execute(loaded, request, transcript, diagnostics=diagnostics), diagnostics)


def look(source: str, world: Any = None, transcript: Transcript = (), **terms: Any) -> Ran:
    """An observe run."""
    loaded, diagnostics = program(source, **terms), Diagnostics()
    request = Request.local(loaded.function_id, b"", block_timestamp=TIMESTAMP)
    seen = observe(loaded, request, transcript, world or Unreachable(), diagnostics=diagnostics)
    return Ran(seen, diagnostics)


def body(lines: str, imports: str = "") -> str:
    """A function whose body is this."""
    head = f"from executor_guest import *\n{imports}\n@function\ndef main(request):\n"
    return head + textwrap.indent(textwrap.dedent(lines).strip("\n"), "    ") + "\n"
