"""http@1 against real servers that behave and misbehave."""

from __future__ import annotations

import asyncio
import gzip
import socket
import tracemalloc

import pytest
from http_servers import CERTIFICATES, Client, Servers, http_bytes

from executor.capabilities.errors import CallRefused
from executor.capabilities.framing import HttpRequest, encode_request, encode_requests

A, B = "http://exchange-a.test", "http://exchange-b.test"


def at(port: int) -> dict[str, object]:
    """Settings that send both test names to one local port."""
    place = f"127.0.0.1:{port}"
    return {"overrides": {"exchange-a.test": place, "exchange-b.test": place}, "timeout_s": 2.0}


async def refused(client: Client, url: str = f"{A}/", **request: str) -> str:
    """The code a fetch is refused with."""
    with pytest.raises(CallRefused) as caught:
        await client.fetch(url, **request)  # type: ignore[arg-type]
    return caught.value.code


async def test_a_response_comes_back_whole(servers: Servers) -> None:
    """Status, lower-case headers with repeats joined, and body."""
    port = await servers.start(http_bytes(b"hello", "404 Not Found", "X-One: 1", "X-One: 2"))
    status, headers, body = await Client(A, **at(port)).fetch(f"{A}/price?x=1#part")
    assert (status, headers["x-one"], body) == (404, "1, 2", b"hello")
    assert servers.seen[0].startswith(b"GET /price?x=1 HTTP/1.1\r\n")


async def test_a_post_sends_its_body_and_headers(servers: Servers) -> None:
    """The guest's method, headers and body arrive."""

    async def echo(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(http_bytes(head))

    port = await servers.start(echo)
    _, _, body = await Client(A, methods=("POST",), **at(port)).fetch(A, "POST", b"12", x_key="k")
    assert b"POST / " in body
    assert b"x-key: k" in body
    assert b"Content-Length: 2" in body


async def test_gzip_is_decoded(servers: Servers) -> None:
    """The guest sees the decoded body and no content-encoding."""
    port = await servers.start(http_bytes(gzip.compress(b"x" * 1000), "200 OK", "Content-Encoding: gzip"))
    _, headers, body = await Client(A, **at(port)).fetch(A)
    assert body == b"x" * 1000
    assert "content-encoding" not in headers


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://other.test/", "http-host-not-allowed"),
        ("https://exchange-a.test/", "http-host-not-allowed"),
        ("http://exchange-a.test:8080/", "http-host-not-allowed"),
        ("http://exchange-a.test./", "http-host-not-allowed"),
        ("http://2130706433/", "http-host-not-allowed"),
        ("http://0x7f.1/", "http-host-not-allowed"),
        ("http://127.0.0.1/", "http-host-not-allowed"),
        ("http://[::1]/", "http-host-not-allowed"),
        ("ftp://exchange-a.test/", "http-bad-request"),
        ("file:///etc/passwd", "http-bad-request"),
        ("//exchange-a.test/", "http-bad-request"),
        ("http://user@exchange-a.test/", "http-bad-request"),
        ("http://exchange-a.test:99999/", "http-bad-request"),
    ],
)
async def test_only_the_listed_origin_is_reached(servers: Servers, url: str, code: str) -> None:
    """Scheme, host and port are all part of the permission."""
    port = await servers.start(http_bytes())
    assert await refused(Client(A, **at(port)), url) == code
    assert servers.seen == []


async def test_a_wildcard_stands_for_one_label(servers: Servers) -> None:
    """`*.test` is neither `test` nor `a.b.test`."""
    port = await servers.start(http_bytes(b"ok"))
    overrides = dict.fromkeys(("a.w.test", "w.test", "a.b.w.test"), f"127.0.0.1:{port}")
    client = Client("http://*.w.test", overrides=overrides)
    assert (await client.fetch("http://a.w.test/"))[2] == b"ok"
    assert await refused(client, "http://w.test/") == "http-host-not-allowed"
    assert await refused(client, "http://a.b.w.test/") == "http-host-not-allowed"


async def test_only_listed_methods_are_sent(servers: Servers) -> None:
    """A method outside the manifest never leaves the node."""
    port = await servers.start(http_bytes())
    assert await refused(Client(A, **at(port)), method="POST") == "http-method-not-allowed"
    assert servers.seen == []


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["2002:7f00:1::"],
        ["93.184.216.34", "127.0.0.1"],
    ],
)
async def test_a_name_with_a_private_address_is_refused(addresses: list[str]) -> None:
    """Every resolved address is checked, not the first alone."""

    async def lookup(_: str) -> list[str]:
        return addresses

    assert await refused(Client(A, lookup=lookup)) == "http-address-refused"


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "169.254.169.254"])
async def test_a_listed_literal_is_still_checked(host: str) -> None:
    """A manifest can list a literal address, but no manifest makes a private one reachable."""
    assert await refused(Client(f"http://{host}"), f"http://{host}/") == "http-address-refused"


