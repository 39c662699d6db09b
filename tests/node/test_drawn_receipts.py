"""A node's receipt of what its committee drew: with the epoch's draw key, so that anybody can verify it offline."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from executor.crypto.digests import request_id
from executor.model.committee import Epoch
from executor.model.draw_key import ShownDrawKey
from executor.model.receipt import Receipt
from executor.node.receipts import ReceiptFiles
from executor.protocol.effects import Attested
from executor.receipts import function_of, read_receipt, verify_receipt

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "receipts"))

from committee_receipts import committee_receipt
from make_receipts import make_receipt


def written(folder: Path, told: Receipt, keys: list[Epoch]) -> Receipt:
    """What the node writes of what its member was told; `keys` is who was asked for a key."""

    def key_of(epoch: Epoch) -> ShownDrawKey | None:
        keys.append(epoch)
        return committee_receipt().draw_key

    files, identifier = ReceiptFiles(folder), request_id(told.request)
    files.draw_key = key_of
    (report,) = [each for each in told.attestation.reports if each.request_id == identifier]
    parts = (told.transcript, told.certificate, report, told.payload, told.votes, told.attestation)
    attested = Attested(identifier, *parts)
    files.attested(told.epoch, attested, told.request, function_of(told), told.requested)
    return read_receipt(files.path(identifier))


def test_a_receipt_of_the_committees_draws_holds_its_key(tmp_path: Path) -> None:
    """As the receipt of the tests, its delivery left out; every check passes."""
    keys: list[Epoch] = []
    receipt = written(tmp_path, committee_receipt(), keys)
    assert receipt == replace(committee_receipt(), delivered=None, bill=None)
    assert [check for check in verify_receipt(receipt) if not check.passed] == []
    assert keys == [receipt.epoch]


def test_a_key_that_comes_late_is_written_with_the_delivery(tmp_path: Path) -> None:
    """A member that made no key yet may be told an attestation all the same."""
    told = committee_receipt()
    files, identifier = ReceiptFiles(tmp_path), request_id(told.request)
    files.keep(identifier, replace(told, draw_key=None, delivered=None, bill=None))
    files.complete(identifier, None, None)
    assert read_receipt(files.path(identifier)).draw_key is None
    files.draw_key = lambda _: told.draw_key
    files.complete(identifier, told.delivered, told.bill)
    assert read_receipt(files.path(identifier)) == told


def test_other_receipts_hold_no_key(tmp_path: Path) -> None:
    """Nobody is asked for one."""
    keys: list[Epoch] = []
    assert (written(tmp_path, make_receipt(), keys).draw_key, keys) == (None, [])
