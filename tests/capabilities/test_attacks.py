"""Attacks on http@1, from functions and from servers: every known spelling of an inner address, and floods that end."""

from __future__ import annotations

import asyncio
import gzip
import json
import tracemalloc

import pytest
from http_servers import Client, Servers, http_bytes

from executor.capabilities.errors import CallRefused

A = "http://exchange-a.test"
INNER = (
    # The machine itself, its network, and clouds' metadata services, as URL parsers somewhere read them.
    *("http://127.0.0.1/", "http://127.1/", "http://127.0.1/", "http://0/", "http://0.0.0.0/", "http://2130706433/"),
    *("http://017700000001/", "http://0177.0.0.1/", "http://0x7f000001/", "http://0x7f.0x0.0x0.0x1/", "http://0x7f.1/"),
    *("http://127.0.0.1./", "http://127.000.000.001/", "http://127.0.0.0x1/", "http://4294967297/", "http://169.254.169.254/"),
    *("http://0xA9FEA9FE/", "http://2852039166/", "http://10.0.0.1/", "http://168.63.129.16/", "http://100.100.100.200/"),
    *("http://[::1]/", "http://[::]/", "http://[0:0:0:0:0:0:0:1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/"),
    *("http://[::127.0.0.1]/", "http://[64:ff9b::127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[64:ff9b:1::7f00:1]/"),
    *("http://[2002:7f00:1::]/", "http://[2001:0:7f00:1::]/", "http://[fe80::1]/", "http://[fe80::1%25eth0]/"),
    *("http://[fe80::1%eth0]/", "http://[::1%25lo]/", "http://[fd00:ec2::254]/", "http://[ff02::1]/"),
    *("http://localhost/", "http://LOCALHOST/", "http://localhost./", "http://localhost.localdomain/"),
)  # fmt: skip
DISGUISED = (
    # A listed name where a person looks, another host where a parser does.
    *("http://exchange-a.test@127.0.0.1/", "http://exchange-a.test:80@127.0.0.1/", "http://exchange-a.test%40127.0.0.1/"),
    *("http://127.0.0.1#@exchange-a.test/", "http://127.0.0.1?@exchange-a.test/", "http://127.0.0.1\\@exchange-a.test/"),
    *("http://exchange-a.test\\@127.0.0.1/", "http://exchange-a.test%00.evil.test/", "http://exchange-a.test%2f.evil.test/"),
    *("http://exchange-a.test.evil.test/", "http://evil.test/exchange-a.test", "http://exchange-a.test:80:80/"),
    *("http:\\\\127.0.0.1\\", "http:///127.0.0.1/", "http://\t127.0.0.1/", "http://127.0.0.1\r\nhost: a.test/"),
    *("http://user:pass@exchange-a.test/", "http://@127.0.0.1/", "http://:@exchange-a.test@127.0.0.1/"),
)  # fmt: skip
UNICODE = (
    # What IDNA or NFKC make of it is an address, a listed name, or a dot: circled and wide digits and letters, wide and
    # ideographic full stops, a hyphen and an "a" that are others, characters without a width.
    "http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/",
    "http://127\u30020\u30020\u30021/",
    "http://127\uff0e0\uff0e0\uff0e1/",
    "http://\uff11\uff12\uff17.\uff10.\uff10.\uff11/",
    "http://\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3/",
    "http://exchange-a\u3002test\u3002/",
    "http://exchange\u2010a.test/",
    "http://exchange-a.test\u200b/",
    "http://\u00adlocalhost/",
    "http://\uff45vil.test/",
    "http://exchange-a.test\u2024evil.test/",
    "http://exchange-\u0430.test/",
    "http://xn--/",
)


def at(port: int) -> dict[str, object]:
    """Settings that send both listed names to one local port."""
    place = f"127.0.0.1:{port}"
    return {"overrides": {"exchange-a.test": place, "exchange-b.test": place}, "timeout_s": 2.0}


async def refusal(client: Client, url: str) -> str:
    """The code a fetch is refused with, "" for none."""
    try:
        await client.fetch(url)
    except CallRefused as refused:
        return refused.code
    return ""


