"""What the request book asks of others."""

from __future__ import annotations

from typing import Protocol

from executor.chain.logs import SeenDelivery
from executor.model.billing import Charge, Quote
from executor.model.receipt import Bill
from executor.model.request import Request


class LoadBill(Protocol):
    """How the book learns what a delivered request cost (executor/chain/bills.py)."""

    async def __call__(self, request: Request, quote: Quote | None, charge: Charge, block: int, /) -> Bill:
        """The bill of a request delivered or pushed in a block; raises ChainError."""


class Misses(Protocol):
    """Told of deliveries whose receipt this node does not have (catchup.py)."""

    def miss(self, delivery: SeenDelivery) -> None:
        """Never waits."""
