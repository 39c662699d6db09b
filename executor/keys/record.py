"""The signer's durable record: what it has signed, so that it never signs a conflicting second thing (K1).

Rule 1. Recorded and on disk before the signature exists.
Rule 2. One outcome for one (epoch, request, transcript); the same one may be signed again in any round, under any root.
Rule 3. One transcript for one (epoch, request, view); the same one may be prepared again.
Rule 4. A batch is recorded whole or not at all.
Rule 5. A record belongs to one signer key and is open in one process. It is made with the keys and never made anew: a
        lost record ends the life of its key.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self
from typing import Final as Constant

from executor.errors import SigningRefused, StoreError
from executor.model.ids import Address, EpochDigest, RequestId, TranscriptHash
from executor.model.report import Report
from executor.model.view import View

SCHEMA_VERSION: Constant = 1
LOCK_TIMEOUT_S: Constant = 1.0  # a restarted signer waits this long for its predecessor to end

_SCHEMA = """
    CREATE TABLE record (only INTEGER PRIMARY KEY CHECK (only = 1), signer BLOB NOT NULL, counter INTEGER NOT NULL);
    CREATE TABLE reports (
        epoch BLOB NOT NULL, request BLOB NOT NULL, transcript BLOB NOT NULL,
        function BLOB NOT NULL, status INTEGER NOT NULL, slots INTEGER NOT NULL,
        fuel_used INTEGER NOT NULL, output_hash BLOB NOT NULL,
        PRIMARY KEY (epoch, request, transcript)
    ) WITHOUT ROWID;
    CREATE TABLE prepares (
        epoch BLOB NOT NULL, request BLOB NOT NULL, round INTEGER NOT NULL, slots INTEGER NOT NULL,
        transcript BLOB NOT NULL,
        PRIMARY KEY (epoch, request, round, slots)
    ) WITHOUT ROWID;
"""


class SignerRecord:
    """The open record of one signer key; closes with `close`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    @classmethod
    def create(cls, path: Path, signer: Address) -> Self:
        """A new, empty record; raises StoreError when the file exists."""
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            raise StoreError(f"cannot create the signer's record {path}: {error.strerror}") from error
        record = cls(_connect(path), path)
        try:
            record._transact(lambda: record._fill(signer))
        except BaseException:
            record.close()
            raise
        return record

    @classmethod
    def open(cls, path: Path, signer: Address) -> Self:
        """The existing record of `signer`.

        Raises StoreError when it is missing, damaged, another key's, of another schema, or open in another process.
        """
        if not path.is_file():
            raise StoreError(f"the signer's record {path} is missing: signing without it could sign twice")
        record = cls(_connect(path), path)
        try:
            record._check(signer)
        except BaseException:
            record.close()
            raise
        return record

    def close(self) -> None:
        """Release the file; the record is complete at any moment, closed or not."""
        self._connection.close()

    @property
    def counter(self) -> int:
        """How many things were ever recorded; peers echo it, so that a silent rollback is noticed."""
        (counter,) = self._read("SELECT counter FROM record")
        return int(counter)

    def admit_reports(self, epoch: EpochDigest, reports: Sequence[Report]) -> None:
        """Record the outcomes of `reports`; raises SigningRefused when any conflicts, and then records none."""

        def admit() -> None:
            for report in reports:
                outcome = (report.function_id, int(report.status), report.slots, report.fuel_used, report.output_hash)
                self._admit_report((epoch, report.request_id, report.transcript_hash), outcome)

        self._transact(admit)

    def admit_prepare(self, epoch: EpochDigest, request: RequestId, view: View, transcript: TranscriptHash) -> None:
        """Record that `transcript` is prepared in `view`; raises SigningRefused when another one was."""

        def admit() -> None:
            key = (epoch, request, view.round, view.slots)
            where = "FROM prepares WHERE epoch = ? AND request = ? AND round = ? AND slots = ?"
            known = self._connection.execute(f"SELECT transcript {where}", key).fetchone()  # a constant
            if known is None:
                self._connection.execute("INSERT INTO prepares VALUES (?, ?, ?, ?, ?)", (*key, transcript))
                self._count()
            elif known != (transcript,):
                raise SigningRefused(f"request {request}: another transcript was prepared in view {view}")

        self._transact(admit)

    def _admit_report(self, key: tuple[bytes, bytes, bytes], outcome: tuple[bytes, int, int, int, bytes]) -> None:
        columns = "function, status, slots, fuel_used, output_hash"
        where = "FROM reports WHERE epoch = ? AND request = ? AND transcript = ?"
        known = self._connection.execute(f"SELECT {columns} {where}", key).fetchone()  # constants
        if known is None:
            self._connection.execute("INSERT INTO reports VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*key, *outcome))
            self._count()
        elif known != outcome:
            raise SigningRefused(f"request 0x{key[1].hex()}: another outcome of the same transcript was signed")

    def _count(self) -> None:
        self._connection.execute("UPDATE record SET counter = counter + 1")

    def _transact(self, change: Callable[[], None]) -> None:
        """Run `change` in one durable transaction: when this returns, it is on disk (Rule 1, Rule 4)."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                change()
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.rollback()
            raise StoreError(f"the signer's record {self._path}: {error}") from error

    def _fill(self, signer: Address) -> None:
        for statement in _SCHEMA.split(";"):
            self._connection.execute(statement)
        self._connection.execute("INSERT INTO record VALUES (1, ?, 0)", (signer,))
        self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _check(self, signer: Address) -> None:
        (version,) = self._read("PRAGMA user_version")
        if version != SCHEMA_VERSION:
            raise StoreError(f"the signer's record {self._path} has schema {version}; this is {SCHEMA_VERSION}")
        (result,) = self._read("PRAGMA quick_check")
        if result != "ok":
            raise StoreError(f"the signer's record {self._path} is damaged: {result}")
        (owner,) = self._read("SELECT signer FROM record")
        if owner != signer:
            raise StoreError(f"the record {self._path} is that of 0x{owner.hex()}, not of {signer}")
        self._transact(lambda: None)  # takes the lock of Rule 5

    def _read(self, query: str) -> tuple[Any, ...]:
        try:
            row = self._connection.execute(query).fetchone()
        except sqlite3.Error as error:
            raise StoreError(f"the signer's record {self._path}: {error}") from error
        if row is None:
            raise StoreError(f"the signer's record {self._path} is empty")
        return tuple(row)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=LOCK_TIMEOUT_S)
    try:
        # Rule 5: exclusive, so a second process fails instead of signing beside us. Rule 1: every commit is synced.
        for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL", "fullfsync = ON"):
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error as error:
        connection.close()
        raise StoreError(f"cannot open the signer's record {path}: {error}") from error
    return connection
