"""The price table is part of the metering rules."""

from __future__ import annotations

import hashlib
import json

from executor.model.profile import PROFILE
from executor.vm.checks import IMPORTS
from executor.vm.operations import PURE
from executor.vm.prices import IMPORT_PRICES, OPERATION_PRICES

GOLDEN = {"wasmtime-fuel": "319398c083d67942166341290f335153fc89ead3ef457dbab65ee1bb52b313b4"}


def test_everything_has_a_price() -> None:
    """No import and no pure operation is free."""
    assert set(IMPORT_PRICES) == set(IMPORTS)
    assert set(OPERATION_PRICES) == set(PURE)
    assert all(price.base > 0 for price in (*IMPORT_PRICES.values(), *OPERATION_PRICES.values()))


def test_prices_change_only_with_the_metering_name() -> None:
    """Golden: other prices are other outcomes, so they need another profile."""
    table = [[name, price.base, price.per_byte] for prices in (IMPORT_PRICES, OPERATION_PRICES)
             for name, price in sorted(prices.items())]  # fmt: skip
    assert hashlib.sha256(json.dumps(table).encode()).hexdigest() == GOLDEN[PROFILE.metering]
