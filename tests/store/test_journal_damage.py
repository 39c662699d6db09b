"""What a failing disk does to a journal, and what older releases left: opened whole and up to date, or not at all."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from executor.crypto.digests import keccak256
from executor.errors import StoreError
from executor.model.ids import RequestId
from executor.store.journal import Journal
from executor.store.schema import ENTRIES

VERSION_1 = """
    CREATE TABLE entries (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        request BLOB NOT NULL, kind TEXT NOT NULL, value BLOB NOT NULL,
        UNIQUE (request, kind)
    );
    CREATE INDEX entries_by_kind ON entries (kind, sequence);
    PRAGMA application_id = 0x45584A31;
    PRAGMA user_version = 1;
"""


def key(number: int) -> RequestId:
    """A request id for each number."""
    return RequestId(keccak256(b"%d" % number))


def undone(journal: Journal, number: int) -> None:
    """A transaction that saves and then fails."""

    def fail() -> None:
        with journal.transaction():
            journal.save(key(number), "a", b"1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal is."""
    return tmp_path / "journal.sqlite3"


def test_a_journal_of_version_1_is_brought_up_to_date(path: Path) -> None:
    """Every value in its place, past the size of a page; what it held counts as saved."""
    connection = sqlite3.connect(path)
    connection.executescript(VERSION_1)
    rows = [(bytes(key(number)), "record", b"%d" % number) for number in range(250)]
    connection.executemany("INSERT INTO entries (request, kind, value) VALUES (?, ?, ?)", rows)
    connection.commit()
    connection.close()
    for _ in range(2):
        journal = Journal(path)
        assert list(journal.load("record")) == [(key(number), b"%d" % number) for number in range(250)]
        assert journal.sequence == 250
        journal.close()
    journal = Journal(path)
    journal.save(key(0), "record", b"again")
    assert journal.sequence == 251
    journal.close()


def test_the_sequence_counts_committed_saves_and_lasts(path: Path) -> None:
    """Saving again counts too; what was rolled back does not, and deleting takes nothing away."""
    journal = Journal(path)
    assert journal.sequence == 0
    journal.save(key(1), "a", b"1")
    journal.save(key(1), "a", b"2")
    assert journal.sequence == 2
    with journal.transaction():
        journal.save(key(2), "a", b"1")
        undone(journal, 3)
        assert journal.sequence == 2, "not committed yet"
    assert journal.sequence == 3
    undone(journal, 3)
    journal.delete(key(1))
    journal.close()
    journal = Journal(path)
    assert journal.sequence == 3
    journal.close()


def test_a_truncated_log_of_writes_shows_in_the_sequence(tmp_path: Path, path: Path) -> None:
    """SQLite takes it for a crash within a commit: whole commits are gone, and the count is that of what is left."""
    journal = Journal(path)
    for number in range(20):
        with journal.transaction():
            journal.save(key(number), "left", bytes(2_000))
            journal.save(key(number), "right", bytes(2_000))
    log = path.with_name(path.name + "-wal").read_bytes()
    base = path.read_bytes()
    journal.close()
    for cut in (len(log) - 1, len(log) // 2, 40, 0):
        copy = tmp_path / f"cut-{cut}" / "journal.sqlite3"
        copy.parent.mkdir()
        copy.write_bytes(base)
        copy.with_name(copy.name + "-wal").write_bytes(log[:cut])
        journal = Journal(copy)
        left, right = list(journal.load("left")), list(journal.load("right"))
        assert [request for request, _ in left] == [request for request, _ in right]
        assert journal.sequence == 2 * len(left) < 40
        journal.close()


def test_damage_within_a_value_is_found_when_the_journal_opens(path: Path) -> None:
    """No structure of the file shows it: the last page holds nothing but the end of a value."""
    journal = Journal(path)
    journal.save(key(1), "record", b"v" * 20_000)
    journal.close()
    good = path.read_bytes()
    at = good.rindex(b"v" * 100)
    path.write_bytes(good[:at] + b"w" * 100 + good[at + 100 :])
    with pytest.raises(StoreError, match=f"journal {path} is damaged: record of {key(1)} is not what was saved"):
        Journal(path)
    path.write_bytes(good)
    Journal(path).close()


def test_damage_under_an_open_journal_is_found_when_the_value_is_read(path: Path) -> None:
    """And then nothing more is taken."""
    journal = Journal(path)
    journal.save(key(1), "record", b"value")
    journal.save(key(2), "record", b"other")
    journal._connection.execute(ENTRIES.update().where(ENTRIES.c.request == bytes(key(1))).values(value=b"valuf"))
    journal._connection.commit()
    with pytest.raises(StoreError, match="is not what was saved"):
        journal.find(key(1), "record")
    with pytest.raises(StoreError, match="nothing more until it is opened again"):
        journal.save(key(2), "record", b"more")
    journal.close()


def test_a_full_disk_is_told_as_such_and_keeps_what_was_acknowledged(path: Path) -> None:
    """SQLite's own word for a disk without room; what to do is named."""
    journal = Journal(path)
    journal.save(key(1), "record", b"before")
    journal._connection.exec_driver_sql("PRAGMA max_page_count = 10")
    journal._connection.rollback()

    def save_both() -> None:
        with journal.transaction():
            journal.save(key(2), "record", b"small")
            journal.save(key(3), "record", bytes(100_000))

    with pytest.raises(StoreError, match="the disk is full: make room"):
        save_both()
    journal.close()
    journal = Journal(path)
    assert list(journal.load("record")) == [(key(1), b"before")]
    assert journal.sequence == 1
    journal.close()


def test_what_to_do_about_an_open_or_foreign_journal_is_named(path: Path) -> None:
    """Another process; no database at all."""
    journal = Journal(path)
    with pytest.raises(StoreError, match="another process has it open"):
        Journal(path)
    journal.close()
    path.write_bytes(b"no database" * 100)
    with pytest.raises(StoreError, match="damaged or no journal"):
        Journal(path)
