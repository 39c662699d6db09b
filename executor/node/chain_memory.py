"""What a node remembers of the chain, so that after a restart it notices what was reorganised while it was down.

The journal's kinds: `marks`, blocks that were canonical, under the key of the cursor; `closing`, where a request's
delivery or expiry stood.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from executor.chain.logs import Closed, Seen
from executor.chain.watcher import Mark, Scanned
from executor.model.codec import decode, encode
from executor.model.ids import RequestId
from executor.model.receipt import ChainLocation
from executor.store.journal import Journal

CURSOR = RequestId(bytes(32))  # the journal's key for where to go on reading the chain
REREAD_BLOCKS = 64  # read again after a restart of a node whose journal has no marks to compare with
MAX_MARKS_BYTES = 65_536  # a watcher's marks are about twenty


@dataclass(frozen=True, slots=True)
class Marks:
    """As journaled."""

    marks: tuple[Mark, ...]


def save_scanned(journal: Journal, scanned: Scanned) -> None:
    """Where to go on, and the marks to compare with."""
    with journal.soon():
        journal.save(CURSOR, "cursor", str(scanned.next_block).encode())
        if scanned.marks:
            journal.save(CURSOR, "marks", encode(Marks(scanned.marks)))


def load_cursor(journal: Journal, start_block: int) -> int:
    """The block to read next: some before the journaled one, or `start_block` on a first start."""
    kept = journal.find(CURSOR, "cursor")
    return start_block if kept is None else max(start_block, int(kept) - REREAD_BLOCKS)


def load_marks(journal: Journal) -> tuple[Mark, ...]:
    """The marks of the last `Scanned`, oldest first."""
    value = journal.find(CURSOR, "marks")
    if value is None:
        return ()
    kept: Marks = decode(Marks, value, limit=MAX_MARKS_BYTES)
    return kept.marks


def save_closing(journal: Journal, request_id: RequestId, location: ChainLocation) -> None:
    """Where the request was closed."""
    journal.save(request_id, "closing", encode(location))


def load_closings(journal: Journal) -> Iterator[Seen | Closed]:
    """The closings that a reorganisation may still undo."""
    for key, value in journal.load("closing"):
        yield Closed(key, decode(ChainLocation, value, limit=MAX_MARKS_BYTES))
