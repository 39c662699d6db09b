"""What is SQLite's own about the journal: how its file is opened, locked, marked and checked, and what its errors mean.

Another database gets a file like this one; nothing else of the store names a dialect.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any
from typing import Final as Constant

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlalchemy.sql import Executable

from executor.errors import StoreError
from executor.store.schema import ENTRIES

APPLICATION_ID: Constant = 0x45584A31  # "EXJ1", so that another program's database is not taken for a journal
LOCK_TIMEOUT_S: Constant = 1.0  # a restarted node waits this long for its predecessor to end

# Exclusive: one process. WAL with a sync at every commit; F_FULLFSYNC where the system has it.
_PRAGMAS: Constant = ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL", "fullfsync = ON")

_ADVICE: Constant[tuple[tuple[str, str], ...]] = (
    # SQLite's names of errors by their beginnings, the first match counts.
    ("SQLITE_FULL", "the disk is full: make room, then start again; what was acknowledged is not lost"),
    ("SQLITE_READONLY", "it cannot be written: see to the file's owner and to how its disk is mounted"),
    ("SQLITE_CANTOPEN", "see that the directory is there and is this user's"),
    ("SQLITE_BUSY", "another process has it open: one node at a time"),
    ("SQLITE_CORRUPT", "it is damaged: keep the file for diagnosis, and register new keys (docs/store.md)"),
    ("SQLITE_NOTADB", "it is damaged or no journal: keep the file for diagnosis (docs/store.md)"),
    ("SQLITE_IOERR", "the disk fails, or a limit on file sizes was reached: see the system's log, then start again"),
)

SAVE: Constant[Executable] = (_insert := insert(ENTRIES)).on_conflict_do_update(
    index_elements=[ENTRIES.c.request, ENTRIES.c.kind],
    set_={"value": _insert.excluded.value, "digest": _insert.excluded.digest},
)


def open_engine(path: Path) -> Engine:
    """An engine over the file, which is made (0600) where there is none; raises StoreError."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreError(f"cannot open the journal {path}: {error.strerror}") from error
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=NullPool,  # the journal holds its one connection
        connect_args={"timeout": LOCK_TIMEOUT_S, "isolation_level": None},  # transactions begin where we say
        hide_parameters=True,  # values are no business of logs
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def read_version(connection: Connection, path: Path) -> int | None:
    """The file's schema, None for an empty file; raises StoreError when another program wrote it."""
    version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    application = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
    if (version, application) == (0, 0) and not connection.exec_driver_sql("SELECT 1 FROM sqlite_master").all():
        return None
    if application != APPLICATION_ID:
        raise StoreError(f"{path} is a database, but no journal")
    return int(version)


def write_version(connection: Connection, version: int) -> None:
    """Mark the file as a journal of this schema; part of the transaction."""
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.exec_driver_sql(f"PRAGMA user_version = {version}")


def check_pages(connection: Connection, path: Path) -> None:
    """Raises StoreError when the file's pages do not fit each other."""
    if (problem := connection.exec_driver_sql("PRAGMA quick_check").scalar()) != "ok":
        raise StoreError(f"the journal {path} is damaged: {problem}")


def explain(error: SQLAlchemyError) -> str:
    """What went wrong and what to do, in one line."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    name = getattr(cause, "sqlite_errorname", "") if isinstance(cause, sqlite3.Error) else ""
    advice = next((advice for beginning, advice in _ADVICE if name.startswith(beginning)), "")
    return f"{cause} ({name}): {advice}" if advice else str(cause)


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
