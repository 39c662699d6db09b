"""http@1 over the real web: the rules of http_run.py under the manifest's allow-list and the operator's limits.

Rule 1. Every address of a name is checked before connecting to it (resolver.py).
Rule 2. No cookie jar, no proxy or netrc from the environment, no connection shared between requests; https is verified.
Rule 3. Time and bytes (after decompression) are capped while they come; each cap has an error code.
Rule 4. What the guest learns of a failure is a stable code; the words are for the node's log.
Rule 5. An unsafe request carries an `Idempotency-Key`, the same at every member (idempotency.py).
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial

import aiohttp
from yarl import URL

from executor.capabilities.allowlist import AllowList
from executor.capabilities.body import read_body
from executor.capabilities.cache import Reply, ReplyCache
from executor.capabilities.errors import CallRefused
from executor.capabilities.failures import refusal_for
from executor.capabilities.framing import MAX_HEADERS, MAX_URL, HttpRequest
from executor.capabilities.http_run import (
    BODY_BYTES,
    MAX_FIELD_BYTES,
    REQUESTS,
    HttpRun,
    Told,
    checked_url,
    follow,
    is_redirect,
)
from executor.capabilities.idempotency import Look, with_key
from executor.capabilities.rates import HostRates
from executor.capabilities.resolver import CheckedResolver, Lookup, system_lookup
from executor.model.ids import RequestId
from executor.model.manifest import HttpCapability as HttpTerms
from executor.model.reply import MAX_BODY_BYTES, KeptReply
from executor.vm.capabilities import Answer, Refusal, Response

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """The operator's limits for one run of one function.

    `overrides` maps host names to ADDRESS[:PORT], exempt from the address check. `ca_file` replaces the system's trust.
    `rates` and `cache` are shared by all runs of a node; `keep` is given every reply, and why there was none.
    """

    timeout_s: float = 5.0  # one request with its redirects; a round lasts 4 s by default and observing may span two
    body_bytes: int = BODY_BYTES
    requests: int = REQUESTS
    overrides: Mapping[str, str] = field(default_factory=dict)
    ca_file: str | None = None
    lookup: Lookup = system_lookup
    rates: HostRates | None = None
    cache: ReplyCache | None = None
    keep: Callable[[RequestId, KeptReply], None] | None = None


class HttpCapability:
    """http@1 for one observe run: it counts that run's requests. `look` says which run it is.

    `quiet`: the run may hold secrets, so no URL is logged and no reply is kept, for others or for the operator.
    """

    def __init__(
        self,
        terms: HttpTerms,
        settings: HttpSettings | None = None,
        *,
        allowed: AllowList | None = None,
        look: Look | None = None,
        quiet: bool = False,
    ) -> None:
        self._settings = settings or HttpSettings()
        self._allowed = allowed or AllowList(terms)
        self._resolver = CheckedResolver(self._settings.lookup, self._settings.overrides)
        self._look, self._quiet = look, quiet
        self._run = HttpRun(self, self._settings.requests)

    async def call(self, operation: str, request: bytes) -> Response:
        """The answer, or a refusal whose reason goes to the log."""
        try:
            return Answer(await self.answer(operation, request))
        except CallRefused as refused:
            logger.info("%s: %s", operation, refused.code if self._quiet else refused)
            return Refusal(refused.code)

    async def answer(self, operation: str, request: bytes) -> bytes:
        """The response bytes of `http.fetch` or `http.fetch_many`; raises CallRefused with the guest's code."""
        return await self._run.answer(operation, request)

    async def together(self, answers: Sequence[Awaitable[bytes | CallRefused]]) -> Sequence[bytes | CallRefused]:
        """All at once."""
        return await asyncio.gather(*answers)

    async def reply(self, request: HttpRequest, ordinal: int) -> Reply:
        """The reply to one request with its redirects, kept for the operator; raises CallRefused."""
        try:
            reply = await self._reply(request, ordinal)
        except CallRefused as refused:
            self._keep(request, ordinal, refused)
            raise
        self._keep(request, ordinal, reply)
        return reply

    async def _reply(self, request: HttpRequest, ordinal: int) -> Reply:
        cache = None if self._quiet else self._settings.cache
        if cache is not None:
            self._check(request)
            if (kept := cache.find(request)) is not None:
                return kept
        try:
            async with asyncio.timeout(self._settings.timeout_s), self._session() as session:
                ask = partial(self._ask, session, ordinal)
                reply = await follow(request, self._check, ask, self._settings.body_bytes)
        except (TimeoutError, OSError, ValueError, aiohttp.ClientError, aiohttp.http.HttpProcessingError) as error:
            raise refusal_for(error, request.url) from error
        if cache is not None:
            cache.keep(request, reply)
        return reply

    async def _ask(self, session: aiohttp.ClientSession, ordinal: int, request: HttpRequest, url: URL) -> Told:
        if self._settings.rates is not None:
            await self._settings.rates.turn(str(url.raw_host), self._settings.timeout_s)
        sent = with_key(request, self._look, ordinal)
        async with session.request(
            sent.method, url, headers=sent.headers, data=sent.body or None, allow_redirects=False
        ) as response:
            if is_redirect(response.status):
                return Told(response.status, response.raw_headers)
            body = await read_body(response, limit=self._settings.body_bytes)
            return Told(response.status, response.raw_headers, body)

    def _check(self, request: HttpRequest) -> URL:
        return checked_url(request, self._allowed, self._settings.overrides)

    def _keep(self, request: HttpRequest, ordinal: int, came: Reply | CallRefused) -> None:
        """For the operator, unless the run may hold what nobody else is to read."""
        if self._settings.keep is None or self._look is None or self._quiet:
            return
        reply = came if isinstance(came, Reply) else Reply(0, {}, b"")
        kept = KeptReply(
            slot=self._look.slot,
            ordinal=ordinal,
            method=_printable(request.method),
            url=_printable(request.url),
            status=reply.status,
            headers=dict(reply.headers),
            body=reply.body[:MAX_BODY_BYTES],
            body_bytes=len(reply.body),
            error="" if isinstance(came, Reply) else came.code,
        )
        self._settings.keep(self._look.request_id, kept)

    def _session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            resolver=self._resolver, use_dns_cache=False, force_close=True, ssl=_trust(self._settings.ca_file)
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            headers={"accept-encoding": "gzip", "user-agent": "executor/1"},
            timeout=aiohttp.ClientTimeout(total=None),
            max_line_size=8_190,
            max_field_size=MAX_FIELD_BYTES,
            max_headers=MAX_HEADERS,
        )


@lru_cache(maxsize=8)
def _trust(ca_file: str | None) -> ssl.SSLContext:
    """Verifying TLS settings; loading the system's certificates takes about 20 ms, so once a process."""
    return ssl.create_default_context(cafile=ca_file)


def _printable(text: str) -> str:
    """The text without halves of characters, which JSON may bring and no record can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")[:MAX_URL]
