"""The price table is part of the metering rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from executor.model.profile import PROFILE
from executor.vm.checks import IMPORTS
from executor.vm.metering import RULES, rules, table_digest
from executor.vm.metering.instructions import INSTRUCTIONS
from executor.vm.operations import PURE
from executor.vm.prices import IMPORT_PRICES, OPERATION_PRICES, Price

DOCS = Path(__file__).parent.parent.parent / "docs"
GOLDEN = {"m1": "56c93cd25206e6f250740657b12ab90305f9336d187861d4826675b656d8327d"}


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
