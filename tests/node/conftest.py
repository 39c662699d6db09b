"""Committees of running drivers."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from chain.support import Scene
from node_bench import Node, make_epoch, no_slot
from secrets_bench import members
from trigger_bench import Side

from executor.chain.deploy import Deployment
from executor.chain.embedded import EmbeddedChain
from executor.transport.memory import MemoryNetwork


@pytest_asyncio.fixture
async def committee(tmp_path) -> AsyncIterator:
    """`await committee(n, run)` starts n nodes; all are stopped at the end."""
    nodes: list[Node] = []

    async def start(n: int, run=no_slot, round_length_s: int = 1) -> list[Node]:
        network = MemoryNetwork(make_epoch(n, round_length_s))
        nodes.extend(Node(tmp_path / str(index), network, index, run) for index in range(n))
        for node in nodes:
            await node.start()
        return nodes

    yield start
    for node in nodes:
        with contextlib.suppress(Exception):
            await node.stop()


@pytest_asyncio.fixture
async def desks(tmp_path) -> AsyncIterator:
    """Four members' desks for secrets."""
    async with members(tmp_path) as started:
        yield started


@pytest.fixture(scope="session")
def trigger_chain() -> Iterator[EmbeddedChain]:
    """One chain for all tests here; its clock only goes on."""
    with EmbeddedChain() as chain:
        yield chain


@pytest.fixture(scope="session")
def deployed() -> list[Deployment]:
    """The contracts, once they are there."""
    return []


@pytest.fixture
async def scene(trigger_chain: EmbeddedChain, deployed: list[Deployment]) -> AsyncIterator[Scene]:
    """Contracts, committee and epoch."""
    scene = await Scene.open(trigger_chain, deployed[0] if deployed else None)
    deployed[:] = [scene.deployment]
    yield scene
    await scene.client.close()


@pytest.fixture
async def side(scene: Scene, tmp_path: Path) -> Side:
    """One member, which begins at the head."""
    return Side(scene, tmp_path / "side", (await scene.client.head()).number + 1)
