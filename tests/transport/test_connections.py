"""A node's connections: who takes them all takes them from himself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from executor.model.committee import Epoch
from executor.transport import connections as connections_module
from executor.transport.connections import EACH, MAX_CONNECTIONS, MEMBER_S, MEMBER_SITES, SLOW_S, STRANGERS, Connections
from executor.transport.envelope import encode_envelope, make_envelope
from executor.transport.server import PATH, HttpServer
from executor.transport.sources import site_of
from tests.transport.conftest import Mailbox


class Line:
    """A connection in memory."""

    def __init__(self) -> None:
        self.ended = False
        self.waiting = 0

    def close(self) -> None:
        """End."""
        self.ended = True

    abort = close

    def is_closing(self) -> bool:
        """Whether it has ended."""
        return self.ended

    def get_write_buffer_size(self) -> int:
        """Bytes not read."""
        return self.waiting


def entered(held: Connections, site: str, count: int, now: float = 0.0) -> list[Line]:
    """So many new connections of a site; those that were let in."""
    lines = [Line() for _ in range(count)]
    return [line for line in lines if held.enter(line, site, now)]


def test_one_site_has_its_part_and_no_more() -> None:
    """The rest of the port stays open to everybody else; a place that is given up can be had again."""
    held = Connections()
    lines = entered(held, "198.51.100.7", MAX_CONNECTIONS)
    assert len(lines) == len(held) == EACH
    assert len(entered(held, "198.51.100.8", 1)) == 1
    lines[0].close()
    assert len(entered(held, "198.51.100.7", 2)) == 1


def test_many_sites_take_places_from_each_other_and_not_from_a_newcomer() -> None:
    """Strangers' places are all taken: who holds most loses its oldest, and who comes new is let in."""
    held = Connections()
    crowd = [entered(held, f"198.51.100.{number}", EACH) for number in range(10)]
    assert len(held) == STRANGERS
    assert sum(not line.ended for lines in crowd for line in lines) == STRANGERS
    (member,) = entered(held, "203.0.113.5", 1)
    more = [entered(held, f"192.0.2.{number}", EACH) for number in range(20)]
    assert all(len(lines) == EACH for lines in more)
    assert not member.ended
    assert len(held) == STRANGERS


def test_members_have_the_rest_to_themselves() -> None:
    """A site that a member spoke from fills all places but strangers', and then takes strangers'."""
    held = Connections()
    for number in range(10):
        entered(held, f"198.51.100.{number}", EACH)
    held.vouch(None, "203.0.113.5", 0.0)
    assert len(entered(held, "203.0.113.5", MAX_CONNECTIONS, MEMBER_S)) == MAX_CONNECTIONS
    assert len(held) == MAX_CONNECTIONS
    assert entered(held, "198.51.100.7", 1, MEMBER_S) == []
    assert entered(held, "203.0.113.5", 1, MEMBER_S) == []


def test_a_members_connection_is_one_by_what_came_over_it() -> None:
    """From then on it counts against nobody's part; its site is forgotten in time, its connection stays."""
    held = Connections(4, 2, 2)
    first = entered(held, "203.0.113.5", 2)
    held.vouch(first[0], "203.0.113.5", 0.0)  # type: ignore[arg-type]
    assert len(entered(held, "198.51.100.7", 5, MEMBER_S + 1)) == 2
    assert not first[0].ended
    assert first[1].ended  # a stranger's place, as the other's were


def test_what_is_known_of_sites_is_bounded() -> None:
    """The longest unheard is forgotten first."""
    held = Connections()
    for number in range(MEMBER_SITES + 1):
        held.vouch(None, f"site {number}", 0.0)
    assert len(entered(held, "site 0", EACH + 1)) == EACH
    assert len(entered(held, "site 1", EACH + 1)) == EACH + 1


def test_who_does_not_read_is_ended_in_time() -> None:
    """Once all was read in between, the time begins again."""
    held = Connections()
    (slow, steady) = entered(held, "198.51.100.7", 2)
    slow.waiting = steady.waiting = 1_000
    assert held.end_slow(0.0) == 0
    steady.waiting = 0
    assert held.end_slow(SLOW_S / 2) == 0
    steady.waiting = 1_000
    assert held.end_slow(SLOW_S) == 1
    assert (slow.ended, steady.ended, len(held)) == (True, False, 1)


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("2001:db8:1:2::/64", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
    ],
)
def test_an_address_pays_as_a_site(address: str, site: str) -> None:
    """One machine has 2^64 addresses of IPv6, and one part."""
    assert site_of(address) == site


@pytest.fixture
async def server(epoch: Epoch, member_keys: list[Any]) -> AsyncIterator[HttpServer]:
    """Member 0's, with one more route whose answer is larger than any buffer of the kernel."""

    async def large(_request: web.Request) -> web.Response:
        return web.Response(body=bytes(64 << 20))

    server = HttpServer()
    server.app.router.add_get("/large", large)
    await server.start()
    server.serve(epoch, 0, member_keys[0], Mailbox())
    yield server
    await server.close()


async def test_a_flood_locks_nobody_out(server: HttpServer, epoch: Epoch, member_keys: list[Any]) -> None:
    """More connections than the port has, from two machines, each with half a request: a member's message is taken."""
    server.held = Connections(16, 12, 4)
    begun = b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"
    flood = []
    for number in range(20):
        source = (f"127.0.0.{2 + number // 10}", 0)
        flood.append((await asyncio.open_connection("127.0.0.1", server.port, local_addr=source))[1])
        flood[-1].write(begun)
    await until(lambda: server.held.refused == 12)
    body = encode_envelope(await make_envelope(epoch, member_keys[1], 1, 0, b"hello", sealed=False))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    assert (await reader.readline()).split()[1] == b"202"
    assert not server.held.enter(Line(), "127.0.0.2", 0)
    assert all(server.held.enter(Line(), "127.0.0.1", time.monotonic()) for _ in range(5))  # a member's site by now
    for other in (*flood, writer):
        other.close()


async def test_an_answer_that_is_not_read_is_held_for_a_bounded_time(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server looks again and again, and ends the connection itself."""
    monkeypatch.setattr(connections_module, "SLOW_S", 0.0)
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1_024)
    writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    await until(lambda: server.held.end_slow(time.monotonic()) == 1)
    await until(lambda: server.connections == 0)
    writer.close()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what the server does."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  # the server sets no event
            await asyncio.sleep(0.01)
