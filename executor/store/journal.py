"""The node's journal: what it must still know after kill -9.

Rule 1. When `save` returns, or the outermost `transaction` ends, the values are on disk.
Rule 2. One value for one (request, kind); saving again replaces it.
Rule 3. A journal that is damaged, foreign, newer than this code, or open in another process does not open.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from typing import Final as Constant

from executor.errors import InvalidValue, StoreError
from executor.model.ids import RequestId

SCHEMA_VERSION: Constant = 1
APPLICATION_ID: Constant = 0x45584A31  # "EXJ1", so that another program's database is not taken for a journal
MAX_VALUE_BYTES: Constant = 64 * 1024 * 1024
LOCK_TIMEOUT_S: Constant = 1.0  # a restarted node waits this long for its predecessor to end

_SCHEMA = (
    """CREATE TABLE entries (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        request BLOB NOT NULL, kind TEXT NOT NULL, value BLOB NOT NULL,
        UNIQUE (request, kind)
    )""",
    "CREATE INDEX entries_by_kind ON entries (kind, sequence)",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)

_OUTERMOST = ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK")


class Journal:
    """Values by request and kind, in one SQLite file; every method raises StoreError when the disk fails it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._depth = 0
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=LOCK_TIMEOUT_S)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"cannot open the journal {path}: {error}") from error
        try:
            self._open()
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    def save(self, request_id: RequestId, kind: str, value: bytes) -> None:
        """Keep `value` (Rule 1, Rule 2); raises InvalidValue when it is over the cap."""
        if len(value) > MAX_VALUE_BYTES:
            raise InvalidValue(f"a journal value of {len(value)} bytes; the limit is {MAX_VALUE_BYTES}")
        self._run(
            "INSERT INTO entries (request, kind, value) VALUES (?, ?, ?)"
            " ON CONFLICT (request, kind) DO UPDATE SET value = excluded.value",
            (bytes(request_id), kind, value),
        )

    def find(self, request_id: RequestId, kind: str) -> bytes | None:
        """The value, or None."""
        rows = self._run("SELECT value FROM entries WHERE request = ? AND kind = ?", (bytes(request_id), kind))
        return rows[0][0] if rows else None

    def load(self, kind: str) -> Iterator[tuple[RequestId, bytes]]:
        """All values of a kind, in the order in which their requests first saved one."""
        last = 0
        while rows := self._run(
            "SELECT sequence, request, value FROM entries WHERE kind = ? AND sequence > ? ORDER BY sequence LIMIT 100",
            (kind, last),
        ):
            for last, request, value in rows:  # noqa: B007 # the loop's last sequence is where the next page begins
                yield RequestId(request), value

    def delete(self, request_id: RequestId, kind: str | None = None) -> None:
        """Forget one kind of a request, or all of it; what is not there is no error."""
        if kind is None:
            self._run("DELETE FROM entries WHERE request = ?", (bytes(request_id),))
        else:
            self._run("DELETE FROM entries WHERE request = ? AND kind = ?", (bytes(request_id), kind))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is kept together or, when it raises, not at all; an inner one fails alone."""
        begin, keep, undo = ("SAVEPOINT inner", "RELEASE inner", "ROLLBACK TO inner") if self._depth else _OUTERMOST
        self._run(begin)
        self._depth += 1
        try:
            yield
            self._run(keep)
        except BaseException:
            if self._connection.in_transaction:  # SQLite may have rolled back itself (disk full)
                self._run(undo)
            raise
        finally:
            self._depth -= 1

    def _open(self) -> None:
        # Rule 3: exclusive. Rule 1: WAL with a sync at every commit; F_FULLFSYNC where the system has it.
        for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL", "fullfsync = ON"):
            self._run(f"PRAGMA {pragma}")
        version, application = self._run("PRAGMA user_version")[0][0], self._run("PRAGMA application_id")[0][0]
        if (version, application) == (0, 0) and not self._run("SELECT 1 FROM sqlite_master"):
            with self.transaction():
                for statement in _SCHEMA:
                    self._run(statement)
            return
        if application != APPLICATION_ID:
            raise StoreError(f"{self._path} is a database, but no journal")
        if version > SCHEMA_VERSION:
            raise StoreError(f"the journal {self._path} has schema {version}, newer than this program's")
        if (problem := self._run("PRAGMA quick_check")[0][0]) != "ok":
            raise StoreError(f"the journal {self._path} is damaged: {problem}")
        with self.transaction():
            pass  # takes the lock

    def _run(self, statement: str, values: tuple[object, ...] = ()) -> list[Any]:
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"the journal {self._path}: {error}") from error
