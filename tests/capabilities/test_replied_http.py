"""http@1 answered by real servers and from a test's replies: the same questions, the same answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from http_servers import Servers

from executor.capabilities.framing import HttpRequest, encode_request, encode_requests
from executor.capabilities.http import HttpCapability, HttpSettings
from executor.capabilities.http_run import BODY_BYTES, MAX_FIELD_BYTES, REQUESTS
from executor.model.manifest import HttpCapability as HttpTerms
from executor.model.manifest import Terms
from executor.testing.replies import RepliedHttp, Reply
from executor.testing.simulate_world import WatchedWorld
from executor.vm import Answer, Refusal, Response

A, B = "http://exchange-a.test", "http://exchange-b.test"
HOSTS = (A, B, "http://127.0.0.1", "http://10.0.0.1", "http://169.254.169.254")
OK = Reply(200, {"content-type": "text/plain"}, b"ok")


def to(location: str | None, status: int = 302, headers: Mapping[str, str] | None = None) -> Reply:
    """A redirect."""
    return Reply(status, {**({} if location is None else {"location": location}), **(headers or {})}, b"elsewhere")


WORLD: Mapping[str, Reply] = {
    f"{A}/": OK,
    f"{B}/": Reply(503, {"X-One": "1", "Retry-After": "3"}, b"later"),
    f"{A}/exact": Reply(body=b"x" * BODY_BYTES),
    f"{A}/large": Reply(body=b"x" * (BODY_BYTES + 1)),
    f"{A}/wire": Reply(200, {"Content-Encoding": "identity", "Connection": "close", "Keep-Alive": "timeout=5"}, b"ok"),
    f"{A}/64-headers": Reply(headers={f"x-{place}": "1" for place in range(63)}),  # and a length
    f"{A}/65-headers": Reply(headers={f"x-{place}": "1" for place in range(65)}),
    f"{A}/heavy-headers": Reply(headers={f"x-{place}": "a" * 4_000 for place in range(6)}),
    f"{A}/long-header": Reply(headers={"x-long": "a" * (MAX_FIELD_BYTES + 1)}),
    f"{A}/unicode-header": Reply(headers={"x-name": "prix en \u20ac"}),
    f"{A}/down": Reply(error="http-connect"),
    f"{A}/relative": to("/"),
    f"{A}/other": to(f"{B}/"),
    f"{A}/one": to("/two"),
    f"{A}/two": to("/three", 301),
    f"{A}/three": to("/"),
    f"{A}/zero": to("/one"),
    f"{A}/loop": to("/loop", 308),
    f"{A}/nowhere": to(None),
    f"{A}/outside": to("http://other.test/"),
    f"{A}/inside": to("http://127.0.0.1/"),
    f"{A}/metadata": to("http://169.254.169.254/latest"),
    f"{A}/file": to("file:///etc/passwd"),
    f"{A}/user": to("http://u:p@exchange-a.test/"),
    f"{A}/port": to("http://exchange-a.test:999999/"),
    f"{A}/secure": to("https://exchange-a.test/"),
    f"{A}/303": to("/", 303),
    f"{A}/307": to("/", 307),
    f"{A}/304": Reply(304),
}


@dataclass(frozen=True, slots=True)
class Row:
    """Calls of one run: lists are `http.fetch_many`."""

    name: str
    calls: tuple[HttpRequest | list[HttpRequest] | bytes, ...]
    ends: tuple[str, ...]  # a code or a status; "many" for a list
    methods: tuple[str, ...] = field(default=("GET", "HEAD", "POST"))


def one(name: str, path: str, end: str, method: str = "GET", **more: object) -> Row:
    """A row of one request; a path begins with a slash."""
    url = f"{A}{path}" if path.startswith("/") and not path.startswith("//") else path
    return Row(name, (HttpRequest(url, method),), (end,), **more)  # type: ignore[arg-type]


GET = HttpRequest(f"{A}/")
ROWS = (
    one("a reply", "/", "200"),
    one("a URL without a path", A, "200"),
    one("a fragment", "/#part", "200"),
    one("an error page", f"{B}/", "503"),
    one("headers of the connection", "/wire", "200"),
    one("no body to HEAD", "/", "200", "HEAD"),
    one("a large body is none to HEAD", "/large", "200", "HEAD"),
    one("a POST", "/", "200", "POST"),
    one("a method that is not listed", "/", "http-method-not-allowed", "POST", methods=("GET",)),
    one("a method that nobody has", "/", "http-method-not-allowed", "BREW"),
    one("a body at the cap", "/exact", "200"),
    one("a body over the cap", "/large", "http-too-large"),
    one("headers at the cap", "/64-headers", "200"),
    one("too many headers", "/65-headers", "http-too-large"),
    one("headers too heavy", "/heavy-headers", "http-too-large"),
    one("a header too long", "/long-header", "http-too-large"),
    one("a header beyond ASCII", "/unicode-header", "200"),
    one("no connection", "/down", "http-connect"),
    one("not modified", "/304", "304"),
    one("a redirect", "/relative", "200"),
    one("a redirect to another host", "/other", "503"),
    one("three redirects", "/one", "200"),
    one("four redirects", "/zero", "http-redirect"),
    one("a loop", "/loop", "http-redirect"),
    one("a redirect to nowhere", "/nowhere", "http-redirect"),
    one("a redirect outside", "/outside", "http-host-not-allowed"),
    one("a redirect to a listed loopback address", "/inside", "http-address-refused"),
    one("a redirect to a listed metadata service", "/metadata", "http-address-refused"),
    one("a redirect to a file", "/file", "http-bad-request"),
    one("a redirect with a user", "/user", "http-bad-request"),
    one("a redirect to no port", "/port", "http-redirect"),
    one("a redirect to another scheme", "/secure", "http-host-not-allowed"),
    one("a redirected POST turns GET", "/303", "http-method-not-allowed", "POST", methods=("POST",)),
    one("a redirected POST stays POST", "/307", "200", "POST", methods=("POST",)),
    one("another host", "http://other.test/", "http-host-not-allowed"),
    one("another scheme", "ftp://exchange-a.test/", "http-bad-request"),
    one("a file", "file:///etc/passwd", "http-bad-request"),
    one("no scheme", "//exchange-a.test/", "http-bad-request"),
    one("a user", "http://u:p@exchange-a.test/", "http-bad-request"),
    one("a user alone", "http://u@exchange-a.test/", "http-bad-request"),
    one("no port", "http://exchange-a.test:99999/", "http-bad-request"),
    one("another port", "http://exchange-a.test:8080/", "http-host-not-allowed"),
    one("no URL", "http://[::1", "http-bad-request"),
    one("a listed loopback address", "http://127.0.0.1/", "http-address-refused"),
    one("a listed private address", "http://10.0.0.1/", "http-address-refused"),
    one("a listed metadata service", "http://169.254.169.254/", "http-address-refused"),
    one("another spelling of it", "http://0x7f.1/", "http-host-not-allowed"),
    one("a loopback address of IPv6", "http://[::1]/", "http-host-not-allowed"),
    Row("the budget", (GET,) * (REQUESTS + 1), ("200",) * REQUESTS + ("http-too-many",)),
    Row("the budget of lists", ([GET] * REQUESTS, GET), ("many", "http-too-many")),
    Row("a list over the budget takes nothing", ([GET] * (REQUESTS + 1), GET), ("http-too-many", "200")),
    Row("a list over what is left", (GET, [GET] * REQUESTS, [GET] * (REQUESTS - 1)), ("200", "http-too-many", "many")),
    Row("each of a list for itself", ([GET, HttpRequest("ftp://x/"), HttpRequest(f"{A}/large"), GET],), ("many",)),
    Row("responses too large together", ([HttpRequest(f"{A}/exact")] * 4,), ("http-too-large",)),
    Row("an empty list", ([],), ("many",)),
    Row("a broken message", (b"\xff\xff", GET), ("http-bad-request", "200")),
)  # fmt: skip


async def serve_world(head: bytes, writer: asyncio.StreamWriter) -> None:
    """A real server of WORLD, by host and path."""
    method, path, *_ = head.decode("latin-1").split(" ")
    host = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"host:")).split()[1].decode("ascii")
    reply = WORLD[f"http://{host}{path}"]
    if reply.error:
        return  # hangs up without a byte
    length = [] if reply.status == 304 else [f"Content-Length: {len(reply.body)}"]
    lines = [f"HTTP/1.1 {reply.status} Said", *length, *(f"{name}: {value}" for name, value in reply.headers.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode("utf-8") + (b"" if method == "HEAD" else reply.body))


async def answers(capability: HttpCapability | RepliedHttp, row: Row) -> list[Response]:
    """What each call of a row gets."""
    given = []
    for call in row.calls:
        match call:
            case list():
                operation, message = "http.fetch_many", encode_requests([encode_request(each) for each in call])
            case bytes():
                operation, message = "http.fetch", call
            case _:
                operation, message = "http.fetch", encode_request(call)
        given.append(await capability.call(operation, message))
    return given


def end_of(call: HttpRequest | list[HttpRequest] | bytes, response: Response) -> str:
    """A code, a status, or "many"."""
    match response:
        case Refusal(code):
            return code
        case Answer(data) if isinstance(call, list):
            assert int.from_bytes(data[:4], "little") == len(call)
            return "many"
        case Answer(data):
            return data.split(b'"status":')[1][:3].decode("ascii")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_replies_answer_as_servers_do(servers: Servers, row: Row) -> None:
    """Byte for byte, or by the same code: budget, caps, redirects and every refusal."""
    place = f"127.0.0.1:{await servers.start(serve_world)}"
    terms = HttpTerms(hosts=list(HOSTS), methods=list(row.methods))  # type: ignore[arg-type]
    settings = HttpSettings(overrides={"exchange-a.test": place, "exchange-b.test": place})
    live = await answers(HttpCapability(terms, settings), row)
    assert tuple(end_of(call, each) for call, each in zip(row.calls, live, strict=True)) == row.ends
    assert await answers(RepliedHttp(terms, WORLD), row) == live


def test_the_replied_form_asks_what_has_no_reply_by_its_name() -> None:
    """Only what was really asked is remembered."""
    terms = HttpTerms(hosts=[A])
    capability = RepliedHttp(terms, {f"{A}/moved": to("/gone")})
    for url in (f"{A}/moved", f"{A}/none", "http://other.test/"):
        capability.respond("http.fetch", encode_request(HttpRequest(url)))
    assert capability.missing == {f"{A}/gone", f"{A}/none"}


def test_a_simulation_tells_which_requests_were_too_many() -> None:
    """By the code that the guest got for them."""
    terms = Terms.model_validate({"capabilities": {"http": {"hosts": [A]}}})
    watched = WatchedWorld(terms, {f"{A}/": OK})
    for count in (REQUESTS - 1, 2):
        watched.call("http.fetch_many", encode_requests([encode_request(GET)] * count))
    watched.call("http.fetch", encode_request(HttpRequest("ftp://exchange-a.test/")))
    assert [each.refused for each in watched.asked] == [""] * 9 + ["http-too-many"] * 2 + ["http-bad-request"]
