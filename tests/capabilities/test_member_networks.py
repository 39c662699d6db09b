"""A member's endpoint leads nowhere that this node's operator did not allow."""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import ip_address

import aiohttp
import pytest
from aiohttp import web

from executor.capabilities.member_networks import MemberNetworks
from executor.errors import InvalidConfig

INSIDE = ("127.0.0.1", "10.0.0.5", "172.18.0.3", "192.168.1.1", "100.100.100.200", "168.63.129.16", "::1", "fd00::1")


@pytest.fixture
async def knocks() -> AsyncIterator[tuple[int, list[str]]]:
    """A server of this node's own network that was never meant for members: its port, and what it was asked."""
    asked: list[str] = []

    async def note(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", note)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1], asked
    await runner.cleanup()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
async def test_a_host_of_the_own_network_is_not_asked(knocks: tuple[int, list[str]], host: str) -> None:
    """Whether the endpoint is an address, a name or an address in other clothes; the reason says what to do."""
    port, asked = knocks
    async with aiohttp.ClientSession(connector=MemberNetworks().connector()) as session:
        with pytest.raises(aiohttp.ClientConnectorError, match=r"is (loopback|IPv4-mapped).* \[http\] member_networks"):
            await session.post(f"http://{host}:{port}/shutdown/v1/messages")
    assert asked == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_network_that_the_operator_named_is(knocks: tuple[int, list[str]], host: str) -> None:
    """The control: committees live in private networks, too."""
    port, asked = knocks
    connector = MemberNetworks(["127.0.0.0/8"]).connector(limit=2)
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.get(f"http://{host}:{port}/v1/health") as answer,
    ):
        assert answer.status == 200
    assert asked == ["/v1/health"]


@pytest.mark.parametrize("text", INSIDE)
def test_private_addresses_are_refused_until_named(text: str) -> None:
    """Each network for itself: naming one opens no other."""
    address = ip_address(text)
    assert "member_networks" in (MemberNetworks().refusal(address) or "")
    others = [other for other in INSIDE if other != text]
    named = [f"{other}/{ip_address(other).max_prefixlen}" for other in others]
    assert MemberNetworks(named).refusal(address) is not None
    assert MemberNetworks([f"{text}/{address.max_prefixlen}"]).refusal(address) is None


@pytest.mark.parametrize("text", ["169.254.169.254", "fe80::1", "0.0.0.0", "::", "224.0.0.1"])
def test_the_links_own_addresses_are_never_reached(text: str) -> None:
    """Not even where everything is allowed: cloud machines answer with secrets there."""
    assert "no address of a member" in (MemberNetworks(["0.0.0.0/0", "::/0"]).refusal(ip_address(text)) or "")


def test_what_is_public_needs_no_naming() -> None:
    """And a URL is judged by its literal address; names wait for the connection."""
    networks = MemberNetworks()
    assert networks.refusal(ip_address("93.184.215.14")) is None
    assert networks.refusal_of_url("https://93.184.215.14/x") is None
    assert networks.refusal_of_url("https://node.example.test") is None
    assert networks.refusal_of_url("") is None
    assert "10.0.0.5 is private" in (networks.refusal_of_url("http://10.0.0.5:9600") or "")


@pytest.mark.parametrize("text", ["10.0.0.0", "10.0.0.1/8", "10.0.0.0/33", "ten", ""])
def test_a_text_that_names_no_network_is_refused(text: str) -> None:
    """`10.0.0.0` alone is one address, which is a network of one; host bits, lengths and words are mistakes."""
    if text == "10.0.0.0":
        assert MemberNetworks([text]).refusal(ip_address("10.0.0.0")) is None
        return
    with pytest.raises(InvalidConfig, match="not a network"):
        MemberNetworks([text])
