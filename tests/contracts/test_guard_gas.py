"""What the guard's work costs on chain and off chain stays what benchmarks/guard.json says."""

import json

import pytest

from tests.contracts.benchmarks import BENCHMARKS, load

FIGURES = json.loads((BENCHMARKS / "guard.json").read_text())


@pytest.mark.anvil
def test_a_hundred_positions_cost_what_is_committed() -> None:
    """Gas of the contract and fuel of the function, which name the same accounts; interest moves debts by little."""
    for key, found in load("guard").table((100,)).items():
        for what in ("gas", "fuel"):
            assert found[what] == pytest.approx(FIGURES[key][what], rel=0.001), (key, what)


def test_beyond_so_many_positions_no_transaction_holds_the_work() -> None:
    """EIP-7825 caps a transaction at 16,777,216 gas: docs/collateral-guard.md says where."""
    cap = 16_777_216
    assert FIGURES["1000 88"]["gas"] < cap < FIGURES["1500 88"]["gas"]
    assert all(found["fuel"] < 1_000_000_000 for found in FIGURES.values()), "the manifest's limit"
