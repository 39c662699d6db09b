"""The rules of http@1 for one observe run, whatever answers: real servers (http.py) or a test's replies.

Rule 1. Every URL, also one a redirect names, is checked against the allow-list; so is every address it spells.
Rule 2. A redirect is followed by hand, at most three times; to another origin it carries only harmless headers.
Rule 3. Requests of a run, headers and bodies are capped; each cap has an error code.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container, Sequence
from dataclasses import dataclass, replace
from typing import Final as Constant
from typing import Protocol

from yarl import URL

from executor.capabilities.addresses import check_addresses, literal_of
from executor.capabilities.allowlist import AllowList
from executor.capabilities.cache import Reply
from executor.capabilities.errors import CallRefused
from executor.capabilities.framing import (
    MAX_HEADER_BYTES,
    MAX_HEADERS,
    HttpRequest,
    decode_request,
    decode_requests,
    encode_response,
    encode_responses,
)
from executor.capabilities.idempotency import HEADER
from executor.model.profile import PROFILE

REQUESTS: Constant = 10  # of one run: a price of three servers takes three
BODY_BYTES: Constant = 1_048_576
REDIRECTS: Constant = 3  # real services use one or two
MAX_FIELD_BYTES: Constant = 8_190  # one header's name or value; what common servers send at most
_REDIRECT_STATUSES: Constant = frozenset({301, 302, 303, 307, 308})
_HARMLESS_HEADERS: Constant = frozenset({"accept", "accept-language", "content-type", HEADER, "user-agent"})
_NOT_FOR_THE_GUEST: Constant = frozenset(
    # They describe the bytes on the wire, which the guest does not see.
    {"connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding"}
)


@dataclass(frozen=True, slots=True)
class Told:
    """One server's answer: headers as they came; of a redirect the body is not read."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes = b""


class Web(Protocol):
    """What answers."""

    async def reply(self, request: HttpRequest, ordinal: int, /) -> Reply:
        """The reply to one request of the run, with its redirects; raises CallRefused."""

    async def together(self, answers: Sequence[Awaitable[bytes | CallRefused]]) -> Sequence[bytes | CallRefused]:
        """All of them, in order."""


class HttpRun:
    """`http.fetch` and `http.fetch_many` of one run over a web, counting its requests."""

    def __init__(self, web: Web, requests: int = REQUESTS) -> None:
        self._web = web
        self._requests = self._requests_left = requests

    async def answer(self, operation: str, request: bytes) -> bytes:
        """The response bytes; raises CallRefused with the guest's code."""
        match operation:
            case "http.fetch":
                answer = await self._fetch(request, self._count(1))
            case "http.fetch_many":
                messages = decode_requests(request, limit=self._requests_left)
                first = self._count(len(messages))
                each = [self._one_of_many(message, first + place) for place, message in enumerate(messages)]
                answer = encode_responses(await self._web.together(each))
            case _:
                raise CallRefused("unknown-operation", f"{operation} is none of http.fetch, http.fetch_many")
        if len(answer) > PROFILE.ceilings.call_response_bytes:
            raise CallRefused("http-too-large", f"the responses have {len(answer)} bytes together")
        return answer

    def _count(self, requests: int) -> int:
        """Takes so many of the run's requests; the place of the first of them, from 0."""
        if requests > self._requests_left:
            raise CallRefused("http-too-many", f"a run makes at most {self._requests} requests")
        self._requests_left -= requests
        return self._requests - self._requests_left - requests

    async def _one_of_many(self, message: bytes, ordinal: int) -> bytes | CallRefused:
        try:
            return await self._fetch(message, ordinal)
        except CallRefused as refused:
            return refused

    async def _fetch(self, message: bytes, ordinal: int) -> bytes:
        reply = await self._web.reply(decode_request(message), ordinal)
        return encode_response(reply.status, reply.headers, reply.body)