@pytest.mark.parametrize("url", [*INNER, *DISGUISED, *UNICODE])
async def test_no_spelling_leads_inwards(servers: Servers, url: str) -> None:
    """Refused before anything is looked up, although both listed names, and what a name server says, lead inwards."""
    asked: list[str] = []

    async def lookup(host: str) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    client = Client(A, "http://exchange-b.test", **at(await servers.start(http_bytes(b"inside"))), lookup=lookup)
    assert await refusal(client, url) in ("http-host-not-allowed", "http-bad-request")
    assert (asked, servers.seen) == ([], [])


@pytest.mark.parametrize("url", [*INNER, *DISGUISED, *UNICODE])
async def test_no_redirect_leads_inwards(servers: Servers, url: str) -> None:
    """The same as a location: nothing but the listed origins is asked."""
    location = url.encode("utf-8", "surrogatepass").decode("latin-1").replace("\r\n", "\r")
    port = await servers.start(b"HTTP/1.1 302 Found\r\nLocation: " + location.encode("latin-1") + b"\r\n\r\n")
    code = await refusal(Client(A, "http://exchange-b.test", **at(port)), f"{A}/")
    assert code in ("http-host-not-allowed", "http-bad-request", "http-redirect", "http-malformed")
    assert all(b"\r\nHost: exchange-" in head for head in servers.seen)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "10.0.0.1", "169.254.169.254", "0"]
)
async def test_a_manifest_that_lists_an_inner_address_changes_nothing(servers: Servers, host: str) -> None:
    """Whoever writes a function chooses its manifest; the node's network is not theirs to open."""
    port = await servers.start(http_bytes(b"inside"))
    client = Client(f"http://{host}:{port}", timeout_s=1.0)
    assert await refusal(client, f"http://{host}:{port}/") in ("http-address-refused", "http-host-not-allowed")
    assert servers.seen == []


async def test_a_name_server_that_changes_its_mind_is_asked_once_a_hop(servers: Servers) -> None:
    """Each hop is checked and connected to by one answer; the second hop's inner answer is refused."""
    answers = iter([["127.0.0.1", "93.184.216.34"], ["127.0.0.1"]])
    port = await servers.start(http_bytes(b"", "302 Found", "Location: http://rebinding.test/"))

    async def lookup(_: str) -> list[str]:
        return next(answers)

    client = Client(A, "http://rebinding.test", **at(port), lookup=lookup)
    assert await refusal(client, f"{A}/") == "http-address-refused"
    assert len(servers.seen) == 1


class Drip:
    """Sends a drop at a time until nobody listens, `LAST` drops at most, and counts."""

    LAST = 200  # four seconds' worth: ten times what the client waits

    def __init__(self, first: bytes, drop: bytes) -> None:
        self.first, self.drop, self.drops = first, drop, 0
        self.over = asyncio.Event()

    async def __call__(self, _: bytes, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(self.first)
            while self.drops < self.LAST:
                writer.write(self.drop)
                await writer.drain()
                if writer.transport.is_closing():
                    break
                self.drops += 1
                await asyncio.sleep(0.02)
        finally:
            self.over.set()


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"HTTP/1.1 200 O", b"K"),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"),
        (b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"a"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"T: 1\r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["status line", "a header", "headers", "body", "chunks", "chunk extension", "trailers", "interim responses"],
)
async def test_a_slow_server_costs_its_time_and_no_more(servers: Servers, first: bytes, drop: bytes) -> None:
    """One limit counts the whole request, whatever drips: the client hangs up long before the server is done."""
    drip = Drip(first, drop)
    port = await servers.start(drip)
    assert await refusal(Client(A, **{**at(port), "timeout_s": 0.3}), f"{A}/") == "http-timeout"
    await drip.over.wait()
    assert drip.drops < drip.LAST


