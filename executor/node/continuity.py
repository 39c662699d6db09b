"""Whether this journal and this signer's record belong together (protocol.md, "Signer record").

Rule 1. A journal that begins while the signer has already bound itself is a lost journal: the promises are not in it.
Rule 2. A signer's record that holds less than it did when this journal was last opened was rolled back.

Such a member could contradict itself, so it does not start; its key's life ends with the epochs it served. What this
cannot see is a journal restored from a copy, or a record rolled back to a moment after the last start.
"""

from __future__ import annotations

from typing import Final as Constant

from executor.errors import StoreError
from executor.model.ids import RequestId
from executor.store.journal import Journal

KEY: Constant = RequestId(bytes(32))  # the journal's key for what is no request's
KIND: Constant = "record-counter"


def check_continuity(journal: Journal, counter: int) -> None:
    """Compare with the last start and remember this one; `counter` is the signer's. Raises StoreError."""
    kept = journal.find(KEY, KIND)
    if kept is None and counter > 0:
        raise StoreError(
            f"the journal is new, but the signer has recorded {counter} promises: without the journal that goes with "
            "them this node could contradict itself; bring the journal back, or register new keys"
        )
    if kept is not None and counter < int(kept):
        raise StoreError(
            f"the signer's record holds {counter} promises, {int(kept)} when this node last started: it was rolled "
            "back and could sign twice; bring the record back, or register new keys"
        )
    journal.save(KEY, KIND, str(counter).encode())
