"""Gas on a real EVM node stays what benchmarks/gas.json says, on both forks."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
FIGURES = json.loads((BENCHMARKS / "gas.json").read_text())

# Signatures and addresses have a few zero bytes more or less from run to run, 12 gas each; osaka reprices MODEXP, which
# the BLS verifier calls twice (EIP-7883).
TOLERANCE = {"prague": 300, "osaka": 1_200}


def load_benchmark() -> Any:
    """benchmarks/gas.py as a module."""
    spec = importlib.util.spec_from_file_location("gas_benchmark", BENCHMARKS / "gas.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_figures_meet_the_targets() -> None:
    """No target of the benchmark is missed."""
    targets = load_benchmark().TARGETS
    assert {key: FIGURES[key] for key, target in targets.items() if FIGURES[key] > target} == {}


@pytest.mark.anvil
@pytest.mark.parametrize("hardfork", list(TOLERANCE))
def test_deliveries_cost_what_is_committed(hardfork: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Single deliveries and batches of ten, four members, both verifiers."""
    benchmark = load_benchmark()
    monkeypatch.setattr(benchmark, "SIZES", (4,))
    monkeypatch.setattr(benchmark, "BATCHES", (1, 10))
    measured = benchmark.table(hardfork)
    assert measured == {key: pytest.approx(FIGURES[key], abs=TOLERANCE[hardfork]) for key in measured}
