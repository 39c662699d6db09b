"""Unsafe requests carry an Idempotency-Key that every member derives alike; servers see one for each call."""

from __future__ import annotations

import re

import pytest
from http_servers import Servers, http_bytes

from executor.capabilities.framing import HttpRequest, encode_request, encode_requests
from executor.capabilities.http import HttpCapability, HttpSettings
from executor.capabilities.idempotency import Look
from executor.crypto.digests import idempotency_digest
from executor.model.ids import RequestId
from executor.model.manifest import HttpCapability as HttpTerms
from executor.model.manifest import Method

A, B = "http://exchange-a.test", "http://exchange-b.test"
REQUEST = RequestId(b"\x11" * 32)
METHODS: list[Method] = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"]


def capability(port: int, request: RequestId = REQUEST, slot: int = 0) -> HttpCapability:
    """One look's capability; every host is this port."""
    place = f"127.0.0.1:{port}"
    settings = HttpSettings(overrides={"exchange-a.test": place, "exchange-b.test": place})
    return HttpCapability(HttpTerms(hosts=[A, B], methods=METHODS), settings, look=Look(request, slot))


async def fetch(made: HttpCapability, method: str = "POST", path: str = "/", **headers: str) -> None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    await made.answer("http.fetch", encode_request(HttpRequest(f"{A}{path}", method, named)))


def keys(servers: Servers) -> list[str]:
    """The keys that the server saw, in order; "" where a request had none."""
    found = [re.search(rb"(?im)^idempotency-key: (.*?)\r$", head) for head in servers.seen]
    return [match[1].decode() if match else "" for match in found]


@pytest.mark.parametrize("method", METHODS)
async def test_unsafe_methods_carry_a_key(servers: Servers, method: str) -> None:
    """GET and HEAD none."""
    await fetch(capability(await servers.start(http_bytes())), method)
    expected = "" if method in ("GET", "HEAD") else idempotency_digest(REQUEST, 0, 0).hex()
    assert [expected] == keys(servers)


async def test_members_send_the_same_key_and_calls_different_ones(servers: Servers) -> None:
    """The key follows from request, slot and place alone: two members, then another place, slot, request."""
    port = await servers.start(http_bytes())
    first, second = capability(port), capability(port)
    await fetch(first)
    await fetch(second)
    await fetch(first)
    await fetch(capability(port, slot=1))
    await fetch(capability(port, RequestId(b"\x12" * 32)))
    seen = keys(servers)
    assert seen[0] == seen[1]
    assert len(set(seen)) == 4
    assert idempotency_digest(REQUEST, 0, 1).hex() == seen[2]


async def test_each_of_many_has_its_own(servers: Servers) -> None:
    """In the order in which the guest names them, a safe one counted too."""
    made = capability(await servers.start(http_bytes()))
    messages = [encode_request(HttpRequest(f"{A}/", method)) for method in ("POST", "GET", "PUT")]
    await made.answer("http.fetch_many", encode_requests(messages))
    await fetch(made)
    ordinals = {idempotency_digest(REQUEST, 0, place).hex() for place in (0, 2, 3)}
    assert ordinals | {""} == set(keys(servers))


async def test_the_guests_own_key_stays(servers: Servers) -> None:
    """Whatever its case."""
    await fetch(capability(await servers.start(http_bytes())), Idempotency_Key="order-7")
    assert keys(servers) == ["order-7"]


@pytest.mark.parametrize(
    ("status", "kept"),
    [("307 Temporary", True), ("308 Permanent", True), ("303 See Other", False), ("302 Found", False)],
)
@pytest.mark.parametrize("host", ["", B])
async def test_a_redirected_request_has_the_same_key_while_it_is_unsafe(
    servers: Servers, status: str, kept: bool, host: str
) -> None:
    """Also at another host: the key is no secret. A GET that became of it has none."""

    async def route(head: bytes, writer: object) -> None:
        writer.write(http_bytes(b"", status, f"Location: {host}/2") if b" /1 " in head else http_bytes())  # type: ignore[attr-defined]

    await fetch(capability(await servers.start(route)), path="/1")  # type: ignore[arg-type]
    first, second = keys(servers)
    assert idempotency_digest(REQUEST, 0, 0).hex() == first
    assert (first if kept else "") == second
