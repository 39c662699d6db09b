"""Two outcomes of one run, both signed by one member: the one fault that stake answers for.

Rule 1. Both votes are under one EIP-712 domain, committee and epoch, and by the signer of one member.
Rule 2. Their reports have the same (request, function, transcript) and another (status, slots, fuel used, output hash).
Rule 3. The round says when a vote was cast, not what for: voting again in a later round, or in a batch, is no fault.

The same in Solidity: contracts/src/libraries/Equivocation.sol. Vectors: fixtures/vectors/evidence.json.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final as Constant

from executor.crypto.digests import attestation_digest, report_leaf
from executor.crypto.merkle import merkle_path, path_root
from executor.crypto.suite import REAL, Suite
from executor.model.codec import Hex
from executor.model.committee import EpochIdentity
from executor.model.ids import Address, Digest
from executor.model.report import Report

MAX_PATH: Constant = 16  # what the contract reads; the largest batch has 256 reports, whose paths have 8 hashes


@dataclass(frozen=True, slots=True)
class SignedReport:
    """A member's vote as evidence holds it: a report, its way to the signed root, and the ECDSA signature."""

    report: Report
    path: tuple[Digest, ...]  # siblings from the leaf up
    signature: Hex


def equivocates(first: Report, second: Report) -> bool:
    """Rule 2: whether these are two outcomes of one run. Pure and symmetric."""
    return same_run(first, second) and _outcome(first) != _outcome(second)


def same_run(first: Report, second: Report) -> bool:
    """Whether these are about one execution: the same request, function and transcript."""
    return _run(first) == _run(second)


def is_evidence(
    epoch: EpochIdentity, signer: Address, first: SignedReport, second: SignedReport, suite: Suite = REAL
) -> bool:
    """Whether the contract slashes the member with this signer for these two votes. Pure and symmetric."""
    return equivocates(first.report, second.report) and all(
        _signed(suite, epoch, signer, vote) for vote in (first, second)
    )


def signed_reports(reports: Sequence[Report], signature: bytes) -> list[SignedReport]:
    """One member's vote over a batch, taken apart into a vote for each of its reports."""
    leaves = [report_leaf(report) for report in reports]
    return [SignedReport(report, merkle_path(leaves, place), signature) for place, report in enumerate(reports)]


def find_evidence(votes: Iterable[SignedReport]) -> tuple[SignedReport, SignedReport] | None:
    """The first two of one member's votes that are evidence by Rule 2; None when there are no two."""
    first: dict[tuple[bytes, ...], SignedReport] = {}
    for vote in votes:
        # Of votes with one outcome any stands for all.
        known = first.setdefault(_run(vote.report), vote)
        if equivocates(known.report, vote.report):
            return known, vote
    return None


def _run(report: Report) -> tuple[bytes, ...]:
    return report.request_id, report.function_id, report.transcript_hash


def _outcome(report: Report) -> tuple[int, int, int, bytes]:
    return int(report.status), report.slots, report.fuel_used, report.output_hash


def _signed(suite: Suite, epoch: EpochIdentity, signer: Address, vote: SignedReport) -> bool:
    if len(vote.path) > MAX_PATH:
        return False
    return suite.is_signed_by(
        attestation_digest(epoch, path_root(report_leaf(vote.report), vote.path)), vote.signature, signer
    )
