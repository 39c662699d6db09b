"""What a key has signed, as a file: no way through it to a signature that the first record would have refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from key_bench import JOURNAL

from executor.crypto.digests import keccak256
from executor.errors import KeyStoreError, SigningBarred, SigningRefused, StoreError
from executor.keys.interchange import Interchange, export_record, import_record, read_interchange, write_interchange
from executor.keys.promises import promises_of
from executor.keys.record import Admission, SignerRecord
from executor.keys.standing import JournalMark
from executor.model.codec import encode, json_schema
from executor.model.committee import EpochIdentity
from executor.model.ids import Address, FunctionId, RequestId, TranscriptHash
from executor.model.report import Report, Status
from executor.model.view import View
from executor.protocol.statements import PrepareStatement, ReportsStatement, Statement

MARK = JournalMark(JOURNAL, 1, 0, 2)
SIGNER = Address(b"s" * 20)
DOCS = Path(__file__).resolve().parents[2] / "docs"
EPOCHS = [EpochIdentity(chain, Address(b"r" * 20), Address(b"c" * 20), number) for chain in (1, 5) for number in (1, 2)]


def _digest(kind: type[Any], number: int) -> Any:
    return kind(keccak256(b"%d" % number))


@st.composite
def statements(draw: st.DrawFn) -> Statement:
    """Few requests, transcripts, views and outcomes, so that many contradict each other."""
    epoch, few = draw(st.sampled_from(EPOCHS)), st.integers(0, 2)
    request, function = _digest(RequestId, draw(few)), _digest(FunctionId, 7)
    transcript = _digest(TranscriptHash, draw(few))
    if draw(st.booleans()):
        return PrepareStatement(epoch, request, function, transcript, View(draw(few), 1))
    status, fuel = draw(st.sampled_from(Status)), draw(few)
    return ReportsStatement(epoch, (Report(request, function, transcript, status, 0, 1, fuel, keccak256(b"output")),))


class Records:
    """Fresh records in one folder, closed at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.made = folder, list[SignerRecord]()

    def __call__(self) -> SignerRecord:
        self.made.append(SignerRecord.create(self.folder / f"{len(list(self.folder.iterdir()))}.sqlite3", SIGNER))
        return self.made[-1]


@pytest.fixture
def fresh(tmp_path: Path) -> Any:
    """Makes records."""
    records = Records(tmp_path)
    yield records
    for record in records.made:
        record.close()


def sign(record: SignerRecord, statement: Statement, mark: JournalMark = MARK) -> SigningRefused | None:
    (refusal,) = record.admit([Admission(statement.epoch, promises_of(statement), mark)])
    return refusal


@pytest.mark.parametrize("final", [True, False])
@settings(max_examples=25, deadline=None)
@given(before=st.lists(statements(), max_size=8), after=st.lists(statements(), max_size=8))
def test_nothing_is_signed_after_an_import_that_the_source_would_refuse(
    tmp_path_factory: pytest.TempPathFactory, final: bool, before: list[Statement], after: list[Statement]
) -> None:
    """Final or not, over all epochs, and in the source's own order: the import refuses at least as much."""
    fresh = Records(tmp_path_factory.mktemp("records"))
    source, twin, target = fresh(), fresh(), fresh()
    for statement in before:
        sign(source, statement)
        sign(twin, statement)
    import_record(target, export_record(source, final=final))
    for statement in after:
        refused, expected = sign(target, statement), sign(twin, statement)
        assert refused is not None or expected is None
        if final:
            assert (refused is None) == (expected is None)
        else:
            assert isinstance(refused, SigningBarred)
    for record in fresh.made:
        record.close()


def some(epoch: EpochIdentity, output: bytes = b"output") -> Statement:
    report = Report(
        _digest(RequestId, 1),
        _digest(FunctionId, 7),
        _digest(TranscriptHash, 1),
        Status.RETURNED,
        round=0,
        slots=1,
        fuel_used=5,
        output_hash=keccak256(output),
    )
    return ReportsStatement(epoch, (report,))