def checked_url(request: HttpRequest, allowed: AllowList, exempt: Container[str] = ()) -> URL:
    """The URL that will be fetched, parsed once: what is checked is what is asked. Raises CallRefused.

    `exempt` are hosts whose address the operator named.
    """
    if not allowed.allows_method(request.method):
        raise CallRefused("http-method-not-allowed", f"the manifest does not list {request.method}")
    try:
        url = URL(request.url)
    except ValueError as error:
        raise CallRefused("http-bad-request", f"{request.url!r}: {error}") from error
    if url.scheme not in ("http", "https") or url.raw_host is None:
        raise CallRefused("http-bad-request", f"{request.url!r} is no http or https URL")
    if url.raw_user is not None or url.raw_password is not None:
        raise CallRefused("http-bad-request", "a URL carries no user or password; use a header")
    if not allowed.allows_url(url):
        raise CallRefused("http-host-not-allowed", f"the manifest does not list {url.origin()}")
    if (address := literal_of(url.raw_host)) is not None and url.raw_host not in exempt:
        check_addresses(url.raw_host, [address])  # no resolver is asked about a literal
    return url


async def follow(
    asked: HttpRequest,
    check: Callable[[HttpRequest], URL],
    ask: Callable[[HttpRequest, URL], Awaitable[Told]],
    body_bytes: int = BODY_BYTES,
) -> Reply:
    """What stands at the end of the redirects; raises CallRefused."""
    request = asked
    for hop in range(REDIRECTS + 1):
        url = check(request)
        told = await ask(request, url)
        headers = _for_the_guest(told.headers)
        if told.status not in _REDIRECT_STATUSES:
            if len(told.body) > body_bytes:
                raise CallRefused("http-too-large", f"the body has more than {body_bytes} bytes")
            return Reply(told.status, headers, told.body, redirected=hop > 0)
        request = _redirected(request, url, told)
    raise CallRefused("http-redirect", f"more than {REDIRECTS} redirects")


def is_redirect(status: int) -> bool:
    """Whether an answer of this status is followed."""
    return status in _REDIRECT_STATUSES


def _redirected(request: HttpRequest, url: URL, told: Told) -> HttpRequest:
    """The request that a redirect asks for (RFC 9110 §15.4, as browsers do); checked like the first one."""
    location = next((value for name, value in told.headers if name.lower() == b"location"), None)
    try:
        if location is None:
            raise ValueError("there is none")
        target = url.join(URL(location.decode("utf-8", "surrogateescape"))).with_fragment(None)
    except ValueError as error:
        raise CallRefused("http-redirect", f"status {told.status} without a usable location: {error}") from error
    headers = dict(request.headers)
    if target.absolute and target.scheme in ("http", "https") and target.origin() != url.origin():
        headers = {name: value for name, value in headers.items() if name in _HARMLESS_HEADERS}
    if told.status == 303 or (told.status in (301, 302) and request.method == "POST"):
        method = "HEAD" if request.method == "HEAD" else "GET"
        headers.pop("content-type", None)
        headers.pop(HEADER, None)
        return HttpRequest(str(target), method, headers)
    return replace(request, url=str(target), headers=headers)


def _for_the_guest(told: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by lower-case name, repeats joined, mended to UTF-8; raises CallRefused over the caps."""
    if len(told) > MAX_HEADERS or sum(len(name) + len(value) for name, value in told) > MAX_HEADER_BYTES:
        raise CallRefused("http-too-large", f"more than {MAX_HEADERS} headers, or {MAX_HEADER_BYTES} bytes of them")
    headers: dict[str, str] = {}
    for raw_name, raw_value in told:
        if max(len(raw_name), len(raw_value)) > MAX_FIELD_BYTES:
            raise CallRefused("http-too-large", f"a header has more than {MAX_FIELD_BYTES} bytes")
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("utf-8", "replace")
        if name not in _NOT_FOR_THE_GUEST:
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
