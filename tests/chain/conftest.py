"""Development chains, started once a module; a chain that cannot be started fails the test with instructions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from executor.chain.anvil import Anvil
from executor.chain.deploy import Deployment
from executor.chain.devchain import Devchain
from executor.chain.embedded import EmbeddedChain

from .support import Scene

CHAINS = [
    "embedded",
    pytest.param("prague", marks=pytest.mark.anvil),
    pytest.param("osaka", marks=pytest.mark.anvil),
]


def make_chain(kind: str) -> Devchain:
    return EmbeddedChain() if kind == "embedded" else Anvil(hardfork=kind)


@pytest.fixture(scope="module", params=CHAINS)
def any_chain(request: pytest.FixtureRequest) -> Iterator[Devchain]:
    """The embedded chain, and anvil at two hard forks."""
    with make_chain(request.param) as chain:
        yield chain


@pytest.fixture(scope="module")
def embedded_chain() -> Iterator[EmbeddedChain]:
    """The embedded chain alone."""
    with EmbeddedChain() as chain:
        yield chain


@pytest.fixture(scope="module")
def deployments() -> dict[str, Deployment]:
    """What is deployed on the module's chains, by URL."""
    return {}


@pytest.fixture
async def any_scene(any_chain: Devchain, deployments: dict[str, Deployment]) -> AsyncIterator[Scene]:
    """Contracts, committee and epoch on each chain."""
    scene = await Scene.open(any_chain, deployments.get(any_chain.url))
    deployments[any_chain.url] = scene.deployment
    yield scene
    await scene.client.close()


@pytest.fixture
async def scene(embedded_chain: EmbeddedChain, deployments: dict[str, Deployment]) -> AsyncIterator[Scene]:
    """The same on the embedded chain alone."""
    scene = await Scene.open(embedded_chain, deployments.get(embedded_chain.url))
    deployments[embedded_chain.url] = scene.deployment
    yield scene
    await scene.client.close()


@pytest.fixture(scope="module")
def anvil() -> Iterator[Anvil]:
    """One anvil for all tests of a module."""
    with Anvil() as chain:
        yield chain


@pytest.fixture
async def restored(anvil: Anvil, deployments: dict[str, Deployment]) -> AsyncIterator[Scene]:
    """A scene on anvil whose chain is put back afterwards."""
    opened = await Scene.open(anvil, deployments.get(anvil.url))
    deployments[anvil.url] = opened.deployment
    snapshot = await opened.client.rpc.call("evm_snapshot")
    yield opened
    assert await opened.client.rpc.call("evm_revert", snapshot)
    await opened.client.close()
