"""A made-up chain behind several endpoints, each of which may twist what it answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from aiohttp import web

from executor.chain.provider import RpcProvider

from .endpoints import Endpoint, Json, result

CHAIN_ID = 31337
DEAD = "http://127.0.0.1:9"  # the discard port: nothing listens
WORD = "0x" + "ab" * 32
ROUTER = "0x" + "aa" * 20


class World:
    """A made-up chain: blocks by number, and what else is asked, the same at every endpoint that tells the truth."""

    def __init__(self) -> None:
        self.head = 5
        self.answers: dict[str, Json] = {"eth_call": WORD, "eth_getLogs": [], "eth_getTransactionCount": "0x4"}

    def block(self, number: int, fork: str = "0") -> Json:
        if number > self.head:
            return None
        return {
            "number": hex(number),
            "hash": "0x" + fork + f"{number:063x}",
            "parentHash": "0x" + fork + f"{number - 1:063x}",
            "timestamp": hex(1_000 + number),
            "baseFeePerGas": "0x7",
            "logsBloom": "0x" + "00" * 256,
            "totalDifficulty": "0x1",
        }

    def answer(self, method: str, params: Json) -> Json:
        if method == "eth_chainId":
            return hex(CHAIN_ID)
        if method == "eth_getBlockByNumber":
            return self.block(self.head if params[0] == "latest" else int(params[0], 16))
        return self.answers[method]


def log(index: int) -> Json:
    return {
        "address": ROUTER.upper().replace("0X", "0x"),
        "topics": [WORD],
        "data": "0x" + f"{index:02x}",
        "blockNumber": "0x5",
        "blockHash": WORD,
        "transactionHash": WORD,
        "transactionIndex": "0x3",
        "logIndex": hex(index),
        "removed": False,
    }


Twist = Callable[[World, str, Json, Json], Any]


def honest(_world: World, _method: str, _params: Json, answer: Json) -> Any:
    return answer


def refusing(code: int, message: str, data: str | None = None, of: str = "") -> Twist:
    def twist(_world: World, method: str, _params: Json, answer: Json) -> Any:
        error = {"code": code, "message": message, **({"data": data} if data else {})}
        return {"error": error} if method != "eth_chainId" and method.startswith(of) else answer

    return twist


def saying(method: str, value: Json) -> Twist:
    return lambda _world, asked, _params, answer: value if asked == method else answer


def lagging(blocks: int) -> Twist:
    def twist(world: World, method: str, params: Json, answer: Json) -> Any:
        if method != "eth_getBlockByNumber":
            return answer
        number = world.head - blocks if params[0] == "latest" else int(params[0], 16)
        return world.block(number) if number <= world.head - blocks else None

    return twist


def forked(_world: World, method: str, _params: Json, answer: Json) -> Any:
    return {**answer, "hash": "0xf" + answer["hash"][3:]} if method.startswith("eth_getBlock") and answer else answer


async def hanging(_world: World, _method: str, _params: Json, _answer: Json) -> Any:
    await asyncio.sleep(120)


def html(_world: World, _method: str, _params: Json, _answer: Json) -> Any:
    return web.Response(text="<html>too many requests</html>", content_type="text/html", status=429)


class Network:
    """Endpoints over one world, and a provider that asks them all."""

    def __init__(self, world: World, served: list[Endpoint], rpc: RpcProvider) -> None:
        self.world, self.served, self.rpc = world, served, rpc
        self.news: list[Any] = []
        rpc.panel.report = self.news.append

    async def late(self) -> None:
        """Wait for what is compared behind the caller's back."""
        await asyncio.gather(*self.rpc.panel._late)

    def outvoted(self) -> list[int]:
        return [endpoint.outvoted for endpoint in self.rpc.panel.endpoints]


@asynccontextmanager
async def network(
    *twists: Twist, attempts: int = 1, timeout_s: float = 5.0, world: World | None = None, **options: Any
) -> AsyncIterator[Network]:
    """One endpoint for each twist of the truth."""
    world = world or World()

    def endpoint(twist: Twist) -> Endpoint:
        async def reply(call: Json) -> Any:
            answer = twist(world, call["method"], call["params"], world.answer(call["method"], call["params"]))
            answer = await answer if hasattr(answer, "__await__") else answer
            if isinstance(answer, web.StreamResponse | bytes):
                return answer
            if isinstance(answer, dict) and "error" in answer:
                return json.dumps({"jsonrpc": "2.0", "id": call["id"], **answer}).encode()
            return result(call, answer)

        return Endpoint(reply)

    async with AsyncExitStack() as stack:
        served = [await stack.enter_async_context(endpoint(twist)) for twist in twists]
        rpc = RpcProvider([each.url for each in served], CHAIN_ID, attempts=attempts, timeout_s=timeout_s, **options)
        stack.push_async_callback(rpc.close)
        yield Network(world, served, rpc)


async def head(net: Network) -> int:
    return int((await net.rpc.call("eth_getBlockByNumber", "latest", False))["number"], 16)
