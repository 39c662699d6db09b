"""The watcher: depth, order, resuming, reorganisations, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from executor.chain.client import ChainClient
from executor.chain.deploy import PRICES
from executor.chain.logs import Dropped, SeenDelivery, SeenExpiry, SeenRequest
from executor.chain.subscriptions import expire
from executor.chain.watcher import ChainEvent, Depth, RequestWatcher, Scanned, Vanished
from executor.crypto.digests import request_id
from executor.errors import ChainUnavailable, InvalidConfig
from executor.model.billing import work
from executor.model.report import Scheme

from .endpoints import Endpoint, lying
from .support import FUNCTION, Scene, answer, attest


async def drain(watcher: RequestWatcher) -> list[ChainEvent]:
    """Everything there is now."""
    events: list[ChainEvent] = []
    while batch := await watcher.poll():
        events += batch
    return events


def watch(scene: Scene, from_block: int, depth: Depth = 0, **options: Any) -> RequestWatcher:
    return RequestWatcher(scene.client, from_block, confirmations=depth, **options)


def only(kind: type, events: list[ChainEvent]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


async def test_a_request_is_seen_as_it_was_made(any_scene: Scene) -> None:
    """The event, its header and its recomputed id give the whole request."""
    made = await any_scene.request(b"some input")
    (seen,) = only(SeenRequest, await drain(watch(any_scene, made.location.block_number)))
    assert made == seen
    assert seen.request_id == request_id(seen.request)
    assert (b"some input", FUNCTION, any_scene.deployment.consumer, any_scene.epoch.number) == (
        seen.request.input,
        seen.request.function_id,
        seen.request.consumer,
        seen.request.epoch,
    )


async def test_confirmations_are_waited_for(any_scene: Scene) -> None:
    """A request with two confirmations asked for is seen with the second block on top."""
    made = await any_scene.request()
    watcher = watch(any_scene, made.location.block_number, 2)
    assert only(SeenRequest, await drain(watcher)) == []
    await any_scene.mine()
    assert only(SeenRequest, await drain(watcher)) == []
    await any_scene.mine()
    assert [made] == only(SeenRequest, await drain(watcher))


async def test_finalized_is_what_the_node_says(any_scene: Scene) -> None:
    """Following finality sees a request once its block is final."""
    made = await any_scene.request()
    await any_scene.mine(4)  # anvil here finalizes two blocks behind the head
    assert [made] == only(SeenRequest, await drain(watch(any_scene, made.location.block_number, "finalized")))


async def test_resuming_loses_and_repeats_nothing(scene: Scene) -> None:
    """A watcher begun at the last `Scanned` continues exactly there."""
    first = await scene.request()
    events = await drain(watch(scene, first.location.block_number))
    last = only(Scanned, events)[-1]
    second = await scene.request()
    assert [second] == only(SeenRequest, await drain(watch(scene, last.next_block)))


async def test_small_ranges_give_the_same_events_in_order(scene: Scene) -> None:
    """Reading block by block sees what reading at once sees."""
    start = (await scene.request()).location.block_number
    for _ in range(3):
        await scene.request()
        await scene.mine(2)
    at_once = only(SeenRequest, await drain(watch(scene, start)))
    assert len(at_once) == 4
    assert at_once == only(SeenRequest, await drain(watch(scene, start, max_range=1)))


async def test_deliveries_and_expiries_are_seen(scene: Scene) -> None:
    """Both ways a request can close are followed."""
    delivered, expired = await scene.request(), await scene.request()
    report, output = answer(delivered, 5)
    await scene.transmitter.deliver(scene.epoch, attest(scene.epoch, [report], Scheme.BLS), [output])
    snapshot = await scene.client.rpc.call("evm_snapshot")
    await scene.client.rpc.call("evm_setNextBlockTimestamp", expired.deadline)
    await scene.mine()
    await expire(scene.client, scene.requester, expired.request_id)
    events = await drain(watch(scene, delivered.location.block_number))
    (delivery,) = only(SeenDelivery, events)
    assert (delivered.request_id, 0, True) == (delivery.request_id, delivery.status, delivery.success)
    charge = delivery.charge
    assert work(PRICES, report.fuel_used, report.slots) == charge.work
    assert charge.gas_cost > 0
    assert delivered.quote.max_cost == charge.work + charge.gas_cost + charge.refund
    (expiry,) = only(SeenExpiry, events)
    assert (expired.request_id, expired.quote.max_cost) == (expiry.request_id, expiry.refund)
    assert await scene.client.rpc.call("evm_revert", snapshot)
    await scene.client.rpc.call("evm_increaseTime", 0)


async def test_a_reorganised_request_vanishes(any_scene: Scene) -> None:
    """What a reorganisation removes is reported, what replaces it is seen, and nothing twice."""
    scene = any_scene
    stays = await scene.request(b"stays")
    snapshot = await scene.client.rpc.call("evm_snapshot")
    goes = await scene.request(b"goes")
    watcher = watch(scene, stays.location.block_number, max_range=1)
    assert [stays, goes] == only(SeenRequest, await drain(watcher))

    assert await scene.client.rpc.call("evm_revert", snapshot)
    await scene.client.rpc.call("evm_increaseTime", 60)
    comes = await scene.request(b"comes")
    await scene.mine()

    events = await drain(watcher)
    assert [goes] == [event.seen for event in only(Vanished, events)]
    assert [comes] == only(SeenRequest, events)


async def test_old_blocks_are_forgotten_but_not_the_present(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded: what lies deeper than any reorganisation followed is dropped, later events are still seen."""
    monkeypatch.setattr("executor.chain.watcher.KEPT_BLOCKS", 5)
    first = await scene.request()
    watcher = watch(scene, first.location.block_number, max_range=1)
    await scene.mine(20)
    await drain(watcher)
    assert (len(watcher._seen), len(watcher._checkpoints)) == (0, 5)
    later = await scene.request()
    assert [later] == only(SeenRequest, await drain(watcher))


