"""What a node says of itself to those who watch it, beside `/v1/health` (api.py).

GET  /v1/ready                    200 when it can do a member's work; 503 with the reasons by part when it cannot
GET  /v1/requests?limit=N         open requests, oldest first, and how many there are in each state
GET  /v1/requests/{request id}    one of them
"""

from __future__ import annotations

from typing import Any
from typing import Final as Constant

from aiohttp import web

from executor.errors import InvalidValue
from executor.model.ids import RequestId
from executor.node.conditions import Conditions
from executor.node.requests import RequestBook, Standing

MAX_LISTED: Constant = 1_000


class Status:
    """The routes."""

    def __init__(self, conditions: Conditions, book: RequestBook) -> None:
        self._conditions = conditions
        self._book = book

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes to an aiohttp application's router."""
        router.add_get("/v1/ready", self._ready)
        router.add_get("/v1/requests", self._requests)
        router.add_get("/v1/requests/{id}", self._request)

    async def _ready(self, _request: web.Request) -> web.Response:
        reasons = self._conditions.reasons
        return web.json_response({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)

    async def _requests(self, request: web.Request) -> web.Response:
        try:
            limit = int(request.query.get("limit", "100"))
        except ValueError:
            return _refuse(400, "limit is an integer")
        listed = self._book.standings(min(max(limit, 0), MAX_LISTED))
        plain = [_plain(request_id, standing) for request_id, standing in listed]
        return web.json_response({"counts": self._book.counts, "requests": plain})

    async def _request(self, request: web.Request) -> web.Response:
        try:
            identity = RequestId.from_hex(request.match_info["id"])
        except InvalidValue as error:
            return _refuse(400, str(error))
        standing = self._book.standing(identity)
        if standing is None:
            return _refuse(404, f"request {identity} is not open here; a closed one has its receipt")
        return web.json_response(_plain(identity, standing))


def _plain(request_id: RequestId, standing: Standing) -> dict[str, Any]:
    return {
        "request_id": str(request_id),
        "state": standing.state,
        "function_id": str(standing.function),
        "epoch": standing.epoch,
        "deadline": standing.deadline,
    }


def _refuse(status: int, message: str) -> web.Response:
    return web.json_response({"error": message}, status=status)