def test_an_export_written_read_and_imported_is_exported_alike(fresh: Records, tmp_path: Path) -> None:
    """The file is all there is, and never overwritten."""
    source, target = fresh(), fresh()
    for epoch in EPOCHS:
        assert sign(source, some(epoch)) is None
        assert sign(source, PrepareStatement(epoch, _digest(RequestId, 2), _digest(FunctionId, 7),
                                             _digest(TranscriptHash, 2), View(3, 1))) is None  # fmt: skip
    exported = export_record(source, final=True)
    path = tmp_path / "export.json"
    write_interchange(path, exported)
    with pytest.raises(KeyStoreError, match="File exists"):
        write_interchange(path, exported)
    assert import_record(target, read_interchange(path)) == 8
    assert import_record(target, read_interchange(path)) == 0
    assert replace(exported, metadata=export_record(target).metadata) == export_record(target)
    assert target.counter == source.counter


def test_a_final_export_ends_its_record_and_the_import_goes_on(fresh: Records) -> None:
    """The journal moves with it; asking again at the source, or exporting again, changes nothing."""
    source, target = fresh(), fresh()
    assert sign(source, some(EPOCHS[0])) is None
    file = export_record(source, final=True)
    assert file == export_record(source)
    with pytest.raises(SigningBarred, match="handed over"):
        source.begin(EPOCHS[1], MARK)
    assert isinstance(sign(source, some(EPOCHS[0])), SigningBarred)
    import_record(target, file)
    assert target.begin(EPOCHS[0], JournalMark(JOURNAL, 2, 1, 1)) == 1
    with pytest.raises(SigningBarred, match="another journal"):
        target.begin(EPOCHS[0], JournalMark(b"k" * 16, 2, 1, 1))
    import_record(source, export_record(target, final=True))  # and back again
    assert sign(source, some(EPOCHS[0]), JournalMark(JOURNAL, 2, 1, 1)) is None


def test_a_backup_signs_nothing_in_the_epochs_begun(fresh: Records) -> None:
    """Also in committees that the file does not know: what was signed there after it was made, nobody says."""
    source, target = fresh(), fresh()
    assert sign(source, some(EPOCHS[0])) is None
    import_record(target, export_record(source))
    for epoch in (EPOCHS[1], EPOCHS[3]):
        with pytest.raises(SigningBarred, match="imported from a backup"):
            target.begin(epoch, MARK)
        with pytest.raises(SigningBarred, match="for good"):
            target.begin(epoch, MARK)
        assert target.begin(replace(epoch, number=3), MARK) == 1


def test_what_contradicts_is_not_imported(fresh: Records) -> None:
    """Nothing of the file then, and the record goes on as it was."""
    source, target = fresh(), fresh()
    assert sign(source, some(EPOCHS[1])) is None
    assert sign(source, some(EPOCHS[0], b"one")) is None
    assert sign(target, some(EPOCHS[0], b"another")) is None
    with pytest.raises(StoreError, match="contradict"):
        import_record(target, export_record(source))
    assert target.counter == 1
    assert [epoch.number for epoch in target.epochs()] == [1]
    assert sign(target, some(EPOCHS[0], b"another")) is None


def test_files_that_are_none_are_refused(fresh: Records, tmp_path: Path) -> None:
    """Another key's, another version's, with an extra field, too long, or none: KeyStoreError by name."""
    source = fresh()
    assert sign(source, some(EPOCHS[0])) is None
    file = export_record(source)
    with pytest.raises(KeyStoreError, match="the file is of signer"):
        import_record(source, replace(file, metadata=replace(file.metadata, signer=Address(b"x" * 20))))
    data = encode(file)
    path = tmp_path / "file.json"
    extra = data.replace(b'"final"', b'"more":1,"final"')
    for bad in (b"", b"{}", data[:-1], extra, data.replace(b'format_version":"1"', b'format_version":"2"')):
        path.write_bytes(bad)
        with pytest.raises(KeyStoreError, match="no export"):
            read_interchange(path)
    with pytest.raises(KeyStoreError, match="cannot read"):
        read_interchange(tmp_path / "absent.json")


def test_the_published_schema_is_the_files() -> None:
    """docs/keys.md links to it."""
    published = json.loads((DOCS / "signer-record.schema.json").read_text())
    assert json_schema(Interchange) == published