async def test_a_reorganisation_is_noticed_after_a_failure(scene: Scene) -> None:
    """When the endpoint fails in the middle of going back, the next poll still reports everything."""
    snapshot = await scene.client.rpc.call("evm_snapshot")
    goes = await scene.request(b"goes")
    watcher = watch(scene, goes.location.block_number)
    assert [goes] == only(SeenRequest, await drain(watcher))
    assert await scene.client.rpc.call("evm_revert", snapshot)
    await scene.client.rpc.call("evm_increaseTime", 60)
    await scene.mine(2)

    answers = iter([True, True, False])
    async with lying(scene.chain.url, lambda m, value: value if next(answers, True) else 7) as flaky:
        client = ChainClient([flaky.url], scene.client.chain_id, scene.client.router, attempts=1)
        steady, watcher._client = watcher._client, client
        with pytest.raises(ChainUnavailable):
            await watcher.poll()
        watcher._client = steady
        await client.close()
    assert [goes] == [event.seen for event in only(Vanished, await drain(watcher))]


async def test_numbers_beyond_the_model_are_dropped_with_a_reason(scene: Scene) -> None:
    """A nonce above 2^53 - 1 makes no request; the watcher says why and goes on."""
    start = (await scene.request()).location.block_number
    after = await scene.request()

    def lie(method: str, value: Any) -> Any:
        if method == "eth_getLogs":
            value[0]["data"] = "0x" + f"{2**60:064x}" + value[0]["data"][66:]  # the context's first word
        return value

    events = await poll_through(scene, lying(scene.chain.url, lie), start)
    assert [event.reason for event in only(Dropped, events)] == ["nonce is above 2^53 - 1"]
    assert [after] == only(SeenRequest, events)


async def test_an_input_that_no_router_takes_is_dropped_with_a_reason(scene: Scene) -> None:
    """An endpoint that is alone could invent one; a node would journal it, and not read it again after a restart."""
    start = (await scene.request(b"a" * 32)).location.block_number

    def lie(method: str, value: Any) -> Any:
        if method == "eth_getLogs":
            for log in value:
                short, long = f"{32:064x}" + "61" * 32, f"{2_000_000:064x}" + "61" * 2_000_000
                log["data"] = log["data"].replace(short, long)
        return value

    (dropped,) = only(Dropped, await poll_through(scene, lying(scene.chain.url, lie), start))
    assert dropped.reason == "an input of 2000000 bytes; a router takes 65536 at most"


