"""What people may want to know about a run; no part of it reaches a digest (D6)."""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_MESSAGE_CHARACTERS = 4_096
MAX_EVENTS = 100_000


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line a guest logged; levels as the SDKs number them: 0 debug, 1 info, 2 warning, 3 error."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Event:
    """One host call: what the guest gave, what it got, and what it had burned of its budget after paying.

    The argument of `call` is operation, a zero byte, request; of `observe` the spec; of `read` empty. `result` is the
    number that the import gave back, unsigned: it follows from the answer, so that it is not compared.
    """

    name: str
    fuel_used: int
    argument: bytes
    answer: bytes
    result: int = field(default=0, compare=False)


@dataclass(slots=True)
class Diagnostics:
    """Filled by one run when given to it. Bounded: logs by the profile's ceilings, the message by a constant."""

    logs: list[LogLine] = field(default_factory=list)
    message: str = ""
    memory_bytes: int = 0
    record_events: bool = False
    events: list[Event] = field(default_factory=list)  # with record_events; at most MAX_EVENTS
    loaded: bool = False  # whether the source was taken: what ended the run came from `run`, or from its input
    start_fuel: int = 0  # what was burned until then: the instance, `_initialize` and `load`

    def explain(self, message: str) -> None:
        """Keep the precise reason of the run's end; the first one given stays."""
        if not self.message:
            self.message = message[:MAX_MESSAGE_CHARACTERS]
