"""Raw replies stand in receipts where the manifest says so, as their writer's word."""

from __future__ import annotations

from make_receipts import make_function, make_receipt

from executor.model.codec import decode, encode
from executor.model.manifest import parse_terms
from executor.model.receipt import Receipt
from executor.model.reply import KeptReply
from executor.receipts import build_receipt, verify_receipt

A = "http://exchange-a.test"


def receipt_with(replies: tuple[KeptReply, ...], keep: dict[str, bool]) -> Receipt:
    """A receipt of a function whose manifest says so or not."""
    plain = make_receipt()
    function = make_function()
    terms = parse_terms({"capabilities": {"http": {"hosts": ["http://exchange-a.test"], **keep}}})
    return build_receipt(
        function=type(function)(function.module, terms), epoch=plain.epoch, request=plain.request,
        transcript=plain.transcript, certificate=plain.certificate, payload=plain.payload, votes=plain.votes,
        attestation=plain.attestation, replies=replies,
    )  # fmt: skip


def test_a_receipt_holds_them_where_the_manifest_says_so() -> None:
    """And is read back; without the manifest's word it holds none, and one that does is refused."""
    reply = KeptReply(0, 0, "GET", A, 200, {}, b"3000", 4, "")
    with_replies, without = receipt_with((reply,), {"keep_replies": True}), receipt_with((reply,), {})
    assert ((reply,), None) == (with_replies.replies, without.replies)
    assert b'"replies"' not in encode(without)
    assert with_replies == decode(Receipt, encode(with_replies), limit=1 << 20)
    said = {each.name: each for each in verify_receipt(with_replies)}
    assert "1 raw replies of its writer, which nobody signed" in said["format"].detail
    smuggled = type(without)(**{name: getattr(without, name) for name in without.__slots__} | {"replies": (reply,)})
    assert not {each.name: each for each in verify_receipt(smuggled)}["format"].passed
