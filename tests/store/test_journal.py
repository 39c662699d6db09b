"""The journal: nothing acknowledged is lost, nothing damaged is opened."""

from __future__ import annotations

import os
import random
import resource
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from executor.crypto.digests import keccak256
from executor.errors import InvalidValue, StoreError
from executor.model.ids import RequestId
from executor.store import journal as journal_module
from executor.store.journal import Journal
from executor.store.schema import SCHEMA_VERSION
from executor.store.sqlite import open_engine

ONE, TWO, THREE = (RequestId(keccak256(name)) for name in (b"one", b"two", b"three"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal is."""
    return tmp_path / "store" / "journal.sqlite3"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    """An open journal."""
    journal = Journal(path)
    yield journal
    journal.close()


def test_a_commit_of_the_journal_is_synced(path: Path) -> None:
    """Killing the process cannot show it, a power cut would: the write-ahead log, and a sync at every commit."""
    with open_engine(path).connect() as connection:
        said = [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("journal_mode", "synchronous")]
    assert said == ["wal", 2]


def test_values_are_found_again(path: Path) -> None:
    """By request and kind, also by the next process."""
    journal = Journal(path)
    journal.save(ONE, "request", b"r1")
    journal.save(ONE, "lock", b"l1")
    journal.save(ONE, "lock", b"l2")
    journal.close()
    journal = Journal(path)
    assert tuple(journal.find(ONE, kind) for kind in ("request", "lock", "other")) == (b"r1", b"l2", None)
    assert journal.find(TWO, "request") is None
    journal.close()


def test_loading_follows_the_order_of_saving(journal: Journal) -> None:
    """Whatever the ids are, and past the size of a page; saving again keeps the place."""
    ids = [RequestId(keccak256(b"%d" % number)) for number in range(250)]
    with journal.transaction():
        for number, request in enumerate(ids):
            journal.save(request, "request", b"%d" % number)
            journal.save(request, "other", b"x")
    journal.save(ids[0], "request", b"again")
    loaded = list(journal.load("request"))
    assert ids == [request for request, _ in loaded]
    assert [value for _, value in loaded[:2]] == [b"again", b"1"]
    assert list(journal.load("unknown")) == []


def test_another_thread_is_refused(journal: Journal) -> None:
    """Whatever it was about to change or read is not mixed with what the first one does."""
    with ThreadPoolExecutor(1) as other:
        for use in (partial(journal.find, ONE, "lock"), partial(journal.save, ONE, "lock", b"value")):
            with pytest.raises(StoreError, match="used by another thread"):
                other.submit(use).result()
    journal.save(ONE, "lock", b"mine")
    assert journal.find(ONE, "lock") == b"mine"


def test_deleting(journal: Journal) -> None:
    """One kind, or all of a request; others stay."""
    for request in (ONE, TWO):
        journal.save(request, "a", b"1")
        journal.save(request, "b", b"2")
    journal.delete(ONE, "a")
    assert (journal.find(ONE, "a"), journal.find(ONE, "b")) == (None, b"2")
    journal.delete(TWO)
    journal.delete(THREE)
    assert list(journal.load("b")) == [(ONE, b"2")]


def test_a_transaction_is_whole_or_nothing(journal: Journal) -> None:
    """What raises leaves nothing, also of what an inner one had kept; the journal goes on."""
    journal.save(ONE, "a", b"before")

    def fail() -> None:
        with journal.transaction():
            journal.save(ONE, "a", b"within")
            with journal.transaction():
                journal.save(TWO, "a", b"inner")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (journal.find(ONE, "a"), journal.find(TWO, "a")) == (b"before", None)
    with journal.transaction():
        journal.save(TWO, "a", b"after")
        with pytest.raises(RuntimeError):
            fail()
    assert (journal.find(ONE, "a"), journal.find(TWO, "a")) == (b"before", b"after")


def on_disk(path: Path, to: Path) -> list[tuple[RequestId, bytes]]:
    """What another process would find after a kill -9 now: the files as they are."""
    to.mkdir()
    for file in path.parent.iterdir():
        shutil.copy(file, to / file.name)
    copy = Journal(to / path.name)
    found = list(copy.load("a"))
    copy.close()
    return found


def spoil(journal: Journal) -> None:
    """Changes, and then a failure."""
    journal.save(TWO, "a", b"2")
    journal.delete(ONE, "a")
    raise ZeroDivisionError


def test_what_is_kept_soon_is_seen_now_and_on_disk_with_the_next_change(
    path: Path, journal: Journal, tmp_path: Path
) -> None:
    """In order with everything else, counted when it is kept, and undone alone when it fails."""
    with journal.soon():
        journal.save(ONE, "a", b"1")
    assert (journal.find(ONE, "a"), journal.sequence) == (b"1", 0)
    assert on_disk(path, tmp_path / "before") == []
    for change in (journal.transaction, journal.soon):
        with pytest.raises(ZeroDivisionError), change():
            spoil(journal)
    assert on_disk(path, tmp_path / "failed") == []
    journal.save(THREE, "a", b"3")
    assert on_disk(path, tmp_path / "after") == [(ONE, b"1"), (THREE, b"3")]
    assert journal.sequence == 2


@pytest.mark.parametrize("how", ["flush", "close"])
def test_a_flush_or_a_close_leaves_nothing_for_later(path: Path, journal: Journal, tmp_path: Path, how: str) -> None:
    """A journal that is closed in order loses nothing."""
    with journal.soon():
        journal.save(ONE, "a", b"1")
    getattr(journal, how)()
    assert on_disk(path, tmp_path / "after") == [(ONE, b"1")]


def test_only_the_owner_reads_it(path: Path, journal: Journal) -> None:
    """Mode 0600."""
    assert path.stat().st_mode & 0o777 == 0o600


def test_one_process_at_a_time(path: Path, journal: Journal) -> None:
    """A second node over the same store does not start."""
    with pytest.raises(StoreError, match="locked"):
        Journal(path)


def test_oversized_values_are_refused(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is written."""
    monkeypatch.setattr(journal_module, "MAX_VALUE_BYTES", 10)
    with pytest.raises(InvalidValue, match="limit is 10"):
        journal.save(ONE, "a", b"x" * 11)
    assert journal.find(ONE, "a") is None


def test_damaged_and_foreign_files_are_refused(path: Path) -> None:
    """Garbage, pages overwritten or cut off, another program's database, a directory: StoreError, file untouched."""
    journal = Journal(path)
    with journal.transaction():
        for number in range(200):
            journal.save(RequestId(keccak256(b"%d" % number)), "request", bytes(500))
    journal.close()
    good = path.read_bytes()
    for bad in (b"garbage" * 1000, good[: len(good) // 2], good[:4096] + b"\xff" * 8192 + good[12288:]):
        path.write_bytes(bad)
        with pytest.raises(StoreError):
            Journal(path)
        assert bad == path.read_bytes()
    path.unlink()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.close()
    with pytest.raises(StoreError, match="no journal"):
        Journal(path)
    with pytest.raises(StoreError, match="cannot open"):
        Journal(path.parent)
    with pytest.raises(StoreError, match="cannot open"):
        Journal(path / "below a file")


def test_a_newer_schema_is_refused(path: Path) -> None:
    """An old program does not touch a new journal."""
    Journal(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(StoreError, match="newer"):
        Journal(path)


def test_a_full_disk_is_named_and_loses_nothing(path: Path, journal: Journal) -> None:
    """The save that does not fit raises, and nothing is taken until it is reopened; what was saved before is there."""
    journal.save(ONE, "a", b"before")

    def save_both() -> None:
        with journal.transaction():
            journal.save(THREE, "a", b"small")
            journal.save(TWO, "a", bytes(1024 * 1024))

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (256 * 1024, hard))  # files cannot grow past this: as a full disk
    try:
        with pytest.raises(StoreError, match="limit on file sizes was reached"):
            save_both()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with pytest.raises(StoreError, match="nothing more until it is opened again"):
        journal.save(TWO, "a", b"later")
    with pytest.raises(StoreError, match="nothing more until it is opened again"):
        journal.find(ONE, "a")
    journal.close()
    again = Journal(path)
    assert tuple(again.find(request, "a") for request in (ONE, TWO, THREE)) == (b"before", None, None)
    assert again.sequence == 1
    again.save(TWO, "a", bytes(1024 * 1024))
    assert again.find(TWO, "a") == bytes(1024 * 1024)
    again.close()


def test_a_read_only_journal_is_refused(path: Path) -> None:
    """A journal that cannot be written does not open."""
    Journal(path).close()
    become_nobody = "os.setuid(65534)" if os.getuid() == 0 else "os.chmod(sys.argv[1], 0o400)"
    script = "import os, sys; from pathlib import Path; from executor.store.journal import Journal; "
    script += f"{become_nobody}; Journal(Path(sys.argv[1]))"
    result = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, timeout=60)
    assert "StoreError: cannot open the journal" in result.stderr


WRITER = """
import os, sys
from pathlib import Path
from executor.crypto.digests import keccak256
from executor.model.ids import RequestId
from executor.store.journal import Journal
journal = Journal(Path(sys.argv[1]))
number = int(sys.argv[2])
while True:
    with journal.transaction():
        journal.save(RequestId(keccak256(b"%d" % number)), "left", bytes(2000))
        journal.save(RequestId(keccak256(b"%d" % number)), "right", bytes(2000))
    number += 1
    os.write(1, b"%d\\n" % number)
"""


def test_a_kill_in_the_middle_of_writing_loses_nothing_acknowledged(path: Path) -> None:
    """Killed at random moments, the journal holds every acknowledged pair, and never half a pair."""
    acknowledged, generator = 0, random.Random(1)
    for _ in range(4):
        command = [sys.executable, "-c", WRITER, str(path), str(acknowledged)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert select.select([process.stdout], [], [], 30)[0]
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(generator.uniform(0.02, 0.15))
            process.send_signal(signal.SIGKILL)
            lines = process.stdout.read().split(b"\n")[:-1]
        acknowledged = int(lines[-1])
        journal = Journal(path)
        left, right = list(journal.load("left")), list(journal.load("right"))
        journal.close()
        assert [request for request, _ in left] == [request for request, _ in right]
        assert len(left) in (acknowledged, acknowledged + 1)
        acknowledged = len(left)
