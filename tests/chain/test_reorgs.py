"""Reorganisations on anvil: what goes, what comes back as another request, what is undone, and what happens while down.

Each test has the chain as it was before it: a snapshot is taken before and restored after it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import aiohttp
import pytest

from executor.chain.accounts import dev_accounts
from executor.chain.bloom import bits, bloom_of, may_hold
from executor.chain.client import ChainClient
from executor.chain.logs import TOPICS, Closed, Seen, SeenDelivery, SeenRequest
from executor.chain.watcher import KEPT_BLOCKS, ChainEvent, Mark, RequestWatcher, Scanned, Vanished
from executor.errors import ChainUnavailable
from executor.model.report import Scheme

from .endpoints import Endpoint, Json, lying
from .support import Scene, answer, attest

pytestmark = pytest.mark.anvil


async def drain(watcher: RequestWatcher) -> list[ChainEvent]:
    """Everything there is now."""
    events: list[ChainEvent] = []
    while batch := await watcher.poll():
        events += batch
    return events


def only(kind: type, events: Iterable[ChainEvent]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def restarted(scene: Scene, events: Iterable[ChainEvent], seen: Iterable[Seen | Closed]) -> RequestWatcher:
    """A watcher of a node that was down: it has the marks of its journal, and what it had seen."""
    marks = only(Scanned, events)[-1].marks
    return RequestWatcher(scene.client, 0, confirmations=0, marks=marks, seen=seen)


async def test_a_request_in_another_block_is_another_request(restored: Scene) -> None:
    """The same transaction mined again has a new id: the id commits to the block. The old one vanished."""
    watcher = RequestWatcher(restored.client, 0, confirmations=0)
    await drain(watcher)
    made = await restored.request(b"moves")
    raw = await restored.client.rpc.call("eth_getRawTransactionByHash", str(made.location.transaction))
    assert [made] == only(SeenRequest, await drain(watcher))
    await restored.client.rpc.call("anvil_rollback", 1)
    await restored.mine()
    await restored.client.rpc.call("eth_sendRawTransaction", raw)
    await restored.mine()  # the node mines it in its own time otherwise

    events = await drain(watcher)
    assert [made] == [event.seen for event in only(Vanished, events)]
    (again,) = only(SeenRequest, events)
    assert (made.location.transaction, b"moves") == (again.location.transaction, again.request.input)
    assert made.request.nonce == again.request.nonce
    assert made.request_id != again.request_id
    assert (watcher.reorganisations, watcher.vanished) == (1, 1)


async def test_anvils_own_reorganisation_is_followed(restored: Scene) -> None:
    """Three blocks replaced by three empty ones, and later ones read on."""
    watcher = RequestWatcher(restored.client, 0, confirmations=0)
    stays = await restored.request(b"stays")
    goes = [await restored.request(bytes([number])) for number in range(3)]
    assert [stays, *goes] == only(SeenRequest, await drain(watcher))
    await restored.client.rpc.call("anvil_reorg", 3, [])
    comes = await restored.request(b"comes")
    events = await drain(watcher)
    assert list(reversed(goes)) == [event.seen for event in only(Vanished, events)], "newest first"
    assert [comes] == only(SeenRequest, events)


async def test_a_delivery_that_is_undone_is_delivered_again(restored: Scene) -> None:
    """The same attestation, nothing signed anew, closes the request a second time."""
    made = await restored.request(b"undone")
    report, output = answer(made, 9)
    attestation = attest(restored.epoch, [report], Scheme.ECDSA)
    watcher = RequestWatcher(restored.client, made.location.block_number, confirmations=0)
    await restored.transmitter.deliver(restored.epoch, attestation, [output])
    (first,) = only(SeenDelivery, await drain(watcher))
    await restored.client.rpc.call("anvil_reorg", 1, [])
    events = await drain(watcher)
    assert [first] == [event.seen for event in only(Vanished, events)]
    assert only(SeenDelivery, events) == []

    done = await restored.transmitter.deliver(restored.epoch, attestation, [output])
    assert (made.request_id,) == done.delivered
    (second,) = only(SeenDelivery, await drain(watcher))
    assert (first.request_id, first.status) == (second.request_id, second.status)
    assert first.location.block_hash != second.location.block_hash


def reorganising(url: str, place: int, depth: int) -> Endpoint:
    """A proxy to anvil whose chain is reorganised right after its answer number `place`."""
    left = [place]

    async def reply(call: Json) -> bytes:
        async with aiohttp.ClientSession() as session:
            async with session.post(url, json=call) as response:
                answer = await response.read()
            left[0] -= call["method"] != "eth_chainId"
            if left[0] == 0 and call["method"] != "eth_chainId":
                change = {"jsonrpc": "2.0", "id": 1, "method": "anvil_reorg", "params": [depth, []]}
                async with session.post(url, json=change) as response:
                    assert "error" not in await response.json()
        return answer

    return Endpoint(reply)


@pytest.mark.parametrize(
    ("place", "mined", "confirmations"), [(1, 1, 0), (1, 2, 0), (2, 2, 0), (1, 3, 1), (2, 3, 1), (3, 3, 1)]
)
async def test_a_reorganisation_between_any_two_answers_of_one_poll_is_noticed(
    restored: Scene, place: int, mined: int, confirmations: int
) -> None:
    """A poll asks for head, range's end and mark, where one does not tell of another, and logs."""
    goes = await restored.request(b"goes")
    before = await drain(RequestWatcher(restored.client, goes.location.block_number, confirmations=0))
    for _ in range(mined):
        await restored.mine()
    async with reorganising(restored.chain.url, place, mined + 1) as proxy:
        client = ChainClient([proxy.url], restored.client.chain_id, restored.client.router, attempts=1)
        marks = only(Scanned, before)[-1].marks
        watcher = RequestWatcher(client, 0, confirmations=confirmations, marks=marks, seen=only(SeenRequest, before))
        events = await watcher.poll()
        assert proxy.calls > place + 1
        await restored.mine()
        events += await drain(watcher)
        await client.close()
    assert [goes] == [event.seen for event in only(Vanished, events)]


