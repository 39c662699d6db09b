"""The peers' gas stays what benchmarks/peers.json says, and the peers do what they are measured at."""

import json
from types import ModuleType

import pytest

from tests.contracts.benchmarks import BENCHMARKS, load

FIGURES = json.loads((BENCHMARKS / "peers.json").read_text())

# Signatures and addresses have a few zero bytes more or less from run to run, 12 gas each.
TOLERANCE = 300


@pytest.fixture(scope="module")
def peers() -> ModuleType:
    """benchmarks/peers.py."""
    return load("peers")


@pytest.mark.anvil
def test_the_peers_cost_what_is_committed(peers: ModuleType) -> None:
    """Every figure measured anew; a report that its receiver or client does not get ends the benchmark."""
    assert peers.table() == {key: pytest.approx(gas, abs=TOLERANCE) for key, gas in FIGURES.items()}


def test_the_request_is_what_the_clients_library_encodes(peers: ModuleType) -> None:
    """Keys as text, enumerations as bignums of 32 bytes, the source as text."""
    zero = "c25820" + "00" * 32
    source = b'return args[0] + "ETH/USD"'
    head = f"6c{b'codeLocation'.hex()}{zero}68{b'language'.hex()}{zero}66{b'source'.hex()}78{len(source):02x}"
    assert peers.request_data().hex() == head + source.hex()
