"""Requests of the members' own, which stand on no chain: the machine agrees on them as on others, and that is all.

Nothing of them is delivered, counted, or kept as a receipt; they have no function but the one that answers here.
"""

from __future__ import annotations

from typing import Final as Constant
from typing import Protocol

from executor.model.ids import RequestId
from executor.model.observation import Observation
from executor.model.outcome import Outcome
from executor.model.request import Request
from executor.model.transcript import Transcript

UNDELIVERABLE_GAS: Constant = 2**40  # no transaction has it: such a report goes into no batch (protocol/batching.py)


class BuiltIn(Protocol):
    """Answers for a request instead of the workers, and hears how it ended."""

    def execute(self, transcript: Transcript) -> Outcome:
        """The pure run; quick."""

    async def observe(self, request_id: RequestId, transcript: Transcript) -> Observation | None:
        """This node's own word for the awaited slot, however long it takes; None where it has none any more."""

    async def attested(self, request_id: RequestId, transcript: Transcript) -> None:
        """Its outcome is attested. Told once, and once more after a restart."""


class Conducts(Protocol):
    """The driver, as whoever has such requests needs it."""

    async def conduct(self, request: Request, built_in: BuiltIn) -> None:
        """Take up a request, under its record where there is one."""

    async def conclude(self, request_id: RequestId) -> None:
        """It is over; nothing of it is saved any more when this returns."""
