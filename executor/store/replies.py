"""Raw replies of http@1 that a node keeps for its operator: bounded, the oldest go, nothing rests on them.

Rule 1. A file of its own, readable by the node's user only; losing it loses nothing, so no write waits for the disk.
Rule 2. At most so many replies and so many bytes; whoever floods it pushes out what is oldest.
Rule 3. A file that is damaged, or whose disk fails, keeps nothing more, and no run is the worse for it.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final as Constant

from executor.errors import StoreError
from executor.model.codec import decode, encode
from executor.model.ids import RequestId
from executor.model.reply import MAX_BODY_BYTES, KeptReply

logger = logging.getLogger(__name__)

FILE: Constant = "replies.sqlite3"
VERSION: Constant = 1
MAX_ROW_BYTES: Constant = 2 * MAX_BODY_BYTES + 131_072  # hex, and headers
READ_TIMEOUT_S: Constant = 2.0
_SCHEMA: Constant = (
    "CREATE TABLE IF NOT EXISTS replies (place INTEGER PRIMARY KEY AUTOINCREMENT, request BLOB NOT NULL, "
    "at REAL NOT NULL, reply BLOB NOT NULL)",
    "CREATE INDEX IF NOT EXISTS replies_by_request ON replies (request, place)",
    f"PRAGMA user_version = {VERSION}",
)


@dataclass(frozen=True, slots=True)
class StoredReply:
    """A reply, whose request it was for and when it came."""

    request_id: RequestId
    at_s: float
    reply: KeptReply


class ReplyStore:
    """The node's own hold on the file; may be used from any thread."""

    def __init__(self, path: Path, *, replies: int, max_bytes: int) -> None:
        self._most, self._max_bytes = replies, max_bytes
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._database: sqlite3.Connection | None = _opened(path)
            self._sizes = _sizes(self._database)
            self._total = sum(self._sizes.values())
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"cannot open {path}: {error}; it may be deleted, nothing rests on it") from error

    def keep(self, request_id: RequestId, reply: KeptReply) -> None:
        """Add a reply and drop what is too much; a failing disk is told of once (Rule 3)."""
        data = encode(reply.cut())
        with self._lock:
            if self._database is None or self._most < 1 or len(data) > self._max_bytes:
                return
            try:
                with self._database as transaction:
                    row = (bytes(request_id), time.time(), data)
                    found = transaction.execute("INSERT INTO replies (request, at, reply) VALUES (?, ?, ?)", row)
                    self._sizes[found.lastrowid or 0] = len(data)
                    self._total += len(data)
                    self._make_room(transaction)
            except sqlite3.Error as error:
                logger.warning("raw replies are kept no more: %s", error)
                self._close()

    def of_request(self, request_id: RequestId) -> tuple[KeptReply, ...]:
        """What is kept for one request, in order; nothing where the file fails."""
        with self._lock:
            if self._database is None:
                return ()
            try:
                return tuple(stored.reply for stored in _read(self._database, request_id))
            except (sqlite3.Error, StoreError) as error:
                logger.warning("raw replies cannot be read: %s", error)
                return ()

    def close(self) -> None:
        """End the hold."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            database.close()

    def _make_room(self, transaction: sqlite3.Connection) -> None:
        while self._sizes and (self._total > self._max_bytes or len(self._sizes) > self._most):
            place = next(iter(self._sizes))
            self._total -= self._sizes.pop(place)
            transaction.execute("DELETE FROM replies WHERE place = ?", (place,))


def read_replies(path: Path, request_id: RequestId | None = None, *, last: int = 100) -> list[StoredReply]:
    """What a node keeps, in order, of one request or the last so many; also while the node runs. Raises StoreError."""
    if not path.is_file():
        raise StoreError(f"{path} is not there: the node keeps no raw replies, or has never run")
    try:
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=READ_TIMEOUT_S)
        try:
            return list(_read(database, request_id, last))
        finally:
            database.close()
    except sqlite3.Error as error:
        raise StoreError(f"cannot read {path}: {error}") from error


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=1.0, check_same_thread=False)
    for pragma in ("journal_mode = WAL", "synchronous = OFF"):
        database.execute(f"PRAGMA {pragma}")
    with database as transaction:
        for statement in _SCHEMA:
            transaction.execute(statement)
    return database


def _sizes(database: sqlite3.Connection) -> dict[int, int]:
    """Bytes by place, the oldest first."""
    return dict(database.execute("SELECT place, length(reply) FROM replies ORDER BY place"))


def _read(database: sqlite3.Connection, request_id: RequestId | None, last: int = -1) -> Iterator[StoredReply]:
    columns = "SELECT place, request, at, reply FROM replies"
    if request_id is None:
        rows = database.execute(f"{columns} ORDER BY place DESC LIMIT ?", (last,)).fetchall()[::-1]
    else:
        rows = database.execute(f"{columns} WHERE request = ? ORDER BY place", (bytes(request_id),)).fetchall()
    for place, request, at_s, data in rows:
        try:
            yield StoredReply(RequestId(request), at_s, decode(KeptReply, data, limit=MAX_ROW_BYTES))
        except ValueError as error:
            raise StoreError(f"reply {place} is damaged: {error}") from error
