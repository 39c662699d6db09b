"""JSON-RPC 2.0 over HTTP on 127.0.0.1, single calls and batches. The EVM runs in one thread of its own."""

from __future__ import annotations

import asyncio
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from typing import Final as Constant

from aiohttp import web

from executor.chain.embedded.errors import INTERNAL_ERROR, PARSE_ERROR, InvalidParams, InvalidRequest, RpcFault
from executor.chain.embedded.ledger import Ledger
from executor.chain.embedded.methods import Methods
from executor.model.codec import check_nesting

Json = Any

HOST: Constant = "127.0.0.1"
MAX_BODY_BYTES: Constant = 4 * 1024 * 1024
MAX_BATCH: Constant = 200

_log = logging.getLogger(__name__)


class Server:
    """Serves one ledger until closed. aiohttp sets TCP_NODELAY: with Nagle's algorithm a call takes 45 ms."""

    def __init__(self, ledger: Ledger, finality_depth: int = 0) -> None:
        self._ledger = ledger
        self._methods = Methods(ledger, finality_depth)
        self._evm = ThreadPoolExecutor(max_workers=1, thread_name_prefix="evm")
        application = web.Application(client_max_size=MAX_BODY_BYTES)
        application.router.add_post("/", self._post)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        self._clock: asyncio.Task[None] | None = None

    async def start(self, port: int, block_time_s: float) -> str:
        """Listen and return the URL; port 0 takes a free one. A block time above zero mines by the clock."""
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, port).start()
        if block_time_s:
            self._ledger.automine = False
            self._clock = asyncio.create_task(self._mine_every(block_time_s))
        _, bound = self._runner.addresses[0][:2]
        return f"http://{HOST}:{bound}"

    async def close(self) -> None:
        """Stop listening and mining."""
        if self._clock:
            self._clock.cancel()
            await asyncio.gather(self._clock, return_exceptions=True)
        await self._runner.cleanup()
        self._evm.shutdown(cancel_futures=True)

    async def _mine_every(self, block_time_s: float) -> None:
        while True:
            await asyncio.sleep(block_time_s)
            try:
                await asyncio.get_running_loop().run_in_executor(self._evm, self._ledger.mine)
            except Exception:
                _log.exception("the embedded chain could not mine a block")  # the next may do

    async def _post(self, request: web.Request) -> web.Response:
        try:
            text = (await request.read()).decode("utf-8")
            check_nesting(text)
            body = json.loads(text)
        except ValueError:
            return _reply({"jsonrpc": "2.0", "id": None, "error": {"code": PARSE_ERROR, "message": "not JSON"}})
        if not isinstance(body, list):
            return _reply(await self._answer(body))
        if not 1 <= len(body) <= MAX_BATCH:
            return _reply(_error(None, InvalidRequest(f"a batch has 1 to {MAX_BATCH} calls")))
        return _reply([await self._answer(call) for call in body])

    async def _answer(self, call: Json) -> Json:
        name = call.get("id") if isinstance(call, dict) else None
        try:
            method, params = _parse(call)
            result = await asyncio.get_running_loop().run_in_executor(self._evm, self._methods.call, method, params)
        except RpcFault as fault:
            return _error(name, fault)
        except Exception:
            _log.exception("the embedded chain failed on %s", str(call)[:200])
            return {"jsonrpc": "2.0", "id": name, "error": {"code": INTERNAL_ERROR, "message": "internal error"}}
        return {"jsonrpc": "2.0", "id": name, "result": result}


def _parse(call: Json) -> tuple[str, list[Json]]:
    if not isinstance(call, dict) or call.get("jsonrpc") != "2.0" or not isinstance(call.get("method"), str):
        raise InvalidRequest("not a JSON-RPC 2.0 call")
    params = call.get("params", [])
    if not isinstance(params, list):
        raise InvalidParams("params is a list")
    return call["method"], params


def _error(name: Json, fault: RpcFault) -> Json:
    error: dict[str, Json] = {"code": fault.code, "message": str(fault)}
    if fault.data is not None:
        error["data"] = fault.data
    return {"jsonrpc": "2.0", "id": name, "error": error}


def _reply(body: Json) -> web.Response:
    return web.json_response(body)
