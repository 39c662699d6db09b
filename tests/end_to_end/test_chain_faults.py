"""What a chain does to a running network: an endpoint lies, transmitters cannot pay, a delivery is reorganised out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from executor.keys.client import SignerClient
from executor.model.function import Function
from executor.model.receipt import ChainLocation
from executor.receipts import all_passed
from executor.testing.devnet import Devnet, DevnetSettings
from executor.testing.processes import free_ports
from tests.chain.endpoints import lying
from tests.end_to_end.journey import TIMEOUT_S, checks_of, deliveries, follow

pytestmark = pytest.mark.anvil

EVERYBODY = (0, 1, 2, 3)


def hide(method: str, value: Any) -> Any:
    """What an endpoint answers that shows no logs and invents funds."""
    return {"eth_getLogs": [], "eth_getBalance": "0x0"}.get(method, value)


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[Devnet]:
    """Four nodes on anvil, each through it, an honest proxy and a liar."""
    (port,) = free_ports(1)
    chain = f"http://127.0.0.1:{port}"
    async with lying(chain, lambda _, value: value) as honest, lying(chain, hide) as liar:
        urls = (honest.url, liar.url)
        settings = DevnetSettings(
            chain="anvil", chain_port=port, more_rpc_urls=urls, round_length_s=1, collect_delay_s=0.2
        )
        async with Devnet(tmp_path / "network", settings) as started:
            yield started


def told(network: Devnet, kind: str) -> list[tuple[int, dict[str, Any]]]:
    """What nodes told of no request in particular: (node, event)."""
    found = []
    for node in network.nodes:
        lines = (node.directory / "data" / "events.jsonl").read_text().splitlines()
        found += [(node.index, event) for event in map(json.loads, lines) if event["kind"] == kind]
    return found


async def until_told(network: Devnet, kind: str) -> list[tuple[int, dict[str, Any]]]:
    """The same, once there is any."""
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            if found := told(network, kind):
                return found
            await asyncio.sleep(0.2)


async def fund(network: Devnet, member: int, wei: int) -> None:
    """Set a transmitter's balance."""
    await network.client.rpc.call("anvil_setBalance", str(network.nodes[member].keys.transmitter), hex(wei))


async def replace(network: Devnet, location: ChainLocation) -> None:
    """Reorganise this block out, and all above it: again where one more was mined meanwhile."""
    while (there := await network.client.block(location.block_number)) and there.hash == location.block_hash:
        head = await network.client.head()
        await network.client.rpc.call("anvil_reorg", head.number - location.block_number + 1, [])


async def counters(network: Devnet) -> list[int]:
    """How much each signer has recorded."""
    clients = [SignerClient(node.socket) for node in network.nodes]
    try:
        return [await client.record_counter() for client in clients]
    finally:
        for client in clients:
            await client.close()


async def test_a_network_outlives_a_lying_endpoint_empty_accounts_and_a_reorganisation(
    network: Devnet, eth_usd: Function
) -> None:
    """One network, three faults: each is told of, its request is delivered, nothing is signed anew for a delivery."""
    function_id = await network.register(eth_usd)

    # One of three endpoints hides every log, and nobody can pay for a delivery; then one can that did not try first.
    for member in EVERYBODY:
        await fund(network, member, 0)
    positions = await network.network.positions()
    seen = await network.request(function_id)
    poor = await until_told(network, "transmitter-without-funds")
    payer = (poor[0][0] + 1) % len(EVERYBODY)
    await fund(network, payer, 10**18)
    first = await follow(network, seen.request_id, positions, EVERYBODY)
    transmitters = {event["transmitter"] for _, event in first.of("delivered")}
    assert transmitters == {str(network.nodes[payer].keys.transmitter)}
    assert all_passed(checks_of(first.receipt))
    assert len(told(network, "transmitter-without-funds")) <= len(EVERYBODY), "each tells of it once"
    outvoted = told(network, "endpoint-outvoted")
    assert {node for node, _ in outvoted} == set(EVERYBODY)
    assert {event["endpoint"] for _, event in outvoted} == {urlsplit(network.settings.more_rpc_urls[1]).netloc}

    # The delivery is reorganised out, and made again from the attestation that is kept.
    delivered, signed = first.receipt.delivered, await counters(network)
    assert delivered is not None
    positions = await network.network.positions()
    await replace(network, delivered)
    for member in EVERYBODY:  # of what they had before, the reorganisation took it
        await fund(network, member, 10**18)
    second = await follow(network, seen.request_id, positions, EVERYBODY)
    assert {node for node, _ in second.of("vanished")} == set(EVERYBODY)
    assert second.receipt.attestation == first.receipt.attestation
    assert second.receipt.delivered is not None
    assert second.receipt.delivered.block_hash != delivered.block_hash
    assert await deliveries(network, seen.request_id) == 1
    assert await counters(network) == signed
