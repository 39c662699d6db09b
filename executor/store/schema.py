"""The journal's tables, and how those of older releases become these.

Rule 1. A schema has one number; every release opens all schemas up to its own, and refuses newer ones.
Rule 2. A journal is brought up to date in one transaction: it is of one schema or the other, never between them.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Final as Constant

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    insert,
    select,
    text,
    update,
)

SCHEMA_VERSION: Constant = 2
DIGEST_BYTES: Constant = 16  # against damage, not against forgers: who can write the file needs no collision

METADATA: Constant = MetaData()

# `sequence` is the order in which (request, kind) was first saved; `digest` is checked whenever a value is read.
ENTRIES: Constant = Table(
    "entries",
    METADATA,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("request", LargeBinary(32), nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("digest", LargeBinary(DIGEST_BYTES)),
    UniqueConstraint("request", "kind"),
    sqlite_autoincrement=True,
)
Index("entries_by_kind", ENTRIES.c.kind, ENTRIES.c.sequence)

# One row: what is true of the journal as a whole. `saves` never falls.
JOURNAL: Constant = Table(
    "journal",
    METADATA,
    Column("only", Integer, CheckConstraint("only = 1"), primary_key=True, autoincrement=False),
    Column("saves", BigInteger, nullable=False),
)


def entry_digest(request: bytes, kind: str, value: bytes) -> bytes:
    """What tells an entry from a damaged one."""
    name = kind.encode("utf-8")
    return blake2b(request + len(name).to_bytes(4, "big") + name + value, digest_size=DIGEST_BYTES).digest()


def create(connection: Connection) -> None:
    """Make the tables of an empty database."""
    METADATA.create_all(connection)
    connection.execute(insert(JOURNAL).values(only=1, saves=0))


def migrate(connection: Connection, version: int) -> None:
    """Bring the tables of an older schema up to date."""
    for step in range(version, SCHEMA_VERSION):
        _MIGRATIONS[step](connection)


def _digests_and_saves(connection: Connection) -> None:
    """1 -> 2: every entry has a digest, and saves are counted."""
    connection.execute(text("ALTER TABLE entries ADD COLUMN digest BLOB"))
    fill = update(ENTRIES).where(ENTRIES.c.sequence == bindparam("place")).values(digest=bindparam("found"))
    last = 0
    columns = select(ENTRIES.c.sequence, ENTRIES.c.request, ENTRIES.c.kind, ENTRIES.c.value)
    page = columns.where(ENTRIES.c.sequence > bindparam("last")).order_by(ENTRIES.c.sequence).limit(100)
    while rows := connection.execute(page, {"last": last}).all():
        last = rows[-1].sequence
        found = [{"place": row.sequence, "found": entry_digest(row.request, row.kind, row.value)} for row in rows]
        connection.execute(fill, found)
    JOURNAL.create(connection)
    connection.execute(insert(JOURNAL).values(only=1, saves=last))


_MIGRATIONS: Constant[dict[int, Callable[[Connection], None]]] = {1: _digests_and_saves}
