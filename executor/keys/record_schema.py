"""The tables of a signer's record, and the sum and seal that show whether they are whole (record.py, Rule 6)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Final as Constant

from executor.errors import StoreError
from executor.keys.promises import KEY_COLUMNS, SAID_COLUMNS, SUM_BYTES, Promise, Table
from executor.keys.standing import Scope, Standing
from executor.model.committee import EpochIdentity
from executor.model.ids import Address, EpochDigest

SCHEMA_VERSION: Constant = 3
BEFORE_DRAW_KEYS: Constant = 2  # the schema without _DRAW_KEYS, and otherwise the same
LOCK_TIMEOUT_S: Constant = 1.0  # a restarted signer waits this long for its predecessor to end
SUM_MODULUS: Constant = 1 << 8 * SUM_BYTES

_SCHEMA = """
    CREATE TABLE record (
        only INTEGER PRIMARY KEY CHECK (only = 1), signer BLOB NOT NULL, counter INTEGER NOT NULL,
        promises INTEGER NOT NULL, total BLOB NOT NULL,
        restores INTEGER NOT NULL, handed_over INTEGER NOT NULL, seal BLOB NOT NULL
    );
    CREATE TABLE standings (
        chain_id INTEGER NOT NULL, router BLOB NOT NULL, committee BLOB NOT NULL,
        barred INTEGER NOT NULL, journal BLOB NOT NULL, sequence INTEGER NOT NULL, begun_restores INTEGER NOT NULL,
        PRIMARY KEY (chain_id, router, committee)
    ) WITHOUT ROWID;
    CREATE TABLE epochs (
        epoch BLOB PRIMARY KEY, chain_id INTEGER NOT NULL, router BLOB NOT NULL, committee BLOB NOT NULL,
        number INTEGER NOT NULL
    ) WITHOUT ROWID;
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
_DRAW_KEYS = """
    CREATE TABLE key_steps (
        epoch BLOB NOT NULL, step INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (epoch, step)
    ) WITHOUT ROWID;
    CREATE TABLE kept (
        chain_id INTEGER NOT NULL, router BLOB NOT NULL, committee BLOB NOT NULL, number INTEGER NOT NULL,
        name TEXT NOT NULL, box BLOB NOT NULL,
        PRIMARY KEY (chain_id, router, committee, number, name)
    ) WITHOUT ROWID;
"""
_TABLES: tuple[Table, ...] = ("reports", "prepares", "key_steps")


@dataclass(frozen=True, slots=True)
class Head:
    """The one row about the whole record. `counter` is at least `promises`: a bar may raise it to what was stated."""

    signer: Address
    counter: int
    promises: int = 0
    total: int = 0
    restores: int = 0
    handed_over: bool = False
    seal: bytes = b""

    def plus(self, promises: int, shares: int) -> Head:
        """With so many more promises."""
        total = (self.total + shares) % SUM_MODULUS
        return replace(self, counter=self.counter + promises, promises=self.promises + promises, total=total)

    def counting(self, counter: int) -> Head:
        """With this counter."""
        return replace(self, counter=counter)

    def explain_damage(self, connection: sqlite3.Connection) -> str:
        """What does not fit together; empty when all does. Reads every row: about a second for half a million."""
        promises, total = 0, 0
        for promise in _load_all(connection):
            promises, total = promises + 1, total + promise.share()
        if promises != self.promises:
            return f"it holds {promises} promises and says {self.promises}"
        if total % SUM_MODULUS != self.total:
            return "a promise in it was altered"
        return "" if self.seal == _seal(connection, self) else "its head was altered"


def fill(connection: sqlite3.Connection, signer: Address) -> None:
    """Make the tables of a new record."""
    for statement in _SCHEMA.split(";"):
        connection.execute(statement)
    add_draw_keys(connection)
    connection.execute("INSERT INTO record VALUES (1, ?, 0, 0, x'', 0, 0, x'')", (bytes(signer),))
    save_head(connection, Head(signer, 0))


def add_draw_keys(connection: sqlite3.Connection) -> None:
    """Two tables more, and nothing else: what the sum and the seal of an older record cover stays as it was."""
    for statement in _DRAW_KEYS.split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def load_head(connection: sqlite3.Connection) -> Head:
    """The head; raises ValueError when there is none."""
    row = connection.execute(
        "SELECT signer, counter, promises, total, restores, handed_over, seal FROM record"
    ).fetchone()
    if row is None:
        raise ValueError("it is empty")
    signer, counter, promises, total, restores, handed_over, seal = row
    return Head(Address(signer), counter, promises, int.from_bytes(total, "big"), restores, bool(handed_over), seal)


