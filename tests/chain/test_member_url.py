"""Endpoints that operators wrote on chain, and what every other node does with them."""

import asyncio

import aiohttp
import pytest

from executor.capabilities.resolver import SystemResolver
from executor.chain.member_url import NOWHERE, check_member_url, member_url
from executor.errors import DownloadFailed, InvalidValue
from executor.node.fetching import _ask
from executor.transport.outbox import Outbox, Patience

GOOD = [
    "http://127.0.0.1:8080",
    "https://node.example.org",
    "https://node.example.org:8443/executor/",
    "http://[2001:db8::1]:8080",
    "http://10.0.0.7:80",
    "http://localhost:1",
    "http://node_7.internal.",
    "https://xn--bcher-kva.example",
]
BAD = [
    "",
    "x",
    "//x",
    "http://",
    "http:///x",
    "http://[::1",
    "http://a:99999999",
    "http://127.0.0.1:0",
    "http://127.0.0.1:-1",
    "ftp://x",
    "unix:///x",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "http://user@x",
    "http://user:pass@127.0.0.1:1",
    "http://x?a=",
    "http://x#a",
    "http://127.0.0.1\\@x:1",
    "http://x\r\nHost: y",
    "http://x/\x00",
    "http://\ud800",
    "http://\u2603",
    "http://%zz",
    "http://[fe80::1%25lo]:1",
    "http://[fe80::1]:1",
    "http://169.254.169.254",
    "http://0.0.0.0:1",
    "http://224.0.0.1",
    "http://1.2.3",
    "http://0x7f.1",
    "http://..",
    "http://.",
    "http://a..b",
    "http://-",
    "http://" + "a" * 64,
    "http://" + "a." * 200 + "b",
    "http://127.0.0.1/" + "a" * 1_000,
]


@pytest.mark.parametrize("url", GOOD)
def test_urls_that_lead_to_members(url):
    check_member_url(url)
    assert member_url(url) == url


@pytest.mark.parametrize("url", BAD, ids=range(len(BAD)))
def test_urls_that_lead_nowhere(url):
    with pytest.raises(InvalidValue):
        check_member_url(url)
    assert member_url(url) == NOWHERE


async def test_no_endpoint_from_the_chain_ends_what_connects_to_it():
    """One member's text on chain would otherwise be every other node's end: `//x` was."""
    timeout = aiohttp.ClientTimeout(total=0.05)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        for url in map(member_url, [*BAD, "http://127.0.0.1:1"]):
            with pytest.raises(DownloadFailed):
                await _ask(session, f"{url.rstrip('/')}/v1/functions/0x")
            outbox = Outbox("member", f"{url.rstrip('/')}/v1/messages", session, Patience())
            assert not await outbox._attempt(b"x")
            await outbox.close()


async def test_a_members_name_that_leads_to_the_link_is_not_followed(monkeypatch):
    """Whatever its name server says."""

    async def look(host):
        return {"link": ["169.254.169.254", "fe80::1"], "both": ["169.254.169.254", "10.0.0.1"]}[host]

    monkeypatch.setattr("executor.capabilities.resolver.system_lookup", look)
    found = await asyncio.gather(*(SystemResolver().resolve(host, 80) for host in ("both",)))
    assert [each["host"] for each in found[0]] == ["10.0.0.1"]
    with pytest.raises(OSError, match="no address of a member"):
        await SystemResolver().resolve("link", 80)
