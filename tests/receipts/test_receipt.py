"""The public face of a receipt: read, verified and run again in three lines; hostile ones are refused at the door."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from make_receipts import make_function, make_receipt

import executor
from executor import PROFILE, Check, Failed, InvalidReceipt, Receipt, Returned, TrapCode, Trapped, Verdict, profile_id
from executor.errors import InvalidValue, TranscriptMismatch, VerificationFailed
from executor.model.codec import encode
from executor.model.profile import Ceilings
from executor.model.receipt import Receipt as Content
from executor.model.report import Status

RECORDED = Path(__file__).resolve().parents[2] / "fixtures" / "receipts"


def edited(content: Content, **changes: object) -> Receipt:
    """A receipt with some fields changed."""
    return Receipt(replace(content, **changes))  # type: ignore[arg-type]


def with_own_report(content: Content, **changes: object) -> Receipt:
    """A receipt whose own report says something else."""
    own, *others = content.attestation.reports
    reports = (replace(own, **changes), *others)  # type: ignore[arg-type]
    return edited(content, attestation=replace(content.attestation, reports=reports))


def test_a_few_lines_replay_a_receipt() -> None:
    """Read, verify, replay: the attested outcome comes out again."""
    receipt = executor.Receipt.read(RECORDED / "throws.json")
    load = executor.Loader()
    assert receipt.verify(load=load)
    assert receipt.replay(load=load) == receipt.outcome
    assert isinstance(receipt.outcome, Failed)


def test_bytes_path_and_text_path_are_the_same_receipt(tmp_path: Path) -> None:
    """`read` and `parse` invert `to_bytes`."""
    receipt = Receipt(make_receipt())
    path = tmp_path / "receipt.json"
    path.write_bytes(receipt.to_bytes())
    for again in (Receipt.read(path), Receipt.read(str(path)), Receipt.parse(path.read_bytes() + b"\n")):
        assert again == receipt
        assert again.to_bytes() == receipt.to_bytes()


def test_a_receipt_names_what_it_is_about() -> None:
    """Ids are computed from its fields."""
    receipt = Receipt(make_receipt())
    assert receipt.request_id == receipt.content.attestation.reports[0].request_id
    assert receipt.function_id == receipt.content.request.function_id
    assert receipt.profile_id == profile_id(PROFILE)
    assert isinstance(receipt.outcome, Returned)


def test_the_verdict_explains_itself() -> None:
    """Each check is a line; the first failure is the error that `require` raises."""
    good = Receipt(make_receipt()).verify()
    good.require()
    assert good
    assert good.failures == ()
    assert str(good).count("\n") == len(list(good)) - 1
    bad = edited(make_receipt(), payload=b"forged").verify()
    assert not bad
    assert [check.name for check in bad.failures] == ["replay", "report"]
    assert "FAIL replay: it gives 0x" in str(bad)
    with pytest.raises(VerificationFailed, match="replay: it gives"):
        bad.require()
    assert not Verdict(()), "nothing checked is nothing passed"
    assert not Verdict((Check("format", True, ""), Check("replay", False, "")))


@pytest.mark.parametrize(
    ("forged", "difference"),
    [
        (edited(make_receipt(), payload=b"forged"), "the receipt says 0x666f72676564"),
        (with_own_report(make_receipt(), fuel_used=1), "the report says 1"),
        (with_own_report(make_receipt(), status=Status.FAILED), "ends as RETURNED, the report says FAILED"),
        (edited(make_receipt(), transcript=make_receipt().transcript[:1]), "awaits slot 1"),
        (edited(make_receipt(), attestation=replace(make_receipt().attestation, reports=())), "0 attested reports"),
    ],
)
def test_a_replay_that_differs_says_how(forged: Receipt, difference: str) -> None:
    """A forged outcome, fuel or transcript."""
    with pytest.raises(VerificationFailed, match=difference):
        forged.replay()


def test_a_transcript_that_is_too_long_is_a_mismatch() -> None:
    """D2 in a replay."""
    transcript = make_receipt().transcript
    with pytest.raises(TranscriptMismatch):
        edited(make_receipt(), transcript=(*transcript, transcript[0])).replay()


def test_a_receipt_does_not_choose_its_own_limits() -> None:
    """A profile that the caller does not name does not run, whatever it would allow; one that is named does."""
    endless = replace(PROFILE, ceilings=Ceilings(fuel=2**53 - 1))
    receipt = edited(make_receipt(), profile=endless)
    with pytest.raises(VerificationFailed, match=str(profile_id(endless))):
        receipt.replay()
    assert {check.name for check in receipt.verify().failures} >= {"profile", "replay"}
    assert receipt.replay(profiles=[endless]) == receipt.outcome
    with pytest.raises(VerificationFailed, match="here run only"):
        Receipt(make_receipt()).replay(profiles=[endless])


def test_a_replay_refuses_terms_over_the_ceilings_and_no_modules() -> None:
    """What the function breaks is an error of the receipt's, not of this machine's."""
    content = make_receipt()
    terms = {**content.function.terms, "limits": {**content.function.terms["limits"], "fuel": 2**50}}
    with pytest.raises(InvalidReceipt, match="fuel"):
        edited(content, function=replace(content.function, terms=terms)).replay()
    with pytest.raises(InvalidReceipt, match="does not hold module"):
        edited(content, function=replace(content.function, module=b"")).replay()
    with pytest.raises(InvalidReceipt, match="the module's id is"):
        edited(content, function=replace(content.function, module=b"")).replay(module=b"\0asm\1\0\0\0")
    assert edited(content, function=replace(content.function, module=b"")).replay(module=make_function().module)


def test_every_kind_of_outcome_is_stated() -> None:
    """The three statuses, and bytes that are no trap code."""
    content = make_receipt()
    assert with_own_report(content, status=Status.FAILED).outcome.__class__ is Failed
    trapped = with_own_report(replace(content, payload=b"\3"), status=Status.TRAPPED).outcome
    assert isinstance(trapped, Trapped)
    assert trapped.code is TrapCode.TRAP
    for payload, status in ((b"\x63", Status.TRAPPED), (b"", Status.TRAPPED), (b"", Status.FAILED)):
        with pytest.raises(InvalidReceipt, match="states no outcome"):
            _ = with_own_report(replace(content, payload=payload), status=status).outcome


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_file_is_refused_or_judged(data: st.DataObject) -> None:
    """Whatever a stranger writes: InvalidReceipt, or a verdict; a replay raises only what it says."""
    raw = bytearray(encode(make_receipt()))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at] = data.draw(st.sampled_from(b'0123456789abcdef{}[]",:x\xff'))
    try:
        receipt = Receipt.parse(bytes(raw))
    except InvalidReceipt:
        return
    assert isinstance(receipt.verify(), Verdict)
    with contextlib.suppress(VerificationFailed, InvalidValue, TranscriptMismatch):
        assert receipt.replay() == receipt.outcome


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    """The size limit holds for files and for bytes."""
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 2)
    with pytest.raises(InvalidReceipt, match="the limit is"):
        Receipt.read(path)
    with pytest.raises(InvalidReceipt, match="the limit is"):
        Receipt.parse(b" " * (64 * 1024 * 1024 + 2))
    with pytest.raises(InvalidReceipt, match="No such file"):
        Receipt.read(tmp_path / "none.json")
