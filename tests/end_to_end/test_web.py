"""Four nodes post one order, and one of them asks a price for all: what servers, chain and receipt say of it."""

from __future__ import annotations

import aiohttp
import pytest

from executor.model.observation import Kind
from executor.protocol.strategies import alone_member
from executor.receipts import all_passed
from executor.store.replies import FILE, read_replies
from executor.testing import function_of_source
from executor.testing.devnet import Devnet
from executor.testing.orders import SHOP
from tests.end_to_end.journey import checks_of, price_told, travel

pytestmark = pytest.mark.asyncio(loop_scope="session")  # as the network they share

SOURCE = """
import { abi, http, identical, observe, project, single } from "executor";
export default () => {
  const post = () => http.fetch("http://shop.test/orders", { method: "POST", body: "one" }).json();
  const order = observe(identical, () => project(post(), { number: "order" }).number, { label: "order" });
  observe(single, () => http.get("http://exchange-a.test/price").json().price, { label: "price" });
  return abi.encode(["uint256", "uint256"], [BigInt(order), 0n]);  // what the consumer reads
};
"""
MANIFEST = (
    '[capabilities.http]\nhosts = ["http://shop.test", "http://exchange-a.test"]\nmethods = ["GET", "POST"]\n'
    "keep_replies = true\n"
)


async def posted(devnet: Devnet) -> dict[str, int]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{devnet.overrides[SHOP]}/orders") as response,
    ):
        counts: dict[str, int] = await response.json()
        return counts


async def test_one_order_is_made_and_one_member_asks(devnet: Devnet) -> None:
    """By the key that all members send alike; the receipt shows who looked alone and what its writer was answered."""
    before = await posted(devnet)
    function = function_of_source(SOURCE, MANIFEST)
    journey = await travel(devnet, await devnet.register(function), [0, 1, 2, 3])
    after, receipt = await posted(devnet), journey.receipt
    assert after["orders"] - before["orders"] == 1
    assert devnet.epoch.quorum <= after["posts"] - before["posts"] <= 4
    order, price = receipt.transcript
    assert (Kind.VALUE, str(after["orders"]).encode()) == (order.kind, order.value)
    assert await price_told(devnet, journey) == after["orders"]
    alone = alone_member(journey.request_id, 4)
    assert [(alone, price.value)] == [(each.member, each.observation.value) for each in price.observations]
    checks = checks_of(receipt)
    assert all_passed(checks), checks
    assert sum(f"member {alone} alone looked (single)" in check.detail for check in checks) == 1
    assert receipt.replies is not None
    assert (receipt.replies[0].method, receipt.replies[0].status) == ("POST", 200)
    kept = read_replies(devnet.nodes[alone].directory / "data" / FILE, journey.request_id)
    assert [(each.reply.slot, each.reply.method) for each in kept] == [(0, "POST"), (1, "GET")]
