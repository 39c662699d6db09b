"""How real APIs fail, one named outage each: what a node gets instead of the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from typing import Final

from executor.testing.replies import JSON_TYPE, Reply

_PAGE: Final = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>\n"


class Outage(Enum):
    """What went wrong between a node and an API; the value is what people read."""

    RATE_LIMITED = "429, rate limit"
    SERVER_ERROR = "500, server error"
    UNAVAILABLE = "503, unavailable"
    ERROR_PAGE = "200 with an HTML error page"
    TRUNCATED = "the body cut short"
    EMPTY = "an empty body"
    BYTE_ORDER_MARK = "a byte order mark"
    UTF_16 = "the body in UTF-16"
    TIMEOUT = "no answer in time"
    REFUSED = "no connection"
    BAD_CERTIFICATE = "a bad certificate"


def strike(reply: Reply, outage: Outage) -> Reply:
    """What a node gets instead of `reply`. Pure."""
    return replace(_STRIKES[outage](reply), about=outage.value)


def _json(status: int, text: str, headers: dict[str, str]) -> Callable[[Reply], Reply]:
    body = f'{{"error":"{text}"}}'.encode()
    return lambda _: Reply(status, {"content-type": JSON_TYPE, **headers}, body)


def _page(status: int) -> Callable[[Reply], Reply]:
    return lambda _: Reply(status, {"content-type": "text/html"}, _PAGE)


def _utf_16(reply: Reply) -> Reply:
    return replace(reply, body=reply.body.decode("utf-8", "replace").encode("utf-16"))


def _fail(code: str) -> Callable[[Reply], Reply]:
    return lambda _: Reply(error=code)


_STRIKES: Final[dict[Outage, Callable[[Reply], Reply]]] = {
    Outage.RATE_LIMITED: _json(429, "rate limit exceeded", {"retry-after": "30", "x-ratelimit-remaining": "0"}),
    Outage.SERVER_ERROR: _json(500, "internal error", {}),
    Outage.UNAVAILABLE: _page(503),
    Outage.ERROR_PAGE: _page(200),
    Outage.TRUNCATED: lambda reply: replace(reply, body=reply.body[: len(reply.body) // 2]),
    Outage.EMPTY: lambda reply: replace(reply, body=b""),
    Outage.BYTE_ORDER_MARK: lambda reply: replace(reply, body=b"\xef\xbb\xbf" + reply.body),
    Outage.UTF_16: _utf_16,
    Outage.TIMEOUT: _fail("http-timeout"),
    Outage.REFUSED: _fail("http-connect"),
    Outage.BAD_CERTIFICATE: _fail("http-tls"),
}
