"""Named Byzantine faults: a node that misbehaves in one known way, for demonstrations and tests of the others.

`python -m executor.testing.faults --fault NAME --config FILE` runs a real node with the fault built in. What each can
and cannot do to the others: docs/threat-model.md.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, localcontext
from pathlib import Path

from executor.model.function import Function
from executor.model.observation import Kind, Observation
from executor.model.outcome import Outcome, Returned
from executor.model.request import Request
from executor.model.transcript import Transcript
from executor.model.values import MAX_DIGITS
from executor.node.driver import Runs

LIE_FACTOR = 10
_NUMBER = re.compile(rb"-?(0|[1-9][0-9]*)(\.[0-9]+)?")


class HonestRuns:
    """Passes everything on; faults change one thing each."""

    def __init__(self, honest: Runs) -> None:
        self._honest = honest

    async def execute(self, function: Function, request: Request, transcript: Transcript) -> Outcome:
        """The honest run."""
        return await self._honest.execute(function, request, transcript)

    async def observe(self, function: Function, request: Request, transcript: Transcript) -> Observation:
        """The honest observation."""
        return await self._honest.observe(function, request, transcript)


class LyingObservation(HonestRuns):
    """Observes honestly, then reports ten times the number it saw."""

    async def observe(self, function: Function, request: Request, transcript: Transcript) -> Observation:
        """A lie."""
        seen = await self._honest.observe(function, request, transcript)
        if seen.kind is Kind.VALUE and _NUMBER.fullmatch(seen.value):
            with localcontext(prec=2 * MAX_DIGITS):  # exact, and never written with an exponent
                return Observation(Kind.VALUE, f"{Decimal(seen.value.decode()) * LIE_FACTOR:f}".encode())
        return seen


class WrongOutput(HonestRuns):
    """Observes honestly and votes for another output than execution gave."""

    async def execute(self, function: Function, request: Request, transcript: Transcript) -> Outcome:
        """The honest run, its output inverted."""
        outcome = await self._honest.execute(function, request, transcript)
        if isinstance(outcome, Returned):
            return Returned(bytes(byte ^ 0xFF for byte in outcome.output), outcome.fuel_used)
        return outcome


FAULTS: Mapping[str, Callable[[Runs], Runs]] = {
    "lying-observation": LyingObservation,
    "wrong-output": WrongOutput,
}


def main() -> None:
    """Run a faulty node until it is stopped."""
    from executor.compose import run_node

    parser = argparse.ArgumentParser(description="A node with a named Byzantine fault.")
    parser.add_argument("--fault", required=True, choices=sorted(FAULTS))
    parser.add_argument("--config", required=True, type=Path)
    arguments = parser.parse_args()
    asyncio.run(run_node(arguments.config, wrap=FAULTS[arguments.fault]))


if __name__ == "__main__":
    main()
