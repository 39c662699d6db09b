"""Views, Prepares and certificates (protocol.md, "Rounds, leaders, views")."""

from __future__ import annotations

from dataclasses import dataclass

from executor.model.codec import Hex, Uint16, Uint32
from executor.model.ids import TranscriptHash
from executor.model.transcript import Transcript


@dataclass(frozen=True, slots=True, order=True)
class View:
    """(round, number of entries of the proposed transcript): the order of everything that is prepared."""

    round: Uint32
    slots: Uint16


NO_VIEW = View(0, 0)
"""The view of requests without observations, and the floor of every comparison."""


@dataclass(frozen=True, slots=True)
class Prepare:
    """A member's signed consent to a transcript in a view; `signature` is over the `prepare` digest of docs/wire.md."""

    member: Uint16
    view: View
    transcript_hash: TranscriptHash
    signature: Hex


@dataclass(frozen=True, slots=True)
class Certificate:
    """q Prepares of one view for one transcript, with the transcript itself."""

    view: View
    transcript: Transcript
    prepares: tuple[Prepare, ...]
