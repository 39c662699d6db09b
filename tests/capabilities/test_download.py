"""A URL that a stranger published: the guards of http@1, for any public host."""

from __future__ import annotations

import asyncio

import pytest
from http_servers import Servers, http_bytes

from executor.capabilities.download import download
from executor.capabilities.http import HttpSettings
from executor.errors import DownloadFailed

LIMIT = 1_000


async def fetch(url: str, timeout_s: float = 5.0, lookup: str = "127.0.0.1", **overrides: int) -> bytes:
    """Download with the operator's overrides, which are exempt from the check of addresses."""

    async def look(_host: str) -> list[str]:
        return [lookup]

    hosts = {f"{name}.example": f"127.0.0.1:{port}" for name, port in overrides.items()}
    return await download(url, limit=LIMIT, settings=HttpSettings(overrides=hosts, lookup=look), timeout_s=timeout_s)


async def test_the_body_of_any_public_host_is_taken(servers: Servers) -> None:
    """No manifest lists it; neither cookie nor credential is sent."""
    port = await servers.start(http_bytes(b"bytes", "200 OK", "Set-Cookie: a=b"))
    assert await fetch("http://files.example/a", files=port) == b"bytes"
    assert await fetch("http://files.example/a", files=port) == b"bytes"
    assert all(b"cookie" not in head.lower() and b"authorization" not in head.lower() for head in servers.seen)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://[::1]:{port}/",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/",
        "http://files.example:{port}/",
    ],
)
async def test_private_addresses_are_refused(servers: Servers, url: str) -> None:
    """Written, or behind a name."""
    port = await servers.start(http_bytes(b"secret"))
    with pytest.raises(DownloadFailed, match="http-address-refused"):
        await fetch(url.format(port=port))
    assert servers.seen == []


@pytest.mark.parametrize(
    "url",
    [
        "http://2130706433/",
        "http://0x7f.1/",
        "ftp://files.example/",
        "file:///etc/passwd",
        "http://a:b@files.example/",
        "",
        "http://",
    ],
)
async def test_other_spellings_and_schemes_are_refused(url: str) -> None:
    """An address in disguise, another protocol, a password."""
    with pytest.raises(DownloadFailed):
        await fetch(url)


async def test_redirects_are_followed_to_public_hosts_and_no_further(servers: Servers) -> None:
    """Storage services redirect; a redirect inwards is what an attacker would publish."""
    bytes_port = await servers.start(http_bytes(b"bytes"))
    away = await servers.start(http_bytes(b"", "302 Found", "Location: http://store.example/b"))
    inwards = await servers.start(http_bytes(b"", "302 Found", f"Location: http://127.0.0.1:{bytes_port}/"))
    assert await fetch("http://files.example/", files=away, store=bytes_port) == b"bytes"
    with pytest.raises(DownloadFailed, match="http-address-refused"):
        await fetch("http://files.example/", files=inwards)
    with pytest.raises(DownloadFailed, match="http-redirect"):
        await fetch("http://files.example/", files=away, store=away)


async def test_size_time_and_status_are_bounded(servers: Servers) -> None:
    """Announced or not; a body that trickles; an error page."""
    large = await servers.start(http_bytes(b"x" * (LIMIT + 1)))
    with pytest.raises(DownloadFailed, match="http-too-large"):
        await fetch("http://files.example/", files=large)
    missing = await servers.start(http_bytes(b"no", "404 Not Found"))
    with pytest.raises(DownloadFailed, match="status 404"):
        await fetch("http://files.example/", files=missing)

    async def trickle(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(http_bytes(length=100))
        for _ in range(100):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.1)

    slow = await servers.start(trickle)
    with pytest.raises(DownloadFailed, match="http-timeout"):
        await fetch("http://files.example/", timeout_s=0.3, files=slow)
