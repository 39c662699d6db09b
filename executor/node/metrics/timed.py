"""Signer and journal with a stop-watch."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from executor.errors import SignerUnavailable
from executor.keys.client import SignerClient
from executor.keys.messages import Answer, Ask
from executor.model.ids import Address, RequestId
from executor.node.metrics.instruments import Instruments
from executor.store.journal import Journal


class TimedSigner(SignerClient):
    """Measures every ask."""

    instruments: Instruments | None = None

    async def ask_key(self, key: Address | None, ask: Ask) -> Answer:
        """As SignerClient says."""
        begun = time.perf_counter()
        try:
            return await super().ask_key(key, ask)
        except SignerUnavailable:
            if self.instruments is not None:
                self.instruments.signer_failures.inc()
            raise
        finally:
            if self.instruments is not None:
                self.instruments.signer.observe(time.perf_counter() - begun)


class TimedJournal:
    """What the driver needs of a journal; commits are measured."""

    def __init__(self, journal: Journal, instruments: Instruments) -> None:
        self._journal = journal
        self._instruments = instruments

    def save(self, request_id: RequestId, kind: str, value: bytes) -> None:
        """As Journal says; a commit of its own unless inside a transaction."""
        self._journal.save(request_id, kind, value)

    def find(self, request_id: RequestId, kind: str) -> bytes | None:
        """As Journal says."""
        return self._journal.find(request_id, kind)

    def flush(self) -> None:
        """As Journal says."""
        self._journal.flush()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """As Journal says; from its begin to its commit."""
        begun = time.perf_counter()
        with self._journal.transaction():
            yield
        self._instruments.journal.observe(time.perf_counter() - begun)
