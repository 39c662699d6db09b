"""Where requests were left out because too many were open, in the journal: the chain is read again from there."""

from __future__ import annotations

from executor.node.chain_memory import CURSOR
from executor.store.journal import Journal

KIND = "shed"


class LeftOut:
    """`since` is the first block with a request that was left out, or None."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        kept = journal.find(CURSOR, KIND)
        self.since = None if kept is None else int(kept)

    def note(self, block: int) -> None:
        """A request of this block is left out; on disk before the cursor, which comes later."""
        if self.since is None or block < self.since:
            self.since = block
            with self._journal.soon():
                self._journal.save(CURSOR, KIND, str(block).encode())

    def forget(self) -> int | None:
        """Have the chain read again: the block to begin at."""
        block, self.since = self.since, None
        if block is not None:
            with self._journal.transaction():
                for kind in (KIND, "marks"):
                    self._journal.delete(CURSOR, kind)
                self._journal.save(CURSOR, "cursor", str(block).encode())
        return block
