"""Functions' bytes on real nodes: uploaded to one, served by all, fetched again by who lost them."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace

import pytest

from executor.errors import InvalidValue
from executor.model.function import Function
from executor.receipts import all_passed
from executor.testing.devnet import Devnet
from tests.end_to_end.journey import checks_of, travel

pytestmark = pytest.mark.asyncio(loop_scope="session")  # as the network they share
TIMEOUT_S = 30.0


async def test_bytes_given_to_one_node_are_served_by_all(devnet: Devnet, eth_usd: Function) -> None:
    """The registry names the function, the others ask the one that has it, and a request meets it everywhere."""
    function = replace(eth_usd, source=eth_usd.source + b"\n// no node has had this one\n")
    with pytest.raises(InvalidValue, match="needs the header executor-upload"):
        await devnet.network.upload(function)
    function_id = await devnet.register(function, nodes=[2])
    other = replace(function, source=function.source + b"\n")
    with pytest.raises(InvalidValue, match="is not account"):
        await devnet.network.upload(other, [1], authorisation=devnet.upload_header(function_id, account=3))
    async with asyncio.timeout(TIMEOUT_S):
        for node in range(4):
            while await devnet.network.function(node, function_id) != function:  # noqa: ASYNC110 # another process's
                await asyncio.sleep(0.1)
    journey = await travel(devnet, function_id, [0, 1, 2, 3])
    assert all_passed(checks_of(journey.receipt))

    devnet.kill(1)
    shutil.rmtree(devnet.nodes[1].directory / "data" / "blobs")
    await devnet.restart(1)
    after = await travel(devnet, function_id, [0, 1, 2, 3])
    assert {node for node, event in after.events if event["kind"] == "function-missing"} == {1}
    assert await devnet.network.function(1, function_id) == function
