"""What a node's journal keeps of an epoch's draw key, under the epoch's digest: which attempt is on, and what was made.

Rule 1. What was made is on disk before anybody is told of it; an attempt's number before its request is taken up.
Rule 2. With the epoch goes what is kept of it.
"""

from __future__ import annotations

from typing import Final as Constant

from executor.crypto.digests import epoch_digest
from executor.model.codec import decode, encode
from executor.model.committee import Epoch
from executor.model.ids import RequestId
from executor.protocol.key_effects import MadeKey
from executor.store.journal import Journal

MADE: Constant = "draw-key"
ATTEMPT: Constant = "draw-key-attempt"
MAX_BYTES: Constant = 8 * 1024 * 1024  # of 100 members: their dealings, 32 kB each, and the certified key


class KeptKey:
    """One epoch's entries."""

    def __init__(self, journal: Journal, epoch: Epoch) -> None:
        self._journal = journal
        self._key = RequestId(epoch_digest(epoch.identity))

    @property
    def attempt(self) -> int:
        """The attempt that was on."""
        return int(self._journal.find(self._key, ATTEMPT) or 0)

    def keep_attempt(self, attempt: int) -> None:
        """Rule 1."""
        self._journal.save(self._key, ATTEMPT, str(attempt).encode())

    def find(self) -> MadeKey | None:
        """What was made, if it was."""
        value = self._journal.find(self._key, MADE)
        return None if value is None else decode(MadeKey, value, limit=MAX_BYTES)

    def keep(self, made: MadeKey) -> None:
        """Rule 1."""
        self._journal.save(self._key, MADE, encode(made))

    def forget_request(self, request: RequestId) -> None:
        """An attempt's request is over."""
        self._journal.delete(request)

    def forget(self) -> None:
        """Rule 2."""
        with self._journal.transaction():
            self._journal.delete(self._key, MADE)
            self._journal.delete(self._key, ATTEMPT)
