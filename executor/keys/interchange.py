"""A signer's record as a file, after EIP-3076: what was signed, per committee, epoch and request (docs/keys.md).

Rule 1. An import takes the union of file and record, or nothing when they contradict each other.
Rule 2. A final export ends its record first: that key signs nothing there any more. Its file may be gone on with.
Rule 3. Any other file is a backup: who imports one is barred from every epoch begun by then (standing.py, Rule 4).
Rule 4. Shares of draw keys are not in it: they leave the signer in no form. What was done once for a key is in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Annotated, Literal
from typing import Final as Constant

from pydantic import Field

from executor.crypto.digests import epoch_digest
from executor.errors import InvalidEncoding, KeyStoreError, SigningRefused, StoreError
from executor.keys.files import write_new
from executor.keys.promises import KeyStep, Promise, key_promise
from executor.keys.record import SignerRecord
from executor.keys.record_schema import load_standings
from executor.keys.standing import NEVER, Scope, Standing, scope_of
from executor.model.codec import Hex, Natural, Uint16, Uint32, decode, encode
from executor.model.committee import EpochIdentity
from executor.model.ids import Address, Digest, FunctionId, RequestId, TranscriptHash

MAX_FILE_BYTES: Constant = 256 * 1024 * 1024  # half a million votes


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the file is. `final`: the record that it was made of signs nothing more."""

    interchange_format_version: Literal["1"]
    signer: Address
    record_counter: Natural
    final: bool


@dataclass(frozen=True, slots=True)
class SignedReport:
    """An outcome that was voted for."""

    transcript: TranscriptHash
    function: FunctionId
    status: Natural
    slots: Uint16
    fuel_used: Natural
    output_hash: Digest


@dataclass(frozen=True, slots=True)
class SignedPrepare:
    """A transcript that was prepared in a view."""

    round: Uint32
    slots: Uint16
    transcript: TranscriptHash


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What was signed about one request."""

    request: RequestId
    reports: tuple[SignedReport, ...]
    prepares: tuple[SignedPrepare, ...]


@dataclass(frozen=True, slots=True)
class KeyStepTaken:
    """What was done once for the epoch's draw key (promises.py, `KeyStep`)."""

    step: Annotated[int, Field(ge=0, le=max(KeyStep), strict=True)]
    hash: Digest


@dataclass(frozen=True, slots=True)
class SignedEpoch:
    """What was signed in one epoch."""

    number: Natural
    requests: tuple[SignedRequest, ...]
    key_steps: tuple[KeyStepTaken, ...]


@dataclass(frozen=True, slots=True)
class JournalSeen:
    """The journal that asked, by its 16 bytes of a name, and the highest sequence it showed."""

    name: Hex
    sequence: Natural


@dataclass(frozen=True, slots=True)
class SignedCommittee:
    """What was signed for one committee. `barred_up_to`: the last epoch in which nothing more is signed."""

    chain_id: Natural
    router: Address
    committee: Address
    barred_up_to: Natural | None
    journal: JournalSeen | None
    epochs: tuple[SignedEpoch, ...]


@dataclass(frozen=True, slots=True)
class Interchange:
    """The whole file: canonical JSON."""

    metadata: Metadata
    data: tuple[SignedCommittee, ...]


def export_record(record: SignerRecord, *, final: bool = False) -> Interchange:
    """Everything in a record; `final` hands it over first (Rule 2), and may be repeated."""
    if final:
        record.transact(lambda: record.keep_head(replace(record.head(), handed_over=True)))
    head, epochs = record.head(), record.epochs()
    standings = record.standings()
    scopes = sorted(
        {*standings, *map(scope_of, epochs)}, key=lambda scope: (scope.chain_id, scope.router, scope.committee)
    )
    committees = []
    for scope in scopes:
        standing = standings.get(scope, Standing())
        committees.append(
            SignedCommittee(
                chain_id=scope.chain_id,
                router=scope.router,
                committee=scope.committee,
                barred_up_to=None if standing.barred == NEVER else standing.barred,
                journal=JournalSeen(standing.journal, standing.sequence) if standing.journal else None,
                epochs=tuple(
                    SignedEpoch(epoch.number, _requests(record, epoch), _key_steps(record, epoch))
                    for epoch in epochs
                    if scope_of(epoch) == scope
                ),
            )
        )
    return Interchange(Metadata("1", head.signer, head.counter, head.handed_over), tuple(committees))