async def poll_through(scene: Scene, proxy: Endpoint, start: int) -> list[ChainEvent]:
    async with proxy:
        client = ChainClient([proxy.url], scene.client.chain_id, scene.client.router, attempts=1)
        try:
            return await RequestWatcher(client, start, confirmations=0).poll()
        finally:
            await client.close()


async def test_an_id_that_does_not_commit_to_the_request_is_refused(scene: Scene) -> None:
    """An edited event is dropped: its id is not the edited request's."""
    start = (await scene.request(b"a" * 32)).location.block_number

    def lie(method: str, value: Any) -> Any:
        if method == "eth_getLogs":
            for log in value:
                log["data"] = log["data"].replace("61" * 32, "62" * 32)
        return value

    (dropped,) = only(Dropped, await poll_through(scene, lying(scene.chain.url, lie), start))
    assert "does not commit" in dropped.reason


@pytest.mark.parametrize("field", ["timestamp", "parentHash", "hash", "number"])
async def test_a_header_that_contradicts_the_event_is_the_endpoints_fault(scene: Scene, field: str) -> None:
    """Nothing is yielded or skipped on such an answer; the poll fails and may be repeated."""
    start = (await scene.request()).location.block_number

    def lie(method: str, value: Any) -> Any:
        if method == "eth_getBlockByHash":
            digit = "1" if value[field][-1] != "1" else "2"
            value[field] = value[field][:-1] + digit
        return value

    with pytest.raises(ChainUnavailable):
        await poll_through(scene, lying(scene.chain.url, lie), start)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("address", "0x" + "11" * 20),
        ("blockNumber", "0x0"),
        ("topics", []),
        ("topics", ["0x" + "00" * 32]),
        ("topics", "0x"),
        ("data", "0x00"),
        ("data", None),
        ("removed", True),
        ("logIndex", -1),
        ("transactionHash", "0x12"),
    ],
)
async def test_a_log_that_was_not_asked_for_is_the_endpoints_fault(scene: Scene, field: str, value: Any) -> None:
    """Logs of others, elsewhere, or of another shape stop the poll."""
    start = (await scene.request()).location.block_number

    def lie(method: str, logs: Any) -> Any:
        return [{**log, field: value} for log in logs] if method == "eth_getLogs" else logs

    with pytest.raises(ChainUnavailable):
        await poll_through(scene, lying(scene.chain.url, lie), start)


async def test_too_many_logs_are_read_in_smaller_ranges(scene: Scene) -> None:
    """A reply beyond the bound halves the range until it fits."""
    start = (await scene.request(b"x" * 5_000)).location.block_number
    for _ in range(5):
        await scene.request(b"x" * 5_000)
    client = ChainClient([scene.chain.url], scene.client.chain_id, scene.client.router, max_reply_bytes=30_000)
    watcher = RequestWatcher(client, start, confirmations=0)
    events: list[ChainEvent] = []
    while not events or only(Scanned, events)[-1].next_block <= start + 5:
        events += await watcher.poll()
    await client.close()
    assert len(only(SeenRequest, events)) == 6


async def test_following_yields_as_it_happens(scene: Scene) -> None:
    """`follow` ends its first range with `Scanned` and then sees what is made later."""
    first = await scene.request()
    stream = watch(scene, first.location.block_number, poll_s=0.01).follow()
    assert first == await anext(stream)
    assert isinstance(await anext(stream), Scanned)
    second = await scene.request()
    assert second == await anext(stream)
    await stream.aclose()


def test_a_watchers_settings_are_checked(scene: Scene) -> None:
    """Negative places and depths and empty ranges are refused."""
    for arguments in ({"from_block": -1}, {"from_block": 0, "depth": -1}, {"from_block": 0, "max_range": 0}):
        with pytest.raises(InvalidConfig):
            watch(scene, **arguments)
