"""The signer's durable record: what it has signed, so that it never signs a conflicting second thing (K1).

Rule 1. Recorded and on disk before the signature exists.
Rule 2. One outcome for one (epoch, request, transcript); the same one may be signed again in any round, under any root.
Rule 3. One transcript for one (epoch, request, view); the same one may be prepared again.
Rule 4. A batch is recorded whole or not at all. Many asks may share a transaction; each is admitted or refused alone.
Rule 5. A record belongs to one signer key and is open in one process. It is made with the keys and never made anew: a
        lost record ends the life of its key.
Rule 6. A sum over all promises, and a seal over everything else, stand beside them: a damaged record does not open.
Rule 7. After a failed write nothing more is admitted until the record is opened again: what the disk holds is unknown.
Rule 8. Who asks shows a journal; standing.py says whether the two belong together. A bar is durable before its refusal.
Rule 9. What is kept of draw keys (share_store.py) stands beside all that, each row encrypted and checked for itself: a
        lost one costs this member a part in draws, and contradicts nothing.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeAlias, TypeVar
from typing import Final as Constant

from executor.crypto.digests import epoch_digest
from executor.errors import SigningBarred, SigningRefused, StoreError
from executor.keys.promises import CONFLICTS, KEY_COLUMNS, SAID_COLUMNS, Promise
from executor.keys.record_schema import (
    BEFORE_DRAW_KEYS,
    SCHEMA_VERSION,
    Head,
    add_draw_keys,
    connect,
    fill,
    load_epochs,
    load_head,
    load_promises,
    load_standing,
    load_standings,
    save_head,
    save_standing,
)
from executor.keys.standing import NEVER, JournalMark, Judgement, Scope, Standing, judge, judge_shown, scope_of
from executor.model.committee import EpochIdentity
from executor.model.ids import Address

HANDED_OVER: Constant = (
    "this record was handed over by a final export: its key signs where that was imported, and nowhere else"
)
MAX_REASONS: Constant = 3  # of a damage report

T = TypeVar("T")
Decide: TypeAlias = Callable[[Head, Standing, int], Judgement]
"""From the head, the scope's standing, and the last epoch signed in."""


@dataclass(frozen=True, slots=True)
class Admission:
    """One ask for a statement in an epoch. `promises` may be empty: then only the journal's mark is kept."""

    epoch: EpochIdentity
    promises: tuple[Promise, ...]
    mark: JournalMark


