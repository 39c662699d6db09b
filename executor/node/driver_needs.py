"""What the driver needs of others: where guests run, proofs of draws come from, statements are signed, records kept."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from executor.model.draw import DrandDraw
from executor.model.function import Function
from executor.model.ids import RequestId
from executor.model.observation import Observation
from executor.model.outcome import Outcome
from executor.model.request import Request
from executor.model.transcript import Transcript
from executor.protocol.statements import Signatures, Statement


class Runs(Protocol):
    """Where guests run."""

    async def execute(self, function: Function, request: Request, transcript: Transcript) -> Outcome:
        """The pure run; raises HostFault."""

    async def observe(self, function: Function, request: Request, transcript: Transcript) -> Observation:
        """This node's own look at the awaited slot; raises HostFault."""


class Draws(Protocol):
    """Where proofs of draws come from."""

    async def obtain(self, draw: DrandDraw) -> bytes:
        """The proof, verified or not: the machine verifies it; raises DrawUnavailable."""


class Signs(Protocol):
    """The signer process, as the driver needs it."""

    async def sign(self, statement: Statement) -> Signatures:
        """Signatures over a statement; raises SigningRefused or SignerUnavailable."""


class Keeps(Protocol):
    """The durable journal."""

    def save(self, request_id: RequestId, kind: str, value: bytes) -> None:
        """Durable when it returns."""

    def find(self, request_id: RequestId, kind: str) -> bytes | None:
        """The value, or None."""

    def transaction(self) -> AbstractContextManager[None]:
        """Everything inside is durable together when it ends."""

    def flush(self) -> None:
        """Everything saved so far is durable."""
