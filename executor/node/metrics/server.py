"""GET /metrics on an address of its own, and what is asked of the chain now and then for it."""

from __future__ import annotations

import asyncio
import time
from typing import Final as Constant

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from executor.errors import InvalidConfig
from executor.node.config import MetricsConfig
from executor.node.metrics.meters import Meters
from executor.transport.connections import Connections
from executor.transport.door import Door, address_of
from executor.transport.sources import UNKNOWN, site_of

MAX_SCRAPES: Constant = 4  # at a time: each renders all metrics, some 100 kB
MAX_CONNECTIONS: Constant = 32  # scrapers are a few; more would take the node's open files


class MetricsServer:
    """Serves until `close`; a context manager. One that is not enabled serves nothing."""

    def __init__(self, config: MetricsConfig, meters: Meters) -> None:
        self._config = config
        self._meters = meters
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None
        self._held = Connections(MAX_CONNECTIONS, MAX_CONNECTIONS, MAX_CONNECTIONS // 2)
        self._places = asyncio.Semaphore(MAX_SCRAPES)

    async def __aenter__(self) -> MetricsServer:
        if not self._config.enabled:
            return self
        app = web.Application(client_max_size=1_024)
        app.router.add_get("/metrics", self._scrape)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        host, port = self._config.host, self._config.port
        try:
            self._server = await asyncio.get_running_loop().create_server(lambda: Door(self._admit), host, port)
        except OSError as error:
            await self._runner.cleanup()
            raise InvalidConfig(
                f"metrics: cannot listen on {host}:{port}: {error.strerror}; choose another [metrics] port, or "
                "enabled = false"
            ) from error
        return self

    def _admit(self, transport: asyncio.Transport) -> asyncio.Protocol | None:
        site = site_of(address_of(transport) or UNKNOWN)
        runner = self._runner
        if runner is None or runner.server is None or not self._held.enter(transport, site, time.monotonic()):
            transport.abort()
            return None
        return runner.server()

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _scrape(self, _request: web.Request) -> web.Response:
        if self._places.locked():
            return web.Response(status=503, text=f"{MAX_SCRAPES} scrapes are under way\n")
        async with self._places:
            self._meters.count_states()
            body = generate_latest(self._meters.instruments.registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})
