"""One RPC endpoint, untrusted: its chain id is checked, its replies are bounded, what it did is counted.

Rule 1. An endpoint answers nothing before it has named the configured chain id; one that failed is asked again.
Rule 2. Only an error reply of the node itself (`RpcRefused`) is an answer; anything else counts as no answer.
Rule 3. People are told its host, never its URL: the path often holds an access key.
"""

from __future__ import annotations

import itertools
import json
import time
from typing import Any
from typing import Final as Constant
from urllib.parse import urlsplit

import aiohttp

from executor.chain.quantity import parse_quantity
from executor.errors import ChainUnavailable, InvalidConfig, InvalidValue, ReplyTooLarge, RpcRefused, WrongChain
from executor.model.codec import check_nesting

Json = Any

MAX_REPLY_BYTES: Constant = 16 * 1024 * 1024  # a full log range of a busy router; its bound is the watcher's
# The largest view, 100 members with keys and endpoints, is about 180 kB of hex; a crafted reply that points many array
# elements at one place costs its reader seconds a megabyte.
METHOD_REPLY_BYTES: Constant = {"eth_call": 256 * 1024}
TIMEOUT_S: Constant = 10.0
BUSY_CODES: Constant = frozenset({-32005, 429})  # EIP-1474 "limit exceeded" and what providers answer instead


class Endpoint:
    """One URL. The attributes without underscore are for metrics; nothing here decides on them."""

    def __init__(
        self, url: str, name: str, *, timeout_s: float = TIMEOUT_S, max_reply_bytes: int = MAX_REPLY_BYTES
    ) -> None:
        self.name = name
        self.calls = 0
        self.failures = 0  # no answer, or none that makes sense
        self.refusals = 0  # errors of the node itself
        self.outvoted = 0  # answers that contradict what the others agree on
        self.behind = 0  # answers that lack what the others agree on
        self.late = 0  # answers given up on, because the others had agreed
        self.height = 0  # of the last head it named
        self.working = True
        self.stopped = False  # not working when the others last agreed
        self.stops = 0
        self.last_error = ""
        self.last_call_s = 0.0  # how long the last answer took
        self.pending = 0  # calls under way
        self.waited_for = 0  # late answers still listened to
        self._url = url
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._max_reply_bytes = max_reply_bytes
        self._checked = False
        self._ids = itertools.count(1)
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, chain_id: int, method: str, params: Any) -> Json:
        """The result; raises RpcRefused, WrongChain, ReplyTooLarge or ChainUnavailable."""
        self.calls += 1
        self.pending += 1
        begun = time.monotonic()
        try:
            await self._check_chain(chain_id)
            answer = await self._post(method, params)
        except RpcRefused:
            self.refusals += 1
            raise
        except (ChainUnavailable, WrongChain) as error:
            self.fail(str(error))
            raise
        finally:
            self.pending -= 1
            self.last_call_s = time.monotonic() - begun
        self.working = True
        return answer

    def fail(self, reason: str) -> None:
        """Count an answer that is none; the chain id is asked for again before the next."""
        self.failures += 1
        self.working = self._checked = False
        self.last_error = reason

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _check_chain(self, expected: int) -> None:
        if self._checked:
            return
        try:
            chain_id = parse_quantity(await self._post("eth_chainId", []))
        except (InvalidValue, RpcRefused) as error:
            raise ChainUnavailable(f"eth_chainId: {error}") from error
        if chain_id != expected:
            raise WrongChain(f"{self.name} serves chain {chain_id}, the configuration names {expected}")
        self._checked = True

    async def _post(self, method: str, params: Any) -> Json:
        if self._session is None:
            # No decompression: a small reply must not grow into a large one.
            self._session = aiohttp.ClientSession(timeout=self._timeout, auto_decompress=False)
        id = next(self._ids)
        body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, "id": id}).encode()
        headers = {"Accept-Encoding": "identity", "Content-Type": "application/json"}
        try:
            async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as response:
                limit = min(self._max_reply_bytes, METHOD_REPLY_BYTES.get(method, self._max_reply_bytes))
                raw = await _read(response, limit)
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ChainUnavailable(f"{method}: {_without_url(error, self._url)}") from error
        try:
            text = raw.decode("utf-8")
            check_nesting(text)
            reply = json.loads(text)
        except ValueError as error:
            raise ChainUnavailable(f"{method}: HTTP {status}, not JSON") from error
        return _checked(method, id, reply, status)


def endpoints(urls: list[str] | tuple[str, ...], **options: Any) -> tuple[Endpoint, ...]:
    """An endpoint for each URL, named by host and, where hosts repeat, by place; raises InvalidConfig."""
    if not urls or not all(url.startswith(("http://", "https://")) for url in urls):
        raise InvalidConfig("an RPC endpoint is an http or https URL, and at least one is needed")
    if len(set(urls)) != len(urls):
        raise InvalidConfig("an RPC endpoint is named twice: it would have two voices")
    hosts = [urlsplit(url).netloc.rpartition("@")[2] for url in urls]
    names = [
        host if hosts.count(host) == 1 else f"{host} (number {position + 1})" for position, host in enumerate(hosts)
    ]
    return tuple(Endpoint(url, name, **options) for url, name in zip(urls, names, strict=True))


def _without_url(error: BaseException, url: str) -> str:
    """Rule 3."""
    return (str(error) or type(error).__name__).replace(url, "the endpoint")


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    raw = bytearray()
    async for piece in response.content.iter_chunked(64 * 1024):
        raw += piece
        if len(raw) > limit:
            raise ReplyTooLarge(f"a reply of more than {limit} bytes")
    return bytes(raw)


def _checked(method: str, id: int, reply: Json, status: int) -> Json:
    """The result in a reply to a call, of any type; raises RpcRefused or ChainUnavailable."""
    if not isinstance(reply, dict) or reply.get("id") not in (id, None):
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
    return reply["result"]


def _revert_data(raw: Json) -> bytes:
    if isinstance(raw, dict):  # some nodes wrap it once more
        raw = raw.get("data")
    try:
        return bytes.fromhex(raw[2:]) if isinstance(raw, str) and raw.startswith("0x") else b""
    except ValueError:
        return b""
