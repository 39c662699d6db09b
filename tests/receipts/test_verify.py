"""A real receipt passes every check; edited anywhere, it fails one by name."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from make_receipts import make_function, make_receipt, single_receipt

from executor.crypto.digests import request_id
from executor.errors import InvalidReceipt
from executor.model.billing import Asset, Charge, Quote
from executor.model.codec import encode_json, from_plain, to_plain
from executor.model.receipt import Receipt
from executor.model.report import Scheme
from executor.protocol.strategies import alone_member
from executor.receipts import all_passed, engine_for, function_of, known_modules, verify_receipt
from executor.receipts.checks import printable
from executor.receipts.files import parse_receipt

NAMES = [
    *("format", "profile", "function", "request", "observations", "observations", "certificate"),
    *("replay", "report", "votes", "attestation", "bill"),
]

# What no signature in a receipt covers: only the chain can tell (docs/receipts.md, "What offline checks cannot see").
ONLY_THE_CHAIN_KNOWS = (
    *("epoch.round_length_s", "epoch.members.*.operator", "epoch.members.*.encryption_key"),
    *("epoch.members.*.endpoint", "epoch.verifiers.*.address", "requested.transaction", "requested.block_hash"),
    *("delivered.transaction", "delivered.block_number", "delivered.block_hash", "epoch.members.1.bls_key"),
    *("bill.quote.prices_version", "bill.prices.delivery_gas", "bill.prices.max_tip", "bill.prices.headroom"),
    *("bill.prices.premium", "bill.prices.token_rate"),
)


@pytest.mark.parametrize("scheme", Scheme)
def test_a_real_receipt_passes_every_check(scheme: Scheme) -> None:
    """Both schemes; the checks come in the order of a request's life."""
    checks = verify_receipt(make_receipt(scheme))
    assert [check for check in checks if not check.passed] == []
    assert [check.name for check in checks] == NAMES


def leaves(plain: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every scalar in a JSON value."""
    if isinstance(plain, dict):
        for key, value in plain.items():
            yield from leaves(value, (*path, key))
    elif isinstance(plain, list):
        for index, value in enumerate(plain):
            yield from leaves(value, (*path, index))
    else:
        yield path


def edited(value: Any) -> Any:
    """Another value of the same form."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str() if value.startswith("0x") and len(value) > 2:
            return value[:-1] + ("0" if value[-1] != "0" else "1")
        case str():
            return value + ("00" if value == "0x" else "x")
        case _:
            return 0


def with_edit(plain: Any, path: tuple[Any, ...]) -> Any:
    """A copy with one scalar edited."""
    copied = copy.deepcopy(plain)
    place = copied
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = edited(place[path[-1]])
    return copied


def is_for_the_chain(path: tuple[Any, ...]) -> bool:
    """Whether the path is on the list above."""
    parts = [str(part) for part in path]
    return any(
        len(parts) == len(pattern) and all(p in ("*", part) for p, part in zip(pattern, parts, strict=True))
        for pattern in (text.split(".") for text in ONLY_THE_CHAIN_KNOWS)
    )


@pytest.mark.parametrize("scheme", Scheme)
def test_every_edited_field_is_refused(scheme: Scheme) -> None:
    """Each scalar in turn: malformed, or a named check fails; the exceptions are listed and really exceptions."""
    plain = to_plain(make_receipt(scheme))
    undetected = []
    paths = [path for path in leaves(plain) if scheme is Scheme.ECDSA or path[0] in ("attestation", "votes")]
    for path in paths:
        data = encode_json(with_edit(plain, path))
        try:
            receipt = parse_receipt(data)
        except InvalidReceipt:
            continue
        if all_passed(verify_receipt(receipt)):
            undetected.append(path)
    assert undetected == [path for path in paths if is_for_the_chain(path)]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        (("version",), {"format"}),
        (("payload",), {"replay", "report"}),
        (("request", "input"), {"request", "observations", "certificate", "replay", "report", "attestation", "bill"}),
        (("function", "source"), {"function", "replay"}),
        (("transcript", 0, "value"), {"observations", "certificate", "replay", "report"}),
        (("transcript", 0, "observations", 1, "signature"), {"observations"}),
        (("certificate", "prepares", 0, "signature"), {"certificate"}),
        (("votes", 0, "ecdsa"), {"votes"}),
        (("votes", 0, "bls"), {"votes"}),
        (("attestation", "proof"), {"attestation"}),
        (("attestation", "reports", 0, "fuel_used"), {"replay", "votes", "attestation", "bill"}),
        (("bill", "asset"), {"bill"}),
        (("bill", "prices", "fuel_price"), {"bill"}),
        (("bill", "prices", "slot_price"), {"bill"}),
        (("bill", "quote", "max_cost"), {"bill"}),
        (("bill", "charge", "work"), {"bill"}),
        (("bill", "charge", "gas_cost"), {"bill"}),
        (("bill", "charge", "refund"), {"bill"}),
        (("attestation", "reports", 1, "fuel_used"), {"votes", "attestation"}),
    ],
)
def test_the_failed_check_names_the_damage(path: tuple[Any, ...], names: set[str]) -> None:
    """Checks after the first failure still run, and those the damage does not touch still pass."""
    receipt: Receipt = from_plain(Receipt, with_edit(to_plain(make_receipt()), path))
    assert {check.name for check in verify_receipt(receipt) if not check.passed} == names


