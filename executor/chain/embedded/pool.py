"""Transactions that wait to be mined: one for each (sender, nonce)."""

from __future__ import annotations

from typing import Any
from typing import Final as Constant

from executor.chain.embedded.errors import Refused

MAX_WAITING: Constant = 4096  # a development chain; bounds memory when a client sends only nonces from the future
BUMP_PERCENT: Constant = 10  # geth's price bump for a replacement


class Pool:
    """Waiting transactions, best tip first among those whose nonce is next."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[bytes, int], Any] = {}

    def add(self, transaction: Any) -> None:
        """Keep a transaction; raises Refused for a full pool or an underpriced replacement."""
        key = (transaction.sender, transaction.nonce)
        former = self._waiting.get(key)
        if former is not None and former.hash == transaction.hash:
            raise Refused("already known")
        if former is not None and transaction.max_fee_per_gas * 100 < former.max_fee_per_gas * (100 + BUMP_PERCENT):
            raise Refused("replacement transaction underpriced")
        if former is None and len(self._waiting) >= MAX_WAITING:
            raise Refused("the pool is full")
        self._waiting[key] = transaction

    def next(self, nonces: Any, base_fee: int) -> Any:
        """The executable transaction that pays the most, or None; `nonces(sender)` is the sender's next nonce."""
        ready = [
            transaction
            for (sender, nonce), transaction in self._waiting.items()
            if transaction.max_fee_per_gas >= base_fee and nonces(sender) == nonce
        ]
        return max(ready, key=lambda ready: ready.max_priority_fee_per_gas, default=None)

    def drop(self, transaction: Any) -> None:
        """Forget a transaction."""
        self._waiting.pop((transaction.sender, transaction.nonce), None)

    def find(self, hash: bytes) -> Any:
        """The waiting transaction with this hash, or None."""
        return next((waiting for waiting in self._waiting.values() if waiting.hash == hash), None)

    def next_nonce(self, sender: bytes, nonce: int) -> int:
        """The first nonce from `nonce` on that nothing waits with."""
        while (sender, nonce) in self._waiting:
            nonce += 1
        return nonce

    def clear(self) -> None:
        """Forget everything."""
        self._waiting.clear()
