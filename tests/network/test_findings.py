"""The search for contradictions sees each kind of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from executor.chain.client import ChainClient
from executor.crypto.digests import keccak256
from executor.keys.keyset import RECORD_FILE
from executor.keys.promises import promises_of
from executor.keys.record import Admission, SignerRecord
from executor.keys.standing import JournalMark
from executor.model.committee import EpochIdentity
from executor.model.ids import Address, Digest, FunctionId, RequestId, TranscriptHash
from executor.model.observation import Kind, Observation
from executor.model.report import Report, Status
from executor.model.view import NO_VIEW, Prepare, View
from executor.protocol.record import OwnObservation, Record, encode_record
from executor.protocol.statements import PrepareStatement, ReportsStatement
from executor.store.journal import Journal
from tests.network.findings import OnChain, problems_of

REQUEST, FUNCTION = RequestId(keccak256(b"request")), FunctionId(keccak256(b"function"))
ONE, OTHER = TranscriptHash(keccak256(b"one")), TranscriptHash(keccak256(b"other"))
EPOCH, VIEW = EpochIdentity(1, Address(b"\x02" * 20), Address(b"\x03" * 20), 1), View(7, 1)
MARK = JournalMark(b"\x01" * 16, 1, 0, 1)
REPORT = Report(REQUEST, FUNCTION, ONE, Status.RETURNED, 7, 1, 5, Digest(keccak256(b"output")))
ANOTHER = replace(REPORT, output_hash=Digest(keccak256(b"another")))
RECORD = Record(REQUEST, FUNCTION, None, NO_VIEW, (), None, (), REPORT, None)


def member(folder: Path, report: Report, record: Record) -> Path:
    """What a member leaves that signed this report and journaled this record; it prepared ONE."""
    for name in ("keys", "data/receipts"):
        (folder / name).mkdir(parents=True)
    signer = SignerRecord.create(folder / "keys" / RECORD_FILE, Address(b"\x01" * 20))
    signer.begin(EPOCH, MARK)
    for statement in (ReportsStatement(EPOCH, (report,)), PrepareStatement(EPOCH, REQUEST, FUNCTION, ONE, VIEW)):
        assert signer.admit([Admission(EPOCH, promises_of(statement), MARK)]) == [None]
    signer.close()
    journal = Journal(folder / "data" / "journal.sqlite3")
    journal.save(REQUEST, "record", encode_record(record))
    journal.close()
    return folder


def test_nothing_is_found_where_all_say_the_same(tmp_path: Path) -> None:
    """Also in other rounds."""
    later = replace(RECORD, report=replace(REPORT, round=9))
    assert problems_of([member(tmp_path / "0", REPORT, RECORD), member(tmp_path / "1", REPORT, later)]) == []


def test_each_kind_of_contradiction_is_found(tmp_path: Path) -> None:
    """Between a signer and its own journal, within a journal, and between members."""
    seen = [OwnObservation(ONE, 0, b"{}", Observation(Kind.VALUE, value)) for value in (b"1", b"2")]
    prepared = Prepare(0, VIEW, OTHER, b"")
    cases = {
        "member 0 signed two outcomes of one run": (REPORT, replace(RECORD, report=ANOTHER)),
        "member 0 prepared 2 transcripts in one view": (REPORT, replace(RECORD, last_prepare=prepared)),
        "member 0 observed 2 values for one slot": (REPORT, replace(RECORD, observations=tuple(seen))),
        "two outcomes of one run were signed by honest members": (ANOTHER, replace(RECORD, report=ANOTHER)),
    }
    for number, (problem, (report, record)) in enumerate(cases.items()):
        folder = tmp_path / str(number)
        found = problems_of([member(folder / "0", report, record), member(folder / "1", REPORT, RECORD)])
        assert [each for each in found if each.startswith(problem)], found


def test_what_the_chain_shows_of_lost_and_doubled_requests_is_found() -> None:
    """A request without an end, one delivered twice, one both delivered and expired."""
    keys = [RequestId(keccak256(b"%d" % number)) for number in range(4)]
    chain = OnChain(ChainClient(["http://127.0.0.1:1"], 1, Address(bytes(20))), 0)
    chain.made = Counter(keys)
    chain.delivered = Counter([keys[1], keys[1], keys[2], keys[3]])
    chain.expired = Counter([keys[2]])
    assert [
        f"request {keys[0]} is lost",
        f"request {keys[1]} was delivered 2 times",
        f"request {keys[2]} was delivered and expired",
    ] == chain.problems()
