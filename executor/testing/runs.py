"""One run written down: every host call, how it ended, and what it said; for people and tests only (D6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate
from typing import Final, TypeAlias

from executor.model.observation import Observation
from executor.model.outcome import Outcome
from executor.model.request import Request
from executor.model.transcript import Transcript
from executor.vm import Capabilities, Diagnostics, Event, LogLine, Program, execute, observe

End: TypeAlias = Outcome | Observation
_EMPTY: Final = bytes(16)


@dataclass(frozen=True, slots=True)
class Trace:
    """A run: its host calls in order, its end, its log, and the machine's own words for why it ended."""

    events: tuple[Event, ...]
    end: End
    logs: tuple[LogLine, ...] = ()
    message: str = ""

    def prefixes(self) -> list[bytes]:
        """A digest of each beginning of the host calls: entry i is of the first i of them."""
        return list(accumulate((event_bytes(event) for event in self.events), _chain, initial=_EMPTY))


def traced(
    program: Program, request: Request, transcript: Transcript = (), capabilities: Capabilities | None = None
) -> Trace:
    """One run of `execute`, or with capabilities of `observe`. Raises what they raise."""
    diagnostics = Diagnostics(record_events=True)
    if capabilities is None:
        end: End = execute(program, request, transcript, diagnostics=diagnostics)
    else:
        end = observe(program, request, transcript, capabilities, diagnostics=diagnostics)
    return Trace(tuple(diagnostics.events), end, tuple(diagnostics.logs), diagnostics.message)


def event_bytes(event: Event) -> bytes:
    """One byte string for each event: every part with its length before it."""
    parts: Sequence[bytes] = (event.name.encode(), b"%d" % event.fuel_used, event.argument, event.answer)
    return b"".join(len(part).to_bytes(8, "little") + part for part in parts)


def _chain(before: bytes, data: bytes) -> bytes:
    return blake2b(before + data, digest_size=16).digest()
