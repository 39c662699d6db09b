"""Receipts recorded once replay for ever: same outcome, same bytes, same fuel, every signature."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from executor import PROFILE, Failed, Kind, Loader, Receipt, Returned, TrapCode, Trapped, profile_id
from executor.crypto.digests import keccak256
from executor.model.outcome import Final
from executor.model.report import Scheme

RECEIPTS = Path(__file__).resolve().parents[2] / "fixtures" / "receipts"
LOAD = Loader()  # the engine is compiled once


@dataclass(frozen=True)
class Expected:
    """What a recorded receipt says: kind of outcome, bytes (None: a live price or a context), entries, attestation."""

    outcome: type[Final]
    payload: bytes | None
    entries: tuple[Kind, ...] = ()
    scheme: Scheme = Scheme.ECDSA


RECORDED = {
    "agreed_error": Expected(Returned, b"agreed: http-host-not-allowed", (Kind.ERROR,)),
    "batch": Expected(Returned, None),
    "c_context": Expected(Returned, None),
    "c_eth_usd": Expected(Returned, None, (Kind.VALUE,), Scheme.BLS),
    "c_fails": Expected(Failed, b"asked to fail", (), Scheme.BLS),
    "committee_drawn": Expected(Returned, None, (Kind.DRAW, Kind.DRAW)),
    "defaults": Expected(Returned, b"7", (Kind.DEFAULT,)),
    "divides_by_zero": Expected(Trapped, bytes([TrapCode.TRAP])),
    "drawn": Expected(Returned, None, (Kind.DRAW, Kind.DRAW)),
    "eth_usd_bls": Expected(Returned, None, (Kind.VALUE,), Scheme.BLS),
    "eth_usd_ecdsa": Expected(Returned, None, (Kind.VALUE,)),
    "loops": Expected(Trapped, bytes([TrapCode.OUT_OF_FUEL])),
    "no_agreement": Expected(Returned, b"agreed: no-agreement", (Kind.ERROR,)),
    "outside_memory": Expected(Trapped, bytes([TrapCode.ABI])),
    "recurses": Expected(Trapped, bytes([TrapCode.STACK])),
    "throws": Expected(Failed, b"TypeError: nothing to see (function.js:2:13)"),
    "two_slots": Expected(Returned, None, (Kind.VALUE, Kind.VALUE)),
}


def receipts() -> dict[str, Receipt]:
    """Every recorded receipt by name."""
    return {path.stem: Receipt.read(path) for path in RECEIPTS.glob("*.json")}


def test_every_recorded_receipt_is_expected() -> None:
    """The table above is the folder."""
    assert sorted(RECORDED) == sorted(receipts())


def test_the_recorded_receipts_name_the_profile_of_this_release() -> None:
    """In the epoch that attested them, too; a change of the rules shows here first."""
    found = {(receipt.profile_id, receipt.content.epoch.profile_id) for receipt in receipts().values()}
    assert found == {(profile_id(PROFILE), profile_id(PROFILE))}


def test_every_kind_of_end_is_recorded() -> None:
    """Outcomes, trap codes, entries, schemes, reports alone and in batches, functions with and without an engine."""

    def all_of(found: Iterable[object], wanted: Iterable[object]) -> bool:
        return set(found) >= set(wanted)

    recorded = receipts().values()
    assert all_of((expected.outcome for expected in RECORDED.values()), (Returned, Failed, Trapped))
    codes = (receipt.outcome.code for receipt in recorded if isinstance(receipt.outcome, Trapped))
    assert all_of(codes, TrapCode)
    assert all_of((entry.kind for receipt in recorded for entry in receipt.content.transcript), Kind)
    assert all_of((receipt.content.attestation.scheme for receipt in recorded), Scheme)
    sizes = {len(receipt.content.attestation.reports) for receipt in recorded}
    assert min(sizes) == 1 < max(sizes)
    assert len({receipt.function_id for receipt in recorded}) >= 12
    assert {True, False} == {bool(receipt.content.function.source) for receipt in recorded}


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_a_recorded_receipt_replays_byte_for_byte(name: str) -> None:
    """Every check passes, the file is canonical, and the outcome is the one that was seen."""
    path, expected = RECEIPTS / f"{name}.json", RECORDED[name]
    receipt = Receipt.read(path)
    assert receipt.to_bytes() + b"\n" == path.read_bytes()
    verdict = receipt.verify(load=LOAD)
    assert verdict, str(verdict)
    outcome = receipt.replay(load=LOAD)
    assert outcome == receipt.outcome
    assert type(outcome) is expected.outcome
    content = receipt.content
    assert expected.payload in (None, content.payload)
    assert tuple(entry.kind for entry in content.transcript) == expected.entries
    assert content.attestation.scheme is expected.scheme
    assert content.delivered is not None
    assert content.bill is not None
    assert content.bill.charge.gas_cost > 0


def test_what_a_committee_drew_is_under_the_key_that_its_quorum_signed() -> None:
    """Real nodes made the key and the parts; the draws are worth their proofs' hashes."""
    receipt = Receipt.read(RECEIPTS / "committee_drawn.json")
    drawn = [entry.value for entry in receipt.content.transcript]
    assert receipt.content.payload == b"".join(keccak256(proof) for proof in drawn)
    checks = {check.name: check.detail for check in receipt.verify()}
    assert "of 4 members signed 0x" in checks["draw key"]
    assert "by the draw key of epoch 1; its signature verifies" in checks["draws"]
