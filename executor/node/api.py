"""What a node serves to people and tools over HTTP, beside the members' messages.

GET  /v1/health                 who this is and what it holds
GET  /v1/events?after=N&wait=S  numbered events after N, waiting up to S seconds for the first
PUT  /v1/functions              upload a function (executor/node/functions.py); answers its id
GET  /v1/functions              ids held
GET  /v1/functions/{id}         one function, in upload form
GET  /v1/receipts/{request id}  one receipt (canonical JSON)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from executor.errors import ExecutorError, InvalidValue
from executor.model.function import Function
from executor.model.ids import FunctionId, RequestId
from executor.node.functions import MAX_UPLOAD_BYTES, FunctionStore, pack_function, unpack_function
from executor.store.events import EventLog

MAX_WAIT_S = 30.0
Health = Callable[[], dict[str, object]]


class Api:
    """The routes; `add_function` checks that the module loads before the store keeps it."""

    def __init__(
        self,
        *,
        health: Health,
        events: EventLog,
        functions: FunctionStore,
        receipts: Path,
        add_function: Callable[[Function], Awaitable[FunctionId]],
    ) -> None:
        self._health = health
        self._events = events
        self._functions = functions
        self._receipts = receipts
        self._add_function = add_function

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes to an aiohttp application's router."""
        router.add_get("/v1/health", self._get_health)
        router.add_get("/v1/events", self._get_events)
        router.add_put("/v1/functions", self._put_function)
        router.add_get("/v1/functions", self._get_functions)
        router.add_get("/v1/functions/{id}", self._get_function)
        router.add_get("/v1/receipts/{id}", self._get_receipt)

    async def _get_health(self, _request: web.Request) -> web.Response:
        return web.json_response(self._health())

    async def _get_events(self, request: web.Request) -> web.Response:
        try:
            after = int(request.query.get("after", "0"))
            wait = min(max(float(request.query.get("wait", "0")), 0.0), MAX_WAIT_S)
        except ValueError:
            return _refuse(400, "after is an integer and wait a number of seconds")
        events = await self._events.wait_after(after, wait)
        return web.json_response([event.plain() for event in events])

    async def _put_function(self, request: web.Request) -> web.Response:
        if (request.content_length or 0) > MAX_UPLOAD_BYTES:
            return _refuse(413, f"the limit is {MAX_UPLOAD_BYTES} bytes")
        data = bytearray()
        async for chunk in request.content.iter_chunked(65_536):
            data += chunk
            if len(data) > MAX_UPLOAD_BYTES:
                return _refuse(413, f"the limit is {MAX_UPLOAD_BYTES} bytes")
        try:
            identity = await self._add_function(unpack_function(bytes(data)))
        except InvalidValue as error:
            return _refuse(422, str(error))
        except ExecutorError as error:
            return _refuse(503, str(error))
        return web.json_response({"function_id": str(identity)})

    async def _get_functions(self, _request: web.Request) -> web.Response:
        return web.json_response([str(identity) for identity in self._functions.ids()])

    async def _get_function(self, request: web.Request) -> web.Response:
        try:
            identity = FunctionId.from_hex(request.match_info["id"])
        except InvalidValue as error:
            return _refuse(400, str(error))
        function = self._functions.load(identity)
        if function is None:
            return _refuse(404, f"this node does not hold function {identity}")
        return web.Response(body=pack_function(function), content_type="application/json")

    async def _get_receipt(self, request: web.Request) -> web.StreamResponse:
        try:
            identity = RequestId.from_hex(request.match_info["id"])
        except InvalidValue as error:
            return _refuse(400, str(error))
        path = self._receipts / f"{identity}.json"
        if not path.exists():
            return _refuse(404, f"this node has no receipt of request {identity}")
        return web.FileResponse(path, headers={"Content-Type": "application/json"})


def _refuse(status: int, message: str) -> web.Response:
    return web.json_response({"error": message}, status=status)
