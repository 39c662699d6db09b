"""The price table is part of the metering rules."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from executor.model.profile import PROFILE
from executor.vm.checks import IMPORTS
from executor.vm.metering import REVISION, RULES, instrument, rules, table_digest
from executor.vm.metering.instructions import INSTRUCTIONS
from executor.vm.operations import PURE
from executor.vm.prices import IMPORT_PRICES, OPERATION_PRICES, Price

ROOT = Path(__file__).parent.parent.parent
DOCS, FIXTURES = ROOT / "docs", ROOT / "fixtures"
REVISIONS = {1: "9a2987eb007963683618d215a4608625438c95f2284081c95986cceb1440da57"}
GOLDEN = {"m1": "d1279c598c9f81af5fefe8d360ffaba49fa7064d58854dffca67cb3eef09d1bc"}


def test_everything_has_a_price() -> None:
    """No import and no pure operation is free."""
    assert set(IMPORT_PRICES) == set(IMPORTS)
    assert set(OPERATION_PRICES) == set(PURE)
    assert all(price.base > 0 for price in (*IMPORT_PRICES.values(), *OPERATION_PRICES.values()))


def test_the_table_of_the_profile_is_ours() -> None:
    """Golden: other numbers are other outcomes, so they need another rules version and another profile."""
    assert table_digest() == PROFILE.metering.table == GOLDEN[RULES]
    assert PROFILE.metering.rules == RULES


def test_the_published_table_is_ours() -> None:
    """docs/metering-m1.json is what other implementations read."""
    assert (DOCS / f"metering-{RULES}.json").read_bytes() == rules.table() + b"\n"


def test_every_number_is_in_the_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any change of a price changes the digest."""
    for module, name, value in (
        (rules, "PAGE_FUEL", 1), (rules, "FRAME_BASE", 1), (rules, "FREE_LEAF_SLOTS", 1), (rules, "ELEMENT_FUEL", 1),
        (rules, "INSTANTIATION_FUEL", 1), (rules, "BYTES_PER_FUEL_SHIFT", 1), (rules, "ELEMENT_FUEL_SHIFT", 1),
        (rules, "IMPORT_PRICES", {"log": Price(1, 1)}), (rules, "OPERATION_PRICES", {}),
        (rules, "INSTRUCTIONS", {**INSTRUCTIONS, 0x6A: INSTRUCTIONS[0x6A]._replace(cost=2)}),
        (rules, "INSTRUCTIONS", {**INSTRUCTIONS, 0xA0: INSTRUCTIONS[0xA0]._replace(nan=0)}),
    ):  # fmt: skip
        with monkeypatch.context() as patch:
            patch.setattr(module, name, value)
            assert table_digest() != GOLDEN[RULES], name


def test_other_code_of_the_pass_is_another_revision() -> None:
    """Golden: whoever changes what the pass writes raises REVISION, so that no compiled code of before is used."""
    guests = sorted((FIXTURES / "guests").glob("*.wasm"))
    digest = hashlib.sha256(b"".join(instrument(guest.read_bytes()) for guest in guests)).hexdigest()
    digest = hashlib.sha256((digest + conformance_digests()).encode()).hexdigest()
    assert digest == REVISIONS[REVISION]


def conformance_digests() -> str:
    """The digests of all instrumented modules of the conformance vectors, which their own tests keep fresh."""
    lines = [
        line for path in sorted((FIXTURES / "conformance").glob("*.jsonl")) for line in path.read_text().splitlines()
    ]
    return "".join(sorted({json.loads(line)["case"]["sha256"] for line in lines}))
