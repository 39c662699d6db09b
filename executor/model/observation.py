"""What members see of the outside world, and their signatures on it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

from executor.errors import InvalidValue
from executor.model.codec import Hex, Uint16

ERROR_CODE = re.compile(rb"[a-z0-9-]{1,64}")
AGREED_ERROR = re.compile(rb"[a-z0-9-]{1,64}(: [ -~]{1,192})?")
"""A code, and where the committee itself found no value, after a colon, why: counts and strategy, no node's words."""


class Kind(IntEnum):
    """Of an observation: VALUE or ERROR. Of a transcript entry: also DEFAULT, and DRAW after all observations."""

    VALUE = 0
    ERROR = 1
    DEFAULT = 2
    DRAW = 3


@dataclass(frozen=True, slots=True)
class Observation:
    """One local observation. An error's value is a stable code, `[a-z0-9-]{1,64}`, never text."""

    kind: Kind
    value: Hex

    def __post_init__(self) -> None:
        if self.kind in (Kind.DEFAULT, Kind.DRAW):
            raise InvalidValue("an observation is a value or an error; defaults and draws are agreed, not observed")
        if self.kind is Kind.ERROR and not ERROR_CODE.fullmatch(self.value):
            raise InvalidValue("an error code is 1 to 64 characters of [a-z0-9-]")

    @classmethod
    def error(cls, code: str) -> Observation:
        """An error observation with this code."""
        return cls(Kind.ERROR, code.encode("ascii"))


@dataclass(frozen=True, slots=True)
class SignedObservation:
    """An observation with its member and signature (64 bytes, docs/wire.md §3).

    What is signed also names request, function, transcript so far, slot and spec: the holder knows them.
    """

    member: Uint16
    observation: Observation
    signature: Hex