def failed(receipt: Receipt) -> set[str]:
    """Names of the failed checks."""
    return {check.name for check in verify_receipt(receipt) if not check.passed}


def test_parts_cannot_be_left_out_or_repeated() -> None:
    """Observation sets, certificate, entries, votes of one member twice, certificate entries with sets of their own."""
    receipt = make_receipt()
    assert receipt.certificate is not None
    bare = tuple(replace(entry, observations=()) for entry in receipt.transcript)
    assert failed(replace(receipt, transcript=bare)) == {"observations"}
    assert failed(replace(receipt, certificate=None)) >= {"certificate", "report"}
    assert failed(replace(receipt, transcript=receipt.transcript[:1])) >= {"certificate", "replay", "report"}
    assert failed(replace(receipt, transcript=())) >= {"certificate", "replay", "report"}
    assert failed(replace(receipt, votes=receipt.votes[:1] * 2)) == {"votes"}
    heavy = replace(receipt.certificate, transcript=receipt.transcript)
    assert failed(replace(receipt, certificate=heavy)) == {"certificate"}
    short = replace(receipt.certificate, prepares=receipt.certificate.prepares[:2])
    assert failed(replace(receipt, certificate=short)) == {"certificate"}
    assert failed(replace(receipt, votes=())) == set()


def test_a_charge_is_what_the_attested_fuel_and_slots_cost() -> None:
    """Money moved from one part to another, too much work for too little fuel, and a bill without its delivery."""
    receipt = make_receipt()
    assert receipt.bill is not None
    bill, taken = receipt.bill, receipt.bill.charge
    moved = replace(taken, work=taken.work + 1, refund=taken.refund - 1)
    (wrong,) = [each for each in verify_receipt(replace(receipt, bill=replace(bill, charge=moved))) if not each.passed]
    assert (wrong.name, f"cost {taken.work}, the receipt says {moved.work}" in wrong.detail) == ("bill", True)
    assert failed(replace(receipt, delivered=None)) == {"bill"}
    assert failed(replace(receipt, bill=None)) == set()