class Flood:
    """Sends for as long as somebody reads, a gigabyte at most, and counts."""

    def __init__(self, first: bytes, piece: bytes) -> None:
        self.first, self.piece, self.sent = first, piece, 0

    async def __call__(self, _: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(self.first)
        while self.sent < 1_000_000_000:
            writer.write(self.piece)
            await writer.drain()
            self.sent += len(self.piece)


ZEROS = bytes(65_536)


@pytest.mark.parametrize(
    ("first", "piece", "codes"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", ZEROS, {"http-too-large"}),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", ZEROS, {"http-too-large"}),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + ZEROS + b"\r\n", {"http-too-large"}),
        (b"HTTP/1.1 200 OK\r\n", b"X-Flood: 1\r\n" * 5_000, {"http-too-large"}),
        (b"HTTP/1.1 200 OK\r\nX-Flood: ", b"a" * 65_536, {"http-too-large", "http-malformed"}),
        (b"", b"a" * 65_536, {"http-malformed", "http-too-large"}),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"f" * 65_536, {"http-malformed", "http-too-large"}),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"T: 1\r\n" * 10_000,
         {"http-malformed", "http-too-large"}),
    ],
    ids=["body", "announced body", "chunks", "headers", "a header", "status line", "chunk size", "trailers"],
)  # fmt: skip
async def test_a_gigabyte_is_stopped_at_the_cap(servers: Servers, first: bytes, piece: bytes, codes: set[str]) -> None:
    """The server gets rid of some buffers' worth beyond the cap, and the node's memory does not follow."""
    flood = Flood(first, piece)
    port = await servers.start(flood)
    client = Client(A, **at(port), body_bytes=100_000)
    await refusal(client, f"{A}/")  # modules and certificates are loaded
    flood.sent = 0
    tracemalloc.start()
    assert await refusal(client, f"{A}/") in codes
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert flood.sent < 32_000_000
    assert peak < 32_000_000


@pytest.mark.parametrize("layers", [1, 2, 3])
async def test_a_nested_bomb_unfolds_one_layer(servers: Servers, layers: int) -> None:
    """What a server packs twice is unpacked once: the guest gets the inner package, or nothing over the cap."""
    bomb = bytes(30_000_000)
    for _ in range(layers):
        bomb = gzip.compress(bomb, 9)
    client = Client(A, **at(await servers.start(http_bytes(bomb, "200 OK", "Content-Encoding: gzip"))))
    if layers == 1:
        assert await refusal(client, f"{A}/") == "http-too-large"
    else:
        _, _, body = await client.fetch(f"{A}/")
        assert gzip.decompress(bomb) == body


@pytest.mark.parametrize(
    "coding", ["br", "zstd", "deflate", "compress", "gzip, gzip", "identity, gzip", "x", "GZIP;q=1"]
)
async def test_a_coding_that_was_not_asked_for_is_refused(servers: Servers, coding: str) -> None:
    """gzip alone is offered: there is no decoder to attack for any other."""
    port = await servers.start(http_bytes(b"x" * 100, "200 OK", f"Content-Encoding: {coding}"))
    assert await refusal(Client(A, **at(port)), f"{A}/") == "http-malformed"
    assert b"accept-encoding: gzip\r\n" in servers.seen[0].lower()


@pytest.mark.parametrize(
    "chunks",
    [
        b"-1\r\na\r\n0\r\n\r\n", b"ffffffffffffffffff\r\na", b"0x1\r\na\r\n0\r\n\r\n", b" 1\r\na\r\n0\r\n\r\n",
        b"1\r\nab\r\n0\r\n\r\n", b"1\na\n0\n\n", b"\r\n", b"1\r\na", b"5\r\nab\r\n0\r\n\r\n", b"g\r\n",
        b"1\0\r\na\r\n0\r\n\r\n",
    ],
)  # fmt: skip
async def test_garbage_in_chunks_has_a_code(servers: Servers, chunks: bytes) -> None:
    """Nothing is guessed."""
    port = await servers.start(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
    assert await refusal(Client(A, **at(port)), f"{A}/") == "http-malformed"


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1e3\r\n\r\na",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999999\r\n\r\na",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 -1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX\0Y: 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n: 1\r\n\r\n",
    ],
)
async def test_a_malformed_head_has_a_code(servers: Servers, head: bytes) -> None:
    """A status outside 100 to 599, lengths that contradict each other, names that are none."""
    code = await refusal(Client(A, **at(await servers.start(head))), f"{A}/")
    assert code in ("http-malformed", "http-too-large")


async def test_bytes_that_are_no_text_reach_the_guest_as_they_are(servers: Servers) -> None:
    """In the body; in headers they are mended, so that the head is always JSON in UTF-8."""
    answer = http_bytes(b"\xff\xfe{\x80", "200 OK").replace(b"\r\n\r\n", b"\r\nX-Name: \xff\xed\xa0\x80\r\n\r\n", 1)
    status, headers, body = await Client(A, **at(await servers.start(answer))).fetch(f"{A}/")
    assert (status, body) == (200, b"\xff\xfe{\x80")
    assert json.dumps(headers, ensure_ascii=False).encode("utf-8")
    assert "\ufffd" in headers["x-name"]
