"""web3's provider for untrusted HTTP endpoints: chain id checked, replies bounded, failures moved to the next.

Rule 1. An endpoint answers nothing before it has named the configured chain id; one that failed is asked again.
Rule 2. Only an error reply of the node itself (`RpcRefused`) is an answer; anything else counts as no answer.
Rule 3. No answer from any endpoint, several times with growing pauses, is ChainUnavailable.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Sequence
from typing import Any
from typing import Final as Constant

import aiohttp
from web3.providers.async_base import AsyncJSONBaseProvider
from web3.types import RPCEndpoint, RPCRequest, RPCResponse

from executor.chain.quantity import parse_quantity
from executor.errors import ChainUnavailable, InvalidConfig, InvalidValue, ReplyTooLarge, RpcRefused, WrongChain
from executor.model.codec import check_nesting

Json = Any

MAX_REPLY_BYTES: Constant = 16 * 1024 * 1024  # a full log range of a busy router; its bound is the watcher's
# The largest view, 100 members with keys and endpoints, is about 180 kB of hex; a crafted reply that points many array
# elements at one place costs its reader seconds a megabyte.
METHOD_REPLY_BYTES: Constant = {"eth_call": 256 * 1024}
TIMEOUT_S: Constant = 10.0
ATTEMPTS: Constant = 4
FIRST_PAUSE_S: Constant = 0.1
BUSY_CODES: Constant = frozenset({-32005, 429})  # EIP-1474 "limit exceeded" and what providers answer instead


class RpcProvider(AsyncJSONBaseProvider):
    """One chain through the first endpoint that works. Close it."""

    global_ccip_read_enabled = False  # EIP-3668 lets a contract send its reader to any URL

    def __init__(
        self,
        urls: Sequence[str],
        chain_id: int,
        *,
        timeout_s: float = TIMEOUT_S,
        max_reply_bytes: int = MAX_REPLY_BYTES,
        attempts: int = ATTEMPTS,
    ) -> None:
        if not urls or not all(url.startswith(("http://", "https://")) for url in urls):
            raise InvalidConfig("an RPC endpoint is an http or https URL, and at least one is needed")
        super().__init__()
        self.chain_id = chain_id
        self._urls = tuple(urls)
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._max_reply_bytes = max_reply_bytes
        self._attempts = attempts
        self._preferred = 0
        self._checked: set[str] = set()
        self.request_counter = itertools.count(1)
        self._session: aiohttp.ClientSession | None = None

    async def call(self, method: str, *params: Json) -> Json:
        """The method's result as the endpoint wrote it; raises as `make_request` does."""
        return (await self.make_request(RPCEndpoint(method), params))["result"]

    async def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """A reply that holds a result; raises RpcRefused, WrongChain, ReplyTooLarge or ChainUnavailable."""
        failures: dict[str, ChainUnavailable] = {}
        for attempt in range(self._attempts):
            if attempt:
                await asyncio.sleep(FIRST_PAUSE_S * 2 ** (attempt - 1))
            for offset in range(len(self._urls)):
                position = (self._preferred + offset) % len(self._urls)
                url = self._urls[position]
                try:
                    await self._check_chain(url)
                    reply = await self._ask(url, method, params)
                except ReplyTooLarge:
                    raise
                except ChainUnavailable as error:
                    failures[url] = error
                    self._checked.discard(url)
                    continue
                self._preferred = position
                return reply
        raise ChainUnavailable("; ".join(f"{url}: {error}" for url, error in failures.items()))

    def distrust(self) -> None:
        """Begin with another endpoint next time: the preferred one contradicted itself."""
        self._preferred = (self._preferred + 1) % len(self._urls)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _check_chain(self, url: str) -> None:
        if url in self._checked:
            return
        try:
            reply = await self._ask(url, RPCEndpoint("eth_chainId"), ())
            chain_id = parse_quantity(reply["result"])
        except (InvalidValue, RpcRefused) as error:
            raise ChainUnavailable(f"eth_chainId: {error}") from error
        if chain_id != self.chain_id:
            raise WrongChain(f"{url} serves chain {chain_id}, the configuration names {self.chain_id}")
        self._checked.add(url)

    async def _ask(self, url: str, method: RPCEndpoint, params: Any) -> RPCResponse:
        if self._session is None:
            # No decompression: a small reply must not grow into a large one.
            self._session = aiohttp.ClientSession(timeout=self._timeout, auto_decompress=False)
        call = self.form_request(method, params)
        body = self.encode_rpc_dict(call)
        headers = {"Accept-Encoding": "identity", "Content-Type": "application/json"}
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                limit = min(self._max_reply_bytes, METHOD_REPLY_BYTES.get(method, self._max_reply_bytes))
                raw = await _read(response, limit)
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ChainUnavailable(f"{method}: {error or type(error).__name__}") from error
        try:
            text = raw.decode("utf-8")
            check_nesting(text)
            reply = json.loads(text)
        except ValueError as error:
            raise ChainUnavailable(f"{method}: HTTP {status}, not JSON") from error
        return _checked(call, reply, status)


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    raw = bytearray()
    async for piece in response.content.iter_chunked(64 * 1024):
        raw += piece
        if len(raw) > limit:
            raise ReplyTooLarge(f"a reply of more than {limit} bytes")
    return bytes(raw)


def _checked(call: RPCRequest, reply: Json, status: int) -> RPCResponse:
    """The reply to a call, its result of any type; raises RpcRefused or ChainUnavailable."""
    method = call["method"]
    if not isinstance(reply, dict) or reply.get("id") not in (call["id"], None):
        raise ChainUnavailable(f"{method}: HTTP {status}, not a reply to this call")
    error = reply.get("error")
    if isinstance(error, dict):
        code, message, raw = error.get("code"), error.get("message"), error.get("data")
        if not isinstance(code, int) or not isinstance(message, str):
            raise ChainUnavailable(f"{method}: malformed error reply")
        if code in BUSY_CODES:
            raise ChainUnavailable(f"{method}: {message[:200]} ({code})")
        raise RpcRefused(method, code, message[:500], _revert_data(raw))
    if error is not None or "result" not in reply or status != 200:
        raise ChainUnavailable(f"{method}: HTTP {status}, neither result nor error")
    return {"jsonrpc": "2.0", "id": call["id"], "result": reply["result"]}


def _revert_data(raw: Json) -> bytes:
    if isinstance(raw, dict):  # some nodes wrap it once more
        raw = raw.get("data")
    try:
        return bytes.fromhex(raw[2:]) if isinstance(raw, str) and raw.startswith("0x") else b""
    except ValueError:
        return b""
