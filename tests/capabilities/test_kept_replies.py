"""What a guest was answered is kept for the operator; what is private never."""

from __future__ import annotations

import gzip

import pytest
from http_servers import Servers, http_bytes

from executor.capabilities.errors import CallRefused
from executor.capabilities.framing import HttpRequest, encode_request, encode_requests
from executor.capabilities.http import HttpCapability, HttpSettings
from executor.capabilities.idempotency import Look
from executor.errors import InvalidManifest
from executor.model.codec import decode, encode
from executor.model.ids import RequestId
from executor.model.manifest import HttpCapability as HttpTerms
from executor.model.manifest import parse_manifest
from executor.model.reply import MAX_BODY_BYTES, KeptReply

A = "http://exchange-a.test"
REQUEST = RequestId(b"\x11" * 32)


def capability(port: int, kept: list[tuple[RequestId, KeptReply]], *, quiet: bool = False) -> HttpCapability:
    settings = HttpSettings(
        overrides={"exchange-a.test": f"127.0.0.1:{port}"}, keep=lambda request, reply: kept.append((request, reply))
    )
    return HttpCapability(HttpTerms(hosts=[A]), settings, look=Look(REQUEST, 2), quiet=quiet)


async def test_replies_and_errors_are_kept_with_their_place(servers: Servers) -> None:
    """Decoded, with what was asked; a refusal with its code."""
    kept: list[tuple[RequestId, KeptReply]] = []
    port = await servers.start(http_bytes(gzip.compress(b"hello"), "404 Not Found", "Content-Encoding: gzip", "X-A: 1"))
    made = capability(port, kept)
    await made.answer("http.fetch", encode_request(HttpRequest(f"{A}/x")))
    refused = encode_request(HttpRequest("http://other.test/"))
    await made.answer("http.fetch_many", encode_requests([refused]))
    assert [
        (REQUEST, KeptReply(2, 0, "GET", f"{A}/x", 404, {"x-a": "1"}, b"hello", 5, "")),
        (REQUEST, KeptReply(2, 1, "GET", "http://other.test/", 0, {}, b"", 0, "http-host-not-allowed")),
    ] == kept


async def test_a_long_body_is_cut_and_a_text_that_is_none_mended(servers: Servers) -> None:
    """What is kept always has a canonical form, whatever the guest wrote."""
    kept: list[tuple[RequestId, KeptReply]] = []
    made = capability(await servers.start(http_bytes(bytes(100_000))), kept)
    head = b'{"method":"\\udc00","url":"http://other.te\\ud800"}'
    await made.answer("http.fetch", encode_request(HttpRequest(A)))
    with pytest.raises(CallRefused):
        await made.answer("http.fetch", len(head).to_bytes(4, "little") + head)
    assert (len(kept[0][1].body), kept[0][1].body_bytes) == (MAX_BODY_BYTES, 100_000)
    assert (kept[1][1].method, kept[1][1].url) == ("?", "http://other.te?")
    assert all(decode(KeptReply, encode(reply), limit=1 << 20) == reply for _, reply in kept)


async def test_nothing_private_is_kept(servers: Servers) -> None:
    """Neither reply nor error of a run that may hold secrets."""
    kept: list[tuple[RequestId, KeptReply]] = []
    made = capability(await servers.start(http_bytes(b"hello")), kept, quiet=True)
    await made.answer("http.fetch", encode_request(HttpRequest(A)))
    with pytest.raises(CallRefused):
        await made.answer("http.fetch", encode_request(HttpRequest("http://other.test/")))
    assert kept == []


MANIFEST = '[function]\nname = "a"\nlanguage = "javascript"\nsource = "a.js"\n[capabilities.http]\nhosts = ["a.test"]\n'


def test_a_manifest_asks_for_it() -> None:
    """The key is part of the function's id, and absent where it is not written; false and secrets are refused."""
    terms = parse_manifest(MANIFEST + "keep_replies = true\n").terms
    assert b'"keep_replies":true' in terms.canonical()
    assert b"keep_replies" not in parse_manifest(MANIFEST).terms.canonical()
    with pytest.raises(InvalidManifest, match="keep_replies"):
        parse_manifest(MANIFEST + "keep_replies = false\n")
    for private in ('[capabilities.secrets]\nnames = ["KEY"]\n', "[capabilities.private_input]\n"):
        with pytest.raises(InvalidManifest, match="are not kept"):
            parse_manifest(f"{MANIFEST}keep_replies = true\n{private}")
