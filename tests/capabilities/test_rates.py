"""An operator's limit of requests to one host, whichever functions ask."""

from __future__ import annotations

import asyncio

import pytest
from http_servers import Client, Servers, http_bytes

from executor.capabilities.errors import CallRefused
from executor.capabilities.rates import MAX_HOSTS, HostRates

A = "http://exchange-a.test"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_burst_is_free_and_the_rest_waits_its_turn() -> None:
    """Two a second, three at once; each next one half a second further off."""
    rates = HostRates(2.0, 3, Clock())
    assert [rates.take("a", 5.0) for _ in range(5)] == [0.0, 0.0, 0.0, 0.5, 1.0]
    assert rates.take("b", 5.0) == 0.0


def test_time_gives_the_burst_back() -> None:
    """And no more than the burst."""
    clock = Clock()
    rates = HostRates(2.0, 2, clock)
    assert [rates.take("a", 5.0) for _ in range(3)] == [0.0, 0.0, 0.5]
    clock.now_s += 60
    assert [rates.take("a", 5.0) for _ in range(3)] == [0.0, 0.0, 0.5]


def test_whoever_would_wait_too_long_is_refused_and_takes_no_place() -> None:
    """So a flood refuses itself, and nothing grows."""
    rates = HostRates(1.0, 1, Clock())
    assert [rates.take("a", 2.0) for _ in range(3)] == [0.0, 1.0, 2.0]
    for _ in range(100):
        with pytest.raises(CallRefused, match="http-rate-limited"):
            rates.take("a", 2.0)
    assert rates.take("a", 3.0) == 3.0


def test_so_many_hosts_are_remembered() -> None:
    """A wildcard in a manifest lets a guest name any number."""
    rates = HostRates(1.0, 1, Clock())
    for number in range(MAX_HOSTS + 50):
        rates.take(f"{number}.test", 1.0)
    assert len(rates) == MAX_HOSTS


async def test_runs_of_a_node_share_one_allowance(servers: Servers) -> None:
    """Two functions, one host."""
    port = await servers.start(http_bytes(b"ok"))
    shared = HostRates(0.001, 2)
    settings = {"overrides": {"exchange-a.test": f"127.0.0.1:{port}"}, "rates": shared, "timeout_s": 2.0}
    one, other = Client(A, **settings), Client(A, **settings)
    await one.fetch(A)
    await other.fetch(A)
    with pytest.raises(CallRefused, match="http-rate-limited"):
        await one.fetch(A)
    assert len(servers.seen) == 2


async def test_each_hop_of_a_redirect_counts(servers: Servers) -> None:
    """Who leads a node round takes of the allowance of the host that is asked again."""

    async def route(head: bytes, writer: asyncio.StreamWriter) -> None:
        moved = head.startswith(b"GET /moved ")
        writer.write(http_bytes(b"", "302 Found", "Location: /here") if moved else http_bytes(b"ok"))

    port = await servers.start(route)
    shared = HostRates(0.001, 3)
    client = Client(A, overrides={"exchange-a.test": f"127.0.0.1:{port}"}, rates=shared, timeout_s=2.0)
    assert (await client.fetch(f"{A}/moved"))[2] == b"ok"
    with pytest.raises(CallRefused, match="http-rate-limited"):
        await client.fetch(f"{A}/moved")  # the first hop is the third request, the second one too many
    assert [head.split(b" ")[1] for head in servers.seen] == [b"/moved", b"/here", b"/moved"]
