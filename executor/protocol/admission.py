"""Which functions an epoch runs: those that fit into a third of its round (protocol.md, "Rounds, leaders, views").

A round must hold an agreed run, an observe run and the messages between them. What a function may use is in its id, so
every member decides alike.
"""

from __future__ import annotations

from executor.errors import InvalidManifest
from executor.model.committee import Epoch
from executor.model.manifest import Terms

FUEL_PER_SECOND = 7_500_000_000  # the slower half of what was measured: 9 to 15 G fuel a second on one core


def fuel_ceiling(round_length_s: int) -> int:
    """The fuel that a third of a round holds."""
    return FUEL_PER_SECOND * round_length_s // 3


def check_admission(epoch: Epoch, terms: Terms) -> None:
    """Raises InvalidManifest when the function's limits do not fit the epoch's rounds."""
    ceiling = fuel_ceiling(epoch.round_length_s)
    for name in ("fuel", "observe_fuel"):
        asked = getattr(terms.limits, name)
        if asked > ceiling:
            raise InvalidManifest(
                f"limits.{name} = {asked}: epoch {epoch.number} has rounds of {epoch.round_length_s} s, "
                f"whose third holds {ceiling}"
            )
