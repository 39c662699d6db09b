"""An endpoint before another: the truth or what is made of it, and plain refusals of what is no question."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from executor.testing.rpc_relays import RpcRelay

ASKED = {"jsonrpc": "2.0", "id": 7, "method": "eth_blockNumber", "params": []}


async def truth(request: web.Request) -> web.Response:
    """A chain of one height, which refuses everything else."""
    asked = await request.json()
    known = asked["method"] == "eth_blockNumber"
    said = {"result": "0x5"} if known else {"error": {"code": -32601, "message": "unknown"}}
    return web.json_response({"jsonrpc": "2.0", "id": asked["id"], **said})


@pytest.fixture
async def chain() -> Any:
    """A real server."""
    app = web.Application()
    app.router.add_post("/", truth)
    async with TestServer(app) as server:
        yield str(server.make_url("/"))


async def post(url: str, body: object) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
        return answer.status, await answer.json() if answer.content_type == "application/json" else await answer.text()


async def test_a_relay_tells_the_truth_or_what_its_twist_makes_of_results(chain: str) -> None:
    """Refusals are passed on as they are; what was twisted is counted."""
    async with RpcRelay(chain) as honest, RpcRelay(chain, lambda method, _, result: method + result) as liar:
        assert await post(honest.url, ASKED) == (200, {"jsonrpc": "2.0", "id": 7, "result": "0x5"})
        assert (await post(liar.url, ASKED))[1]["result"] == "eth_blockNumber0x5"
        assert (await post(liar.url, ASKED | {"method": "eth_other"}))[1]["error"]["code"] == -32601
        assert (honest.twisted, liar.twisted) == (0, 1)


@pytest.mark.parametrize("body", [[], {}, {"method": 7}, "text"])
async def test_what_is_no_call_is_refused(chain: str, body: object) -> None:
    """Batches, too: the project's own client sends none."""
    async with RpcRelay(chain) as relay:
        assert (await post(relay.url, body))[0] == 400


async def test_a_chain_that_does_not_answer_is_a_bad_gateway() -> None:
    """By the failure's name."""
    async with RpcRelay("http://127.0.0.1:9") as relay:
        status, text = await post(relay.url, ASKED)
    assert (status, text) == (502, "ClientConnectorError")
