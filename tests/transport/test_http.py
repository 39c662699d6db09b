"""Real HTTP on the loopback interface: good peers, bad clients, peers that come and go."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from executor.errors import InvalidConfig, InvalidValue
from executor.model.committee import Epoch
from executor.transport import places as places_module
from executor.transport import server as server_module
from executor.transport.connections import Connections
from executor.transport.envelope import encode_envelope, make_envelope
from executor.transport.http import HttpTransport
from executor.transport.inbox import Limits
from executor.transport.interface import EVERYONE, Transport
from executor.transport.outbox import Budget, Outbox, Patience
from executor.transport.server import PATH, SHUTDOWN_S, HttpServer
from tests.transport.conftest import Mailbox

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
            server = HttpServer(port=port, limits=LIMITS, patience=QUICK)
            await server.start()
            stack.push_async_callback(server.close)
            transport = HttpTransport(server, wired, index, member_keys[index], mailboxes[index])
            await transport.start()
            stack.push_async_callback(transport.close)
            return transport

        yield start


Run = Callable[..., Any]


def address(transport: HttpTransport) -> str:
    return f"http://127.0.0.1:{transport._server.port}{PATH}"


async def post(transport: HttpTransport, body: bytes) -> tuple[int, dict[str, str]]:
    url = address(transport)
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


async def test_a_body_of_unknown_length_is_refused_unread(run: Run, mailboxes: list[Any]) -> None:
    """A chunked body announces no size, so no place can be found for it."""
    transport = await run(0)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield bytes(16 * 1024)

    async with aiohttp.ClientSession() as session:
        try:
            async with session.post(address(transport), data=endless()) as response:
                assert response.status == 411
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
    server = HttpServer(patience=patience)
    await server.start()
    transport = HttpTransport(server, wired, 0, member_keys[0], mailboxes[0])
    await transport.start()
    await transport.send(1, b"never")
    outbox = transport._outboxes[1]
    assert len(outbox) == 1
    await until(lambda: outbox.dropped == 1)
    assert len(outbox) == 0
    assert (server.budget.used_bytes, transport.outboxes()[1]) == (0, (0, 1))
    await transport.close()
    await server.close()


async def test_a_refused_message_does_not_block_the_next(run: Run, mailboxes: list[Any]) -> None:
    """P4: what the peer refuses for good is not tried again."""
    transport = await run(0)
    await run(1)
    await transport.send(1, b"offence")
    await transport.send(1, b"apology")
    await until(lambda: len(mailboxes[1].messages) == 1)
    assert mailboxes[1].messages == [(0, b"apology")]


async def test_the_node_adds_routes() -> None:
    """`app` takes them until `start`; port 0 becomes the real one."""
    server = HttpServer()

    async def health(_request: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    server.app.router.add_get("/v1/health", health)
    await server.start()
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{server.port}/v1/health") as response:
            assert await response.json() == {"alive": True}
        async with session.get(f"http://127.0.0.1:{server.port}{PATH}") as response:
            assert response.status == 405
    await server.close()


async def test_wrong_uses_are_named(run: Run, wired: Epoch, member_keys: list[Any], mailboxes: list[Any]) -> None:
    """A taken port, an epoch served twice, a recipient that is none."""
    transport = await run(0)
    second = HttpServer(port=transport._server.port)
    with pytest.raises(InvalidConfig, match="cannot listen"):
        await second.start()
    await second.close()
    with pytest.raises(InvalidValue, match="served already"):
        await HttpTransport(transport._server, wired, 0, member_keys[0], mailboxes[0]).start()
    with pytest.raises(InvalidValue):
        await transport.send(7, b"x")


async def test_a_long_poll_does_not_hold_up_a_stop() -> None:
    """An answer under way has a moment, not the server's minute."""
    server = HttpServer()

    async def poll(_request: web.Request) -> web.Response:
        await asyncio.sleep(60)
        return web.Response()

    server.app.router.add_get("/v1/events", poll)
    await server.start()
    async with aiohttp.ClientSession() as session:
        waiting = asyncio.create_task(session.get(f"http://127.0.0.1:{server.port}/v1/events"))
        await asyncio.sleep(0.1)
        async with asyncio.timeout(2 * SHUTDOWN_S + 2):
            await server.close()
        await asyncio.gather(waiting, return_exceptions=True)


