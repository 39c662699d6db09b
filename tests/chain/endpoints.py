"""Real HTTP endpoints that misbehave: scripted ones, and a proxy that lies about what a chain says."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Self

import aiohttp
from aiohttp import web

Json = Any


class Endpoint:
    """Serves `reply(call) -> bytes | web.StreamResponse`; bytes are the body. Counts its calls."""

    def __init__(self, reply: Callable[[Json], Any]) -> None:
        self._reply = reply
        self.calls = 0
        self.url = ""
        application = web.Application()
        application.router.add_post("/", self._post)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)

    async def _post(self, request: web.Request) -> web.StreamResponse:
        self.calls += 1
        reply = self._reply(await request.json())
        if hasattr(reply, "__await__"):
            reply = await reply
        return reply if isinstance(reply, web.StreamResponse) else web.Response(body=reply)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()


def result(call: Json, value: Json) -> bytes:
    """A well-formed reply."""
    return json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": value}).encode()


def lying(url: str, lie: Callable[[str, Json], Json]) -> Endpoint:
    """A proxy that passes results through `lie(method, result)`."""

    async def reply(call: Json) -> bytes:
        async with aiohttp.ClientSession() as session, session.post(url, json=call) as response:
            answer = await response.json()
        if "result" in answer:
            answer["result"] = lie(call["method"], answer["result"])
        return json.dumps(answer).encode()

    return Endpoint(reply)
