"""What a node serves to people and tools over HTTP, beside the members' messages.

GET  /v1/health                 who this is and what it holds
GET  /v1/events?after=N&wait=S  numbered events after N, waiting up to S seconds for the first
PUT  /v1/functions              upload a function (executor/node/functions.py); answers its id
GET  /v1/functions              ids held
GET  /v1/functions/{id}         one function, in upload form
GET  /v1/receipts/{request id}  one receipt (canonical JSON)
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from executor.errors import ExecutorError, InvalidValue
from executor.model.function import Function
from executor.model.ids import FunctionId, RequestId
from executor.node.functions import MAX_UPLOAD_BYTES, FunctionStore, pack_function, unpack_function
from executor.store.events import EventLog

MAX_WAIT_S = 30.0
MAX_WAITERS = 64  # each event wakes all of them
MAX_UPLOADS = 4  # under way at a time: each may hold an upload's 40 MiB, and what is made of it
UPLOAD_TIMEOUT_S = 60.0  # for one body: 40 MiB at 6 Mbit/s
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
        upload_timeout_s: float = UPLOAD_TIMEOUT_S,
    ) -> None:
        self._health = health
        self._events = events
        self._functions = functions
        self._receipts = receipts
        self._add_function = add_function
        self._upload_timeout_s = upload_timeout_s
        self._waiters = 0
        self._uploads = 0

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
            wait = float(request.query.get("wait", "0"))
        except ValueError:
            return _refuse(400, "after is an integer and wait a number of seconds")
        if not math.isfinite(wait):  # a timer that compares to nothing would hold up others
            return _refuse(400, "wait is a finite number of seconds")
        if self._waiters >= MAX_WAITERS:
            return _refuse(503, f"{MAX_WAITERS} others wait for events")
        self._waiters += 1
        try:
            events = await self._events.wait_after(after, min(max(wait, 0.0), MAX_WAIT_S))
        finally:
            self._waiters -= 1
        return web.json_response([event.plain() for event in events])

    async def _put_function(self, request: web.Request) -> web.Response:
        if (request.content_length or 0) > MAX_UPLOAD_BYTES:
            return _refuse(413, f"the limit is {MAX_UPLOAD_BYTES} bytes")
        if self._uploads >= MAX_UPLOADS:
            return _refuse(503, f"{MAX_UPLOADS} other uploads are under way")
        self._uploads += 1
        try:
            return await self._take_upload(request)
        finally:
            self._uploads -= 1

    async def _take_upload(self, request: web.Request) -> web.Response:
        data = bytearray()
        try:
            async with asyncio.timeout(self._upload_timeout_s):
                async for chunk in request.content.iter_chunked(65_536):
                    data += chunk
                    if len(data) > MAX_UPLOAD_BYTES:
                        return _refuse(413, f"the limit is {MAX_UPLOAD_BYTES} bytes")
        except TimeoutError:
            return _refuse(408, f"the upload took longer than {self._upload_timeout_s:g} s")
        try:
            function = await asyncio.to_thread(unpack_function, bytes(data))
            identity = await self._add_function(function)
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
    response = web.json_response({"error": message}, status=status)
    if status in (408, 413, 503):
        response.force_close()  # the rest of the body is not worth reading
    return response
