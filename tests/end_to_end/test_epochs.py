"""The committee changes under load: members leave, join and come with new keys, and no request is lost or repeated."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from executor.chain.accounts import dev_accounts
from executor.chain.beacon import BeaconKeys
from executor.chain.deploy import Registration, register, start_epoch
from executor.chain.logs import SeenDelivery
from executor.chain.sender import Account, TransactionSender
from executor.chain.signing import dev_account
from executor.chain.watcher import RequestWatcher
from executor.cli import secrets
from executor.crypto.digests import keccak256, profile_id
from executor.keys.client import SignerClient
from executor.keys.rotation import rotate_keys
from executor.model.function import Function
from executor.model.ids import FunctionId, RequestId
from executor.model.profile import PROFILE
from executor.receipts import all_passed
from executor.receipts.files import parse_receipt
from executor.testing.devnet import Devnet, DevnetSettings
from tests.end_to_end.journey import checks_of

TIMEOUT_S = 90.0
LOAD = 3  # requests in each epoch
LEAVES, ROTATES, JOINS = 0, 3, 4
MEMBERS = {1: (LEAVES, 1, 2, ROTATES), 2: (1, 2, ROTATES, JOINS), 3: (1, 2, JOINS, LEAVES)}
READER = FunctionId(keccak256(b"a function that no node holds, whose owner keeps a secret for it"))
SETTINGS = DevnetSettings(nodes=5, members=4, round_length_s=1, collect_delay_s=0.2, committee_draws=True)


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[Devnet]:
    """Four members, and a fifth operator who waits."""
    async with Devnet(tmp_path / "network", SETTINGS) as started:
        yield started


async def rotate(devnet: Devnet) -> None:
    """New keys of one operator beside the old, registered for the next epoch; its node runs on, its signer restarts."""
    node = devnet.nodes[ROTATES]
    assert node.signer is not None
    password = (devnet.directory / "keystore-password").read_text().strip()
    new = await asyncio.to_thread(rotate_keys, node.directory / "keys", password, keep_transmitter=True, fast=True)
    await asyncio.to_thread(node.signer.stop)
    await asyncio.to_thread(devnet.restart_signer, ROTATES)
    client = SignerClient(node.socket, key=new.public.signer)
    registration = Registration(
        operator=Account(node.keys.transmitter, client),
        signer=new.public.signer,
        bls_key=new.public.bls_key,
        encryption_key=new.public.encryption_key,
        endpoint=node.url,
        prove_possession=client.prove_possession,
    )
    await register(devnet.client, devnet.client.committee, registration)
    await client.close()


async def begin_epoch(devnet: Devnet, nodes: tuple[int, ...]) -> None:
    """The next epoch, of these nodes."""
    operators = [devnet.nodes[index].keys.transmitter for index in nodes]
    owner = TransactionSender(devnet.client, dev_account(dev_accounts()[0]))
    verifiers = [verifier.address for verifier in devnet.deployment.verifiers]
    await start_epoch(
        owner, devnet.client.committee, operators, profile_id(PROFILE), SETTINGS.round_length_s, verifiers
    )


async def deliveries(devnet: Devnet, wanted: set[RequestId]) -> Counter[RequestId]:
    """How often each request was delivered, once all are."""
    watcher = RequestWatcher(devnet.client, devnet.deployment.block_number, confirmations=0)
    count: Counter[RequestId] = Counter()
    async with asyncio.timeout(TIMEOUT_S):
        while set(count) != wanted:
            count.update(event.request_id for event in await watcher.poll() if isinstance(event, SeenDelivery))
            await asyncio.sleep(0.1)
    return count


async def served(devnet: Devnet, node: int) -> list[int]:
    """The epochs a node says that it serves."""
    health: dict[str, Any] | None = await devnet.network.health(node)
    assert health is not None
    return [each["epoch"] for each in health["epochs"]]


async def until_served(devnet: Devnet, node: int, epochs: list[int]) -> None:
    async with asyncio.timeout(TIMEOUT_S):
        while await served(devnet, node) != epochs:  # noqa: ASYNC110 # another process says
            await asyncio.sleep(0.1)


async def renew(devnet: Devnet, capsys: pytest.CaptureFixture[str]) -> dict[str, list[Any]]:
    """What `executor secrets renew` of the first account's one secret says: each member's answer, by name."""
    deployment = devnet.deployment
    capsys.readouterr()
    key_file = devnet.directory / "owner"
    run = partial(secrets.renew, subscription=deployment.subscription, key_file=key_file, json_output=True)
    place = {"rpc": [devnet.chain.url], "chain_id": deployment.chain_id, "router": str(deployment.router)}
    await asyncio.to_thread(run, str(READER), ["API_KEY=env:PATH"], **place)
    told: dict[str, list[Any]] = json.loads(capsys.readouterr().out)["members"]
    return told


async def missing(devnet: Devnet, node: int) -> int:
    """How many secrets a node says that its newest epoch lacks."""
    url = f"http://127.0.0.1:{devnet.nodes[node].metrics_port}/metrics"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        (count,) = re.findall(r'^executor_secrets\{state="missing"\} (\d+)', await answer.text(), re.M)
        return int(count)


async def drawn_with(devnet: Devnet, number: int) -> str:
    """An epoch's draw key, once every member has it and a share, and the Beacon has it, too."""
    members = MEMBERS[number]
    beacon = BeaconKeys(devnet.client, devnet.deployment.beacon)
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            told = [await devnet.network.health(node) for node in members]
            found = [key for each in told if each is not None for key in each["draw_keys"] if key["epoch"] == number]
            kept = await beacon.key_of(replace(devnet.epoch, number=number).identity)
            if len(found) == len(members) and all(key["share"] for key in found) and kept is not None:
                break
            await asyncio.sleep(0.1)
    assert {key["public_key"] for key in found} == {f"0x{kept.hex()}"}
    return kept.hex()


