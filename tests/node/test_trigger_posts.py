"""POSTs to http triggers: signed, in time, once; forwarded to the others; everything else refused by name."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from chain.support import Scene
from node_bench import until
from trigger_bench import Side, mine_at, register

from executor.capabilities.member_networks import MemberNetworks
from executor.chain.accounts import dev_accounts
from executor.chain.logs import SeenDelivery
from executor.chain.subscriptions import create_subscription
from executor.chain.triggers import set_paused
from executor.crypto.digests import request_id
from executor.model.billing import Charge
from executor.model.ids import Digest, RegistrationId, RequestId
from executor.model.receipt import ChainLocation
from executor.model.trigger_config import BlockConfig, HttpConfig
from executor.model.trigger_input import HttpInput, decode_input
from executor.node.triggers.forwarding import MAX_WAITING, Forwarder, Post
from executor.node.triggers.posting import HEADER, sign_post
from executor.node.triggers.routes import EACH, TriggerRoutes

OWNER, STRANGER = dev_accounts()[7], dev_accounts()[8]
NONCES = itertools.count(1)
LOCAL = MemberNetworks(["127.0.0.0/8"])


class Served:
    """A side that listens."""

    def __init__(self, scene: Scene, side: Side) -> None:
        self.side, self.urls = side, dict[int, str]()
        self.forwarder = Forwarder(lambda: self.urls, side.events_log, LOCAL.connector)
        routes = TriggerRoutes(scene.client, side.book, side.registrations, side.starter, self.forwarder)
        self._app = web.Application()
        self.taken = lambda: routes.posts
        routes.register(self._app.router)

    async def start(self) -> str:
        """Its URL."""
        self._runner = web.AppRunner(self._app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._task = asyncio.create_task(self.forwarder.run())
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self.url

    async def stop_forwarding(self) -> None:
        """As a process that ended does."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def close(self) -> None:
        """No more."""
        await self.stop_forwarding()
        await self._runner.cleanup()


@pytest.fixture
async def two(scene: Scene, tmp_path: Path) -> AsyncIterator[list[Served]]:
    """Two members that know each other."""
    first = (await scene.client.head()).number + 1
    served = [Served(scene, Side(scene, tmp_path / name, first)) for name in ("one", "two")]
    urls = [await each.start() for each in served]
    served[0].urls, served[1].urls = {1: urls[1]}, {0: urls[0]}
    yield served
    for each in served:
        await each.close()


async def restarted(scene: Scene, served: Served, folder: Path) -> Served:
    """The same member as a new process finds it."""
    served.side.journal.close()
    again = Served(scene, Side(scene, folder, 0))
    await again.side.book.restore()
    await again.start()
    again.urls = served.urls
    return again


async def ready(scene: Scene, served: list[Served], **options: Any) -> RegistrationId:
    """An http trigger that both know, one block old."""
    config = HttpConfig(**{"signers": [str(OWNER.address)], **options.pop("config", {})})
    key = await register(scene, config, **options)
    await scene.mine(1)
    for each in served:
        await each.side.catch_up()
    return key


async def signed(scene: Scene, key: RegistrationId, body: bytes = b"{}", **changes: Any) -> str:
    """A header that is right but for the changes."""
    fields: dict[str, Any] = {
        "private_key": OWNER.private_key,
        "chain_id": scene.client.chain_id,
        "router": scene.client.router,
        "registration": key,
        "block_number": (await scene.client.head()).number,
        "nonce": next(NONCES),
        "expires": int(time.time()) + 1_000_000,
    }
    return sign_post(body=body, **{**fields, **changes})


async def post(url: str, key: object, header: str | None, body: bytes = b"{}") -> tuple[int, dict[str, Any]]:
    """Status and answer."""
    headers = {} if header is None else {HEADER: header}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/v1/triggers/{key}", data=body, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


