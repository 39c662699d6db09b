"""What a node says of itself to those who watch it, beside `/v1/health` (api.py).

GET  /v1/ready  200 when it can do a member's work; 503 with the reasons by part when it cannot
"""

from __future__ import annotations

from aiohttp import web

from executor.node.conditions import Conditions


class Status:
    """The route."""

    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the route to an aiohttp application's router."""
        router.add_get("/v1/ready", self._ready)

    async def _ready(self, _request: web.Request) -> web.Response:
        reasons = self._conditions.reasons
        return web.json_response({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)
