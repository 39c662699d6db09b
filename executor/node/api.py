"""What a node serves to people and tools over HTTP, beside the members' messages.

GET  /v1/health                 who this is and what it holds
GET  /v1/events?after=N&wait=S  numbered events after N, waiting up to S seconds for the first
PUT  /v1/functions              upload a function (executor/node/uploads.py says who may); answers its id
GET  /v1/functions              ids held
GET  /v1/functions/{id}         one function, in upload form
GET  /v1/receipts/{request id}  one receipt (canonical JSON)
GET  /v1/requests, /v1/evidence executor/node/open_requests.py
GET, POST  /v1/triggers         executor/node/triggers/routes.py
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from aiohttp import web

from executor.crypto.digests import function_id
from executor.errors import ExecutorError, InvalidValue, StoreError, UploadRefused
from executor.model.function import Function
from executor.model.ids import Address, FunctionId, RequestId
from executor.node.functions import MAX_UPLOAD_BYTES, FunctionStore, pack_function, unpack_function
from executor.node.uploads import HEADER, UploadClaim
from executor.store.events import EventLog
from executor.transport.bodies import read_whole
from executor.transport.places import Share
from executor.transport.sources import source_of

MAX_WAIT_S = 30.0
MAX_WAITERS = 64  # each event wakes all of them
MAX_UPLOADS = 4  # under way at a time: each may hold an upload's 40 MiB, and what is made of it
MAX_DOWNLOADS = 8  # under way at a time, as above; members ask again
MAX_RECEIPTS = 32  # the same: the largest have some MB
EACH = 2  # one site holds half of these places at most
MAX_EVENTS_BYTES = 1_048_576  # of one answer; whoever reads on asks again, after the last it got
LAST_EVENT = "executor-last-event"  # the number of the newest event, with every answer
DOWNLOAD_TIMEOUT_S = 30.0  # as long as a member waits for one (fetching.py)
WRITTEN_BYTES = 65_536
UPLOAD_TIMEOUT_S = 60.0  # for one body: 40 MiB at 6 Mbit/s
Health = Callable[[], dict[str, object]]


class Holding(Protocol):
    """The node's functions (executor/node/holding.py)."""

    @property
    def store(self) -> FunctionStore:
        """What is held."""

    def missing(self) -> Sequence[FunctionId]:
        """What open requests wait for."""

    async def check_upload(self, header: str | None, /) -> UploadClaim | None:
        """Who uploads; raises UploadRefused, or ChainError when nobody can tell."""

    async def add(self, function: Function, account: Address | None, /) -> FunctionId:
        """Keep a function whose module loads; raises ExecutorError."""