async def test_a_post_starts_one_run_on_every_member(scene: Scene, two: list[Served]) -> None:
    """Answered with the id at once, forwarded, and the same request wherever and however often it is posted."""
    key = await ready(scene, two, input=b"own")
    header = await signed(scene, key, b'{"n":1}')
    status, answer = await post(two[0].url, key, header, b'{"n":1}')
    assert (status, answer["status"]) == (202, "started")
    await until(lambda: two[1].side.requests(key))
    (first,), (second,) = two[0].side.requests(key), two[1].side.requests(key)
    assert answer["request_id"] == str(request_id(first)) == str(request_id(second))
    given = decode_input(first.input)
    assert isinstance(given, HttpInput)
    assert (given.input, given.event.body, given.event.signer) == (b"own", b'{"n":1}', OWNER.address)
    for each in two:
        assert await post(each.url, key, header, b'{"n":1}') == (200, {**answer, "status": "known"})
    assert len(two[0].side.events("triggered")) == len(two[1].side.events("triggered")) == 1
    await until(lambda: two[0].side.events("trigger-forwarded"))
    assert two[0].side.events("trigger-forwarded")[0]["refused"] == []
    assert two[1].side.events("trigger-forwarded") == []


async def test_who_posts_again_after_a_restart_has_it_passed_on(
    scene: Scene, two: list[Served], tmp_path: Path
) -> None:
    """A member that stopped after its answer told nobody; while the run is open, and once is enough."""
    key = await ready(scene, two)
    header = await signed(scene, key)
    await two[0].stop_forwarding()
    assert (await post(two[0].url, key, header))[0] == 202
    again = await restarted(scene, two[0], tmp_path / "one")
    assert two[1].side.requests(key) == []
    for _ in range(3):
        assert (await post(again.url, key, header))[0] == 200
    await until(lambda: two[1].side.requests(key))
    await until(lambda: again.side.events("trigger-forwarded"))
    assert (await post(again.url, key, header))[0] == 200
    assert [each["refused"] for each in again.side.events("trigger-forwarded")] == [[]]
    await again.close()


async def test_what_is_over_is_not_passed_on_again(scene: Scene, two: list[Served], tmp_path: Path) -> None:
    """Pushed: who posts it again is told that it is known, and the others are not asked."""
    key = await ready(scene, two)
    header = await signed(scene, key)
    await two[0].stop_forwarding()
    assert (await post(two[0].url, key, header))[0] == 202
    (request,) = two[0].side.requests(key)
    head = await scene.client.head()
    place = ChainLocation(Digest(bytes(32)), head.number, head.hash)
    await two[0].side.book.take(SeenDelivery(request_id(request), 0, True, OWNER.address, place, Charge(1, 2, 3)))
    again = await restarted(scene, two[0], tmp_path / "one")
    assert (await post(again.url, key, header))[0] == 200
    assert again.forwarder.under_way == 0
    await again.close()


UNSIGNED: list[tuple[str, dict[str, Any]]] = [
    ("expired", {"expires": 1}),
    ("signers are others", {"private_key": STRANGER.private_key}),
    ("signers are others", {"chain_id": 1}),
    ("signers are others", {"router": STRANGER.address}),
    ("signers are others", {"registration": RegistrationId(bytes(32))}),
    ("signers are others", {"body": b"other"}),
    ("not after the registration's", {"block_number": 1}),
]


async def test_what_no_signer_signed_for_this_is_refused(scene: Scene, two: list[Served]) -> None:
    """Stranger, other chain, router, registration or body, expired, too old a block: 403, and nothing is begun."""
    key = await ready(scene, two)
    for named, changes in UNSIGNED:
        header = await signed(scene, key, changes.pop("body", b"{}"), **changes)
        status, answer = await post(two[0].url, key, header)
        assert (status, named in answer["error"]) == (403, True), (named, answer)
    edited = (await signed(scene, key)).replace('"nonce":', '"nonce":1')
    assert (await post(two[0].url, key, edited))[0] == 403
    for header in (None, "", "{}", '{"block_number": 1}', "x" * 600, "{ " + (await signed(scene, key))[1:]):
        status, answer = await post(two[0].url, key, header)
        assert (status, HEADER in answer["error"]) == (403, True)
    high = (await signed(scene, key)).replace('"signature":"0x', '"signature":"0xff')
    assert (await post(two[0].url, key, high))[0] == 403
    assert two[0].side.requests(key) == []


