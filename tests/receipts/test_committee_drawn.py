"""Receipts with draws of the committee: key, quorum and each proof are checked offline, and nothing else passes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from committee_receipts import GROUP_SECRET, MADE, committee_receipt, drawing_function, drawn_entry, shown_key
from make_receipts import make_epoch, make_request

from executor.crypto import bls
from executor.crypto.digests import keccak256
from executor.model.codec import encode
from executor.model.draw_key import ShownDrawKey
from executor.model.ids import Digest
from executor.model.receipt import Receipt
from executor.model.report import Scheme
from executor.model.transcript import Transcript
from executor.receipts import verify_receipt
from executor.receipts.files import parse_receipt
from executor.receipts.verify import verify_statements

OTHER_SECRET = bls.secret_from_seed(b"some other group's secret, 32 bytes")


def failures(receipt: Receipt) -> dict[str, str]:
    return {check.name: check.detail for check in verify_receipt(receipt) if not check.passed}


def keyed(key: ShownDrawKey | None) -> dict[str, str]:
    return failures(replace(committee_receipt(), draw_key=key))


def transcribed(transcript: Transcript) -> dict[str, str]:
    return failures(replace(committee_receipt(), transcript=transcript))


@pytest.mark.parametrize("scheme", list(Scheme))
def test_a_receipt_with_a_committees_draws_passes_every_check(scheme: Scheme) -> None:
    """Read from its bytes; it says whose key it is, who signed it, and what each draw is worth."""
    receipt = parse_receipt(encode(committee_receipt(scheme)))
    checks = verify_receipt(receipt)
    assert [check for check in checks if not check.passed] == []
    assert [check.name for check in checks] == [
        *("format", "profile", "function", "request", "draw key", "draws", "draws"),
        *("certificate", "replay", "report", "votes", "attestation", "bill"),
    ]
    key = next(check for check in checks if check.name == "draw key")
    assert key.detail == f"{scheme}: 3 of 4 members signed 0x{bls.public_key(GROUP_SECRET).hex()}"
    value = keccak256(receipt.transcript[1].value)
    drawn = [check.detail for check in checks if check.name == "draws"][1]
    assert drawn == f"draw 1 is 0x{value.hex()}, by the draw key of epoch 7; its signature verifies"
    assert receipt.payload[32:64] == value


def test_draws_without_their_key_are_nobodys() -> None:
    """The key, and each draw, says so."""
    found = keyed(None)
    assert found["draw key"] == "missing, and the transcript has draws of the committee"
    assert "does not verify under the epoch's draw key" in found["draws"]
    assert set(found) == {"draw key", "draws"}


def test_a_key_where_the_committee_draws_nothing_is_refused() -> None:
    """As everything is that a receipt need not hold."""
    bare = replace(committee_receipt(), transcript=())
    assert failures(bare)["draw key"] == "the receipt holds one, and draws nothing from its committee"


def test_a_key_that_the_epochs_members_did_not_sign_is_refused() -> None:
    """Another key, another making, another epoch, chain or router, another verifier's scheme, no point at all."""
    good, epoch = shown_key(), make_epoch()
    another = bls.public_key(OTHER_SECRET)
    for key in (
        replace(good, public_key=another),
        replace(good, hash=Digest(bytes(32))),
        shown_key(epoch=replace(epoch, number=6)),
        shown_key(epoch=replace(epoch, chain_id=1)),
        shown_key(epoch=replace(epoch, router=epoch.committee)),
        replace(good, scheme=Scheme.BLS),
        replace(good, public_key=bytes(96)),
        replace(good, public_key=b"\xc0" + bytes(95)),
        replace(good, proof=good.proof[:-1] + bytes([good.proof[-1] ^ 1])),
        replace(good, proof=b""),
    ):
        assert "draw key" in keyed(key)
    only_ecdsa = replace(committee_receipt(), epoch=replace(epoch, verifiers=epoch.verifiers[:1]))
    assert failures(replace(only_ecdsa, draw_key=shown_key(Scheme.BLS)))["draw key"] == "the epoch has no bls verifier"


