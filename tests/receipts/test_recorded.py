"""Receipts recorded once replay for ever: same outcome, same bytes, same fuel, every signature."""

from __future__ import annotations

from pathlib import Path

import pytest

from executor.model.codec import encode
from executor.model.observation import Kind
from executor.model.outcome import TrapCode
from executor.model.report import Status
from executor.receipts import Loader, all_passed, read_receipt, verify_receipt

RECEIPTS = Path(__file__).resolve().parents[2] / "fixtures" / "receipts"
LOAD = Loader()  # the engine is compiled once
RECORDED = {
    "agreed_error": (Status.RETURNED, b"agreed: http-host-not-allowed", [Kind.ERROR]),
    "defaults": (Status.RETURNED, b"7", [Kind.DEFAULT]),
    "eth_usd_bls": (Status.RETURNED, None, [Kind.VALUE]),
    "eth_usd_ecdsa": (Status.RETURNED, None, [Kind.VALUE]),
    "loops": (Status.TRAPPED, bytes([TrapCode.OUT_OF_FUEL]), []),
    "throws": (Status.FAILED, b"TypeError: nothing to see (function.js:2:13)", []),
    "two_slots": (Status.RETURNED, None, [Kind.VALUE, Kind.VALUE]),
}


def test_every_recorded_receipt_is_expected() -> None:
    assert sorted(RECORDED) == sorted(path.stem for path in RECEIPTS.glob("*.json"))


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_a_recorded_receipt_replays_byte_for_byte(name: str) -> None:
    """Every check passes, the file is canonical, and the outcome is the one that was seen."""
    path = RECEIPTS / f"{name}.json"
    receipt = read_receipt(path)
    assert encode(receipt) + b"\n" == path.read_bytes()
    checks = verify_receipt(receipt, load=LOAD)
    assert all_passed(checks), [check for check in checks if not check.passed]
    status, payload, kinds = RECORDED[name]
    assert receipt.attestation.reports[0].status is status
    assert payload in (None, receipt.payload)
    assert [entry.kind for entry in receipt.transcript] == kinds
    assert receipt.delivered is not None
