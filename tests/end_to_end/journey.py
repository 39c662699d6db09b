"""Sending a request and following it to its end, as every test here does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from executor.chain.bindings import price_consumer as binding
from executor.chain.logs import SeenDelivery, router_logs
from executor.chain.watcher import RequestWatcher
from executor.model.ids import FunctionId, RequestId
from executor.model.receipt import Receipt
from executor.receipts import Check, Loader, verify_receipt
from executor.receipts.files import parse_receipt
from executor.testing.devnet import Devnet

TIMEOUT_S = 90.0
LOADER = Loader()  # compiles an engine once for all receipts of a process
OTHER_CHAIN = 4242  # the chain beside the network's, which functions may read


@dataclass(frozen=True, slots=True)
class Journey:
    """A finished request: every node's events about it, and one node's receipt."""

    request_id: RequestId
    events: tuple[tuple[int, Mapping[str, Any]], ...]
    receipt: Receipt

    def of(self, kind: str) -> list[tuple[int, Mapping[str, Any]]]:
        """The events of a kind, with their nodes."""
        return [(node, event) for node, event in self.events if event["kind"] == kind]


async def travel(devnet: Devnet, function_id: FunctionId, alive: Sequence[int]) -> Journey:
    """Request, wait until all nodes in `alive` saw the delivery, and read the first one's receipt."""
    positions = await devnet.network.positions()
    seen = await devnet.request(function_id)
    return await follow(devnet, seen.request_id, positions, alive)


async def price_told(devnet: Devnet, journey: Journey) -> int:
    """The price the consumer was called back with: what it keeps is the newest, of all tests that share a network."""
    assert journey.receipt.delivered is not None, "its node saw the delivery"
    mined = await devnet.client.receipt(journey.receipt.delivered.transaction)
    assert mined is not None
    updates = [
        log.event(binding.PriceUpdated, of="PriceConsumer")
        for log in router_logs(mined.logs, devnet.deployment.consumer)
        if log.topics[0] == binding.PriceUpdated.TOPIC
    ]
    (update,) = [update for update in updates if update.request_id == journey.request_id]
    return update.price


def checks_of(receipt: Receipt) -> list[Check]:
    """All offline checks of a receipt."""
    return verify_receipt(receipt, load=LOADER)


async def deliveries(devnet: Devnet, request_id: RequestId) -> int:
    """How often the router says it delivered this request."""
    return (await all_deliveries(devnet))[request_id]


async def all_deliveries(devnet: Devnet) -> Counter[RequestId]:
    """How often the router says it delivered each request."""
    watcher = RequestWatcher(devnet.client, devnet.deployment.block_number, confirmations=0)
    count: Counter[RequestId] = Counter()
    while events := await watcher.poll():
        count.update(event.request_id for event in events if isinstance(event, SeenDelivery))
    return count


async def follow(devnet: Devnet, request_id: RequestId, positions: Mapping[int, int], alive: Sequence[int]) -> Journey:
    """The rest of a journey that has begun."""
    events: list[tuple[int, Mapping[str, Any]]] = []
    delivered: set[int] = set()
    async for node, event in devnet.network.follow(positions, request_id, TIMEOUT_S):
        events.append((node, event))
        if event["kind"] == "delivered":
            delivered.add(node)
        if delivered >= set(alive):
            break
    data = await devnet.network.receipt(alive[0], request_id)
    assert data is not None, "a node that saw the delivery has the receipt"
    return Journey(request_id, tuple(events), parse_receipt(data))
