"""Named Byzantine faults: a node that misbehaves in one known way, for demonstrations and tests of the others.

`python -m executor.testing.faults --fault NAME --config FILE` runs a real node with the fault built in. What each can
and cannot do to the others: docs/threat-model.md.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal, localcontext
from pathlib import Path
from typing import TYPE_CHECKING

from executor.model.codec import encode_json
from executor.model.draw import DrandDraw, parse_draw
from executor.model.function import Function
from executor.model.observation import Kind, Observation
from executor.model.outcome import Outcome, Returned
from executor.model.request import Request
from executor.model.transcript import Entry, Transcript
from executor.model.values import MAX_DIGITS
from executor.testing.fast_signatures import ROUNDS_SECRET, sign_round
from executor.testing.json_text import parse_json

if TYPE_CHECKING:
    from executor.node.driver_needs import Runs

LIE_FACTOR = 10
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_DIGIT = re.compile("[0-9]")


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


def lie_about(value: bytes) -> bytes:
    """What `lying-observation` tells of a value: of the same form, so that it is counted."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return value
    try:
        fields = parse_json(value)
    except ValueError:
        fields = None
    if isinstance(fields, dict) and all(isinstance(each, str) for each in fields.values()):
        return encode_json({name: _lie(each) for name, each in fields.items()})
    return _lie(text).encode()


def _lie(text: str) -> str:
    if _NUMBER.fullmatch(text) is None:
        return _DIGIT.sub("9", text)
    with localcontext(prec=2 * MAX_DIGITS):  # exact, and never written with an exponent
        return f"{Decimal(text) * LIE_FACTOR:f}"


class LyingObservation(HonestRuns):
    """Observes honestly, then reports ten times the number it saw, in other text a 9 for each digit."""

    async def observe(self, function: Function, request: Request, transcript: Transcript) -> Observation:
        """A lie."""
        seen = await self._honest.observe(function, request, transcript)
        return Observation(Kind.VALUE, lie_about(seen.value)) if seen.kind is Kind.VALUE else seen


class WrongOutput(HonestRuns):
    """Observes honestly and votes for another output than execution gave."""

    async def execute(self, function: Function, request: Request, transcript: Transcript) -> Outcome:
        """The honest run, its output inverted."""
        outcome = await self._honest.execute(function, request, transcript)
        if isinstance(outcome, Returned):
            return Returned(bytes(byte ^ 0xFF for byte in outcome.output), outcome.fuel_used)
        return outcome


class OtherRound(HonestRuns):
    """Votes for what the function returns of the round after the one that was drawn, rightly signed as it is.

    Of the development chain alone (relays.py): of no other could a member have such a round's signature in time.
    """

    async def execute(self, function: Function, request: Request, transcript: Transcript) -> Outcome:
        """The honest run of another draw."""
        return await self._honest.execute(function, request, tuple(_next_round(entry) for entry in transcript))


def _next_round(entry: Entry) -> Entry:
    if entry.kind is not Kind.DRAW or not isinstance(draw := parse_draw(entry.spec), DrandDraw):
        return entry
    return replace(entry, value=sign_round(ROUNDS_SECRET, draw.round + 1))


FAULTS: Mapping[str, Callable[[Runs], Runs]] = {
    "lying-observation": LyingObservation,
    "wrong-output": WrongOutput,
    "other-round": OtherRound,
}


def main() -> None:
    """Run a faulty node until it is stopped."""
    from executor.compose import run_node
    from executor.testing.draw_faults import DRAW_FAULTS

    parser = argparse.ArgumentParser(description="A node with a named Byzantine fault.")
    parser.add_argument("--fault", required=True, choices=sorted([*FAULTS, *DRAW_FAULTS]))
    parser.add_argument("--config", required=True, type=Path)
    arguments = parser.parse_args()
    name = arguments.fault
    faulty = {"wrap": FAULTS[name]} if name in FAULTS else {"signs": DRAW_FAULTS[name]}
    asyncio.run(run_node(arguments.config, **faulty))


if __name__ == "__main__":
    main()