def test_too_few_signatures_are_no_quorum() -> None:
    """Two of four, with or without a third's place in the bitmap; a member of no epoch."""
    good = shown_key()
    for bitmap, signatures, words in (
        (0b0011, good.proof[16:144], "2 signers, the quorum is 3"),
        (0b1011, good.proof[16:144], "bytes of signatures for 3 signers"),
        (0b0111, good.proof[16:], "member 2: "),
        (0b10011, good.proof[16:], "the bitmap names a member at or above 4"),
    ):
        assert words in keyed(replace(good, proof=bitmap.to_bytes(16, "big") + signatures))["draw key"]


def test_a_key_that_a_quorum_signed_makes_no_other_keys_draws_good() -> None:
    """An honest quorum signs one key; here it signed another, and the draws are not under it."""
    found = keyed(shown_key(public_key=bls.public_key(OTHER_SECRET)))
    assert set(found) == {"draws"}


def test_another_requests_draw_is_refused() -> None:
    """A valid signature of the same key, in an entry that names the other request, or not."""
    receipt, second = committee_receipt(), committee_receipt().transcript[1]
    other = drawn_entry(replace(make_request(drawing_function()), nonce=4), 0)
    found = transcribed((other, second))
    assert "the request asks for" in found["draws"]
    found = transcribed((replace(receipt.transcript[0], value=other.value), second))
    assert "does not verify under the epoch's draw key" in found["draws"]
    assert set(found) == {"draws", "replay", "report"}


def test_another_keys_signature_of_the_right_draw_is_refused() -> None:
    """The digest is right, the signer is not."""
    found = transcribed(
        (drawn_entry(committee_receipt().request, 0, secret=OTHER_SECRET), committee_receipt().transcript[1])
    )
    assert "does not verify under the epoch's draw key" in found["draws"]


@pytest.mark.parametrize("change", ["swapped", "one-missing", "one-more", "twice", "bit"])
def test_draws_stand_in_their_order_and_number(change: str) -> None:
    """Each with its own ordinal, as many as the run asked for, bit for bit."""
    receipt = committee_receipt()
    first, second = receipt.transcript
    found = transcribed(
        {
            "swapped": (second, first),
            "one-missing": (first,),
            "one-more": (first, second, drawn_entry(receipt.request, 2)),
            "twice": (first, first),
            "bit": (replace(first, value=first.value[:-1] + bytes([first.value[-1] ^ 1])), second),
        }[change]
    )
    assert found.keys() >= {"replay", "report"}
    assert ("draws" in found) == (change != "one-missing")


def test_a_draw_that_lacks_is_told_as_a_draw() -> None:
    """Not as a slot: nobody observed anything."""
    first = committee_receipt().transcript[0]
    assert transcribed((first,))["replay"] == "the function awaits draw 1, the transcript ends before"


def test_a_function_that_draws_from_drand_takes_no_draw_of_the_committee() -> None:
    """The terms say from where, and they are part of the function's id."""
    receipt = committee_receipt()
    drand = {"source": "drand", "delay_s": 30, "draws": 2}
    terms = {**receipt.function.terms, "capabilities": {"random": drand}}
    checks = verify_statements(replace(receipt, function=replace(receipt.function, terms=terms)))
    assert [check.passed for check in checks if check.name == "draws"] == [False, False]
    assert not next(check for check in checks if check.name == "function").passed


def test_receipts_without_the_committees_draws_have_no_key() -> None:
    """What is not there is in no byte of the file: older receipts keep theirs."""
    assert b"draw_key" in encode(committee_receipt())
    assert b"draw_key" not in encode(replace(committee_receipt(), draw_key=None))
    assert committee_receipt().draw_key.hash == MADE  # type: ignore[union-attr]
