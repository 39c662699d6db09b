"""The node's journal: what it must still know after kill -9.

Rule 1. When `save` returns, or the outermost `transaction` ends, the values are on disk.
Rule 2. One value for one (request, kind); saving again replaces it.
Rule 3. A journal that is damaged, foreign, newer than this code, or open in another process does not open.
Rule 4. After a failure of the disk nothing more is taken or told until the journal is opened again: what the disk then
        holds is known once more.
Rule 5. `sequence` counts committed saves and is durable with them: a journal that shows less than was seen of it was
        rolled back or restored.
Rule 6. What is changed inside `soon` is seen at once and on disk with the next change that is, or with `flush`: for
        what a crash may take back, because it is read or asked for again. Changes never reach the disk out of order.
Rule 7. The thread that opened it uses it: what two changed at once would be one change. Another's use fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from threading import get_ident
from typing import Any
from typing import Final as Constant

from sqlalchemy import Row, Transaction, bindparam, delete, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql import Executable

from executor.errors import InvalidValue, StoreError
from executor.model.ids import RequestId
from executor.store.schema import ENTRIES, JOURNAL, SCHEMA_VERSION, create, entry_digest, migrate
from executor.store.sqlite import SAVE, check_pages, explain, open_engine, read_version, write_version

MAX_VALUE_BYTES: Constant = 64 * 1024 * 1024

# Made once, so that SQLAlchemy compiles each once.
_OF_REQUEST: Constant = ENTRIES.c.request == bindparam("request")
_OF_KIND: Constant = ENTRIES.c.kind == bindparam("kind")
_FIND: Constant = select(ENTRIES.c.value, ENTRIES.c.digest).where(_OF_REQUEST, _OF_KIND)
_PAGE: Constant = (
    select(ENTRIES.c.sequence, ENTRIES.c.request, ENTRIES.c.value, ENTRIES.c.digest)
    .where(_OF_KIND, ENTRIES.c.sequence > bindparam("last"))
    .order_by(ENTRIES.c.sequence)
    .limit(100)
)
_DELETE: Constant = delete(ENTRIES).where(_OF_REQUEST, _OF_KIND)
_DELETE_ALL: Constant = delete(ENTRIES).where(_OF_REQUEST)
_KINDS: Constant = select(ENTRIES.c.kind).distinct()
_COUNT: Constant = update(JOURNAL).values(saves=bindparam("counted"))
_COUNTED: Constant = select(JOURNAL.c.saves)


class Journal:
    """Values by request and kind, in one file; every method raises StoreError when the disk fails it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._depth = 0
        self._whole_change: Transaction | None = None  # with what is not on disk yet, if anything (Rule 6)
        self._sequence = self._counted = 0
        self._failure = ""
        self._thread = get_ident()
        engine = open_engine(path)
        try:
            self._connection = engine.connect()
        except SQLAlchemyError as error:
            raise StoreError(f"cannot open the journal {path}: {explain(error)}") from error
        try:
            self._open()
        except BaseException:
            self._connection.close()
            raise

    @property
    def sequence(self) -> int:
        """How many saves were committed in this journal's whole life (Rule 5)."""
        return self._sequence

    def close(self) -> None:
        """Release the file; what `soon` left is kept first, unless the disk failed."""
        try:
            if not self._failure:
                self.flush()
        finally:
            self._connection.close()

    def flush(self) -> None:
        """Have everything on disk."""
        if self._whole_change is not None:
            with self.transaction():
                pass

    def save(self, request_id: RequestId, kind: str, value: bytes) -> None:
        """Keep `value` (Rule 1, Rule 2); raises InvalidValue when it is over the cap."""
        if len(value) > MAX_VALUE_BYTES:
            raise InvalidValue(f"a journal value of {len(value)} bytes; the limit is {MAX_VALUE_BYTES}")
        key = bytes(request_id)
        entry = {"request": key, "kind": kind, "value": value, "digest": entry_digest(key, kind, value)}
        with self._whole():
            self._run(SAVE, entry)
            self._counted += 1

    def find(self, request_id: RequestId, kind: str) -> bytes | None:
        """The value, or None."""
        key = bytes(request_id)
        rows = self._run(_FIND, {"request": key, "kind": kind})
        return self._checked(key, kind, rows[0].value, rows[0].digest) if rows else None

    def load(self, kind: str) -> Iterator[tuple[RequestId, bytes]]:
        """All values of a kind, in the order in which their requests first saved one."""
        last = 0
        while rows := self._run(_PAGE, {"kind": kind, "last": last}):
            for row in rows:
                yield RequestId(row.request), self._checked(row.request, kind, row.value, row.digest)
            last = rows[-1].sequence

    def delete(self, request_id: RequestId, kind: str | None = None) -> None:
        """Forget one kind of a request, or all of it; what is not there is no error."""
        key = {"request": bytes(request_id)}
        with self._whole():
            self._run(*((_DELETE_ALL, key) if kind is None else (_DELETE, {**key, "kind": kind})))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is kept together or, when it raises, not at all; an inner one fails alone."""
        with self._step():
            yield
            if self._depth == 1 and self._counted != self._sequence:
                self._run(_COUNT, {"counted": self._counted})
        if self._depth == 0:
            self._commit()

    @contextmanager
    def soon(self) -> Iterator[None]:
        """The same, but on disk only with a later change (Rule 6)."""
        with self._step():
            yield

    @contextmanager
    def _step(self) -> Iterator[None]:
        """A part of what is being changed, which is undone alone when it raises."""
        self._check_usable()
        try:
            if self._whole_change is None:
                step: Transaction = self._connection.begin()
                self._whole_change = step
            else:
                step = self._connection.begin_nested()
        except SQLAlchemyError as error:
            raise self._broken(error) from error
        before = self._counted
        self._depth += 1
        try:
            yield
            if step is not self._whole_change:
                step.commit()
        except BaseException as error:
            if step is self._whole_change:
                self._whole_change = None
            self._counted = before
            self._undo(step)
            if isinstance(error, SQLAlchemyError):
                raise self._broken(error) from error
            raise
        finally:
            self._depth -= 1

    def _commit(self) -> None:
        assert self._whole_change is not None, "a step began it"
        try:
            self._whole_change.commit()
        except SQLAlchemyError as error:
            raise self._broken(error) from error
        self._whole_change = None
        self._sequence = self._counted

    def _whole(self) -> AbstractContextManager[None]:
        """The transaction that one change is part of: the one that is open, or its own."""
        return nullcontext() if self._depth else self.transaction()

    def _open(self) -> None:
        """Rule 3."""
        try:
            with self.transaction():  # takes the lock
                connection = self._connection
                version = read_version(connection, self._path)
                if version is None:
                    create(connection)
                    write_version(connection, SCHEMA_VERSION)
                elif version > SCHEMA_VERSION:
                    raise StoreError(f"the journal {self._path} has schema {version}, newer than this program's")
                else:
                    check_pages(connection, self._path)
                    migrate(connection, version)
                    write_version(connection, SCHEMA_VERSION)
                counted = self._run(_COUNTED)
            if not counted:
                raise StoreError(f"the journal {self._path} is damaged: it does not say how much it holds")
        except SQLAlchemyError as error:
            raise StoreError(f"cannot open the journal {self._path}: {explain(error)}") from error
        self._sequence = self._counted = counted[0].saves
        for (kind,) in self._run(_KINDS):
            for _ in self.load(kind):
                pass  # each is checked

    def _checked(self, request: bytes, kind: str, value: bytes, digest: bytes | None) -> bytes:
        """A value that is as it was saved; a page may be overwritten where no structure shows it."""
        if entry_digest(request, kind, value) != digest:
            self._failure = f"the journal {self._path} is damaged: {kind} of 0x{request.hex()} is not what was saved"
            raise StoreError(self._failure)
        return value

    def _run(self, statement: Executable, values: Mapping[str, object] | None = None) -> list[Row[Any]]:
        self._check_usable()
        try:
            if self._whole_change is None:  # SQLAlchemy would begin one for a read, too; this one goes on
                self._whole_change = self._connection.begin()
            result = self._connection.execute(statement, values)
            return list(result.all()) if result.returns_rows else []
        except SQLAlchemyError as error:
            raise self._broken(error) from error

    def _undo(self, step: Transaction) -> None:
        try:
            step.rollback()
        except SQLAlchemyError as error:  # SQLite may have rolled back itself (disk full)
            self._failure = self._failure or f"the journal {self._path}: {explain(error)}"

    def _check_usable(self) -> None:
        if self._failure:  # Rule 4
            raise StoreError(f"{self._failure}; it takes nothing more until it is opened again")
        if get_ident() != self._thread:  # Rule 7
            raise StoreError(f"the journal {self._path} is used by another thread than the one that opened it")

    def _broken(self, error: SQLAlchemyError) -> StoreError:
        self._failure = f"the journal {self._path}: {explain(error)}"
        return StoreError(self._failure)
