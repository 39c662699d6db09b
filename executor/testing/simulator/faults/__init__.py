"""Named Byzantine faults of simulated members; what each can and cannot do: docs/threat-model.md."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from executor.testing.simulator.faults.absence import Deaf, HalfSilent, Silent, Slow
from executor.testing.simulator.faults.drawing import EarlyDraws, StatesAnything, WithheldDraws, WrongParts
from executor.testing.simulator.faults.elsewhere import OtherEpochs
from executor.testing.simulator.faults.fault import Fault
from executor.testing.simulator.faults.forgery import ForgedSignatures, PoisonFirst, Stranger
from executor.testing.simulator.faults.hidden import ConsentsToEverything, HiddenLocks
from executor.testing.simulator.faults.leaders import SpammingLeader, TwoFacedLeader, WithholdingLeader
from executor.testing.simulator.faults.lies import (
    EquivocatingObservations,
    EquivocatingVotes,
    LyingObservation,
    UnsteadyWorker,
    WrongOutputs,
)
from executor.testing.simulator.faults.repetition import Borrowing, Flooding, Replays

_CLASSES: Final[tuple[type[Fault], ...]] = (
    Silent,
    HalfSilent,
    Slow,
    Deaf,
    LyingObservation,
    EquivocatingObservations,
    EquivocatingVotes,
    WrongOutputs,
    UnsteadyWorker,
    ForgedSignatures,
    PoisonFirst,
    Stranger,
    Replays,
    Borrowing,
    OtherEpochs,
    Flooding,
    TwoFacedLeader,
    WithholdingLeader,
    SpammingLeader,
    HiddenLocks,
    ConsentsToEverything,
    WithheldDraws,
    WrongParts,
    StatesAnything,
    EarlyDraws,
)

FAULTS: Final[Mapping[str, type[Fault]]] = MappingProxyType({each.name: each for each in _CLASSES})

__all__ = ["FAULTS", "Fault"]