async def ends_when_asked(devnet: Devnet, node: int) -> None:
    """A node with two epochs ends by itself, in order, and says that nothing went wrong."""
    child = devnet.nodes[node].node
    assert child is not None
    await asyncio.to_thread(child.stop, 20.0)
    assert child._process.returncode == 0, child.tail()


async def test_the_committee_changes_under_load_and_nothing_is_lost_or_repeated(
    network: Devnet, eth_usd: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    """Requests of the old epoch end under its members, those of the new one under the new; nobody restarts for it.

    The second epoch, of two new members in four, makes a draw key of its own, also for one who was killed while the
    others made it; the third, with one new, goes on with that key.
    Secrets are put again for the new epoch's keys, once somebody renews them.
    """
    function_id = await network.register(eth_usd)
    (network.directory / "owner").write_text(dev_accounts()[0].private_key.hex())
    first = (await renew(network, capsys))["API_KEY"]
    assert await renew(network, capsys) == {}, "nothing is due"
    assert [await served(network, node) for node in range(5)] == [[1], [1], [1], [1], []]

    old = [await network.request(function_id) for _ in range(LOAD)]
    await rotate(network)
    await begin_epoch(network, MEMBERS[2])  # one member leaves, one joins, one has new keys
    network.kill(2)  # while it makes the new epoch's draw key with the others
    new = [await network.request(function_id) for _ in range(LOAD)]

    assert [{1}, {2}] == [{each.request.epoch for each in some} for some in (old, new)]
    wanted = {each.request_id for each in (*old, *new)}
    assert dict.fromkeys(wanted, 1) == await deliveries(network, wanted)
    await network.restart(2)
    await until_served(network, JOINS, [2])
    assert [await missing(network, node) for node in (LEAVES, 1, 2, JOINS)] == [0, 1, 1, 0]
    second = (await renew(network, capsys))["API_KEY"]
    assert [len(first), len(second)] == [4, 4]
    assert max(each["version"] for each in first) < min(each["version"] for each in second)
    assert [await missing(network, node) for node in (LEAVES, 1, 2, JOINS)] == [0, 0, 0, 0]
    assert [await served(network, node) for node in range(5)] == [[1], [1, 2], [1, 2], [1, 2], [2]]
    for epoch, some in ((1, old), (2, new)):
        data = await network.network.receipt(1, some[-1].request_id)
        assert data is not None
        receipt = parse_receipt(data)
        assert epoch == receipt.epoch.number
        assert all_passed(checks_of(receipt))
    keys = [await drawn_with(network, number) for number in (1, 2)]
    assert len(set(keys)) == 2
    await ends_when_asked(network, 2)
    await network.restart(2)
    assert await served(network, 2) == [1, 2]
    left = await network.network.health(LEAVES)
    assert left is not None
    assert "is no member of epoch 2" in left["refused_epochs"]["2"]

    await begin_epoch(network, MEMBERS[3])
    assert await drawn_with(network, 3) == keys[1]