def save_head(connection: sqlite3.Connection, head: Head) -> None:
    """Replace the head and seal everything that the sum does not cover; standings are saved before."""
    connection.execute(
        "UPDATE record SET counter = ?, promises = ?, total = ?, restores = ?, handed_over = ?, seal = ?",
        (
            head.counter,
            head.promises,
            head.total.to_bytes(SUM_BYTES, "big"),
            head.restores,
            int(head.handed_over),
            _seal(connection, head),
        ),
    )


def load_standing(connection: sqlite3.Connection, scope: Scope) -> Standing:
    """The standing of one scope; an empty one when it is new."""
    row = connection.execute(
        "SELECT barred, journal, sequence, begun_restores FROM standings"
        " WHERE chain_id = ? AND router = ? AND committee = ?",
        _key(scope),
    ).fetchone()
    return Standing(*row) if row else Standing()


def load_standings(connection: sqlite3.Connection) -> dict[Scope, Standing]:
    """Every scope's standing, in order."""
    rows = connection.execute("SELECT * FROM standings ORDER BY chain_id, router, committee")
    return {Scope(row[0], Address(row[1]), Address(row[2])): Standing(*row[3:]) for row in rows}


def save_standing(connection: sqlite3.Connection, scope: Scope, standing: Standing) -> None:
    """Replace a scope's standing; the head's seal is made anew after it."""
    values = (standing.barred, standing.journal, standing.sequence, standing.begun_restores)
    connection.execute("INSERT OR REPLACE INTO standings VALUES (?, ?, ?, ?, ?, ?, ?)", (*_key(scope), *values))


def load_epochs(connection: sqlite3.Connection) -> list[EpochIdentity]:
    """Every epoch that something was signed in."""
    rows = connection.execute("SELECT chain_id, router, committee, number FROM epochs")
    return [EpochIdentity(row[0], Address(row[1]), Address(row[2]), row[3]) for row in rows]


def load_promises(connection: sqlite3.Connection, epoch: EpochDigest) -> Iterator[Promise]:
    """Everything promised in one epoch, by table and key."""
    for table in _TABLES:
        keys = ", ".join(KEY_COLUMNS[table])
        query = f"SELECT * FROM {table} WHERE epoch = ? ORDER BY {keys}"  # noqa: S608 # constant tables
        yield from _promises(table, connection.execute(query, (epoch,)))


def connect(path: Path) -> sqlite3.Connection:
    """An open connection; raises StoreError."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=LOCK_TIMEOUT_S)
    try:
        connection.execute("PRAGMA secure_delete = ON")  # Rule 9: what is deleted is overwritten
        # Rule 5: exclusive, so a second process fails instead of signing beside us. Rule 1: every commit is synced.
        for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL", "fullfsync = ON"):
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error as error:
        connection.close()
        locked = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
        advice = ": another process has it open; stop the signer that runs over these keys" if locked else ""
        raise StoreError(f"cannot open the signer's record {path}: {error}{advice}") from error
    return connection


def _load_all(connection: sqlite3.Connection) -> Iterator[Promise]:
    for table in _TABLES:
        yield from _promises(table, connection.execute(f"SELECT * FROM {table}"))  # noqa: S608 # a constant


def _promises(table: Table, rows: sqlite3.Cursor) -> Iterator[Promise]:
    split = 1 + len(KEY_COLUMNS[table])
    assert split + len(SAID_COLUMNS[table]) == len(rows.description)
    for row in rows:
        yield Promise(table, EpochDigest(row[0]), row[1:split], row[split:])


def _seal(connection: sqlite3.Connection, head: Head) -> bytes:
    """Against damage, not against forgery: whoever can write the file can write the seal."""
    values = (head.counter, head.promises, head.total, head.restores, head.handed_over)
    epochs = connection.execute("SELECT * FROM epochs ORDER BY epoch").fetchall()
    standings = connection.execute("SELECT * FROM standings ORDER BY chain_id, router, committee").fetchall()
    return blake2b(repr((bytes(head.signer), values, epochs, standings)).encode(), digest_size=SUM_BYTES).digest()


def _key(scope: Scope) -> tuple[int, bytes, bytes]:
    return scope.chain_id, bytes(scope.router), bytes(scope.committee)
