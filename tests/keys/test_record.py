"""The record: same again, yes; anything conflicting, never (K1)."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from key_bench import MARK

from executor.crypto.digests import keccak256
from executor.errors import SigningRefused, StoreError
from executor.keys.keyset import RECORD_FILE, KeySet
from executor.keys.promises import Promise, promises_of
from executor.keys.record import Admission, SignerRecord
from executor.keys.record_schema import connect
from executor.model.committee import EpochIdentity
from executor.model.ids import Address, FunctionId, RequestId, TranscriptHash
from executor.model.report import Report, Status
from executor.model.view import View
from executor.protocol.statements import PrepareStatement, ReportsStatement

EPOCH = EpochIdentity(31337, Address(b"r" * 20), Address(b"c" * 20), 1)
LATER = replace(EPOCH, number=2)
REQUEST = RequestId(keccak256(b"request"))
FUNCTION = FunctionId(keccak256(b"function"))
ONE, TWO = TranscriptHash(keccak256(b"one")), TranscriptHash(keccak256(b"two"))
MakeReport = Callable[..., Report]


def admit(record: SignerRecord, epoch: EpochIdentity, *promises: Promise) -> None:
    (refusal,) = record.admit([Admission(epoch, promises, MARK)])
    if refusal is not None:
        raise refusal


def reports(record: SignerRecord, epoch: EpochIdentity, made: Sequence[Report]) -> None:
    admit(record, epoch, *promises_of(ReportsStatement(epoch, tuple(made))))


def prepare(record: SignerRecord, epoch: EpochIdentity, request: RequestId, view: View, what: TranscriptHash) -> None:
    admit(record, epoch, *promises_of(PrepareStatement(epoch, request, FUNCTION, what, view)))


def test_a_commit_of_the_record_is_synced(tmp_path: Path) -> None:
    """Killing the process cannot show it, a power cut would: the write-ahead log, and a sync at every commit."""
    with closing(connect(tmp_path / "record")) as connection:
        said = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert said == ["wal", 2]


def test_the_same_outcome_is_admitted_again(record: SignerRecord, make_report: MakeReport) -> None:
    """In another round and beside other reports; only new outcomes count."""
    reports(record, EPOCH, [make_report(1)])
    reports(record, EPOCH, [make_report(1, round=9), make_report(2)])
    reports(record, EPOCH, [make_report(2), make_report(1, round=10)])
    assert record.counter == 2


CONFLICTS = {
    "output": {"output_hash": keccak256(b"other")},
    "fuel": {"fuel_used": 1001},
    "status": {"status": Status.FAILED},
    "slots": {"slots": 2},
    "function": {"function_id": keccak256(b"other")},
}


@pytest.mark.parametrize("change", CONFLICTS.values(), ids=CONFLICTS.keys())
def test_another_outcome_is_refused(record: SignerRecord, make_report: MakeReport, change: dict[str, object]) -> None:
    """Each field of the outcome conflicts on its own."""
    reports(record, EPOCH, [make_report()])
    with pytest.raises(SigningRefused, match="another outcome"):
        reports(record, EPOCH, [replace(make_report(), **change)])
    reports(record, EPOCH, [make_report()])
    assert record.counter == 1


def test_another_epoch_request_or_transcript_is_no_conflict(record: SignerRecord, make_report: MakeReport) -> None:
    """The key is (epoch, request, transcript)."""
    reports(record, EPOCH, [make_report(1, b"a")])
    reports(record, LATER, [make_report(1, b"b")])
    reports(record, EPOCH, [make_report(2, b"b"), make_report(1, b"b", transcript=b"other")])
    assert record.counter == 4


def test_a_batch_is_recorded_whole_or_not_at_all(record: SignerRecord, make_report: MakeReport) -> None:
    """Rule 4: the leaves before and after the conflicting one stay unrecorded."""
    reports(record, EPOCH, [make_report(1)])
    with pytest.raises(SigningRefused):
        reports(record, EPOCH, [make_report(0, b"x"), make_report(1, b"conflict"), make_report(2, b"x")])
    reports(record, EPOCH, [make_report(0, b"y"), make_report(2, b"y")])
    assert record.counter == 3


def test_a_batch_that_contradicts_itself_is_refused(record: SignerRecord, make_report: MakeReport) -> None:
    """Two outcomes of one transcript in one batch."""
    with pytest.raises(SigningRefused):
        reports(record, EPOCH, [make_report(1, b"a"), make_report(1, b"b")])
    assert record.counter == 0


def test_one_transcript_is_prepared_in_a_view(record: SignerRecord) -> None:
    """Rule 3: again yes, another in the same view no, another in another view yes."""
    prepare(record, EPOCH, REQUEST, View(1, 1), ONE)
    prepare(record, EPOCH, REQUEST, View(1, 1), ONE)
    with pytest.raises(SigningRefused, match="another transcript"):
        prepare(record, EPOCH, REQUEST, View(1, 1), TWO)
    prepare(record, EPOCH, REQUEST, View(1, 2), TWO)
    prepare(record, EPOCH, REQUEST, View(2, 1), TWO)
    prepare(record, EPOCH, RequestId(TWO), View(1, 1), TWO)
    assert record.counter == 4


def test_it_remembers_after_reopening(directory: Path, keys: KeySet, make_report: MakeReport) -> None:
    """Closed and opened, the conflict is still one."""
    path, signer = directory / RECORD_FILE, keys.public.signer
    record = SignerRecord.open(path, signer)
    reports(record, EPOCH, [make_report()])
    record.close()
    record = SignerRecord.open(path, signer)
    with pytest.raises(SigningRefused):
        reports(record, EPOCH, [make_report(output=b"other")])
    assert record.counter == 1
    record.close()


def test_one_process_at_a_time(directory: Path, keys: KeySet, record: SignerRecord) -> None:
    """Rule 5: a second signer over the same record does not start."""
    with pytest.raises(StoreError, match="locked"):
        SignerRecord.open(directory / RECORD_FILE, keys.public.signer)


def test_a_missing_record_is_not_made_anew(directory: Path, keys: KeySet) -> None:
    """A lost record ends the life of its key."""
    (directory / RECORD_FILE).unlink()
    with pytest.raises(StoreError, match="could sign twice"):
        SignerRecord.open(directory / RECORD_FILE, keys.public.signer)
    assert not (directory / RECORD_FILE).exists()


def test_a_record_is_not_overwritten(directory: Path, keys: KeySet) -> None:
    """`create` refuses an existing file."""
    with pytest.raises(StoreError, match="File exists"):
        SignerRecord.create(directory / RECORD_FILE, keys.public.signer)


def test_damaged_and_foreign_files_are_refused(directory: Path, keys: KeySet) -> None:
    """Garbage, an empty file, another database, a newer schema: StoreError, whatever it is."""
    path, signer = directory / RECORD_FILE, keys.public.signer
    good = path.read_bytes()
    for data in (b"garbage" * 1000, b"", good[:4096], good[:100] + b"\xff" * (len(good) - 100)):
        path.write_bytes(data)
        with pytest.raises(StoreError):
            SignerRecord.open(path, signer)
    path.write_bytes(good)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(StoreError, match="schema 9"):
        SignerRecord.open(path, signer)


CRASH = """
import os, sys
sys.path.insert(0, sys.argv[3])
from pathlib import Path
from test_record import EPOCH, ONE, REQUEST, prepare
from executor.keys.record import SignerRecord
from executor.model.ids import Address
from executor.model.view import View
record = SignerRecord.open(Path(sys.argv[1]), Address.from_hex(sys.argv[2]))
for round in range(1, 1000):
    prepare(record, EPOCH, REQUEST, View(round, 1), ONE)
    os.write(1, b".")
    if round == 5:
        os.kill(os.getpid(), 9)
"""


def test_what_was_admitted_survives_a_kill(directory: Path, keys: KeySet) -> None:
    """Killed with SIGKILL right after the fifth admission, the record holds all five."""
    path, signer = directory / RECORD_FILE, keys.public.signer
    result = subprocess.run(
        [sys.executable, "-c", CRASH, path, str(signer), str(Path(__file__).parent)], capture_output=True, timeout=60
    )
    assert (result.stdout, result.returncode) == (b".....", -9)
    record = SignerRecord.open(path, signer)
    assert record.counter == 5
    with pytest.raises(SigningRefused):
        prepare(record, EPOCH, REQUEST, View(5, 1), TWO)
    record.close()
