"""Committees of running drivers."""

import contextlib
from collections.abc import AsyncIterator

import pytest_asyncio
from node_bench import Node, make_epoch, no_slot
from secrets_bench import members

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
