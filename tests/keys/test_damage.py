"""A disk that is full, cut or altered under the record: nothing is signed, and the error says what is wrong."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from key_bench import JOURNAL, MARK
from test_record import EPOCH, ONE, REQUEST, prepare, reports

from executor.errors import SigningBarred, StoreError
from executor.keys.keyset import RECORD_FILE, KeySet
from executor.keys.record import SignerRecord
from executor.keys.standing import JournalMark
from executor.model.report import Report
from executor.model.view import View

MakeReport = Callable[..., Report]


@pytest.fixture
def full(directory: Path, keys: KeySet, make_report: MakeReport) -> Path:
    """A closed record of some pages."""
    record = SignerRecord.open(directory / RECORD_FILE, keys.public.signer)
    for number in range(60):
        reports(record, EPOCH, [make_report(number)])
    prepare(record, EPOCH, REQUEST, View(1, 1), ONE)
    record.begin(EPOCH, MARK)
    record.close()
    return directory / RECORD_FILE


def test_every_altered_byte_of_a_promise_is_noticed(full: Path, keys: KeySet) -> None:
    """Also where SQLite's own check sees nothing wrong: keys, outcomes, counters, bars, journals."""
    changes = [
        "UPDATE reports SET output_hash = zeroblob(32) WHERE request = (SELECT min(request) FROM reports)",
        "UPDATE reports SET transcript = zeroblob(32) WHERE request = (SELECT max(request) FROM reports)",
        "DELETE FROM reports WHERE request = (SELECT max(request) FROM reports)",
        "UPDATE prepares SET round = 2",
        "DELETE FROM prepares",
        "UPDATE record SET counter = counter - 1",
        "UPDATE record SET handed_over = 1",
        "UPDATE record SET restores = 1",
        "UPDATE standings SET barred = 7",
        "UPDATE standings SET sequence = 0",
        "DELETE FROM standings",
        "UPDATE epochs SET number = 2",
        "DELETE FROM record",
    ]
    for change in changes:
        path = full.with_name("altered.sqlite3")
        shutil.copy(full, path)
        with sqlite3.connect(path) as connection:
            connection.execute(change)
        connection.close()
        with pytest.raises(StoreError, match=r"damaged|empty"):
            SignerRecord.open(path, keys.public.signer)
        path.unlink()


def test_no_page_is_cut_or_altered_unnoticed(full: Path, keys: KeySet) -> None:
    """The last page lost, cut in half, or with any of its bytes changed."""
    good, page = full.read_bytes(), 4096
    spoiled = [good[:-page], good[: -page // 2], good[:-page] + bytes(page)]
    used = [place for place in range(len(good) - page, len(good)) if good[place] != 0]
    spoiled += [good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :] for place in used[:: len(used) // 20]]
    for data in spoiled:
        full.write_bytes(data)
        with pytest.raises(StoreError):
            SignerRecord.open(full, keys.public.signer)
    full.write_bytes(good)
    SignerRecord.open(full, keys.public.signer).close()


def test_a_cut_write_ahead_log_is_an_old_copy(directory: Path, keys: KeySet, make_report: MakeReport) -> None:
    """SQLite forgets what stood behind the cut, without a word: the journal's knowledge of the counter does not."""
    path, log = directory / RECORD_FILE, directory / f"{RECORD_FILE}-wal"
    record = SignerRecord.open(path, keys.public.signer)
    sizes = []
    for number in range(4):
        reports(record, EPOCH, [make_report(number)])
        sizes.append(log.stat().st_size)
    database, whole = path.read_bytes(), log.read_bytes()
    record.close()
    for cut in (sizes[2], sizes[2] + 100, sizes[3] - 1):
        path.write_bytes(database)
        log.write_bytes(whole[:cut])
        record = SignerRecord.open(path, keys.public.signer)
        assert record.counter == 3
        with pytest.raises(SigningBarred, match="holds 3 promises and held 4"):
            record.begin(EPOCH, JournalMark(JOURNAL, 9, 4, 1))
        record.close()


FULL_DISK = """
import resource, sys
sys.path.insert(0, sys.argv[3])
from pathlib import Path
from test_record import EPOCH, ONE, REQUEST, prepare
from executor.errors import StoreError
from executor.keys.record import SignerRecord
from executor.model.ids import Address
from executor.model.view import View
path = Path(sys.argv[1])
record = SignerRecord.open(path, Address.from_hex(sys.argv[2]))
prepare(record, EPOCH, REQUEST, View(1, 1), ONE)
size = Path(f"{path}-wal").stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 6000, resource.RLIM_INFINITY))
admitted = 1
for round in range(2, 1000):
    try:
        prepare(record, EPOCH, REQUEST, View(round, 1), ONE)
    except StoreError as error:
        print(admitted, "|", error)
        break
    admitted += 1
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
try:
    prepare(record, EPOCH, REQUEST, View(2000, 1), ONE)
except StoreError as error:
    print("|", error)
"""


def test_a_full_disk_ends_signing_until_the_signer_is_started_again(directory: Path, keys: KeySet) -> None:
    """What was admitted before is all there; nothing after it, not even once there is room again."""
    path, signer = directory / RECORD_FILE, keys.public.signer
    command = [sys.executable, "-c", FULL_DISK, path, str(signer), str(Path(__file__).parent)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (result.stderr, result.returncode) == ("", 0)
    first, again = result.stdout.splitlines()
    admitted, why = first.split(" | ")
    assert f"the signer's record {path} cannot be written" in why
    assert "until the signer is started again" in again
    record = SignerRecord.open(path, signer)
    assert record.counter == int(admitted)
    prepare(record, EPOCH, REQUEST, View(2000, 1), ONE)
    record.close()


READ_ONLY = """
import os, sys
from pathlib import Path
from executor.errors import StoreError
from executor.keys.record import SignerRecord
from executor.model.ids import Address
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)  # root writes what is read-only
try:
    SignerRecord.open(Path(sys.argv[1]), Address.from_hex(sys.argv[2]))
except StoreError as error:
    print(error)
"""


def test_a_read_only_record_does_not_open(full: Path, keys: KeySet) -> None:
    """Said at the start, by name."""
    place = Path("/tmp") / f"executor-read-only-{os.getpid()}"
    place.mkdir()
    try:
        path = place / RECORD_FILE
        shutil.copy(full, path)
        path.chmod(0o444)
        place.chmod(0o555)
        command = [sys.executable, "-c", READ_ONLY, path, str(keys.public.signer)]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert (result.stderr, result.returncode) == ("", 0)
        assert str(path) in result.stdout
        assert "readonly" in result.stdout.replace("-", "")
    finally:
        place.chmod(0o755)
        shutil.rmtree(place)
