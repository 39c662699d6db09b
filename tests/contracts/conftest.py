"""A router on each chain, deployed once; every test begins with the same state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.chain.conftest import CHAINS, make_chain

from .world import World


@pytest.fixture(scope="session", params=CHAINS)
def deployed(request: pytest.FixtureRequest) -> Iterator[World]:
    """On the embedded chain, and on anvil at two hard forks."""
    with make_chain(request.param) as chain:
        yield World.start(chain)


@pytest.fixture
def world(deployed: World) -> Iterator[World]:
    """Reverted afterwards; clocks only go forward."""
    snapshot = deployed.rpc("evm_snapshot")
    yield replace(deployed, payers=set(), signers=set())
    assert deployed.rpc("evm_revert", snapshot) is True