async def test_everything_is_told_before_the_place_to_resume_at(restored: Scene) -> None:
    """`Scanned` ends what a poll yields, also after a reorganisation: who fails over it has missed nothing."""
    goes = await restored.request(b"goes")
    watcher = RequestWatcher(restored.client, goes.location.block_number, confirmations=0)
    await drain(watcher)
    await restored.client.rpc.call("anvil_reorg", 1, [])
    comes = await restored.request(b"comes")
    polls = [await watcher.poll() for _ in range(2)]
    assert [[Vanished, Scanned], [SeenRequest, Scanned]] == [[type(event) for event in poll] for poll in polls]
    assert [comes] == only(SeenRequest, polls[1])


async def test_what_vanished_is_told_though_the_logs_that_follow_cannot_be_read(restored: Scene) -> None:
    """An endpoint that fails in the middle of a reorganisation delays what comes, and loses nothing of what went."""
    goes = await restored.request(b"goes")
    broken: set[str] = set()
    async with lying(restored.chain.url, lambda method, value: None if method in broken else value) as proxy:
        client = ChainClient([proxy.url], restored.client.chain_id, restored.client.router, attempts=1)
        watcher = RequestWatcher(client, goes.location.block_number, confirmations=0)
        await drain(watcher)
        await restored.client.rpc.call("anvil_reorg", 1, [])
        await restored.mine()
        broken.add("eth_getLogs")
        events = await watcher.poll()
        with pytest.raises(ChainUnavailable, match="malformed reply"):
            await watcher.poll()
        broken.clear()
        events += await drain(watcher)
        await client.close()
    assert [goes] == [event.seen for event in only(Vanished, events)]