def import_record(record: SignerRecord, file: Interchange) -> int:
    """Merge a file into the record of the same key (Rules 1 and 3); how many promises were new.

    Raises KeyStoreError for another key's file, StoreError for one that contradicts the record.
    """

    def merge() -> int:
        before = record.head()
        for epoch, promises in _promises(file):
            record.insert(epoch, promises)
        standings = load_standings(record.connection)
        for committee in file.data:
            scope = Scope(committee.chain_id, committee.router, committee.committee)
            record.keep_standing(
                scope, _merged(standings.get(scope, Standing()), committee, before.restores, file.metadata.final)
            )
        head = record.head()
        head = head.counting(max(head.counter, file.metadata.record_counter))
        record.keep_head(
            replace(head, handed_over=False) if file.metadata.final else replace(head, restores=head.restores + 1)
        )
        return head.promises - before.promises

    if file.metadata.signer != record.head().signer:
        raise KeyStoreError(f"the file is of signer {file.metadata.signer}; this record is of {record.head().signer}")
    try:
        return record.transact(merge)
    except SigningRefused as error:
        raise StoreError(f"nothing was imported, because file and record contradict each other: {error}") from error


def write_interchange(path: Path, file: Interchange) -> None:
    """Write a new file, synced; raises KeyStoreError when it exists."""
    write_new(path, encode(file))


def read_interchange(path: Path) -> Interchange:
    """The file; raises KeyStoreError naming what is wrong with it."""
    try:
        with path.open("rb") as opened:
            data = opened.read(MAX_FILE_BYTES + 1)
        file: Interchange = decode(Interchange, data, limit=MAX_FILE_BYTES)
    except OSError as error:
        raise KeyStoreError(f"cannot read {path}: {error.strerror}") from error
    except InvalidEncoding as error:
        raise KeyStoreError(f"{path} is no export of a signer's record: {error}") from error
    return file


def _merged(standing: Standing, committee: SignedCommittee, restores: int, final: bool) -> Standing:
    barred = NEVER if committee.barred_up_to is None else committee.barred_up_to
    standing = replace(standing, barred=max(standing.barred, barred))
    seen = committee.journal
    if not final or seen is None:
        return standing
    sequence = max(seen.sequence, standing.sequence) if seen.name == standing.journal else seen.sequence
    return replace(standing, journal=seen.name, sequence=sequence, begun_restores=restores)


def _requests(record: SignerRecord, epoch: EpochIdentity) -> tuple[SignedRequest, ...]:
    promises = sorted((each for each in record.promises(epoch) if each.request), key=lambda promise: promise.request)
    return tuple(
        SignedRequest(
            RequestId(request),
            tuple(_report(promise) for promise in group if promise.table == "reports"),
            tuple(_prepare(promise) for promise in group if promise.table == "prepares"),
        )
        for request, group in ((key, list(found)) for key, found in groupby(promises, lambda promise: promise.request))
    )


def _key_steps(record: SignerRecord, epoch: EpochIdentity) -> tuple[KeyStepTaken, ...]:
    steps = [promise for promise in record.promises(epoch) if not promise.request]
    return tuple(KeyStepTaken(_int(step.key[0]), Digest(_bytes(step.said[0]))) for step in steps)


def _report(promise: Promise) -> SignedReport:
    (_, transcript), (function, status, slots, fuel_used, output_hash) = promise.key, promise.said
    return SignedReport(
        TranscriptHash(_bytes(transcript)),
        FunctionId(_bytes(function)),
        _int(status),
        _int(slots),
        _int(fuel_used),
        Digest(_bytes(output_hash)),
    )


def _prepare(promise: Promise) -> SignedPrepare:
    (_, round, slots), (transcript,) = promise.key, promise.said
    return SignedPrepare(_int(round), _int(slots), TranscriptHash(_bytes(transcript)))


def _promises(file: Interchange) -> Iterator[tuple[EpochIdentity, list[Promise]]]:
    for committee in file.data:
        for signed in committee.epochs:
            epoch = EpochIdentity(committee.chain_id, committee.router, committee.committee, signed.number)
            digest = epoch_digest(epoch)
            promises = [key_promise(digest, KeyStep(each.step), each.hash) for each in signed.key_steps]
            for request in signed.requests:
                key = bytes(request.request)
                for report in request.reports:
                    said = (bytes(report.function), report.status, report.slots, report.fuel_used)
                    outcome = (*said, bytes(report.output_hash))
                    promises.append(Promise("reports", digest, (key, bytes(report.transcript)), outcome))
                for prepare in request.prepares:
                    view = (key, prepare.round, prepare.slots)
                    promises.append(Promise("prepares", digest, view, (bytes(prepare.transcript),)))
            yield epoch, promises


def _bytes(cell: int | bytes) -> bytes:
    assert isinstance(cell, bytes)
    return cell


def _int(cell: int | bytes) -> int:
    assert isinstance(cell, int)
    return cell