async def test_other_refusals_have_their_own_status(scene: Scene, two: list[Served]) -> None:
    """Unknown, of another kind, paused, too long, not finalized yet, over its limit, without funds, over."""
    key = await ready(scene, two, config={"body_bytes": 8, "per_hour": 1, "lifetime_s": 60})
    head = (await scene.client.head()).number
    assert (await post(two[0].url, RegistrationId(bytes(32)), None))[0] == 404
    assert (await post(two[0].url, "0x00", None))[0] == 400
    assert (await post(two[0].url, key, await signed(scene, key, bytes(9)), bytes(9)))[0] == 413
    later = await post(two[0].url, key, await signed(scene, key, block_number=head + 1))
    assert (later[0], "not finalized here yet" in later[1]["error"]) == (409, True)
    assert (await post(two[0].url, key, await signed(scene, key)))[0] == 202
    assert (await post(two[0].url, key, await signed(scene, key)))[0] == 429
    await mine_at(scene, (await scene.client.head()).timestamp + 61)
    await two[0].side.catch_up()
    assert (await post(two[0].url, key, await signed(scene, key, block_number=head)))[0] == 403

    poor = await ready(scene, two, subscription=await create_subscription(scene.client, scene.requester))
    assert (await post(two[0].url, poor, await signed(scene, poor)))[0] == 402
    await set_paused(scene.client, scene.requester, poor, True)
    await two[0].side.catch_up()
    assert (await post(two[0].url, poor, await signed(scene, poor)))[0] == 409
    ticks = await register(scene, BlockConfig(every=1_000_000))
    await two[0].side.catch_up()
    assert (await post(two[0].url, ticks, await signed(scene, ticks)))[0] == 409


async def test_a_list_shows_what_is_registered_and_how_it_stands(scene: Scene, two: list[Served]) -> None:
    """With the block that a POST may name."""
    key = await ready(scene, two)
    await post(two[0].url, key, await signed(scene, key))
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{two[0].url}/v1/triggers") as answer:
            told = await answer.json()
        async with session.get(f"{two[0].url}/v1/triggers/{key}") as answer:
            one = await answer.json()
    (line,) = told["triggers"]
    assert (told["count"], told["finalized_block"]) == (1, (await scene.client.head()).number)
    assert one == {"finalized_block": told["finalized_block"], **line}
    assert (line["trigger"], line["open"], line["started_this_hour"], line["paused"]) == ("http", 1, 1, False)
    assert line["config"] == {"signers": [str(OWNER.address)]}


async def test_slow_bodies_of_one_address_hold_a_part_of_the_places(scene: Scene, two: list[Served]) -> None:
    """Who trickles a body is refused one connection more; a body that is finished gives its place back."""
    key = await ready(scene, two)
    head = f"POST /v1/triggers/{key} HTTP/1.1\r\nHost: x\r\n{HEADER}: {await signed(scene, key)}\r\n"
    port = int(two[0].url.rpartition(":")[2])
    slow = [await asyncio.open_connection("127.0.0.1", port) for _ in range(EACH)]
    for _, writer in slow:
        writer.write((head + "Content-Length: 2\r\n\r\n{").encode())
        await writer.drain()
    await until(lambda: two[0].taken() == EACH)
    status, answer = await post(two[0].url, key, await signed(scene, key))
    assert (status, "from this address" in answer["error"]) == (503, True)
    for _, writer in slow:
        writer.write(b"}")
    answers = [await reader.readuntil(b"\r\n") for reader, _ in slow]
    assert sorted(answers)[0] == b"HTTP/1.1 200 OK\r\n"
    for _, writer in slow:
        writer.close()
    assert (await post(two[0].url, key, await signed(scene, key)))[0] == 202


async def test_posts_that_wait_to_be_forwarded_are_bounded(side: Side) -> None:
    """What finds no room is told; the sender may post to another member. The same one again takes no place."""
    forwarder = Forwarder(dict, side.events_log, LOCAL.connector)
    for number in range(MAX_WAITING):
        for _ in range(2):
            forwarder.forward(Post(RequestId(number.to_bytes(32, "big")), "/", "", b""))
    assert side.events("trigger-not-forwarded") == []
    forwarder.forward(Post(RequestId(bytes([1]) * 32), "/", "", b""))
    assert len(side.events("trigger-not-forwarded")) == 1
    assert forwarder.under_way == MAX_WAITING
