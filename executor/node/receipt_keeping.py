"""How long receipts stay on disk.

Rule 1. A receipt younger than EVIDENCE_S stays: a vote in it may still cost a member its stake, and members that were
        down still ask for it.
Rule 2. Older ones go when they are older than the operator wants, and the oldest while all together are too large.
Rule 3. What is no receipt by its name is left alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final as Constant

from executor.node.config import EVIDENCE_DAYS
from executor.store.events import EventLog

DAY_S: Constant = 24 * 3600
EVIDENCE_S: Constant = EVIDENCE_DAYS * DAY_S
LOOK_EVERY_S: Constant = 3600.0
_NAME = re.compile(r"0x[0-9a-f]{64}\.json")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a look left on disk, and what it removed."""

    count: int = 0
    size_bytes: int = 0
    removed: int = 0


def sweep(folder: Path, now_s: float, *, kept_s: float, kept_bytes: int) -> Kept:
    """Remove what need not be kept (Rules 1 to 3); a file that cannot be looked at or removed is passed over."""
    found: list[tuple[float, int, str]] = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if _NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    status = entry.stat()
                    found.append((status.st_mtime, status.st_size, entry.path))
    count, size, removed = len(found), sum(each[1] for each in found), 0
    for written_s, size_bytes, path in sorted(found):
        age_s = now_s - written_s
        if age_s <= EVIDENCE_S or (age_s <= kept_s and size <= kept_bytes):
            break  # every later one is younger
        with contextlib.suppress(OSError):
            Path(path).unlink()
            count, size, removed = count - 1, size - size_bytes, removed + 1
    return Kept(count, size, removed)


class ReceiptKeeping:
    """Looks at the folder now and then."""

    def __init__(self, folder: Path, events: EventLog, *, kept_days: int, kept_bytes: int) -> None:
        self._folder = folder
        self._events = events
        self._kept_s = kept_days * DAY_S
        self._kept_bytes = kept_bytes
        self.kept = Kept()

    async def run(self) -> None:
        """Until cancelled; the disk is asked in a thread."""
        while True:
            self.kept = await asyncio.to_thread(
                sweep, self._folder, time.time(), kept_s=self._kept_s, kept_bytes=self._kept_bytes
            )
            if self.kept.removed:
                self._events.add("receipts-removed", "", count=self.kept.removed, left=self.kept.count)
            await asyncio.sleep(LOOK_EVERY_S)
