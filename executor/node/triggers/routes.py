"""Triggers over HTTP.

POST /v1/triggers/{registration}  start a run of an http trigger (posting.py); answers its request id at once, the
                                  receipt comes under /v1/receipts
GET  /v1/triggers                 the registrations this node follows, and the finalized block a POST may name
GET  /v1/triggers/{registration}  one of them

Rule 1. Posts of one address, of one registration and in all are bounded; so is the time for a body.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Any
from typing import Final as Constant

from aiohttp import web

from executor.chain.client import ChainClient
from executor.errors import ChainError, InvalidValue, StoreError, TriggerRefused
from executor.model.ids import RegistrationId, RequestId
from executor.model.trigger import HomeBlock
from executor.model.trigger_config import HttpConfig
from executor.model.trigger_input import HttpData
from executor.node.triggers.forwarding import Forwarder, Post
from executor.node.triggers.posting import FORWARDED, HEADER, check_post, parse_post
from executor.node.triggers.registrations import Entry, Registrations
from executor.node.triggers.starting import Book, Starter, Verdict, home_of
from executor.protocol.triggering import http_end, http_request
from executor.transport.bodies import read_whole
from executor.transport.limits import Allowance
from executor.transport.places import Share
from executor.transport.sources import source_of

MAX_POSTS: Constant = 32  # under way at a time
EACH: Constant = 16  # of one address: members forward from theirs
BODY_S: Constant = 10.0  # for one body of 16 kB
POSTS_PER_SECOND: Constant = 5.0  # of one address: members forward, clients fire; each costs a few calls of the chain
POSTS_BURST: Constant = 50.0
ADDRESSES: Constant = 1_024
MAX_LISTED: Constant = 1_000
STATUS: Constant = {
    Verdict.STARTED: 202,
    Verdict.KNOWN: 200,
    Verdict.OVER: 403,
    Verdict.LIMITED: 429,
    Verdict.UNFUNDED: 402,
    Verdict.REFUSED: 422,
    Verdict.FULL: 503,
}
WHY: Constant = {
    Verdict.OVER: "the block that it names is too old, or its time is over",
    Verdict.LIMITED: "this trigger had its runs of the hour",
    Verdict.UNFUNDED: "its subscription cannot pay for one more",
    Verdict.REFUSED: "it makes an input that is too large, or names a block before the first epoch",
    Verdict.FULL: "this node has no room for one more",
}


class TriggerRoutes:
    """The routes."""

    def __init__(
        self, chain: ChainClient, book: Book, registrations: Registrations, starter: Starter, forwarder: Forwarder
    ) -> None:
        self._chain = chain
        self._book = book
        self._registrations = registrations
        self._starter = starter
        self._forwarder = forwarder
        self._allowance = Allowance[str](POSTS_PER_SECOND, POSTS_BURST, names=ADDRESSES)
        self._posts = Share(MAX_POSTS, EACH)

    @property
    def posts(self) -> int:
        """Posts under way."""
        return self._posts.taken

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes to an aiohttp application's router."""
        router.add_post("/v1/triggers/{registration}", self._post)
        router.add_get("/v1/triggers", self._list)
        router.add_get("/v1/triggers/{registration}", self._show)

    async def _post(self, request: web.Request) -> web.Response:
        source = source_of(request)
        if not self._allowance.spend(source, time.monotonic()):
            return _refuse(429, f"more than {POSTS_PER_SECOND:g} posts a second")
        try:
            place = self._posts.take(source)
        except InvalidValue as error:
            return _refuse(503, str(error))
        try:
            return await self._start(request)
        except TriggerRefused as error:
            return _refuse(403, str(error))
        except (ChainError, StoreError) as error:
            return _refuse(503, str(error))
        finally:
            self._posts.give_back(place)

    async def _start(self, request: web.Request) -> web.Response:
        entry = self._find(request)
        if isinstance(entry, web.Response):
            return entry
        config = entry.config
        if not isinstance(config, HttpConfig):
            return _refuse(409, "this registration is of another kind, or its config cannot be read")
        if entry.kept.paused:
            return _refuse(409, "this trigger is paused")
        claim = parse_post(request.headers.get(HEADER))
        body = await _read(request, config.body_bytes)
        if isinstance(body, web.Response):
            return body
        posted = check_post(
            claim,
            config,
            body,
            chain_id=self._chain.chain_id,
            router=self._chain.router,
            registration=entry.registration_id,
            now_s=time.time(),
        )
        final = self._book.triggered.block
        if claim.block_number > final:
            return _refuse(409, f"block {claim.block_number} is not finalized here yet; the last one is {final}")
        if claim.block_number <= entry.kept.since:
            return _refuse(403, f"block {claim.block_number} is not after the registration's, {entry.kept.since}")
        block = await self._chain.block(claim.block_number)
        if block is None:
            return _refuse(503, f"no endpoint has block {claim.block_number}")
        verdict, identity = await self._begin(entry, config, posted, home_of(block))
        if FORWARDED not in request.headers and identity is not None and self._is_under_way(verdict, identity):
            self._forwarder.forward(Post(identity, request.path, request.headers[HEADER], body))
        if verdict in WHY:
            return _refuse(STATUS[verdict], WHY[verdict])
        return web.json_response({"request_id": str(identity), "status": verdict.value}, status=STATUS[verdict])

    def _is_under_way(self, verdict: Verdict, identity: RequestId) -> bool:
        """Whether the others should have it: a member that stopped after its answer may have told nobody."""
        known = verdict is Verdict.KNOWN and self._book.triggered.is_open(identity)
        return verdict is Verdict.STARTED or known

    async def _begin(
        self, entry: Entry, config: HttpConfig, posted: HttpData, home: HomeBlock
    ) -> tuple[Verdict, RequestId | None]:
        end = http_end(config, posted.expires, home)
        return await self._starter.start(entry, home, end, partial(http_request, posted=posted, home=home))

    async def _list(self, _request: web.Request) -> web.Response:
        entries = list(self._registrations)[:MAX_LISTED]
        lines = [self._line(entry) for entry in entries]
        told = {"finalized_block": self._book.triggered.block, "count": len(self._registrations), "triggers": lines}
        return web.json_response(told)

    async def _show(self, request: web.Request) -> web.Response:
        entry = self._find(request)
        if isinstance(entry, web.Response):
            return entry
        return web.json_response({"finalized_block": self._book.triggered.block, **self._line(entry)})

    def _line(self, entry: Entry) -> dict[str, Any]:
        kept, key = entry.kept, entry.registration_id
        registration, triggered = kept.registration, self._book.triggered
        return {
            "registration": str(key),
            "trigger": registration.kind.name.lower(),
            "owner": str(registration.owner),
            "function_id": str(registration.function_id),
            "receiver": None if registration.receiver is None else str(registration.receiver),
            "subscription": registration.subscription,
            "config": None if entry.config is None else entry.config.model_dump(mode="json", exclude_defaults=True),
            "since_block": kept.since,
            "paused": kept.paused,
            "open": triggered.open[key],
            "within_their_time": triggered.count(key),
            "started_this_hour": kept.started,
            "dropped_this_hour": entry.dropped,
            "unfunded": entry.unfunded,
        }

    def _find(self, request: web.Request) -> Entry | web.Response:
        try:
            key = RegistrationId.from_hex(request.match_info["registration"])
        except InvalidValue as error:
            return _refuse(400, str(error))
        entry = self._registrations.find(key)
        return entry or _refuse(404, f"no trigger {key} is registered in a block that is finalized here")


async def _read(request: web.Request, limit: int) -> bytes | web.Response:
    """The body, refused before it is read where its length is said and too much."""
    if (request.content_length or 0) > limit:
        return _refuse(413, f"this trigger takes a body of {limit} bytes")
    try:
        async with asyncio.timeout(BODY_S):
            data = await read_whole(request.content, limit)
    except TimeoutError:
        return _refuse(408, f"the body took longer than {BODY_S:g} s")
    return _refuse(413, f"this trigger takes a body of {limit} bytes") if data is None else data


def _refuse(status: int, message: str) -> web.Response:
    response = web.json_response({"error": message}, status=status)
    if status in (408, 413, 429, 503):
        response.force_close()  # the rest of the body is not worth reading
    return response
