"""Evidence found in journals, receipts and files; what is forged or broken accuses nobody."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from executor.crypto import secp256k1
from executor.crypto.digests import attestation_digest, keccak256, report_leaf
from executor.crypto.merkle import merkle_root
from executor.model.codec import decode, encode
from executor.model.committee import Epoch
from executor.model.receipt import MAX_RECEIPT_BYTES, Receipt
from executor.model.report import Report, Vote
from executor.node.evidence import encode_evidence, keep
from executor.node.evidence_search import MAX_TROUBLES, Search
from executor.receipts import read_receipt, write_receipt
from executor.store.journal import Journal

RECORDED = Path(__file__).resolve().parents[2] / "fixtures" / "receipts" / "throws.json"
SECRETS = [bytes(keccak256(b"member %d" % member)) for member in range(4)]


def rekeyed(receipt: Receipt) -> Receipt:
    """The receipt with members whose keys the test has."""
    members = tuple(
        replace(member, signer=secp256k1.address_of(secret))
        for member, secret in zip(receipt.epoch.members, SECRETS, strict=False)
    )
    return replace(receipt, epoch=replace(receipt.epoch, members=members))


def vote(epoch: Epoch, member: int, reports: tuple[Report, ...], secret: bytes | None = None) -> Vote:
    digest = attestation_digest(epoch.identity, merkle_root([report_leaf(report) for report in reports]))
    return Vote(member, secp256k1.sign(secret or SECRETS[member], digest))


@pytest.fixture
def pair(tmp_path: Path) -> list[Path]:
    """Two receipts of one request: member 2 voted for both outcomes, member 0 and 1 for one each."""
    receipt = rekeyed(read_receipt(RECORDED))
    reports = receipt.attestation.reports
    lie = (replace(reports[0], output_hash=keccak256(b"lie")), *reports[1:])
    paths = []
    for name, signed, members in (("0xaa", reports, (0, 2)), ("0xbb", lie, (1, 2))):
        votes = tuple(vote(receipt.epoch, member, signed) for member in members)
        attestation = replace(receipt.attestation, reports=signed)
        write_receipt(tmp_path / f"{name}.json", replace(receipt, attestation=attestation, votes=votes))
        paths.append(tmp_path / f"{name}.json")
    return paths


def test_two_receipts_convict_the_member_that_signed_both(pair: list[Path]) -> None:
    search = Search()
    search.read_files(pair)
    (found,) = search.found.values()
    assert found.member == 2
    assert found.is_proven()
    assert search.troubles == []


def test_one_receipt_convicts_nobody(pair: list[Path]) -> None:
    search = Search()
    search.read_files([pair[0], pair[0]])
    assert search.found == {}


def test_a_forged_vote_neither_convicts_nor_hides_the_true_one(pair: list[Path], tmp_path: Path) -> None:
    """A receipt with member 2's vote by another key, read first."""
    receipt = read_receipt(pair[0])
    forged = vote(receipt.epoch, 2, receipt.attestation.reports, SECRETS[0])
    write_receipt(tmp_path / "forged.json", replace(receipt, votes=(forged,)))
    search = Search()
    search.read_files([tmp_path / "forged.json", pair[1]])
    assert search.found == {}
    assert "not signed" in search.troubles[0]
    search.read_files(pair)
    assert [found.member for found in search.found.values()] == [2]


def test_evidence_lies_in_journals_and_in_files(pair: list[Path], tmp_path: Path) -> None:
    search = Search()
    search.read_files(pair)
    (found,) = search.found.values()
    journal = Journal(tmp_path / "journal.sqlite3")
    keep(journal, found)
    journal.close()
    (tmp_path / "evidence.json").write_bytes(encode_evidence(found) + b"\n")
    again = Search()
    again.read_journal(tmp_path / "journal.sqlite3")
    assert list(again.found.values()) == [found]
    third = Search()
    third.read_files([tmp_path / "evidence.json"])
    assert list(third.found.values()) == [found]


def test_what_cannot_be_read_is_told_and_passed_over(pair: list[Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_bytes(b'{"attestation"' + b"[" * 10_000)
    huge = tmp_path / "huge.json"
    with huge.open("wb") as file:
        file.truncate(MAX_RECEIPT_BYTES + 1)
    search = Search()
    search.read_files([broken, huge, tmp_path / "absent.json", tmp_path, *pair])
    assert len(search.found) == 1
    assert len(search.troubles) == 4
    search.read_files([tmp_path / f"absent-{number}" for number in range(1_000)])
    assert len(search.troubles) == MAX_TROUBLES


def test_evidence_that_proves_nothing_is_not_kept(pair: list[Path], tmp_path: Path) -> None:
    search = Search()
    search.read_files(pair)
    (found,) = search.found.values()
    path = tmp_path / "false.json"
    path.write_bytes(encode(replace(found, second=found.first)))
    other = Search()
    other.read_files([path])
    assert other.found == {}
    assert "neither a receipt nor evidence" in other.troubles[0]
    assert decode(type(found), encode_evidence(found), limit=1 << 20) == found