async def test_a_block_that_does_not_stand_on_the_one_before_is_not_read(restored: Scene) -> None:
    """An endpoint of two minds: the new header is of one chain, the old block of another."""
    made = await restored.request()
    other = "0x" + "77" * 32

    def confuse(method: str, value: Any) -> Any:
        return {**value, "parentHash": other} if method == "eth_getBlockByNumber" else value

    async with lying(restored.chain.url, confuse) as proxy:
        client = ChainClient([proxy.url], restored.client.chain_id, restored.client.router, attempts=1)
        watcher = RequestWatcher(client, made.location.block_number, confirmations=0)
        assert [made] == only(SeenRequest, await drain(watcher))
        await restored.mine()
        block = made.location.block_number + 1
        with pytest.raises(ChainUnavailable, match=f"block {block} stands on {other}"):
            await watcher.poll()
        assert block == watcher.next_block
        await client.close()


@pytest.mark.parametrize("depth", [2, 70])
async def test_what_is_reorganised_while_a_node_is_down_is_noticed(restored: Scene, depth: int) -> None:
    """Also deeper than the blocks that were once read again after a restart: marks and what was seen are kept."""
    open_request = await restored.request(b"open")
    made = await restored.request(b"closed")
    report, output = answer(made, 9)
    await restored.client.rpc.call("anvil_mine", hex(depth - 2))
    snapshot = await restored.client.rpc.call("evm_snapshot")
    goes = await restored.request(b"goes")
    await restored.transmitter.deliver(restored.epoch, attest(restored.epoch, [report], Scheme.ECDSA), [output])
    await restored.client.rpc.call("anvil_mine", hex(depth))
    before = await drain(
        RequestWatcher(restored.client, open_request.location.block_number, confirmations=0, max_range=8)
    )
    (delivery,) = only(SeenDelivery, before)
    closed = Closed(delivery.request_id, delivery.location)

    assert await restored.client.rpc.call("evm_revert", snapshot)
    await restored.client.rpc.call("evm_increaseTime", 60)
    comes = await restored.request(b"comes")
    await restored.client.rpc.call("anvil_mine", hex(depth + 20))

    watcher = restarted(restored, before, [*only(SeenRequest, before), closed])
    events = await drain(watcher)
    assert [closed, goes] == [event.seen for event in only(Vanished, events)]
    assert comes in only(SeenRequest, events)
    assert goes not in only(SeenRequest, events)


async def test_a_restart_without_a_reorganisation_reads_on(restored: Scene) -> None:
    """Nothing vanishes, and only what is new is read."""
    first = await restored.request()
    before = await drain(RequestWatcher(restored.client, first.location.block_number, confirmations=0))
    second = await restored.request()
    events = await drain(restarted(restored, before, only(SeenRequest, before)))
    assert ([second], []) == (only(SeenRequest, events), only(Vanished, events))


async def test_marks_are_few_and_grow_further_apart(restored: Scene) -> None:
    """The last blocks are among them, the oldest that is kept is not far from them in reach."""
    start = (await restored.client.head()).number
    await restored.client.rpc.call("anvil_mine", hex(100))
    events = await drain(RequestWatcher(restored.client, start, confirmations=0, max_range=1))
    marks = only(Scanned, events)[-1].marks
    distances = [later.number - earlier.number for earlier, later in pairwise(marks)]
    assert distances == sorted(distances, reverse=True)
    assert (1, start + 100) == (distances[-1], marks[-1].number)
    assert len(marks) < 10
    assert marks[0].number <= start + 50
    assert all(isinstance(mark, Mark) for mark in marks)
    assert KEPT_BLOCKS > 100


@pytest.mark.parametrize("depth", [2, "finalized"])
async def test_what_is_not_deep_enough_may_be_reorganised_unseen(restored: Scene, depth: int | str) -> None:
    """With two confirmations, or finality (here two blocks), a reorganisation of one block is nobody's business."""
    start = (await restored.client.head()).number + 1
    watcher = RequestWatcher(restored.client, start, confirmations=depth)  # type: ignore[arg-type] # a literal
    goes = await restored.request(b"goes")
    assert only(SeenRequest, await drain(watcher)) == []
    await restored.client.rpc.call("anvil_reorg", 1, [])
    comes = await restored.request(b"comes")
    assert only(SeenRequest, await drain(watcher)) == []
    await restored.mine(2)
    events = await drain(watcher)
    assert ([comes], []) == (only(SeenRequest, events), only(Vanished, events))
    assert goes.request_id != comes.request_id


