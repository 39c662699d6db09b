"""How a guest in observe mode reaches the world: what the machine requires of whoever answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from executor.errors import InvalidValue
from executor.model.observation import ERROR_CODE


@dataclass(frozen=True, slots=True)
class Answer:
    """The response to a call (status 0)."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call that gave no response (status 1), with a stable code `[a-z0-9-]{1,64}`."""

    code: str

    def __post_init__(self) -> None:
        if not ERROR_CODE.fullmatch(self.code.encode("utf-8")):
            raise InvalidValue(f"{self.code!r} is no code of 1 to 64 characters of [a-z0-9-]")


Response: TypeAlias = Answer | Refusal


class Capabilities(Protocol):
    """Answers the calls of one observe run.

    `call` is made for granted, known operations only, one at a time. It may block. What it raises becomes a HostFault:
    everything the world does wrong is a Refusal.
    """

    def call(self, operation: str, request: bytes) -> Response:
        """The response to one call."""
        ...
