"""What owners and members ask a node about secrets, over HTTP.

PUT  /v1/secrets          a secret, or its deletion; signed in itself (executor/model/secret.py)
GET  /v1/secrets          what is known of an account's secrets, for that account: the header executor-secrets
POST /v1/secrets/wanted   another member reads on (executor/node/secrets/exchange.py)
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final as Constant

from aiohttp import web

from executor.errors import ExecutorError, InvalidValue, UploadRefused
from executor.model.codec import decode
from executor.model.secret import Secret
from executor.node.secrets.claims import HEADER
from executor.node.secrets.desk import SecretDesk
from executor.node.secrets.exchange import MAX_QUESTION_BYTES, PATH
from executor.node.secrets.store import MAX_SECRET_BYTES
from executor.transport.bodies import read_whole
from executor.transport.limits import Allowance
from executor.transport.places import Share
from executor.transport.sources import source_of

PLACES: Constant = 16  # of either kind for bodies being read or judged: each holds some 25 kB and asks chain and signer
EACH: Constant = 8  # of them for one address: a committee, or an owner's tools, may sit behind one
READ_TIMEOUT_S: Constant = 10.0
PER_SECOND: Constant = 5.0  # lists for one site: each takes a signature and a walk through what is kept
BURST: Constant = 40.0
SITES: Constant = 1_024


class SecretRoutes:
    """The routes."""

    def __init__(self, desk: SecretDesk) -> None:
        self._desk = desk
        self._owners, self._members = Share(PLACES, EACH), Share(PLACES, EACH)  # neither holds up the other
        self._looks = Allowance[str](PER_SECOND, BURST, names=SITES)

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes to an aiohttp application's router."""
        router.add_put("/v1/secrets", self._put)
        router.add_get("/v1/secrets", self._list)
        router.add_post(PATH, self._wanted)

    async def _put(self, request: web.Request) -> web.Response:
        async def act(body: bytes) -> web.Response:
            secret: Secret = decode(Secret, body, limit=MAX_SECRET_BYTES)
            await self._desk.put(secret)
            return web.json_response({"version": secret.version})

        return await self._answer(request, self._owners, MAX_SECRET_BYTES, act)

    async def _wanted(self, request: web.Request) -> web.Response:
        async def act(body: bytes) -> web.Response:
            return web.Response(body=self._desk.answer(body), content_type="application/json")

        return await self._answer(request, self._members, MAX_QUESTION_BYTES, act)

    async def _list(self, request: web.Request) -> web.Response:
        if not self._looks.spend(source_of(request), time.monotonic()):
            return _refuse(429, f"more than {PER_SECOND:g} looks a second")
        try:
            return web.json_response(self._desk.list(request.headers.get(HEADER)))
        except UploadRefused as error:
            return _refuse(403, str(error))

    async def _answer(
        self, request: web.Request, places: Share, limit: int, act: Callable[[bytes], Awaitable[web.Response]]
    ) -> web.Response:
        if (request.content_length or 0) > limit:
            return _refuse(413, f"the limit is {limit} bytes")
        try:
            place = places.take(source_of(request))
        except InvalidValue as error:
            return _refuse(503, str(error))
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                body = await read_whole(request.content, limit)
            return _refuse(413, f"the limit is {limit} bytes") if body is None else await act(body)
        except TimeoutError:
            return _refuse(408, f"the body took longer than {READ_TIMEOUT_S:g} s")
        except UploadRefused as error:
            return _refuse(403, str(error))
        except InvalidValue as error:
            return _refuse(422, str(error))
        except ExecutorError as error:
            return _refuse(503, str(error))
        finally:
            places.give_back(place)


def _refuse(status: int, message: str) -> web.Response:
    response = web.json_response({"error": message}, status=status)
    if status in (403, 408, 413, 503):
        response.force_close()  # the rest of the body is not worth reading
    return response