async def test_what_was_checked_is_what_is_connected_to(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that turns to loopback after the check is not asked again. The dial is led back to this machine."""
    public, port = "203.1.113.7", await servers.start(http_bytes(b"from the public address"))
    loop, answers = asyncio.get_running_loop(), iter([[public], ["127.0.0.1"], ["127.0.0.1"]])
    connect, asked, dialled = loop.sock_connect, list[str](), list[tuple[str, int]]()

    async def lookup(host: str) -> list[str]:
        asked.append(host)
        return next(answers)

    async def dial(sock: socket.socket, address: tuple[str, int]) -> None:
        dialled.append(address)
        await connect(sock, ("127.0.0.1", port))

    monkeypatch.setattr(loop, "sock_connect", dial)
    _, _, body = await Client(f"{A}:1234", lookup=lookup, timeout_s=5.0).fetch(f"{A}:1234/")
    assert body == b"from the public address"
    assert (asked, dialled) == (["exchange-a.test"], [(public, 1234)])


async def test_an_unknown_name_is_a_connection_error() -> None:
    """No address: http-connect."""

    async def lookup(_: str) -> list[str]:
        raise OSError("no such host")

    assert await refused(Client(A, lookup=lookup)) == "http-connect"


async def test_a_closed_port_is_a_connection_error(servers: Servers) -> None:
    """Refused by the peer: http-connect."""
    port = await servers.start(b"")
    servers.stop()
    assert await refused(Client(A, **at(port))) == "http-connect"


async def test_a_large_body_is_refused(servers: Servers) -> None:
    """Announced or not, one byte over the limit is too much."""
    settings = {"body_bytes": 100}
    port = await servers.start(http_bytes(b"x" * 100))
    assert len((await Client(A, **at(port), **settings).fetch(A))[2]) == 100
    port = await servers.start(http_bytes(b"x" * 101))
    assert await refused(Client(A, **at(port), **settings)) == "http-too-large"
    port = await servers.start(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 101)
    assert await refused(Client(A, **at(port), **settings)) == "http-too-large"


async def test_a_gzip_bomb_never_unfolds(servers: Servers) -> None:
    """100 MB in 100 kB are refused after the limit's worth of output: the node's memory never holds more."""
    bomb = gzip.compress(bytes(100_000_000), 9)
    port = await servers.start(http_bytes(bomb, "200 OK", "Content-Encoding: gzip"))
    tracemalloc.start()
    assert await refused(Client(A, **at(port))) == "http-too-large"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16_000_000


@pytest.mark.parametrize(
    "answer",
    [
        b"not http at all\r\n\r\n",
        b"HTTP/1.1 banana\r\n\r\n",
        http_bytes(b"short", length=10),
        http_bytes(b"not gzip", "200 OK", "Content-Encoding: gzip"),
        http_bytes(gzip.compress(b"x" * 100, mtime=0)[:-9], "200 OK", "Content-Encoding: gzip"),
        http_bytes(b"x", "200 OK", "Content-Encoding: br"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n no name\r\n\r\n",
    ],
)
async def test_malformed_answers_have_a_code(servers: Servers, answer: bytes) -> None:
    """Whatever a server says, the guest learns http-malformed."""
    assert await refused(Client(A, **at(await servers.start(answer)))) == "http-malformed"


async def test_a_server_that_hangs_up_is_a_connection_error(servers: Servers) -> None:
    """No byte of an answer: http-connect."""
    assert await refused(Client(A, **at(await servers.start(b"")))) == "http-connect"


async def test_header_floods_are_refused(servers: Servers) -> None:
    """Too many headers, one too long, or too many bytes in all."""
    many = http_bytes(b"", "200 OK", *[f"X-{i}: 1" for i in range(500)])
    long = http_bytes(b"", "200 OK", "X-Long: " + "a" * 20_000)
    heavy = http_bytes(b"", "200 OK", *[f"X-{i}: {'a' * 4_000}" for i in range(6)])
    codes = [await refused(Client(A, **at(await servers.start(answer)))) for answer in (many, long, heavy)]
    assert codes == ["http-too-large"] * 3


def redirect(to: str, status: str = "302 Found") -> bytes:
    """A redirect answer."""
    return http_bytes(b"", status, f"Location: {to}")


async def test_a_redirect_is_followed_inside_the_manifest(servers: Servers) -> None:
    """Relative and absolute, to a listed host; the guest's secrets do not follow to another origin."""

    async def route(head: bytes, writer: asyncio.StreamWriter) -> None:
        match head.split(b" ")[1]:
            case b"/1":
                writer.write(redirect("/2"))
            case b"/2":
                writer.write(redirect(f"{B}/3"))
            case _:
                writer.write(http_bytes(head))

    port = await servers.start(route)
    _, _, body = await Client(A, B, **at(port)).fetch(f"{A}/1", authorization="Bearer s", accept="text/plain")
    assert b"Bearer s" in servers.seen[1]
    assert b"Bearer" not in body
    assert b"accept: text/plain" in body


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://127.0.0.1/", "http-host-not-allowed"),
        (f"{B}/", "http-host-not-allowed"),
        ("https://exchange-a.test/", "http-host-not-allowed"),
        ("file:///etc/passwd", "http-bad-request"),
        ("http://exchange-a.test:999999/", "http-redirect"),
    ],
)
async def test_a_redirect_outside_the_manifest_is_refused(servers: Servers, location: str, code: str) -> None:
    """The manifest is asked again for every hop."""
    port = await servers.start(redirect(location))
    assert await refused(Client(A, **at(port))) == code
    assert len(servers.seen) == 1


