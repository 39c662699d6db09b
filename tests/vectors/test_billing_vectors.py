"""Quotes and charges against fixtures/vectors/billing.json, which rationals made."""

from __future__ import annotations

import re
from typing import Any

import pytest
from vector_files import rows

from executor.model.billing import Asset, Charge, Prices, charge, quote, reimbursed_gas_price
from executor.model.manifest import Limits


def snake(plain: dict[str, str]) -> dict[str, int]:
    """Solidity's names and decimal strings as Python's."""
    return {re.sub("([A-Z])", r"_\1", name).lower(): int(value) for name, value in plain.items()}


@pytest.mark.parametrize("row", rows("billing", "valid"))
def test_a_request_is_quoted_and_charged_as_the_vector_says(row: dict[str, Any]) -> None:
    """What is reserved, the gas price that counts, and the three parts of the charge."""
    prices, asset, request = Prices(**snake(row["prices"])), Asset(int(row["asset"])), row["request"]
    limits = Limits.model_construct(**snake(request["limits"]))  # vectors go beyond what a manifest may say
    cost = quote(prices, asset, limits, int(request["callbackGasLimit"]), int(request["baseFee"]))
    assert int(request["maxCost"]) == cost
    run = snake(row["delivery"])
    gas_price = reimbursed_gas_price(prices, run["paid"], run["base_fee"])
    assert run["gas_price"] == gas_price
    taken = charge(prices, asset, run["held"], run["fuel_used"], run["slots"], run["gas_used"], gas_price)
    assert Charge(**snake(row["charge"])) == taken
