"""A reader of a network's nodes over HTTP: uploads functions, follows events, fetches receipts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Self

import aiohttp

from executor.errors import HostFault, InvalidValue
from executor.model.function import Function
from executor.model.ids import FunctionId, RequestId
from executor.node.api import LAST_EVENT
from executor.node.functions import pack_function, unpack_function
from executor.node.uploads import HEADER

TIMEOUT_S = 10.0
UPLOAD_TIMEOUT_S = 60.0  # the node compiles the module before it answers
POLL_S = 0.2
NO_EVENT = 2**53 - 1  # a number that no event has: the answer says only which is the newest


class NetworkReader:
    """Talks to nodes by their base URLs; a node that is down is tried again, quietly."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = list(urls)
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def health(self, node: int) -> dict[str, Any] | None:
        """What the node says of itself, or None when it does not answer."""
        try:
            async with self._session.get(f"{self._urls[node]}/v1/health") as response:
                return dict(await response.json())
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None

    async def wait_healthy(self, node: int, timeout_s: float) -> dict[str, Any]:
        """Wait for the node to answer; raises HostFault when it does not in time."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while asyncio.get_running_loop().time() < deadline:
            if (found := await self.health(node)) is not None:
                return found
            await asyncio.sleep(POLL_S / 2)
        raise HostFault(f"node {node} at {self._urls[node]} does not answer within {timeout_s:g} s")

    async def upload(
        self, function: Function, nodes: Sequence[int] | None = None, *, authorisation: str = ""
    ) -> FunctionId:
        """Give these nodes, or all, the function's bytes; raises InvalidValue with what a node answered.

        `authorisation` is the header that `executor.node.uploads.sign_upload` makes.
        """
        data, headers = pack_function(function), {HEADER: authorisation} if authorisation else {}
        chosen = nodes if nodes is not None else range(len(self._urls))
        answers = [await self._put(node, data, headers) for node in chosen]
        return FunctionId.from_hex(answers[0])

    async def function(self, node: int, function: FunctionId) -> Function | None:
        """The function as a node serves it, or None when it does not hold it or does not answer."""
        try:
            async with self._session.get(f"{self._urls[node]}/v1/functions/{function}") as response:
                return unpack_function(await response.read()) if response.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None

    async def _put(self, node: int, data: bytes, headers: Mapping[str, str]) -> str:
        url, timeout = f"{self._urls[node]}/v1/functions", aiohttp.ClientTimeout(total=UPLOAD_TIMEOUT_S)
        async with self._session.put(url, data=data, headers=headers, timeout=timeout) as response:
            answer = await response.json()
            if response.status != 200:
                raise InvalidValue(f"node {node} refused the function: {answer.get('error', response.status)}")
            return str(answer["function_id"])

    async def last_event(self, node: int) -> int:
        """Number of the node's newest event; 0 when it does not answer."""
        try:
            async with self._session.get(f"{self._urls[node]}/v1/events?after={NO_EVENT}") as response:
                return int(response.headers.get(LAST_EVENT, "0"))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return 0

    async def receipt(self, node: int, request: RequestId) -> bytes | None:
        """The receipt's bytes, or None while the node has none."""
        try:
            async with self._session.get(f"{self._urls[node]}/v1/receipts/{request}") as response:
                return await response.read() if response.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None

    async def positions(self) -> dict[int, int]:
        """The newest event of every node: where `follow` goes on."""
        nodes = range(len(self._urls))
        return dict(zip(nodes, await asyncio.gather(*(self.last_event(node) for node in nodes)), strict=True))

    async def follow(
        self, positions: Mapping[int, int], request: RequestId, timeout_s: float
    ) -> AsyncIterator[tuple[int, dict[str, Any]]]:
        """(node, event) about a request, of all nodes after `positions`, as they happen and each once.

        Raises HostFault when `timeout_s` passes before the reader leaves the loop.
        """
        queue: asyncio.Queue[tuple[int, dict[str, Any]]] = asyncio.Queue(1_000)
        tasks = [asyncio.create_task(self._pump(node, after, queue)) for node, after in positions.items()]
        told: set[tuple[int, float, int]] = set()
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    node, event = await queue.get()
                    key = (node, event["time"], event["number"])
                    if event["request_id"] == str(request) and key not in told:
                        told.add(key)
                        yield node, event
        except TimeoutError as error:
            raise HostFault(f"request {request} was not finished within {timeout_s:g} s") from error
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _pump(self, node: int, after: int, queue: asyncio.Queue[tuple[int, dict[str, Any]]]) -> None:
        silent = True
        while True:
            try:
                if silent and after > await self.last_event(node):
                    after = 0  # a restarted node counts from 1 again
                url = f"{self._urls[node]}/v1/events?after={after}&wait=5"
                async with self._session.get(url) as response:
                    events = await response.json()
            except (aiohttp.ClientError, TimeoutError, OSError):
                after, silent = 0, False
                await asyncio.sleep(POLL_S)
                continue
            silent = not events
            for event in events:
                after = max(after, int(event["number"]))
                await queue.put((node, event))
