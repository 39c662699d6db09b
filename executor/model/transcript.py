"""What was agreed for one request, observations then draws: with function and request it fixes the outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from executor.errors import InvalidValue
from executor.model.codec import Hex
from executor.model.draw import PROOF_BYTES, is_draw
from executor.model.observation import AGREED_ERROR, Kind, SignedObservation


@dataclass(frozen=True, slots=True)
class Entry:
    """One agreed observation, or a draw. `spec` is canonical JSON; a draw's value is its proof (docs/randomness.md).

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
        if (self.kind is Kind.DRAW) != is_draw(self.spec):
            raise InvalidValue("an entry is of kind draw exactly when its spec is a draw's")
        if self.kind is Kind.DRAW and (len(self.value) != PROOF_BYTES or self.observations):
            raise InvalidValue(f"a draw's value is a proof of {PROOF_BYTES} bytes, and nobody observes it")


Transcript: TypeAlias = tuple[Entry, ...]


def observed(transcript: Transcript) -> Transcript:
    """The observation entries before the first draw: what a view counts and a certificate covers."""
    return next((transcript[:at] for at, entry in enumerate(transcript) if entry.kind is Kind.DRAW), transcript)


def extends(longer: Transcript, shorter: Transcript) -> bool:
    """Whether `longer` equals `shorter` or continues it."""
    return longer[: len(shorter)] == shorter
