"""Many requests at once: attested together where they can be, delivered once each."""

from __future__ import annotations

import asyncio

import pytest

from executor.model.function import Function
from executor.model.ids import RequestId
from executor.receipts import all_passed
from executor.receipts.files import parse_receipt
from executor.receipts.on_chain import verify_on_chain
from executor.testing.devnet import Devnet
from tests.end_to_end.journey import all_deliveries, checks_of

pytestmark = pytest.mark.asyncio(loop_scope="session")  # as the network they share

REQUESTS = 10
TIMEOUT_S = 90.0


async def receipt_when_delivered(devnet: Devnet, request_id: RequestId) -> bytes:
    """Node 0's receipt, once it names the delivery."""
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            data = await devnet.network.receipt(0, request_id)
            if data is not None and parse_receipt(data).delivered is not None:
                return data
            await asyncio.sleep(0.2)


@pytest.mark.timeout(600)  # four bursts on a machine that is busy with other things
async def test_requests_of_one_moment_are_delivered_together(devnet: Devnet, eth_usd: Function) -> None:
    """Ten requests: ten deliveries in fewer transactions, and every receipt holds with its batch's proof."""
    function_id = await devnet.register(eth_usd)
    for _ in range(4):  # on a busy machine a batch may find no quorum in time, and its reports go one by one
        seen = await asyncio.gather(*(devnet.request(function_id) for _ in range(REQUESTS)))
        receipts = [parse_receipt(await receipt_when_delivered(devnet, each.request_id)) for each in seen]
        for receipt in receipts:
            checks = [*checks_of(receipt), *await verify_on_chain(receipt, devnet.chain.url)]
            assert all_passed(checks), [check for check in checks if not check.passed]
        delivered = await all_deliveries(devnet)
        assert [delivered[each.request_id] for each in seen] == [1] * REQUESTS
        transactions = {receipt.delivered.transaction for receipt in receipts if receipt.delivered is not None}
        if len(transactions) < REQUESTS and max(len(receipt.attestation.reports) for receipt in receipts) > 1:
            return
    pytest.fail("nothing was attested together in four bursts")