def test_a_charge_ends_at_what_was_reserved_and_in_the_subscriptions_asset() -> None:
    """A reservation below the work is all that is taken; tokens are counted at the version's rate."""
    receipt = make_receipt()
    assert receipt.bill is not None
    bill = receipt.bill
    short = bill.charge.work - 1
    capped = replace(bill, quote=Quote(short, 3), charge=Charge(short, 0, 0))
    assert failed(replace(receipt, bill=capped)) == set()
    assert failed(replace(receipt, bill=replace(capped, charge=Charge(short - 1, 1, 0)))) == {"bill"}
    prices = replace(bill.prices, token_rate=2 * 10**18)
    tokens = Charge(2 * bill.charge.work, bill.charge.gas_cost, bill.charge.refund - bill.charge.work)
    paid = replace(bill, asset=Asset.TOKEN, prices=prices, charge=tokens)
    assert failed(replace(receipt, bill=paid)) == set()
    assert failed(replace(receipt, bill=replace(paid, asset=Asset.NATIVE))) == {"bill"}


def test_a_receipt_says_who_looked_alone() -> None:
    """And that nobody else vouches for it; an empty set stands for nothing but no agreement."""
    receipt = single_receipt()
    checks = verify_receipt(receipt)
    assert [each for each in checks if not each.passed] == []
    alone = alone_member(request_id(receipt.request), 4)
    value, nothing = [each.detail for each in checks if each.name == "observations"]
    assert f'slot 0 "order": member {alone} alone looked (single): nobody else vouches for value order 7' == value
    assert nothing.startswith(f'slot 1 "order": member {alone} alone was to look (single) and told nothing: error no-')
    first, second = receipt.transcript
    for transcript in ((replace(first, observations=()), second), (first, replace(second, value=b"no-agreement"))):
        damaged = verify_receipt(replace(receipt, transcript=transcript))
        assert "observations" in {each.name for each in damaged if not each.passed}


def test_an_endless_transcript_is_refused_at_once() -> None:
    """Checking costs no more than a real receipt's."""
    receipt = make_receipt()
    endless = replace(receipt, transcript=receipt.transcript[:1] * 20_000)
    assert [check.name for check in verify_receipt(endless) if not check.passed] == ["observations"]


def test_the_attested_reports_hold_the_request_once() -> None:
    """A batch without the request's report, or with two, attests nothing about it."""
    receipt = make_receipt()
    mine, other = receipt.attestation.reports
    for reports in ((other,), (mine, mine, other)):
        changed = replace(receipt, attestation=replace(receipt.attestation, reports=reports))
        assert failed(changed) >= {"replay", "report", "attestation"}


def test_a_module_may_stand_in_another_file() -> None:
    """Without the module the replay fails by name; given, it passes; another module is refused."""
    receipt = make_receipt()
    without = replace(receipt, function=replace(receipt.function, module=b""))
    assert failed(without) == {"replay"}
    assert all_passed(verify_receipt(without, make_function().module))
    wrong = [check for check in verify_receipt(without, b"\0asm") if not check.passed]
    assert [check.name for check in wrong] == ["replay"]
    assert "the receipt names" in wrong[0].detail


def test_engines_are_known_by_id() -> None:
    """A receipt of an engine function need not hold the megabyte that the package has."""
    receipt = make_receipt()
    assert len(known_modules()) >= 2
    for identifier, path in known_modules().items():
        named = replace(receipt, function=replace(receipt.function, module=b"", module_id=identifier, source=b"1"))
        assert function_of(named).module == path.read_bytes()
    assert engine_for("javascript") in {path.read_bytes() for path in known_modules().values()}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b"3000.5", "3000.5"),
        ("grün".encode(), "grün"),
        (b"\x1b[2J\x1b[1;1Haccepted", "0x1b5b324a1b5b313b31486163636570746564"),
        (b"one\ntwo", "0x6f6e650a74776f"),
        (b"\xff\x00", "0xff00"),
        ("\u202egpj.exe".encode(), "0xe280ae67706a2e657865"),
        (b"a" * 61, "a" * 59 + "…"),
        (bytes(31_225), "0x" + "0" * 57 + "…"),
    ],
)
def test_what_a_guest_observed_is_shown_and_moves_no_cursor(value: bytes, shown: str) -> None:
    """Escapes, line breaks and reversed text are hex; a check is a line."""
    assert printable(value) == shown
