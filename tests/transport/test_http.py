"""Real HTTP on the loopback interface: good peers, bad clients, peers that come and go."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from executor.errors import InvalidConfig, InvalidValue
from executor.model.committee import Epoch
from executor.transport.envelope import encode_envelope, make_envelope
from executor.transport.http import PATH, SHUTDOWN_S, HttpTransport
from executor.transport.inbox import Limits
from executor.transport.interface import EVERYONE, Transport
from executor.transport.outbox import Patience

QUICK = Patience(give_up_s=5, attempt_s=1, first_pause_s=0.02, longest_pause_s=0.1, messages=3)
LIMITS = Limits(body_bytes=64 * 1024, faults_burst=50)


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 # the condition is what others did
            await asyncio.sleep(0.01)


@pytest.fixture
def wired(epoch: Epoch) -> Epoch:
    """The committee with endpoints on free ports."""
    ports = free_ports(4)
    members = [(member, f"http://127.0.0.1:{port}") for member, port in zip(epoch.members, ports, strict=True)]
    named = tuple(type(m)(m.index, m.operator, m.signer, m.bls_key, m.encryption_key, url) for m, url in members)
    return Epoch(1, epoch.router, epoch.committee, 1, epoch.profile_id, 4, named, epoch.verifiers)


@pytest.fixture
async def run(wired: Epoch, member_keys: list[Any], mailboxes: list[Any]) -> AsyncIterator[Callable[..., Any]]:
    """Starts members' transports and closes them."""
    async with AsyncExitStack() as stack:

        async def start(index: int) -> HttpTransport:
            port = int(wired.members[index].endpoint.rsplit(":", 1)[1])
            transport = HttpTransport(
                wired, index, member_keys[index], mailboxes[index], port=port, limits=LIMITS, patience=QUICK
            )
            await transport.start()
            stack.push_async_callback(transport.close)
            return transport

        yield start


Run = Callable[..., Any]


async def post(transport: HttpTransport, body: bytes) -> tuple[int, dict[str, str]]:
    url = f"http://127.0.0.1:{transport.port}{PATH}"
    async with aiohttp.ClientSession() as session, session.post(url, data=body) as response:
        return response.status, await response.json()


async def test_members_reach_each_other(run: Run, mailboxes: list[Any]) -> None:
    """One to one, sealed, to everyone, to oneself; each in order."""
    transports: list[Transport] = [await run(index) for index in range(4)]
    await transports[0].send(1, b"first")
    await transports[0].send(1, b"second", sealed=True)
    await transports[0].send(0, b"to myself")
    await transports[2].send(EVERYONE, b"all")
    await until(lambda: [len(box.messages) for box in mailboxes] == [2, 3, 1, 1])
    assert [message for message in mailboxes[1].messages if message[0] == 0] == [(0, b"first"), (0, b"second")]
    assert (0, b"to myself") in mailboxes[0].messages
    assert all((2, b"all") in box.messages for box in mailboxes)


async def test_bad_clients_are_refused_by_name(
    run: Run, wired: Epoch, later_epoch: Epoch, member_keys: list[Any], mailboxes: list[Any]
) -> None:
    """A stranger, an oversized body, a bad signature, the wrong member, epoch or form; the handler sees none of it."""
    transport = await run(0)

    async def body(sender: int, recipient: int, payload: bytes = b"hello", signed_by: int | None = None) -> bytes:
        keys = member_keys[sender if signed_by is None else signed_by]
        return encode_envelope(await make_envelope(wired, keys, sender, recipient, payload, sealed=False))

    other_epoch = encode_envelope(await make_envelope(later_epoch, member_keys[1], 1, 0, b"hello", sealed=False))
    cases = {
        "not-a-member": (403, await body(4, 0)),
        "bad-signature": (403, await body(1, 0, signed_by=4)),
        "wrong-recipient": (400, await body(1, 2)),
        "wrong-epoch": (409, other_epoch),
        "malformed": (400, b"garbage"),
        "oversized": (413, await body(1, 0, bytes(64 * 1024))),
        "rule-broken": (400, await body(1, 0, b"offence")),
    }
    for code, (status, data) in cases.items():
        answered, answer = await post(transport, data)
        assert (status, code) == (answered, answer["error"])
        assert answer["message"]
    assert mailboxes[0].messages == []
    assert (await post(transport, await body(1, 0)))[0] == 202
    assert mailboxes[0].messages == [(1, b"hello")]


