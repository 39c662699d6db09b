"""Votes that are evidence against fixtures/vectors/evidence.json, which forge reads, too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from vector_files import content, rows, unhex

from executor.crypto.digests import report_leaf
from executor.crypto.merkle import merkle_path, merkle_root, path_root
from executor.model.committee import EpochIdentity
from executor.model.ids import Address, Digest, FunctionId, RequestId, TranscriptHash
from executor.model.report import Report, Status
from executor.protocol.evidence import SignedReport, equivocates, find_evidence, is_evidence

FILE = content("evidence")
EPOCH = EpochIdentity(
    int(FILE["chainId"]), Address(unhex(FILE["router"])), Address(unhex(FILE["committee"])), int(FILE["epoch"])
)
SIGNER = Address(unhex(FILE["signer"]))


def signed(plain: dict[str, Any]) -> SignedReport:
    """A vote of the file."""
    report = plain["report"]
    return SignedReport(
        Report(
            request_id=RequestId(unhex(report["requestId"])),
            function_id=FunctionId(unhex(report["functionId"])),
            transcript_hash=TranscriptHash(unhex(report["transcriptHash"])),
            status=Status(int(report["status"])),
            round=int(report["round"]),
            slots=int(report["slots"]),
            fuel_used=int(report["fuelUsed"]),
            output_hash=Digest(unhex(report["outputHash"])),
        ),
        tuple(Digest(unhex(sibling)) for sibling in plain["path"]),
        unhex(plain["signature"]),
    )


@pytest.mark.parametrize("row", rows("evidence", "valid"))
def test_two_outcomes_of_one_run_are_evidence(row: dict[str, Any]) -> None:
    """Whichever comes first, and they are found among a member's votes."""
    first, second = map(signed, row["votes"])
    assert is_evidence(EPOCH, SIGNER, first, second)
    assert is_evidence(EPOCH, SIGNER, second, first)
    assert find_evidence([first, first, second]) == (first, second)


@pytest.mark.parametrize("row", rows("evidence", "invalid"))
def test_everything_else_is_none(row: dict[str, Any]) -> None:
    """What the contract calls no equivocation the predicate calls none; the rest fails on a signature or a path."""
    first, second = map(signed, row["votes"])
    assert not is_evidence(EPOCH, SIGNER, first, second)
    assert not is_evidence(EPOCH, SIGNER, second, first)
    assert equivocates(first.report, second.report) == (row["error"] != "NoEquivocation")
    assert (find_evidence([first, second]) is None) == (row["error"] == "NoEquivocation")


@pytest.mark.parametrize("size", range(1, 20))
def test_every_leaf_has_a_way_to_the_root(size: int) -> None:
    """Of every size, odd ones too."""
    report = signed(FILE["tests"][0]["votes"][0]).report
    leaves = [report_leaf(replace(report, fuel_used=fuel)) for fuel in range(size)]
    for place, leaf in enumerate(leaves):
        path = merkle_path(leaves, place)
        assert path_root(leaf, path) == merkle_root(leaves)
        assert len(path) <= (size - 1).bit_length()
