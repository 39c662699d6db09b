"""Everything that measures beside a running node: the server and a task, ended together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from executor.chain.client import ChainClient
from executor.model.ids import Address
from executor.node.config import NodeConfig
from executor.node.metrics.meters import Meters
from executor.node.metrics.readings import ChainLook, look_for_ever, read_endpoints, read_workers
from executor.node.metrics.server import MetricsServer
from executor.worker import WorkerPool


@asynccontextmanager
async def measured(
    config: NodeConfig,
    meters: Meters,
    *,
    chain: ChainClient,
    pool: WorkerPool,
    transmitter: Address,
) -> AsyncIterator[None]:
    """Serve metrics while inside; raises InvalidConfig when the address cannot be had."""
    meters.read(partial(read_workers, pool))
    look = ChainLook(chain, transmitter)
    meters.read(look.read)
    meters.read(partial(read_endpoints, chain.rpc.panel.endpoints))
    async with MetricsServer(config.metrics, meters):
        tasks: list[asyncio.Task[None]] = []
        if config.metrics.enabled:
            tasks.append(asyncio.create_task(look_for_ever(look)))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
