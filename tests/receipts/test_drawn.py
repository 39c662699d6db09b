"""Receipts with draws: the proof stands in the transcript and is checked offline, by key, request and grant."""

from __future__ import annotations

from dataclasses import replace

import pytest
from drawn_receipts import drawing, drawn_receipt

from executor.crypto.draws import draw_value
from executor.model.codec import decode_json, encode
from executor.model.draw import encode_draw, parse_draw
from executor.model.observation import Kind
from executor.model.receipt import Receipt
from executor.model.transcript import Entry, Transcript
from executor.receipts import verify_receipt
from executor.receipts.files import parse_receipt
from executor.receipts.verify import verify_statements
from executor.testing.fast_signatures import CURVES, ROUNDS_KEY

SPEC = b'{"aggregate":"median"}'


def failures(receipt: Receipt) -> dict[str, str]:
    return {check.name: check.detail for check in verify_receipt(receipt) if not check.passed}


def edited(index: int, **fields: object) -> Receipt:
    receipt = drawn_receipt()
    entries = list(receipt.transcript)
    entries[index] = replace(entries[index], **fields)  # type: ignore[arg-type]
    return replace(receipt, transcript=tuple(entries))


def with_transcript(transcript: Transcript) -> Receipt:
    return replace(drawn_receipt(), transcript=transcript)


def test_a_receipt_with_draws_passes_every_check() -> None:
    """It is found which draws, of which round, under whose key; the replay gives the same values."""
    receipt = parse_receipt(encode(drawn_receipt()))
    checks = verify_receipt(receipt)
    assert [check for check in checks if not check.passed] == []
    assert [check.name for check in checks] == [
        *("format", "profile", "function", "request", "draws", "draws"),
        *("certificate", "replay", "report", "votes", "attestation", "bill"),
    ]
    first = next(check for check in checks if check.name == "draws")
    value = draw_value(receipt.request, 0, receipt.transcript[0].value)
    assert first.detail.startswith(f"draw 0 is 0x{value.hex()}, from round ")
    assert "ANOTHER chain of drand" in first.detail
    assert receipt.payload[:32] == value


def test_another_proof_fails_by_name() -> None:
    """One bit; the signature of the round before, which is a valid one, but not this round's."""
    proof, draw = drawn_receipt().transcript[0].value, parse_draw(drawn_receipt().transcript[0].spec)
    for other in (proof[:-1] + bytes([proof[-1] ^ 1]), CURVES.round_signature(ROUNDS_KEY, draw.round - 1)):
        found = failures(edited(0, value=other))
        assert "does not verify" in found["draws"]
        assert set(found) == {"draws", "replay", "report"}


def test_a_valid_round_that_the_request_does_not_ask_for_fails() -> None:
    """The whole entry of an earlier round: signature good, round not the request's."""
    draw = parse_draw(drawn_receipt().transcript[0].spec)
    earlier = replace(draw, round=draw.round - 1, published_at=draw.published_at - 3)
    entry = Entry(encode_draw(earlier), Kind.DRAW, CURVES.round_signature(ROUNDS_KEY, earlier.round))
    found = failures(with_transcript((entry, drawn_receipt().transcript[1])))
    assert "the request asks for" in found["draws"]


@pytest.mark.parametrize("change", ["swapped", "one-missing", "one-more", "after-it"])
def test_draws_stand_in_their_order_and_number(change: str) -> None:
    """Swapped, left out, one too many, an observation after a draw: no check but one by name says it."""
    first, second = drawn_receipt().transcript
    transcript = {
        "swapped": (second, first),
        "one-missing": (first,),
        "one-more": (first, second, Entry(second.spec.replace(b'"ordinal":1', b'"ordinal":2'), Kind.DRAW, bytes(48))),
        "after-it": (first, second, Entry(SPEC, Kind.VALUE, b"1")),
    }[change]
    found = failures(with_transcript(transcript))
    assert found.keys() >= {"replay", "report"}
    assert ("draws" in found) == (change != "one-missing")


def test_more_draws_than_any_request_has_are_refused_at_once() -> None:
    """Before a single signature is looked at."""
    first = drawn_receipt().transcript[0]
    checks = verify_receipt(with_transcript((first,) * 17))
    assert (checks[-1].name, checks[-1].passed) == ("draws", False)
    assert "at most 16" in checks[-1].detail


def test_draws_without_a_grant_are_none() -> None:
    """The terms decide; the draw check says so by itself."""
    receipt = drawn_receipt()
    bare = {"limits": receipt.function.terms["limits"], "capabilities": {}}
    checks = verify_statements(replace(receipt, function=replace(receipt.function, terms=bare)))
    assert [check.detail for check in checks if check.name == "draws"] == ["the function's terms grant none"] * 2


def test_the_grant_is_in_the_functions_id() -> None:
    """Another delay or number of draws is another function; a default is written out."""
    ids = {str(drawing(**change).terms.canonical()) for change in ({}, {"delay_s": 6}, {"draws": 3})}
    assert len(ids) == 3
    assert decode_json(drawing().terms.canonical(), limit=10_000)["capabilities"]["random"]["draws"] == 2
