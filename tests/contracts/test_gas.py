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


@pytest.mark.anvil
def test_every_delivery_costs_what_is_committed_and_meets_its_target() -> None:
    """The whole table measured anew at Prague: all sizes, batches and verifiers."""
    benchmark = load_benchmark()
    measured = benchmark.table("prague")
    assert measured == {key: pytest.approx(FIGURES[key], abs=TOLERANCE["prague"]) for key in FIGURES}
    assert {key: measured[key] for key, target in benchmark.TARGETS.items() if measured[key] > target} == {}


@pytest.mark.anvil
def test_osaka_costs_what_is_committed_but_for_modexp(monkeypatch: pytest.MonkeyPatch) -> None:
    """Single deliveries and batches of ten, four members, both verifiers."""
    benchmark = load_benchmark()
    monkeypatch.setattr(benchmark, "SIZES", (4,))
    monkeypatch.setattr(benchmark, "BATCHES", (1, 10))
    measured = benchmark.table("osaka")
    assert measured == {key: pytest.approx(FIGURES[key], abs=TOLERANCE["osaka"]) for key in measured}
