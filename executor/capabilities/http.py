"""http@1: the guest's way to web servers, under the manifest's allow-list and the operator's limits.

Rule 1. Every URL, also one a redirect names, is checked against the allow-list; every address before connecting to it.
Rule 2. A redirect is followed by hand, at most three times; to another origin it carries only harmless headers.
Rule 3. No cookie jar, no proxy or netrc from the environment, no connection shared between requests; https is verified.
Rule 4. Time, bytes (after decompression), headers and requests of a run are capped; each cap has an error code.
Rule 5. What the guest learns of a failure is a stable code; the words are for the node's log.
Rule 6. An unsafe request carries an `Idempotency-Key`, the same at every member (idempotency.py).
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

import aiohttp
from yarl import URL

from executor.capabilities.addresses import literal_of
from executor.capabilities.allowlist import AllowList
from executor.capabilities.body import read_body
from executor.capabilities.cache import Reply, ReplyCache
from executor.capabilities.errors import CallRefused
from executor.capabilities.failures import refusal_for
from executor.capabilities.framing import (
    MAX_HEADER_BYTES,
    MAX_HEADERS,
    MAX_URL,
    HttpRequest,
    decode_request,
    decode_requests,
    encode_response,
    encode_responses,
)
from executor.capabilities.idempotency import HEADER, Look, with_key
from executor.capabilities.rates import HostRates
from executor.capabilities.resolver import CheckedResolver, Lookup, check_addresses, system_lookup
from executor.model.ids import RequestId
from executor.model.manifest import HttpCapability as HttpTerms
from executor.model.profile import PROFILE
from executor.model.reply import MAX_BODY_BYTES, KeptReply
from executor.vm.capabilities import Answer, Refusal, Response

logger = logging.getLogger(__name__)

REDIRECTS = 3  # real services use one or two
_REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
_HARMLESS_HEADERS = frozenset({"accept", "accept-language", "content-type", HEADER, "user-agent"})
_NOT_FOR_THE_GUEST = frozenset(
    # They describe the bytes on the wire, which the guest does not see.
    {"connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding"}
)


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """The operator's limits for one run of one function.

    `overrides` maps host names to ADDRESS[:PORT], exempt from the address check. `ca_file` replaces the system's trust.
    `rates` and `cache` are shared by all runs of a node; `keep` is given every reply, and why there was none.
    """

    timeout_s: float = 5.0  # one request with its redirects; a round lasts 4 s by default and observing may span two
    body_bytes: int = 1_048_576
    requests: int = 10
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
        self._requests_left = self._settings.requests
        self._look, self._quiet = look, quiet

    async def call(self, operation: str, request: bytes) -> Response:
        """The answer, or a refusal whose reason goes to the log."""
        try:
            data = await self.answer(operation, request)
        except CallRefused as refused:
            logger.info("%s: %s", operation, refused.code if self._quiet else refused)
            return Refusal(refused.code)
        if len(data) > PROFILE.ceilings.call_response_bytes:
            logger.info("%s: the responses have %d bytes together", operation, len(data))
            return Refusal("http-too-large")
        return Answer(data)

    async def answer(self, operation: str, request: bytes) -> bytes:
        """The response bytes of `http.fetch` or `http.fetch_many`; raises CallRefused with the guest's code."""
        match operation:
            case "http.fetch":
                return await self._fetch(request, self._count(1))
            case "http.fetch_many":
                messages = decode_requests(request, limit=self._requests_left)
                first = self._count(len(messages))
                each = (self._fetch_one_of_many(message, first + place) for place, message in enumerate(messages))
                return encode_responses(await asyncio.gather(*each))
            case _:
                raise CallRefused("unknown-operation", f"{operation} is none of http.fetch, http.fetch_many")

    def _count(self, requests: int) -> int:
        """Takes so many of the run's requests; the place of the first of them, from 0."""
        if requests > self._requests_left:
            raise CallRefused("http-too-many", f"a run makes at most {self._settings.requests} requests")
        self._requests_left -= requests
        return self._settings.requests - self._requests_left - requests

    async def _fetch_one_of_many(self, message: bytes, ordinal: int) -> bytes | CallRefused:
        try:
            return await self._fetch(message, ordinal)
        except CallRefused as refused:
            return refused

    async def _fetch(self, message: bytes, ordinal: int) -> bytes:
        request = decode_request(message)
        try:
            reply = await self._reply(request, ordinal)
        except CallRefused as refused:
            self._keep(request, ordinal, refused)
            raise
        self._keep(request, ordinal, reply)
        return encode_response(reply.status, reply.headers, reply.body)

    async def _reply(self, request: HttpRequest, ordinal: int) -> Reply:
        cache = None if self._quiet else self._settings.cache
        if cache is not None:
            self._check(request)
            if (kept := cache.find(request)) is not None:
                return kept
        try:
            async with asyncio.timeout(self._settings.timeout_s), self._session() as session:
                reply = await self._follow(session, request, ordinal)
        except (TimeoutError, OSError, ValueError, aiohttp.ClientError, aiohttp.http.HttpProcessingError) as error:
            raise refusal_for(error, request.url) from error
        if cache is not None:
            cache.keep(request, reply)
        return reply

    async def _follow(self, session: aiohttp.ClientSession, asked: HttpRequest, ordinal: int) -> Reply:
        request = asked
        for hop in range(REDIRECTS + 1):
            url = self._check(request)
            if self._settings.rates is not None:
                await self._settings.rates.turn(str(url.raw_host), self._settings.timeout_s)
            sent = with_key(request, self._look, ordinal)
            async with session.request(
                sent.method, url, headers=sent.headers, data=sent.body or None, allow_redirects=False
            ) as response:
                if response.status not in _REDIRECT_STATUSES:
                    headers = _joined(response)
                    body = await read_body(response, limit=self._settings.body_bytes)
                    return Reply(response.status, headers, body, redirected=hop > 0)
                request = _redirected(request, url, response)
        raise CallRefused("http-redirect", f"more than {REDIRECTS} redirects")

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

    def _check(self, request: HttpRequest) -> URL:
        """The URL that will be fetched, parsed once: what is checked is what is connected to."""
        if not self._allowed.allows_method(request.method):
            raise CallRefused("http-method-not-allowed", f"the manifest does not list {request.method}")
        try:
            url = URL(request.url)
        except ValueError as error:
            raise CallRefused("http-bad-request", f"{request.url!r}: {error}") from error
        if url.scheme not in ("http", "https") or url.raw_host is None:
            raise CallRefused("http-bad-request", f"{request.url!r} is no http or https URL")
        if url.raw_user is not None or url.raw_password is not None:
            raise CallRefused("http-bad-request", "a URL carries no user or password; use a header")
        if not self._allowed.allows_url(url):
            raise CallRefused("http-host-not-allowed", f"the manifest does not list {url.origin()}")
        if (address := literal_of(url.raw_host)) is not None and url.raw_host not in self._settings.overrides:
            check_addresses(url.raw_host, [address])  # aiohttp asks no resolver about a literal
        return url

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
            max_field_size=8_190,
            max_headers=MAX_HEADERS,
        )


