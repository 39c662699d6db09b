"""An operator's short cache of replies, shared by the runs of a node."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from http_servers import Client, Servers, http_bytes

from executor.capabilities.cache import MAX_REPLIES, Reply, ReplyCache
from executor.capabilities.errors import CallRefused
from executor.capabilities.framing import HttpRequest, encode_request
from executor.capabilities.http import HttpCapability, HttpSettings
from executor.model.manifest import HttpCapability as HttpTerms

A, B = "http://exchange-a.test", "http://exchange-b.test"
REQUEST = HttpRequest(f"{A}/")


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def ok(body: bytes = b"ok", **headers: str) -> Reply:
    return Reply(200, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def settings(port: int, cache: ReplyCache) -> dict[str, Any]:
    place = f"127.0.0.1:{port}"
    return {"overrides": {"exchange-a.test": place, "exchange-b.test": place}, "cache": cache, "timeout_s": 2.0}


async def counting(servers: Servers) -> int:
    """A server whose replies are numbered."""

    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(http_bytes(b"%d" % len(servers.seen)))

    return await servers.start(answer)


async def test_the_same_request_is_answered_once(servers: Servers) -> None:
    """Also to another function; another header is another request."""
    shared = settings(await counting(servers), ReplyCache(60, 1_000_000))
    assert (await Client(A, **shared).fetch(A))[2] == b"1"
    assert (await Client(A, **shared).fetch(A))[2] == b"1"
    assert (await Client(A, **shared).fetch(A, accept="text/plain"))[2] == b"2"


async def test_a_function_gets_nothing_its_manifest_does_not_list(servers: Servers) -> None:
    """What another function fetched is behind the same allow-list."""
    shared = settings(await counting(servers), ReplyCache(60, 1_000_000))
    await Client(A, **shared).fetch(A)
    with pytest.raises(CallRefused, match="http-host-not-allowed"):
        await Client(B, **shared).fetch(A)
    with pytest.raises(CallRefused, match="http-method-not-allowed"):
        await Client(A, methods=("POST",), **shared).fetch(A)


async def test_functions_with_secrets_neither_give_nor_take(servers: Servers) -> None:
    """A reply to them may hold what only they may read."""
    shared = HttpSettings(**settings(await counting(servers), cache := ReplyCache(60, 1_000_000)))
    private = HttpCapability(HttpTerms(hosts=[A]), shared, quiet=True)
    for _ in range(2):
        await private.answer("http.fetch", encode_request(HttpRequest(A)))
    assert (len(servers.seen), len(cache)) == (2, 0)
    await HttpCapability(HttpTerms(hosts=[A]), shared).answer("http.fetch", encode_request(HttpRequest(A)))
    await private.answer("http.fetch", encode_request(HttpRequest(A)))
    assert (len(servers.seen), len(cache)) == (4, 1)


async def test_a_redirected_reply_is_not_kept(servers: Servers) -> None:
    """Who may ask the first URL need not be allowed the second."""

    async def route(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(http_bytes(b"", "302 Found", f"Location: {B}/2") if b" /1 " in head else http_bytes(b"ok"))

    cache = ReplyCache(60, 1_000_000)
    await Client(A, B, **settings(await servers.start(route), cache)).fetch(f"{A}/1")
    assert len(cache) == 0


def test_a_reply_is_forgotten_when_its_time_is_over() -> None:
    """By a clock that only rises."""
    clock = Clock()
    cache = ReplyCache(2.0, 1_000, clock)
    cache.keep(REQUEST, ok())
    clock.now_s += 1.9
    assert ok() == cache.find(REQUEST)
    clock.now_s += 0.1
    assert None is cache.find(REQUEST)
    assert (len(cache), cache.size_bytes) == (0, 0)


@pytest.mark.parametrize(
    ("request_", "reply"),
    [
        (HttpRequest(A, "POST"), ok()),
        (HttpRequest(A, "DELETE"), ok()),
        (HttpRequest(A, "GET", {}, b"body"), ok()),
        (HttpRequest(A, "GET", {"authorization": "Bearer x"}), ok()),
        (HttpRequest(A, "GET", {"cookie": "a=b"}), ok()),
        (HttpRequest(A, "GET", {"x-api-key": "k"}), ok()),
        (REQUEST, Reply(404, {}, b"")),
        (REQUEST, Reply(206, {}, b"")),
        (REQUEST, Reply(200, {}, b"", redirected=True)),
        (REQUEST, ok(cache_control="no-store")),
        (REQUEST, ok(cache_control="max-age=60, Private")),
        (REQUEST, ok(b"x" * 2_000)),
    ],
)
def test_some_replies_are_never_kept(request_: HttpRequest, reply: Reply) -> None:
    """Unsafe, private, not whole, forbidden, too large."""
    cache = ReplyCache(60, 1_000)
    cache.keep(request_, reply)
    assert (cache.find(request_), len(cache)) == (None, 0)


def test_bytes_and_replies_are_bounded() -> None:
    """The oldest go; a reply kept again is counted once."""
    cache = ReplyCache(60, 1_000)
    for number in range(50):
        for _ in range(2):
            cache.keep(HttpRequest(f"{A}/{number}"), ok(b"x" * 100))
    assert (len(cache), cache.size_bytes) == (10, 1_000)
    assert None is cache.find(HttpRequest(f"{A}/39"))
    small = ReplyCache(60, 10_000_000)
    for number in range(MAX_REPLIES + 5):
        small.keep(HttpRequest(f"{A}/{number}"), ok(b""))
    assert len(small) == MAX_REPLIES
