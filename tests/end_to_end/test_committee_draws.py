"""The committee draws by its own key: made over the network, registered on chain, used though members die."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
import pytest_asyncio

from executor.chain.beacon import BeaconKeys
from executor.crypto.digests import keccak256
from executor.model.function import Function
from executor.model.ids import FunctionId
from executor.model.manifest import parse_manifest
from executor.model.observation import Kind
from executor.node.config import read_config
from executor.node.doctor.beacon import check_beacon
from executor.node.doctor.findings import Scene
from executor.receipts import all_passed
from executor.receipts.on_chain import verify_on_chain
from executor.testing.devnet import Devnet
from tests.drawing_guest import drawing_guest
from tests.end_to_end.journey import TIMEOUT_S, checks_of, deliveries, follow, travel

pytestmark = pytest.mark.asyncio(loop_scope="session")  # as the network they share

MANIFEST = (
    '[function]\nname = "draw"\nlanguage = "wasm"\nsource = "draw.wasm"\n[limits]\nobservations = 0\n'
    '[capabilities.random]\nsource = "committee"\ndraws = 2\n'
)


@pytest_asyncio.fixture(loop_scope="session")
async def drawing(devnet: Devnet) -> FunctionId:
    """A function of two draws."""
    return await devnet.register(Function(drawing_guest(2), parse_manifest(MANIFEST).terms))


async def test_a_contract_gets_what_the_committee_drew(devnet: Devnet, drawing: FunctionId) -> None:
    """Both values are their proofs' hashes; anyone checks the proofs and the key offline, and the key on chain."""
    journey = await travel(devnet, drawing, [0, 1, 2, 3])
    receipt = journey.receipt
    assert [entry.kind for entry in receipt.transcript] == [Kind.DRAW, Kind.DRAW]
    assert receipt.certificate is None
    assert receipt.payload == b"".join(keccak256(entry.value) for entry in receipt.transcript)
    checks = checks_of(receipt)
    assert all_passed(checks), checks
    assert {"draw key", "draws"} <= {check.name for check in checks}
    keys = BeaconKeys(devnet.client, devnet.deployment.beacon)
    async with asyncio.timeout(TIMEOUT_S):
        while (kept := await keys.key_of(devnet.epoch.identity)) is None:  # noqa: ASYNC110 # another process says
            await asyncio.sleep(0.2)
    assert receipt.draw_key is not None
    assert kept == receipt.draw_key.public_key
    on_chain = await verify_on_chain(receipt, devnet.chain.url, beacon=devnet.deployment.beacon)
    assert all_passed(on_chain), on_chain


async def test_a_member_says_how_its_epochs_key_stands(devnet: Devnet) -> None:
    """In its health; and `doctor` finds the Beacon, and the key there."""
    health = await devnet.network.health(1)
    assert health is not None
    (standing,) = health["draw_keys"]
    assert (standing["epoch"], standing["share"]) == (devnet.deployment.epoch, True)
    assert standing["state"] in ("made", "registered")
    config = read_config(devnet.nodes[1].directory / "node.toml")
    scene = Scene(config, chain=devnet.client, epoch=devnet.epoch)
    (found,) = await check_beacon(scene)
    assert (found.level, found.fact) == ("ok", f"{devnet.deployment.beacon} has the draw key of epoch 1")
    scene.epoch = replace(devnet.epoch, number=2)
    (found,) = await check_beacon(scene)
    assert found.level == "warning"
    elsewhere = config.random.model_copy(update={"beacon": str(devnet.deployment.router)})
    (found,) = await check_beacon(replace(scene, config=config.model_copy(update={"random": elsewhere})))
    assert (found.level, "is no Beacon" in found.fact) == ("problem", True)


async def test_a_member_that_is_killed_while_the_committee_draws_delays_nothing(
    devnet: Devnet, drawing: FunctionId
) -> None:
    """Two of the others' parts make the draw; the killed one comes back with its share and draws in the next."""
    positions = await devnet.network.positions()
    seen = await devnet.request(drawing)
    devnet.kill(2)
    journey = await follow(devnet, seen.request_id, positions, [0, 1, 3])
    assert all_passed(checks_of(journey.receipt))
    assert await deliveries(devnet, seen.request_id) == 1
    await devnet.restart(2)
    devnet.kill(0)  # with one of four away, the one that came back is needed
    later = await travel(devnet, drawing, [1, 2, 3])
    assert all_passed(checks_of(later.receipt))
    assert later.receipt.draw_key is not None
    assert journey.receipt.draw_key is not None
    assert later.receipt.draw_key.hash == journey.receipt.draw_key.hash