async def test_a_redirect_to_a_private_address_is_refused(servers: Servers) -> None:
    """A listed name that resolves inwards is refused on the second hop too."""
    port = await servers.start(redirect("http://internal.test/"))

    async def lookup(_: str) -> list[str]:
        return ["127.0.0.1"]

    client = Client(A, "http://internal.test", **at(port), lookup=lookup)
    assert await refused(client) == "http-address-refused"


async def test_a_redirect_loop_ends(servers: Servers) -> None:
    """Three redirects are followed, the fourth is refused."""
    port = await servers.start(redirect("/"))
    assert await refused(Client(A, **at(port))) == "http-redirect"
    assert len(servers.seen) == 4


async def test_a_redirect_without_location_is_refused(servers: Servers) -> None:
    """There is nowhere to go."""
    assert await refused(Client(A, **at(await servers.start(http_bytes(b"", "301 Moved"))))) == "http-redirect"


@pytest.mark.parametrize(("status", "second"), [("303 See Other", b"GET"), ("302 Found", b"GET"), ("307 T", b"POST")])
async def test_redirected_methods_follow_the_standard(servers: Servers, status: str, second: bytes) -> None:
    """RFC 9110 §15.4; the new method must be listed as well."""

    async def route(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(redirect("/2", status) if b" / " in head else http_bytes(b"ok"))

    port = await servers.start(route)
    await Client(A, methods=("GET", "POST"), **at(port)).fetch(f"{A}/", "POST", b"body")
    assert servers.seen[1].startswith(second)
    if second == b"GET":
        only_post = Client(A, methods=("POST",), **at(port))
        assert await refused(only_post, method="POST") == "http-method-not-allowed"


async def test_a_self_signed_certificate_is_refused(servers: Servers) -> None:
    """https is verified; the operator's own ca_file is the way to trust a private server."""
    port = await servers.start(http_bytes(b"ok"), tls=True)
    secure = "https://exchange-a.test"
    assert await refused(Client(secure, **at(port)), secure) == "http-tls"
    trusting = Client(secure, "https://exchange-b.test", **at(port), ca_file=str(CERTIFICATES / "server.pem"))
    assert (await trusting.fetch(secure))[2] == b"ok"
    assert await refused(trusting, "https://exchange-b.test/") == "http-tls"  # the certificate names another host


async def test_a_run_has_a_request_budget(servers: Servers) -> None:
    """fetch and fetch_many draw on one budget."""
    client = Client(A, **at(await servers.start(http_bytes(b"ok"))), requests=3)
    message = encode_request(HttpRequest(f"{A}/"))
    await client.fetch(A)
    with pytest.raises(CallRefused, match="http-too-many"):
        await client.capability.answer("http.fetch_many", encode_requests([message] * 3))
    await client.capability.answer("http.fetch_many", encode_requests([message] * 2))
    assert await refused(client) == "http-too-many"
    assert len(servers.seen) == 3


async def test_many_requests_run_at_once_and_fail_one_by_one(servers: Servers) -> None:
    """None is answered before all have asked; a refused one costs only its own place."""
    all_there = asyncio.Barrier(9)

    async def slow(_: bytes, writer: asyncio.StreamWriter) -> None:
        await all_there.wait()
        writer.write(http_bytes(b"ok"))

    client = Client(A, **at(await servers.start(slow)))
    urls = [f"{A}/"] * 9 + ["http://other.test/"]
    answer = await client.capability.answer(
        "http.fetch_many", encode_requests([encode_request(HttpRequest(url)) for url in urls])
    )
    assert answer.endswith(b"\x01\x15\0\0\0http-host-not-allowed")
    assert answer.count(b"}ok") == 9


async def test_environment_proxies_and_cookies_are_ignored(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own settings reaches a guest's request, and no cookie comes back."""
    port = await servers.start(http_bytes(b"ok", "200 OK", "Set-Cookie: a=b"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    client = Client(A, **at(port))
    await client.fetch(A)
    await client.fetch(A)
    assert b"ookie" not in servers.seen[1]


async def test_unknown_operations_are_named() -> None:
    """An operation this capability does not have."""
    with pytest.raises(CallRefused, match="unknown-operation"):
        await Client(A).capability.answer("http.delete", b"")
