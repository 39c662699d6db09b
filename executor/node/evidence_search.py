"""Evidence wherever it may lie: in a node's journal, in receipts, in files of evidence.

Rule 1. Everything found is verified before it is told: files come from anybody.
Rule 2. Receipts accuse only together: one request's receipts of two nodes may hold two votes of one member.
Rule 3. What is read is bounded in size and number; what cannot be read is told and passed over.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final as Constant
from typing import TypeAlias

from executor.crypto.digests import attestation_digest, report_leaf
from executor.crypto.merkle import merkle_root
from executor.crypto.secp256k1 import is_signed_by
from executor.errors import InvalidEncoding, InvalidReceipt, InvalidValue
from executor.model.committee import EpochIdentity
from executor.model.ids import Address, RequestId
from executor.model.receipt import MAX_RECEIPT_BYTES, Receipt
from executor.node.evidence import Equivocation, decode_evidence, in_journal
from executor.protocol.evidence import SignedReport, equivocates, signed_reports
from executor.receipts import read_receipt
from executor.store.journal import Journal

MAX_FILES: Constant = 20_000  # some minutes of reading; more are named in parts
MAX_VOTES: Constant = 500_000  # kept to compare: 300 bytes each
MAX_TROUBLES: Constant = 100

_Key: TypeAlias = tuple[EpochIdentity, Address, bytes]  # epoch, signer, run


@dataclass(slots=True)
class Search:
    """What was found so far."""

    found: dict[tuple[EpochIdentity, int, RequestId], Equivocation] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    files_read: int = 0
    votes_read: int = 0
    _kept: dict[_Key, SignedReport] = field(default_factory=dict)

    def add(self, evidence: Equivocation) -> None:
        """Keep evidence that holds (Rule 1)."""
        if evidence.is_proven():
            self.found.setdefault((evidence.epoch, evidence.member, evidence.request_id), evidence)

    def read_files(self, paths: Iterable[Path]) -> None:
        """Receipts and files of evidence."""
        for path in paths:
            if self.files_read >= MAX_FILES:
                self.trouble(f"only the first {MAX_FILES} files were read; name the others in another call")
                return
            self.files_read += 1
            try:
                self._read(path)
            except (InvalidReceipt, InvalidEncoding, InvalidValue, OSError) as error:
                self.trouble(f"{path}: {error}")

    def read_journal(self, path: Path) -> None:
        """A stopped node's journal; raises StoreError, also while the node runs."""
        journal = Journal(path)
        try:
            for evidence in in_journal(journal):
                self.add(evidence)
        finally:
            journal.close()

    def trouble(self, text: str) -> None:
        """Something that was not read."""
        if text not in self.troubles and len(self.troubles) < MAX_TROUBLES:
            self.troubles.append(text)

    def _read(self, path: Path) -> None:
        with path.open("rb") as file:
            head = file.read(64)
        if head.startswith(b'{"attestation"'):
            self._read_receipt(read_receipt(path))
            return
        if path.stat().st_size > MAX_RECEIPT_BYTES:
            raise InvalidValue(f"more than {MAX_RECEIPT_BYTES} bytes")
        try:
            self.add(decode_evidence(path.read_bytes().strip()))
        except InvalidEncoding as error:
            raise InvalidEncoding(f"neither a receipt nor evidence that holds: {error}") from error

    def _read_receipt(self, receipt: Receipt) -> None:
        epoch, reports = receipt.epoch, receipt.attestation.reports
        digest = attestation_digest(epoch.identity, merkle_root([report_leaf(report) for report in reports]))
        for vote in receipt.votes:
            if vote.member >= epoch.n:
                continue
            signer = epoch.members[vote.member].signer
            if not is_signed_by(digest, vote.ecdsa, signer):
                self.trouble(f"request {receipt.attestation.reports[0].request_id}: a vote that is not signed")
                continue  # kept, it would hide a true one
            for signed in signed_reports(reports, vote.ecdsa):
                self._compare(epoch.identity, vote.member, signer, signed)

    def _compare(self, epoch: EpochIdentity, member: int, signer: Address, signed: SignedReport) -> None:
        report = signed.report
        self.votes_read += 1
        key = (epoch, signer, bytes(report.request_id) + bytes(report.function_id) + bytes(report.transcript_hash))
        known = self._kept.get(key)
        if known is not None:
            if equivocates(known.report, report):
                self.add(Equivocation(epoch, member, signer, known, signed))
        elif len(self._kept) < MAX_VOTES:
            self._kept[key] = signed
        else:
            self.trouble(f"only the first {MAX_VOTES} votes are compared with the others")
