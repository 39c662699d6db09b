"""What a network left behind when it was stopped: is anything in it that must never be?

Rule 1. Every request that the chain took is delivered or expired there, and none twice.
Rule 2. A member's signatures never contradict each other: over all signers' records, all journals and all receipts, one
        outcome of one run, one transcript prepared in a view, one value observed for a slot of a transcript.
Rule 3. All that signed an outcome of one transcript signed the same.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from executor.chain.client import ChainClient
from executor.chain.logs import SeenDelivery, SeenExpiry, SeenRequest
from executor.chain.watcher import RequestWatcher
from executor.keys.keyset import RECORD_FILE
from executor.model.ids import Digest, FunctionId, RequestId, TranscriptHash
from executor.model.observation import Kind
from executor.model.report import Report, Status
from executor.protocol.evidence import SignedReport, find_evidence, signed_reports
from executor.protocol.record import decode_record
from executor.receipts.files import read_receipt
from executor.store.journal import Journal


class OnChain:
    """How often each request was made, delivered and expired, read from the router's events."""

    def __init__(self, client: ChainClient, first_block: int) -> None:
        self._watcher = RequestWatcher(client, first_block, confirmations=0)
        self.made: Counter[RequestId] = Counter()
        self.delivered: Counter[RequestId] = Counter()
        self.expired: Counter[RequestId] = Counter()

    @property
    def open(self) -> list[RequestId]:
        """Requests without an end."""
        return [key for key in self.made if not self.delivered[key] and not self.expired[key]]

    async def update(self) -> None:
        """Read what is new; raises ChainError."""
        while events := await self._watcher.poll():
            for event in events:
                match event:
                    case SeenRequest():
                        self.made[event.request_id] += 1
                    case SeenDelivery():
                        self.delivered[event.request_id] += 1
                    case SeenExpiry():
                        self.expired[event.request_id] += 1
                    case _:
                        pass

    def problems(self) -> list[str]:
        """Rule 1."""
        found = [f"request {key} is lost" for key in self.open]
        found += [f"request {key} was delivered {count} times" for key, count in self.delivered.items() if count > 1]
        return found + [f"request {key} was delivered and expired" for key in self.delivered if self.expired[key]]


@dataclass(slots=True)
class Said:
    """What one member signed, wherever it was found; `prepares` and `observations` by what may be said once."""

    votes: list[SignedReport]
    prepares: defaultdict[tuple[Any, ...], set[TranscriptHash]]
    observations: defaultdict[tuple[Any, ...], set[bytes]]


def problems_of(directories: list[Path]) -> list[str]:
    """Rules 2 and 3 over the folders of all nodes, which are stopped; member i's folder is the i-th."""
    said = {member: Said([], defaultdict(set), defaultdict(set)) for member in range(len(directories))}
    for member, directory in enumerate(directories):
        _read_signer(directory / "keys" / RECORD_FILE, said[member])
        _read_journal(directory / "data" / "journal.sqlite3", said[member])
    for directory in directories:
        for path in sorted((directory / "data" / "receipts").glob("*.json")):
            _read_receipt(path, said)
    return [problem for member in said for problem in _contradictions(member, said[member])] + _differences(said)


def _contradictions(member: int, said: Said) -> Iterator[str]:
    """Rule 2."""
    if (evidence := find_evidence(said.votes)) is not None:
        yield f"member {member} signed two outcomes of one run: {evidence[0].report} and {evidence[1].report}"
    for key, transcripts in said.prepares.items():
        if len(transcripts) > 1:
            yield f"member {member} prepared {len(transcripts)} transcripts in one view: {key}"
    for key, values in said.observations.items():
        if len(values) > 1:
            yield f"member {member} observed {len(values)} values for one slot: {key}"


def _differences(said: dict[int, Said]) -> list[str]:
    """Rule 3: the first vote of each member for a run stands for all of its own."""
    votes = [vote for each in said.values() for vote in each.votes]
    if (two := find_evidence(votes)) is None:
        return []
    return [f"two outcomes of one run were signed by honest members: {two[0].report} and {two[1].report}"]


def _read_signer(path: Path, said: Said) -> None:
    connection = sqlite3.connect(path)
    try:
        columns = "request, function, transcript, status, slots, fuel_used, output_hash"
        for request, function, transcript, status, slots, fuel_used, output_hash in connection.execute(
            f"SELECT {columns} FROM reports"  # a constant
        ):
            report = Report(
                request_id=RequestId(request),
                function_id=FunctionId(function),
                transcript_hash=TranscriptHash(transcript),
                status=Status(status),
                round=0,  # no part of what is compared
                slots=slots,
                fuel_used=fuel_used,
                output_hash=Digest(output_hash),
            )
            said.votes.append(SignedReport(report, (), b""))
        for request, round_, slots, transcript in connection.execute(
            "SELECT request, round, slots, transcript FROM prepares"
        ):
            said.prepares[request, round_, slots].add(TranscriptHash(transcript))
    finally:
        connection.close()


def _read_journal(path: Path, said: Said) -> None:
    journal = Journal(path)  # which checks all of it
    try:
        for request_id, value in journal.load("record"):
            record = decode_record(value)
            if record.report is not None:
                said.votes.append(SignedReport(record.report, (), b""))
            if (prepare := record.last_prepare) is not None:
                key = (bytes(request_id), prepare.view.round, prepare.view.slots)
                said.prepares[key].add(prepare.transcript_hash)
            for own in record.observations:
                if own.observation.kind is Kind.VALUE:
                    said.observations[bytes(request_id), own.slot, bytes(own.spec)].add(own.observation.value)
    finally:
        journal.close()


def _read_receipt(path: Path, said: dict[int, Said]) -> None:
    receipt = read_receipt(path)
    request = bytes.fromhex(path.stem.removeprefix("0x"))
    for vote in receipt.votes:
        said[vote.member].votes += signed_reports(receipt.attestation.reports, vote.ecdsa)
    for slot, entry in enumerate(receipt.transcript):
        for signed in entry.observations:
            if signed.observation.kind is Kind.VALUE:
                said[signed.member].observations[request, slot, bytes(entry.spec)].add(signed.observation.value)
