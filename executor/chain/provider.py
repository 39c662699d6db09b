"""web3's provider over untrusted HTTP endpoints: every method by the rule that fits it, tried again before it fails.

Rule 1. With several endpoints, what anything rests on is agreed between them (agreement.py); with one, it is believed.
Rule 2. What no rule names (methods of development chains) is asked of one endpoint, of the next where that fails.
Rule 3. No answer, several times with growing pauses, is ChainUnavailable.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any
from typing import Final as Constant

from web3.providers.async_base import AsyncJSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from executor.chain.agreement import Panel
from executor.chain.endpoint import MAX_REPLY_BYTES, TIMEOUT_S, Endpoint, endpoints
from executor.chain.quantity import parse_quantity
from executor.chain.readings import READINGS, read
from executor.errors import ChainUnavailable, ReplyTooLarge

Json = Any

ATTEMPTS: Constant = 4
FIRST_PAUSE_S: Constant = 0.1
REACHED: Constant = frozenset({"eth_blockNumber", "eth_getBalance", "eth_getTransactionCount", "eth_estimateGas"})
TAGS: Constant = frozenset({"latest", "finalized", "safe"})


class RpcProvider(AsyncJSONBaseProvider):
    """One chain through its endpoints; `panel` has what each of them did. Close it."""

    global_ccip_read_enabled = False  # EIP-3668 lets a contract send its reader to any URL

    def __init__(
        self,
        urls: Sequence[str],
        chain_id: int,
        *,
        timeout_s: float = TIMEOUT_S,
        max_reply_bytes: int = MAX_REPLY_BYTES,
        attempts: int = ATTEMPTS,
        agreement: int | None = None,
    ) -> None:
        super().__init__()
        self.chain_id = chain_id
        found = endpoints(tuple(urls), timeout_s=timeout_s, max_reply_bytes=max_reply_bytes)
        self.panel = Panel(found, chain_id, agreement)
        self._attempts = attempts
        self._preferred = 0

    async def call(self, method: str, *params: Json) -> Json:
        """The result of a method over plain JSON; raises as `make_request` does."""
        ask = self._agreed if len(self.panel.endpoints) > 1 else self._first
        return await self._tried(lambda attempt: ask(method, list(params), attempt))

    async def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """A reply that holds a result; raises RpcRefused, WrongChain, ReplyTooLarge or a ChainUnavailable."""
        plain = json.loads(self.encode_rpc_dict({"id": 0, "jsonrpc": "2.0", "method": method, "params": params}))
        return {"jsonrpc": "2.0", "id": 0, "result": await self.call(method, *plain["params"])}

    async def close(self) -> None:
        """Close the connections."""
        await self.panel.close()

    async def _tried(self, ask: Callable[[int], Awaitable[Json]]) -> Json:
        """Rule 3."""
        for attempt in range(self._attempts):
            if attempt:
                await asyncio.sleep(FIRST_PAUSE_S * 2 ** (attempt - 1))
            try:
                return await ask(attempt)
            except ReplyTooLarge:
                raise
            except ChainUnavailable:
                if attempt == self._attempts - 1:
                    raise
        raise ChainUnavailable("no attempt was made")

    async def _agreed(self, method: str, params: Json, attempt: int) -> Json:
        """Rule 1."""
        if method == "eth_sendRawTransaction":
            return await self.panel.submit(params)
        if method in REACHED and not _of_one_block(params):
            return await self.panel.reach(method, params)
        if method == "eth_getBlockByNumber" and params[0] in TAGS:
            return await self.panel.head(params[0])
        if method in ("eth_call", "eth_getCode") and params[1:2] == ["latest"] and attempt:
            # Heads a block apart may differ in this; at one height they must not.
            params = [params[0], (await self.panel.head("latest"))["number"], *params[2:]]
        if method in READINGS:
            return await self.panel.agree(method, params, least_height=_last_block(method, params))
        return await self._first(method, params, attempt)

    async def _first(self, method: str, params: Json, _attempt: int) -> Json:
        """Rule 2."""
        failures: dict[Endpoint, ChainUnavailable] = {}
        for offset in range(len(self.panel.endpoints)):
            position = (self._preferred + offset) % len(self.panel.endpoints)
            endpoint = self.panel.endpoints[position]
            try:
                result = await endpoint.ask(self.chain_id, method, params)
            except ReplyTooLarge:
                raise
            except ChainUnavailable as error:
                failures[endpoint] = error
                continue
            self._preferred = position
            if method == "eth_getBlockByNumber" and params[0] == "latest":
                with suppress(ChainUnavailable):  # for people; whoever asked reads it for itself
                    endpoint.height = parse_quantity((read(method, params, result) or {}).get("number", "0x0"))
            return result
        raise ChainUnavailable("; ".join(f"{endpoint.name}: {error}" for endpoint, error in failures.items()))


def _of_one_block(params: Json) -> bool:
    """Whether a block's hash is named (EIP-1898): there all say the same."""
    return len(params) > 1 and isinstance(params[1], dict) and "blockHash" in params[1]


def _last_block(method: str, params: Json) -> int:
    """The block an endpoint must have reached to answer."""
    if method != "eth_getLogs" or "toBlock" not in params[0]:
        return 0
    return parse_quantity(params[0]["toBlock"])