class Api:
    """The routes."""

    def __init__(
        self,
        *,
        health: Health,
        events: EventLog,
        holding: Holding,
        receipts: Path,
        upload_timeout_s: float = UPLOAD_TIMEOUT_S,
    ) -> None:
        self._health = health
        self._events = events
        self._holding = holding
        self._receipts = receipts
        self._upload_timeout_s = upload_timeout_s
        self._waiters = Share(MAX_WAITERS, MAX_WAITERS // EACH)
        self._uploads = Share(MAX_UPLOADS, MAX_UPLOADS // EACH)
        self._downloads = Share(MAX_DOWNLOADS, MAX_DOWNLOADS // EACH)
        self._reading = Share(MAX_RECEIPTS, MAX_RECEIPTS // EACH)

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
        try:
            place = self._waiters.take(source_of(request))
        except InvalidValue as error:
            return _refuse(503, f"others wait for events: {error}")
        try:
            await self._events.wait(after, min(max(wait, 0.0), MAX_WAIT_S))
        finally:
            self._waiters.give_back(place)
        text = ",".join(self._events.lines_after(after, MAX_EVENTS_BYTES))
        headers = {LAST_EVENT: str(self._events.last)}
        return web.Response(text=f"[{text}]", content_type="application/json", headers=headers)

    async def _put_function(self, request: web.Request) -> web.Response:
        if (request.content_length or 0) > MAX_UPLOAD_BYTES:
            return _refuse(413, f"the limit is {MAX_UPLOAD_BYTES} bytes")
        try:
            place = self._uploads.take(source_of(request))
        except InvalidValue as error:
            return _refuse(503, f"other uploads are under way: {error}")
        try:
            claim = await self._holding.check_upload(request.headers.get(HEADER))
            return await self._take_upload(request, claim)
        except UploadRefused as error:
            return _refuse(403, str(error))
        except InvalidValue as error:
            return _refuse(422, str(error))
        except ExecutorError as error:
            return _refuse(503, str(error))
        finally:
            self._uploads.give_back(place)

    async def _take_upload(self, request: web.Request, claim: UploadClaim | None) -> web.Response:
        """Read the body and keep it; what it claims to be was judged before."""
        try:
            async with asyncio.timeout(self._upload_timeout_s):
                data = await read_whole(request.content, MAX_UPLOAD_BYTES)
        except TimeoutError:
            return _refuse(408, f"the upload took longer than {self._upload_timeout_s:g} s")
        if data is None:
            return _refuse(413, f"the limit is {MAX_UPLOAD_BYTES} bytes")
        function = await asyncio.to_thread(unpack_function, data)
        if claim is not None and (uploaded := function_id(function)) != claim.function_id:
            return _refuse(422, f"this is function {uploaded}; the signature is over {claim.function_id}")
        identity = await self._holding.add(function, None if claim is None else claim.account)
        return web.json_response({"function_id": str(identity)})

    async def _get_functions(self, _request: web.Request) -> web.Response:
        return web.json_response([str(identity) for identity in self._holding.store.ids()])

    async def _get_function(self, request: web.Request) -> web.StreamResponse:
        try:
            identity = FunctionId.from_hex(request.match_info["id"])
        except InvalidValue as error:
            return _refuse(400, str(error))
        try:
            place = self._downloads.take(source_of(request))
        except InvalidValue as error:
            return _refuse(503, f"others are given functions: {error}")
        try:
            return await self._give(request, identity)
        except StoreError as error:
            return _refuse(503, str(error))
        finally:
            self._downloads.give_back(place)

    async def _give(self, request: web.Request, identity: FunctionId) -> web.StreamResponse:
        function = self._holding.store.load(identity)
        if function is None:
            fetching = ", and is fetching it" if identity in self._holding.missing() else ""
            return _refuse(404, f"this node does not hold function {identity}{fetching}")
        return await _write_out(request, await asyncio.to_thread(pack_function, function))

    async def _get_receipt(self, request: web.Request) -> web.StreamResponse:
        try:
            identity = RequestId.from_hex(request.match_info["id"])
        except InvalidValue as error:
            return _refuse(400, str(error))
        try:
            place = self._reading.take(source_of(request))
        except InvalidValue as error:
            return _refuse(503, f"others are given receipts: {error}")
        try:
            path = self._receipts / f"{identity}.json"
            return await _write_out(request, await asyncio.to_thread(path.read_bytes))
        except FileNotFoundError:
            return _refuse(404, f"this node has no receipt of request {identity}")
        finally:
            self._reading.give_back(place)


async def _write_out(request: web.Request, data: bytes) -> web.StreamResponse:
    """Write JSON out while its place is held: an answer waits in memory for who reads slowly, and not for ever."""
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(data))})
    try:
        async with asyncio.timeout(DOWNLOAD_TIMEOUT_S):
            await response.prepare(request)
            for at in range(0, len(data), WRITTEN_BYTES):
                await response.write(data[at : at + WRITTEN_BYTES])
            await response.write_eof()
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
    return response


def _refuse(status: int, message: str) -> web.Response:
    response = web.json_response({"error": message}, status=status)
    if status in (403, 408, 413, 503):
        response.force_close()  # the rest of the body is not worth reading
    return response
