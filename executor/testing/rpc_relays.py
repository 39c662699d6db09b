"""A chain's endpoint on loopback that passes questions on to a real one, and may twist what it says."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, Final, Self, TypeAlias

import aiohttp
from aiohttp import web

Json: TypeAlias = Any
Twist: TypeAlias = Callable[[str, Json, Json], Json]
"""What is told in the place of a result: of a method, its parameters, and the truth."""

TIMEOUT_S: Final = 10.0


def honest(_method: str, _params: Json, result: Json) -> Json:
    """The truth."""
    return result


class RpcRelay:
    """One endpoint; build it with `async with RpcRelay(url, twist) as relay`, and use `relay.url`."""

    def __init__(self, url: str, twist: Twist = honest) -> None:
        self._upstream = url
        self._twist = twist
        self._stack = AsyncExitStack()
        self.url = ""
        self.twisted = 0  # answers that are not the truth

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        self._session = await self._stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        app = web.Application()
        app.router.add_post("/", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *details: object) -> None:
        await self._stack.aclose()

    async def _answer(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if not isinstance(asked, dict) or not isinstance(asked.get("method"), str):
            return web.Response(status=400, text="one JSON-RPC call")
        try:
            async with self._session.post(self._upstream, json=asked) as response:
                reply = json.loads(await response.read())
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            return web.Response(status=502, text=type(error).__name__)
        if "result" in reply:
            told = self._twist(asked["method"], asked.get("params", []), reply["result"])
            self.twisted += told != reply["result"]
            reply["result"] = told
        return web.json_response(reply)
