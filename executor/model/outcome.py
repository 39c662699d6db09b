"""What a run ends in. Closed sums: match them with `assert_never`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from executor.errors import InvalidValue


class TrapCode(IntEnum):
    """Why the machine stopped a guest; coarse, because engines disagree on finer kinds. Stable on the wire."""

    OUT_OF_FUEL = 1
    STACK = 2
    TRAP = 3
    ABI = 4


@dataclass(frozen=True, slots=True)
class Returned:
    """The guest returned `output`."""

    output: bytes
    fuel_used: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The guest reported an error itself; `error` is never empty."""

    error: bytes
    fuel_used: int

    def __post_init__(self) -> None:
        if not self.error:
            raise InvalidValue("the error bytes of a Failed outcome are never empty")


@dataclass(frozen=True, slots=True)
class Trapped:
    """The machine stopped the guest; `fuel_used` is the whole budget."""

    code: TrapCode
    fuel_used: int


@dataclass(frozen=True, slots=True)
class Awaiting:
    """The run reached an observation or a draw that the transcript does not answer; never signed.

    `spec` is canonical JSON (executor/model/spec.py, executor/model/draw.py).
    """

    slot: int
    spec: bytes


Final: TypeAlias = Returned | Failed | Trapped
Outcome: TypeAlias = Final | Awaiting