async def test_a_replayed_message_is_dropped(
    run: Run, wired: Epoch, member_keys: list[Any], mailboxes: list[Any]
) -> None:
    """The second copy is acknowledged and not handed over."""
    transport = await run(0)
    body = encode_envelope(await make_envelope(wired, member_keys[1], 1, 0, b"hello", sealed=False))
    assert await post(transport, body) == (202, {"status": "accepted"})
    assert await post(transport, body) == (200, {"status": "duplicate"})
    assert mailboxes[0].messages == [(1, b"hello")]


async def test_an_endless_body_is_cut_off(run: Run, mailboxes: list[Any]) -> None:
    """A chunked body announces no size: it is refused once it passes the limit."""
    transport = await run(0)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield bytes(16 * 1024)

    async with aiohttp.ClientSession() as session:
        try:
            async with session.post(f"http://127.0.0.1:{transport.port}{PATH}", data=endless()) as response:
                assert response.status == 413
        except aiohttp.ClientConnectionError:
            pass  # cut off while still sending, before the answer was read
    assert mailboxes[0].messages == []


async def test_a_peer_that_starts_late_gets_what_waits(run: Run, mailboxes: list[Any]) -> None:
    """Sends do not wait for the peer; when it comes up, the newest three messages arrive in order."""
    transport = await run(0)
    started = time.monotonic()
    for number in range(5):
        await transport.send(1, b"%d" % number)
    assert time.monotonic() - started < 0.5
    await asyncio.sleep(0.2)
    await run(1)
    await until(lambda: len(mailboxes[1].messages) == 3)
    assert mailboxes[1].messages == [(0, b"2"), (0, b"3"), (0, b"4")]


async def test_a_peer_that_never_comes_is_given_up(wired: Epoch, member_keys: list[Any], mailboxes: list[Any]) -> None:
    """After its time a message is dropped, others are delivered meanwhile."""
    patience = Patience(give_up_s=0.2, attempt_s=0.2, first_pause_s=0.02, longest_pause_s=0.05)
    transport = HttpTransport(wired, 0, member_keys[0], mailboxes[0], patience=patience)
    await transport.start()
    await transport.send(1, b"never")
    outbox = transport._outboxes[1]
    assert len(outbox) == 1
    await until(lambda: outbox.dropped == 1)
    assert len(outbox) == 0
    await transport.close()


async def test_a_refused_message_does_not_block_the_next(run: Run, mailboxes: list[Any]) -> None:
    """P4: what the peer refuses for good is not tried again."""
    transport = await run(0)
    await run(1)
    await transport.send(1, b"offence")
    await transport.send(1, b"apology")
    await until(lambda: len(mailboxes[1].messages) == 1)
    assert mailboxes[1].messages == [(0, b"apology")]


async def test_the_node_adds_routes(wired: Epoch, member_keys: list[Any], mailboxes: list[Any]) -> None:
    """`app` takes them until `start`; port 0 becomes the real one."""
    transport = HttpTransport(wired, 0, member_keys[0], mailboxes[0])

    async def health(_request: web.Request) -> web.Response:
        return web.json_response({"index": transport.index})

    transport.app.router.add_get("/v1/health", health)
    await transport.start()
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{transport.port}/v1/health") as response:
            assert await response.json() == {"index": 0}
        async with session.get(f"http://127.0.0.1:{transport.port}{PATH}") as response:
            assert response.status == 405
    await transport.close()


async def test_wrong_uses_are_named(run: Run, wired: Epoch, member_keys: list[Any], mailboxes: list[Any]) -> None:
    """A taken port, a recipient that is none."""
    transport = await run(0)
    second = HttpTransport(wired, 1, member_keys[1], mailboxes[1], port=transport.port)
    with pytest.raises(InvalidConfig, match="cannot listen"):
        await second.start()
    await second.close()
    with pytest.raises(InvalidValue):
        await transport.send(7, b"x")


async def test_a_long_poll_does_not_hold_up_a_stop(wired: Epoch, member_keys: list[Any], mailboxes: list[Any]) -> None:
    """An answer under way has a moment, not the server's minute."""
    transport = HttpTransport(wired, 0, member_keys[0], mailboxes[0])

    async def poll(_request: web.Request) -> web.Response:
        await asyncio.sleep(60)
        return web.Response()

    transport.app.router.add_get("/v1/events", poll)
    await transport.start()
    async with aiohttp.ClientSession() as session:
        waiting = asyncio.create_task(session.get(f"http://127.0.0.1:{transport.port}/v1/events"))
        await asyncio.sleep(0.1)
        async with asyncio.timeout(2 * SHUTDOWN_S + 2):
            await transport.close()
        await asyncio.gather(waiting, return_exceptions=True)