class SignerRecord:
    """The open record of one signer key; closes with `close`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._failure = ""
        self._head: Head | None = None  # as it stands in the transaction under way

    @classmethod
    def create(cls, path: Path, signer: Address) -> Self:
        """A new, empty record; raises StoreError when the file exists."""
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            raise StoreError(f"cannot create the signer's record {path}: {error.strerror}") from error
        record = cls(connect(path), path)
        try:
            record.transact(lambda: fill(record._connection, signer))
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
        record = cls(connect(path), path)
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
        """How many things were ever recorded; peers keep it, so that a silent rollback is noticed."""
        return self._read(load_head).counter

    def standings(self) -> dict[Scope, Standing]:
        """What is known about each committee."""
        return self._read(load_standings)

    def epochs(self) -> list[EpochIdentity]:
        """Every epoch that something was signed in, in order."""
        return sorted(self._read(load_epochs), key=lambda epoch: (*_key(scope_of(epoch)), epoch.number))

    def promises(self, epoch: EpochIdentity) -> Iterator[Promise]:
        """Everything promised in an epoch, in order."""
        yield from self._read(lambda connection: list(load_promises(connection, epoch_digest(epoch))))

    def begin(self, epoch: EpochIdentity, mark: JournalMark) -> int:
        """A node with this journal begins to serve an epoch; the counter. Raises SigningBarred (standing.py)."""
        return self._settled(epoch, _asked(epoch, mark, begins=True))

    def compare(self, epoch: EpochIdentity, shown: int, latest_epoch: int) -> int:
        """A counter that this signer once stated; raises SigningBarred when the record holds less."""
        begun = max(epoch.number, latest_epoch)
        return self._settled(epoch, lambda head, was, highest: judge_shown(was, head.counter, highest, begun, shown))

    def admit(self, admissions: Sequence[Admission]) -> list[SigningRefused | None]:
        """Record each ask, or say why not, all of them in one durable transaction (Rule 1, Rule 4)."""
        return self.transact(lambda: [self._admit(admission) for admission in admissions])

    def admit_with(self, admission: Admission, change: Callable[[], T]) -> T:
        """Record one ask and what `change` keeps beside it, whole or not at all; raises SigningRefused."""

        def admitted() -> T | SigningRefused:
            refusal = self._admit(admission)
            return change() if refusal is None else refusal

        result = self.transact(admitted)
        if isinstance(result, SigningRefused):
            raise result
        return result

    def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """What a query finds; raises StoreError when the file cannot be read."""
        return self._read(query)

    def transact(self, change: Callable[[], T]) -> T:
        """Run `change` in one durable transaction: when this returns, it is on disk. Raises StoreError (Rule 7)."""
        if self._failure:
            raise StoreError(f"{self._failure}; nothing is signed until the signer is started again")
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                result = change()
                if self._head is not None:
                    save_head(self._connection, self._head)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._failure = f"the signer's record {self._path} cannot be written: {error}"
            if self._connection.in_transaction:
                self._connection.rollback()
            raise StoreError(self._failure) from error
        finally:
            self._head = None
        return result

    # Within a transaction.

    @property
    def connection(self) -> sqlite3.Connection:
        """For what merges a whole record (interchange.py), or keeps beside it (share_store.py)."""
        return self._connection

    def head(self) -> Head:
        """The head as it stands in this transaction."""
        return self._head or self._read(load_head)

    def keep_head(self, head: Head) -> None:
        """Write this head, and the seal over all, at the end of this transaction."""
        self._head = head

    def keep_standing(self, scope: Scope, standing: Standing) -> None:
        """Replace the standing of a scope."""
        save_standing(self._connection, scope, standing)
        self.keep_head(self.head())

    def insert(self, epoch: EpochIdentity, promises: Sequence[Promise]) -> None:
        """Record promises, or raise SigningRefused and record none of them."""
        connection, shares = self._connection, []
        connection.execute("SAVEPOINT ask")
        try:
            for promise in promises:
                if self._is_new(promise):
                    self._write(promise)
                    shares.append(promise.share())
        except SigningRefused:
            connection.execute("ROLLBACK TO ask")
            raise
        finally:
            connection.execute("RELEASE ask")
        values = (epoch_digest(epoch), *_key(scope_of(epoch)), epoch.number)
        first = connection.execute("INSERT OR IGNORE INTO epochs VALUES (?, ?, ?, ?, ?)", values).rowcount
        if shares or first:
            self.keep_head(self.head().plus(len(shares), sum(shares)))

    def _admit(self, admission: Admission) -> SigningRefused | None:
        epoch = admission.epoch
        refusal = self._settle(epoch, _asked(epoch, admission.mark, begins=False)).refusal
        if refusal:
            return SigningBarred(refusal)
        try:
            self.insert(epoch, admission.promises)
        except SigningRefused as error:
            return error
        return None

    def _settled(self, epoch: EpochIdentity, decide: Decide) -> int:
        judgement = self.transact(lambda: self._settle(epoch, decide))
        if judgement.refusal:
            raise SigningBarred(judgement.refusal)
        return judgement.counter

    def _settle(self, epoch: EpochIdentity, decide: Decide) -> Judgement:
        """Judge an ask and keep what follows from it (Rule 8)."""
        scope, head = scope_of(epoch), self.head()
        if head.handed_over:
            return Judgement(Standing(), head.counter, HANDED_OVER)
        standing = load_standing(self._connection, scope)
        judgement = decide(head, standing, self._highest(scope))
        if (judgement.standing, judgement.counter) != (standing, head.counter):
            self.keep_head(head.counting(judgement.counter))
            self.keep_standing(scope, judgement.standing)
        return judgement

    def _highest(self, scope: Scope) -> int:
        where = "FROM epochs WHERE chain_id = ? AND router = ? AND committee = ?"
        (highest,) = self._connection.execute(f"SELECT max(number) {where}", _key(scope)).fetchone()  # a constant
        return NEVER if highest is None else int(highest)

    def _is_new(self, promise: Promise) -> bool:
        """Whether nothing was said under the promise's key; raises SigningRefused when something else was."""
        said, keys = ", ".join(SAID_COLUMNS[promise.table]), KEY_COLUMNS[promise.table]
        where = " AND ".join(f"{column} = ?" for column in ("epoch", *keys))
        query = f"SELECT {said} FROM {promise.table} WHERE {where}"  # noqa: S608 # all from constant tables
        known = self._connection.execute(query, (promise.epoch, *promise.key)).fetchone()
        if known is not None and known != promise.said:
            raise SigningRefused(f"{promise.subject}: {CONFLICTS[promise.table]}")
        return known is None

    def _write(self, promise: Promise) -> None:
        values = (promise.epoch, *promise.key, *promise.said)
        places = ", ".join("?" * len(values))
        query = f"INSERT INTO {promise.table} VALUES ({places})"  # noqa: S608 # one of two constants
        self._connection.execute(query, values)

    def _check(self, signer: Address) -> None:
        (version,) = self._read(lambda connection: connection.execute("PRAGMA user_version").fetchone())
        if version not in (SCHEMA_VERSION, BEFORE_DRAW_KEYS):
            raise StoreError(f"the signer's record {self._path} has schema {version}; this is {SCHEMA_VERSION}")
        problems = self._read(lambda connection: connection.execute("PRAGMA quick_check").fetchmany(MAX_REASONS))
        if problems != [("ok",)]:
            raise StoreError(f"the signer's record {self._path} is damaged: {problems[0][0]}")
        head = self._read(load_head)
        if head.signer != signer:
            raise StoreError(f"the record {self._path} is that of {head.signer}, not of {signer}")
        if version == BEFORE_DRAW_KEYS:
            self.transact(lambda: add_draw_keys(self._connection))
        if damage := self._read(head.explain_damage):
            raise StoreError(
                f"the signer's record {self._path} is damaged: {damage}; signing with it could sign twice: bring the "
                "true file back, or go on with new keys"
            )
        self.transact(lambda: None)  # takes the lock of Rule 5

    def _read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return query(self._connection)
        except (sqlite3.Error, TypeError, ValueError) as error:
            raise StoreError(f"the signer's record {self._path}: {error}") from error


def _asked(epoch: EpochIdentity, mark: JournalMark, *, begins: bool) -> Decide:
    def decide(head: Head, standing: Standing, highest: int) -> Judgement:
        return judge(standing, head.counter, head.restores, highest, epoch.number, mark, begins=begins)

    return decide


def _key(scope: Scope) -> tuple[Any, ...]:
    return scope.chain_id, bytes(scope.router), bytes(scope.committee)
