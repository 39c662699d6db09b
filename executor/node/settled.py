"""Requests that were closed or vanished, for as long as a reorganisation may bring them back.

Rule 1. What is settled keeps its request and record until its block is KEPT_BLOCKS deep: if it comes back, it goes on
        under its record (P2).
Rule 2. Then all of it is deleted, and the horizon, kept with it in one transaction, rises to that depth.
Rule 3. A request made below the horizon that the journal does not hold is closed for good, whatever an endpoint says:
        every block below was read, and what was open there is still held. So nothing is begun afresh under an empty
        record, and nothing has to be remembered for ever.

All of it is kept `soon`: what a crash takes back is read from the chain again.

The journal's kinds: `closed` and `vanished` hold the block at which that happened, `closing` where it did
(chain_memory.py), `horizon` the block of Rule 3.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final as Constant

from executor.chain.watcher import KEPT_BLOCKS
from executor.model.ids import RequestId
from executor.model.receipt import ChainLocation
from executor.node.chain_memory import CURSOR, save_closing
from executor.store.journal import Journal

MAX_SETTLED: Constant = 100_000  # marks in memory; beyond it the oldest are forgotten before their depth
KINDS: Constant = ("request", "record", "vanished", "closed", "closing", "missed", "early")


class Settled:
    """The marks, in the journal and, by block, in memory."""

    def __init__(self, journal: Journal, *, most: int = MAX_SETTLED) -> None:
        self._journal = journal
        self._most = most
        self._blocks: dict[RequestId, int] = {}
        kept = journal.find(CURSOR, "horizon")
        self._horizon = 0 if kept is None else int(kept)
        for kind in ("vanished", "closed"):
            for key, block in journal.load(kind):
                self._blocks[key] = int(block)

    def __contains__(self, request_id: RequestId) -> bool:
        return request_id in self._blocks

    def __len__(self) -> int:
        return len(self._blocks)

    @property
    def horizon(self) -> int:
        """The block of Rule 3."""
        return self._horizon

    def is_closed(self, request_id: RequestId) -> bool:
        """Whether a delivery or expiry stands."""
        return request_id in self and self._journal.find(request_id, "closed") is not None

    def is_closed_at(self, request_id: RequestId, block: int) -> bool:
        """Whether this very delivery or expiry was seen before."""
        return request_id in self and self._journal.find(request_id, "closed") == str(block).encode()

    def is_vanished(self, request_id: RequestId) -> bool:
        """Whether the request's own block is gone."""
        return request_id in self and self._journal.find(request_id, "vanished") is not None

    def close(self, request_id: RequestId, block: int, location: ChainLocation | None = None) -> None:
        """The request was delivered or expired in this block; `location` is None when only time closed it."""
        with self._journal.soon():
            if location is not None:
                save_closing(self._journal, request_id, location)
            self._mark(request_id, "closed", block)

    def vanish(self, request_id: RequestId, block: int) -> None:
        """The block of the request itself is gone."""
        with self._journal.soon():
            self._mark(request_id, "vanished", block)

    def reopen(self, request_id: RequestId) -> None:
        """The block of its delivery or expiry is gone."""
        with self._journal.soon():
            for kind in ("closed", "closing", "missed", "early"):
                self._journal.delete(request_id, kind)
        if not self.is_vanished(request_id):
            self._blocks.pop(request_id, None)

    def come_back(self, request_id: RequestId) -> None:
        """The request stands again."""
        with self._journal.soon():
            self._journal.delete(request_id, "vanished")
        self._blocks.pop(request_id, None)

    def forget(self, next_block: int, unread_from: int | None, held: Container[RequestId] = ()) -> None:
        """Rule 2, for what is deep below `next_block` and not held; the horizon never passes a block to read again."""
        floor = next_block - KEPT_BLOCKS
        if len(self._blocks) > self._most:
            floor = max(floor, sorted(self._blocks.values())[len(self._blocks) - self._most])
        if unread_from is not None:
            floor = min(floor, unread_from)
        gone = [key for key, block in self._blocks.items() if block < floor and key not in held]
        if not gone:
            return
        with self._journal.soon():
            for request_id in gone:
                for kind in KINDS:
                    self._journal.delete(request_id, kind)
            self._horizon = max(self._horizon, floor)
            self._journal.save(CURSOR, "horizon", str(self._horizon).encode())
        for request_id in gone:
            del self._blocks[request_id]

    def _mark(self, request_id: RequestId, kind: str, block: int) -> None:
        self._journal.save(request_id, kind, str(block).encode())
        self._blocks[request_id] = block
