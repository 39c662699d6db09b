"""The agreed observations of one request, in order: with function and request it fixes the outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from executor.errors import InvalidValue
from executor.model.codec import Hex
from executor.model.observation import AGREED_ERROR, Kind, SignedObservation


@dataclass(frozen=True, slots=True)
class Entry:
    """One agreed observation. `spec` is canonical JSON.

    `observations` is the observation set the value was derived from: evidence for people and verifiers, part of no
    hash and of no comparison, because equal agreed values are equal entries whoever led.
    """

    spec: Hex
    kind: Kind
    value: Hex
    observations: tuple[SignedObservation, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if self.kind is Kind.ERROR and not AGREED_ERROR.fullmatch(self.value):
            raise InvalidValue("an agreed error is a code of 1 to 64 characters of [a-z0-9-], or `code: reason`")


Transcript: TypeAlias = tuple[Entry, ...]


def extends(longer: Transcript, shorter: Transcript) -> bool:
    """Whether `longer` equals `shorter` or continues it."""
    return longer[: len(shorter)] == shorter
