"""A node with more requests than it keeps or works on says so to everybody who may ask, and takes them up later."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from node_bench import make_request
from prometheus_client import generate_latest
from test_open_requests import rendered
from test_requests import BLOCK, delivery, seen
from test_waiting import small_book

from executor.chain.watcher import Scanned
from executor.cli._requests import overview
from executor.crypto.digests import request_id
from executor.node.conditions import Conditions
from executor.node.ended import EndedRequests
from executor.node.metrics.meters import Meters
from executor.node.metrics.readings import read_conditions
from executor.node.open_requests import OpenRequestRoutes
from executor.node.overload import tell_overload
from executor.node.status import Status

MOST, PLACES, ASKED = 4, 1, 7
IDS = [request_id(make_request(nonce)) for nonce in range(ASKED)]


@pytest.fixture
async def node(committee):
    """A committee of one whose runs do not end before they may."""
    (one,) = await committee(1)
    one.runs.gate.clear()
    return one


@pytest.fixture
async def ask(node) -> AsyncIterator:
    """`book, conditions, get`: a node's routes over few places, and a way to ask them."""
    book, conditions = small_book(node, max_open=MOST, max_active=PLACES), Conditions()
    app = web.Application()
    ended = EndedRequests(node.journal, node.folder, lambda _epoch: 0)
    OpenRequestRoutes(book, lambda _epoch, key: node.driver.describe(key), lambda: iter([]), ended).register(app.router)
    Status(conditions).register(app.router)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with aiohttp.ClientSession() as session:

        async def get(path: str):
            async with session.get(base + path) as answer:
                return answer.status, await answer.json()

        yield book, conditions, get
    await runner.cleanup()


async def test_beyond_its_limits_a_node_says_what_waits_and_what_is_left_out(node, ask) -> None:
    """Seven requests where one is worked on and four are kept: in the log, in metrics, in each answer."""
    book, conditions, get = ask
    meters = Meters()
    meters.follow(node.events)
    meters.read(lambda: read_conditions(conditions))
    for nonce in range(ASKED):
        await book.take(seen(make_request(nonce)))
    await book.take(Scanned(BLOCK + 1))
    tell_overload(book, conditions)

    reasons = {each["request_id"]: each["reason"] for each in node.told("shed")}
    assert [reasons.get(str(key)) for key in IDS] == [
        None,
        *["1 requests are under way; it waits its turn"] * 3,
        *["4 requests are open; read again when half are"] * 3,
    ]
    left_out = (
        f"4 requests are open and this node keeps no more: those made from block {BLOCK} on stay on the chain and are "
        "read again when half of the others are closed"
    )
    assert await get("/v1/ready") == (503, {"ready": False, "reasons": {"requests": left_out}})
    _, listed = await get("/v1/requests")
    assert (listed["counts"]["active"], listed["counts"]["queued"], listed["left_out"]) == (1, 3, left_out)
    _, queued = await get(f"/v1/requests/{IDS[1]}")
    assert (queued["state"], queued["waits_for"]) == (
        "queued",
        "its turn: this node works on as many requests as it may",
    )
    status, absent = await get(f"/v1/requests/{IDS[6]}")
    assert (status, absent["error"].endswith(f"it may be among those left out: {left_out}")) == (404, True)
    assert left_out in rendered(overview(["http://a"], [listed]))
    told = generate_latest(meters.instruments.registry).decode()
    assert 'executor_events_total{kind="shed"} 6.0' in told
    assert 'executor_failing{part="requests"} 1.0' in told


async def test_when_half_is_closed_the_rest_is_read_and_the_node_is_ready_again(node, ask) -> None:
    book, conditions, get = ask
    for nonce in range(ASKED):
        await book.take(seen(make_request(nonce)))
    await book.take(Scanned(BLOCK + 1))
    tell_overload(book, conditions)
    for key in IDS[:2]:
        await book.take(delivery(key, BLOCK + 2))
    assert book.reread_from() == BLOCK
    for nonce in range(ASKED):  # as the watcher would, from there; there is room for two of three
        await book.take(seen(make_request(nonce)))
    tell_overload(book, conditions)
    assert (await get("/v1/ready"))[0] == 503
    for key in IDS[2:4]:
        await book.take(delivery(key, BLOCK + 3))
    assert book.reread_from() == BLOCK
    for nonce in range(ASKED):
        await book.take(seen(make_request(nonce)))
    tell_overload(book, conditions)
    assert await get("/v1/ready") == (200, {"ready": True, "reasons": {}})
    assert (book.open_count, (await get("/v1/requests"))[1]["left_out"]) == (3, None)
    assert {key for key, _ in book.standings(ASKED)} == set(IDS[4:])