async def test_an_endpoint_that_omits_logs_is_caught_by_the_bloom(
    restored: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own header names the router, and what it shows of the block does not add up; told, then believed."""
    monkeypatch.setattr("executor.chain.watcher.DOUBTED_POLLS", 3)
    made = await restored.request()

    def omit(method: str, value: Any) -> Any:
        return [] if method == "eth_getLogs" else value

    async with lying(restored.chain.url, omit) as proxy:
        client = ChainClient([proxy.url], restored.client.chain_id, restored.client.router, attempts=1)
        watcher = RequestWatcher(client, made.location.block_number, confirmations=0)
        for _ in range(3):
            with pytest.raises(
                ChainUnavailable, match=re.escape(f"block {made.location.block_number}: logs are missing")
            ):
                await watcher.poll()
        assert only(SeenRequest, await watcher.poll()) == []
        assert watcher.doubted == 3
        await client.close()


async def test_the_logs_of_a_block_add_up_to_its_bloom(restored: Scene) -> None:
    """Ours is the chain's own formula; an account that logged nothing is not in it."""
    seen = await restored.request()
    block = await restored.client.block_by_hash(seen.location.block_hash)
    logs = await restored.client.rpc.call("eth_getLogs", {"blockHash": str(seen.location.block_hash)})
    assert block is not None
    assert block.logs_bloom == bloom_of(
        (bytes.fromhex(log["address"][2:]), [bytes.fromhex(topic[2:]) for topic in log["topics"]]) for log in logs
    )
    assert may_hold(block.logs_bloom, restored.client.router, TOPICS)
    assert not may_hold(block.logs_bloom, dev_accounts()[3].address, TOPICS)
    assert not may_hold(bytes(256), restored.client.router, TOPICS)


def test_a_value_sets_three_bits_of_2048() -> None:
    """The example of Ethereum's wiki."""
    found = bits(bytes.fromhex("0f572e5295c57f15886f9b263e2f6d2d6c7b5ec6"))
    assert {place for place in range(2048) if found >> place & 1} == {1323, 431, 1319}


def limited(url: str, blocks: int) -> Endpoint:
    """A proxy that takes log ranges of so many blocks, in the words of a provider."""

    async def reply(call: Json) -> bytes:
        wanted = call["params"][0] if call["method"] == "eth_getLogs" else {}
        if "toBlock" in wanted and int(wanted["toBlock"], 16) - int(wanted["fromBlock"], 16) >= blocks:
            error = {"code": -32602, "message": f"eth_getLogs is limited to a {blocks} range"}
            return json.dumps({"jsonrpc": "2.0", "id": call["id"], "error": error}).encode()
        async with aiohttp.ClientSession() as session, session.post(url, json=call) as response:
            return await response.read()

    return Endpoint(reply)


async def test_endpoints_with_different_range_limits_are_read_in_ranges_that_enough_take(restored: Scene) -> None:
    """Three that take 2, 5 and 1,000 blocks; bounded ranges, halved until two agree; interrupted and resumed."""
    start = (await restored.client.head()).number + 1
    made = []
    for _ in range(3):
        made.append(await restored.request())
        await restored.client.rpc.call("anvil_mine", hex(6))
    async with limited(restored.chain.url, 2) as two, limited(restored.chain.url, 5) as five:
        urls = [two.url, five.url, restored.chain.url]
        client = ChainClient(urls, restored.client.chain_id, restored.client.router, attempts=1)
        watcher = RequestWatcher(client, start, confirmations=0)
        events: list[ChainEvent] = []
        while not only(SeenRequest, events):
            events += await watcher.poll()
        assert watcher.next_block <= start + 5
        resumed = RequestWatcher(
            client, 0, confirmations=0, marks=only(Scanned, events)[-1].marks, seen=only(SeenRequest, events)
        )
        while resumed.next_block <= (await restored.client.head()).number:
            events += await resumed.poll()
        assert made == only(SeenRequest, events)
        assert [endpoint.outvoted for endpoint in client.rpc.panel.endpoints] == [0, 0, 0]
        await client.close()