async def test_epochs_share_a_server_and_nothing_else(
    run: Run, wired: Epoch, member_keys: list[Any], mailboxes: list[Any]
) -> None:
    """Each message reaches the handler of its epoch; an epoch that is over is refused by name, the other goes on."""
    first = await run(0)
    second_epoch, second_box = replace(wired, number=2), Mailbox()
    second = HttpTransport(first._server, second_epoch, 3, member_keys[0], second_box)  # another place in it, too
    await second.start()
    old = [encode_envelope(await make_envelope(wired, member_keys[1], 1, 0, b"%d" % i, sealed=False)) for i in (1, 2)]
    new = [encode_envelope(await make_envelope(second_epoch, member_keys[1], 1, 3, b"new", sealed=False))]
    assert [(await post(first, body))[0] for body in (old[0], new[0])] == [202, 202]
    assert (mailboxes[0].messages, second_box.messages) == ([(1, b"1")], [(1, b"new")])
    await second.close()
    assert refused(await post(first, new[0])) == (409, "wrong-epoch")
    assert (await post(first, old[1]))[0] == 202


async def test_a_body_for_no_epoch_of_ours_is_not_read(
    run: Run, later_epoch: Epoch, member_keys: list[Any], mailboxes: list[Any]
) -> None:
    """The head is enough: the answer comes while the rest is still to be sent, and costs the sender no fault."""
    transport = await run(0)
    envelope = encode_envelope(await make_envelope(later_epoch, member_keys[1], 1, 0, bytes(20_000), sealed=False))
    for _ in range(2):
        reader, writer = await asyncio.open_connection("127.0.0.1", transport._server.port)
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(envelope)}\r\n\r\n"
        writer.write(head.encode() + envelope[:100])
        async with asyncio.timeout(5):
            assert b" 409 " in await reader.readline()
            await reader.read()  # to the end: the server hangs up
        writer.close()
    assert transport._server.inbox.refused == {"wrong-epoch": 2}
    assert mailboxes[0].messages == []


async def test_trickled_large_bodies_hold_up_no_small_ones(
    run: Run, wired: Epoch, member_keys: list[Any], mailboxes: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One address has its part of the large places and no more; votes have places of their own."""
    monkeypatch.setattr(places_module, "SMALL_BYTES", 2_000)
    transport = await run(0)
    large = encode_envelope(await make_envelope(wired, member_keys[1], 1, 0, bytes(10_000), sealed=False))
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(large)}\r\n\r\n".encode()
    slow = [await asyncio.open_connection("127.0.0.1", transport._server.port) for _ in range(places_module.LARGE_EACH)]
    for _, writer in slow:
        writer.write(head + large[:100])
    await until(lambda: transport._server.places.taken == places_module.LARGE_EACH)
    assert refused(await post(transport, large)) == (503, "busy")
    small = encode_envelope(await make_envelope(wired, member_keys[1], 1, 0, b"a vote", sealed=False))
    assert (await post(transport, small))[0] == 202
    for _, writer in slow:
        writer.close()
    await until(lambda: transport._server.places.taken == 0)


async def test_connections_are_counted(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """One too many is closed at once; one that says nothing is closed in time, and makes room."""
    monkeypatch.setattr(server_module, "SILENT_S", 0.3)
    transport = await run(0)
    transport._server.held = Connections(2)
    silent = [await asyncio.open_connection("127.0.0.1", transport._server.port) for _ in range(2)]
    await until(lambda: transport._server.connections == 2)
    reader, writer = await asyncio.open_connection("127.0.0.1", transport._server.port)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    for waiting, held in silent:
        assert await asyncio.wait_for(waiting.read(), 5) == b""
        held.close()
    assert (await post(transport, b"garbage"))[0] == 400


async def test_a_stopping_server_refuses_and_says_so(run: Run, wired: Epoch, member_keys: list[Any]) -> None:
    """503: the peer keeps the message and tries again."""
    transport = await run(0)
    transport._server.refuse_messages()
    body = encode_envelope(await make_envelope(wired, member_keys[1], 1, 0, b"hello", sealed=False))
    assert refused(await post(transport, body)) == (503, "stopping")


async def test_outboxes_of_a_node_share_a_budget() -> None:
    """A hundred peers that are down do not each hold their own limit: who holds most drops its oldest."""
    budget, patience = Budget(total_bytes=100), Patience(attempt_s=0.2)
    async with aiohttp.ClientSession() as session:
        boxes = [Outbox(f"{i}", "http://127.0.0.1:1/", session, patience, budget) for i in range(3)]
        for _ in range(4):
            boxes[0].put(bytes(20))
        boxes[1].put(bytes(20))
        boxes[2].put(bytes(20))
        assert [len(box) for box in boxes] == [3, 1, 1]
        assert (budget.used_bytes, boxes[0].dropped) == (100, 1)
        for box in boxes:
            await box.close()
    assert budget.used_bytes == 0


def refused(answer: tuple[int, dict[str, str]]) -> tuple[int, str]:
    status, body = answer
    return status, body["error"]