@lru_cache(maxsize=8)
def _trust(ca_file: str | None) -> ssl.SSLContext:
    """Verifying TLS settings; loading the system's certificates takes about 20 ms, so once a process."""
    return ssl.create_default_context(cafile=ca_file)


def _redirected(request: HttpRequest, url: URL, response: aiohttp.ClientResponse) -> HttpRequest:
    """The request that a redirect asks for (RFC 9110 §15.4, as browsers do); checked like the first one."""
    try:
        target = url.join(URL(response.headers["location"])).with_fragment(None)
    except (KeyError, ValueError) as error:
        raise CallRefused("http-redirect", f"status {response.status} without a usable location") from error
    headers = dict(request.headers)
    if target.absolute and target.scheme in ("http", "https") and target.origin() != url.origin():
        headers = {name: value for name, value in headers.items() if name in _HARMLESS_HEADERS}
    if response.status == 303 or (response.status in (301, 302) and request.method == "POST"):
        method = "HEAD" if request.method == "HEAD" else "GET"
        headers.pop("content-type", None)
        headers.pop(HEADER, None)
        return HttpRequest(str(target), method, headers)
    return replace(request, url=str(target), headers=headers)


def _printable(text: str) -> str:
    """The text without halves of characters, which JSON may bring and no record can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")[:MAX_URL]


def _joined(response: aiohttp.ClientResponse) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in response.raw_headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("utf-8", "replace")
        if name not in _NOT_FOR_THE_GUEST:
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if sum(len(name) + len(value) for name, value in response.raw_headers) > MAX_HEADER_BYTES:
        raise CallRefused("http-too-large", f"the headers have more than {MAX_HEADER_BYTES} bytes")
    return headers
