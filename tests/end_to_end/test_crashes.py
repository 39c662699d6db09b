"""Processes that die: nothing is lost, nothing is said twice differently."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import sys
from pathlib import Path

import aiohttp
import pytest

from executor.keys.keyset import KeySet, load_keys
from executor.keys.record import SignerRecord
from executor.keys.share_store import ShareStore
from executor.model.committee import EpochIdentity
from executor.model.function import Function
from executor.model.ids import FunctionId
from executor.node.continuity import ASK_AGAIN_S
from executor.receipts import all_passed
from executor.testing.devnet import Devnet, NodeProcess
from tests.end_to_end.journey import TIMEOUT_S, checks_of, deliveries, follow
from tests.end_to_end.memory import found_in

pytestmark = pytest.mark.asyncio(loop_scope="session")  # as the network they share


async def test_a_node_killed_in_the_middle_of_a_request_finishes_it_after_restart(
    devnet: Devnet, eth_usd: Function
) -> None:
    """With two of four killed there is no quorum; one comes back, with the observation it had journaled."""
    function_id = await devnet.register(eth_usd)
    positions = await devnet.network.positions()
    devnet.kill(3)
    seen = await devnet.request(function_id)
    observed: dict[int, str] = {}
    async for node, event in devnet.network.follow(positions, seen.request_id, TIMEOUT_S):
        if event["kind"] == "observed":
            observed[node] = event["value"]
        if event["kind"] == "observed" and node == 1:
            devnet.kill(1)
            break
    await asyncio.sleep(2 * devnet.settings.round_length_s)
    await devnet.restart(1)
    journey = await follow(devnet, seen.request_id, positions, [0, 1, 2])
    assert all_passed(checks_of(journey.receipt))
    told = {each.member: each.observation.value.decode() for each in journey.receipt.transcript[0].observations}
    assert all(told[member] == value for member, value in observed.items() if member in told)
    assert await deliveries(devnet, seen.request_id) == 1


async def test_a_signer_that_is_restarted_delays_its_node_and_no_more(last_devnet: Devnet, eth_usd: Function) -> None:
    """The node waits for its signer; the other three go on without it. Then: no key in it, and no way back for it.

    A member that is restored from a copy of both its files stops, because a peer shows what its signer stated later.
    """
    devnet = last_devnet
    function_id = await devnet.register(eth_usd)
    positions = await devnet.network.positions()
    signer = devnet.nodes[0].signer
    assert signer is not None
    os.kill(signer.pid, signal.SIGKILL)
    seen = await devnet.request(function_id)
    journey = await follow(devnet, seen.request_id, positions, [1, 2, 3])
    assert all_passed(checks_of(journey.receipt))
    devnet.restart_signer(0)
    second = await devnet.request(function_id)
    finished = await follow(devnet, second.request_id, await devnet.network.positions(), [0, 1, 2, 3])
    assert all_passed(checks_of(finished.receipt))

    node = devnet.nodes[0]
    assert node.node is not None
    password = (devnet.directory / "keystore-password").read_text().strip()
    keys = load_keys(node.directory / "keys", password)
    secrets = {name: getattr(keys, name) for name in ("signer", "transmitter", "bls", "encryption")}
    await until_shared(devnet, 0)
    share = share_of(node, keys, devnet.epoch.identity)
    secrets |= {"share": share[:32], "the other half of it": share[32:]}
    assert found_in("self", secrets) == set(secrets), "the search finds what is there"
    workers = children_of(node.node.pid)
    assert workers
    for process in (node.node.pid, *workers):
        assert found_in(process, secrets) == set(), "K1: only the signer holds keys"

    await restore_node(devnet, 0, function_id)
    devnet.restart_signer(0)
    await devnet.restart(0)
    restored = node.node
    async with asyncio.timeout(60):
        while restored.running:  # noqa: ASYNC110 # a process sets no event
            await asyncio.sleep(0.1)
    assert "was rolled back" in restored.tail()
    third = await devnet.request(function_id)
    await follow(devnet, third.request_id, await devnet.network.positions(), [1, 2, 3])


async def restore_node(devnet: Devnet, index: int, function_id: FunctionId) -> None:
    """Stop a member, and bring back a copy of its journal and its record from before its last promises."""
    node = devnet.nodes[index]
    copies, files = devnet.directory / "backup", (("keys", "record.sqlite3*"), ("data", "journal.sqlite3*"))
    stop_both(node)
    for folder, pattern in files:
        (copies / folder).mkdir(parents=True)
        for path in (node.directory / folder).glob(pattern):
            shutil.copy(path, copies / folder)
    devnet.restart_signer(index)
    await devnet.restart(index)
    await until_ready(node)  # it takes part in what follows, and with another one down nothing goes without it
    devnet.kill(other := (index + 1) % len(devnet.nodes))
    positions = await devnet.network.positions()
    seen = await devnet.request(function_id)
    await follow(devnet, seen.request_id, positions, [each for each in range(len(devnet.nodes)) if each != other])
    await devnet.restart(other)
    await devnet.restart(index)  # at its start it states its counter to all: once it may sign
    await until_ready(node)
    await asyncio.sleep(ASK_AGAIN_S + 2)
    stop_both(node)
    for folder, pattern in files:
        for path in (node.directory / folder).glob(pattern):
            path.unlink()
        for path in (copies / folder).iterdir():
            shutil.copy(path, node.directory / folder)


async def until_shared(devnet: Devnet, index: int) -> None:
    """Wait until a member has its share of the epoch's draw key."""
    async with asyncio.timeout(60):
        while not ((health := await devnet.network.health(index)) and health["draw_keys"][0]["share"]):  # noqa: ASYNC110 # another process says
            await asyncio.sleep(0.2)


def share_of(node: NodeProcess, keys: KeySet, epoch: EpochIdentity) -> bytes:
    """A member's share, from a copy of its signer's record: 64 bytes that nothing but the signer should know."""
    copy = node.directory / "copy.sqlite3"
    for ending in ("", "-wal"):
        shutil.copy(node.directory / "keys" / f"record.sqlite3{ending}", f"{copy}{ending}")
    record = SignerRecord.open(copy, keys.public.signer)
    kept = ShareStore(record, keys.public.signer, keys.encryption).find(epoch, "share")
    record.close()
    assert kept is not None
    return kept[32:]


async def until_ready(node: NodeProcess) -> None:
    """Wait until a node can do a member's work."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(60):
        while True:
            async with session.get(f"{node.url}/v1/ready") as answer:
                if answer.status == 200:
                    return
            await asyncio.sleep(0.2)


def stop_both(node: NodeProcess) -> None:
    """End a node, then its signer."""
    assert node.node is not None
    assert node.signer is not None
    node.node.stop(15)
    node.signer.stop()


def children_of(process: int) -> list[int]:
    """The processes that this one started."""
    stats = Path("/proc").glob("[0-9]*/stat")
    return [int(stat.parent.name) for stat in stats if _parent(stat) == process]


def _parent(stat: Path) -> int:
    try:
        return int(stat.read_text().rsplit(")", 1)[1].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


async def test_a_chain_that_does_not_answer_delays_a_request_and_loses_nothing(
    devnet: Devnet, eth_usd: Function
) -> None:
    """The endpoint hangs while the request is under way; when it is back, the one delivery happens."""
    function_id = await devnet.register(eth_usd)
    positions = await devnet.network.positions()
    seen = await devnet.request(function_id)
    chain = devnet.chain.pid
    assert chain is not None
    os.kill(chain, signal.SIGSTOP)
    try:
        await asyncio.sleep(12)  # longer than a call's timeout of 10 s
        states = [await devnet.network.health(node) for node in range(4)]
        assert all(states), "nodes serve while their endpoint is away"
    finally:
        os.kill(chain, signal.SIGCONT)
    journey = await follow(devnet, seen.request_id, positions, [0, 1, 2, 3])
    assert all_passed(checks_of(journey.receipt))
    assert await deliveries(devnet, seen.request_id) == 1


WRONG = (
    ("id = 31337", "id = 1", "the configuration names 1"),
    ('operator = "0x', 'operator = "0x00', "operator"),
    ("\nport = ", "\nport = 0 #", "port"),
    ('scheme = "', 'scheme = "x', "scheme"),
)


async def test_a_node_with_a_wrong_configuration_says_what_is_wrong(devnet: Devnet) -> None:
    """One line on standard error, exit code 2, and nothing served."""
    directory = devnet.nodes[0].directory
    for right, changed, named in WRONG:
        wrong = directory / "wrong.toml"
        wrong.write_text((directory / "node.toml").read_text().replace(right, changed))
        code, output, errors = await run_node(wrong)
        assert code == 2, errors
        assert output == ""
        assert named in errors
        assert errors.count("\n") == 1


async def test_a_node_whose_port_is_taken_names_it(devnet: Devnet) -> None:
    """It serves nothing, and ends."""
    node = devnet.nodes[3]
    assert node.node is not None
    await asyncio.to_thread(node.node.stop, 15)
    with socket.create_server(("127.0.0.1", node.port)):
        code, output, errors = await run_node(node.directory / "node.toml")
    assert code != 0
    assert output == ""
    assert str(node.port) in errors


async def run_node(config: Path) -> tuple[int | None, str, str]:
    """`executor node run` to its end: exit code, output, errors."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from executor.cli import main; main()", "node", "run", "--config", str(config)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await asyncio.wait_for(process.communicate(), 120)
    return process.returncode, output.decode(), errors.decode()


async def test_a_second_network_runs_beside_the_first_and_leaves_nothing_running(
    devnet: Devnet, tmp_path: Path
) -> None:
    """Ports are free ones, folders are each network's own; once it is closed every child of every node is gone."""
    async with Devnet(tmp_path / "second", devnet.settings) as second:
        assert {node.port for node in second.nodes}.isdisjoint({node.port for node in devnet.nodes})
        assert second.chain.url != devnet.chain.url
        children = [child for node in second.nodes for child in (node.node, node.signer) if child is not None]
        workers = [pid for child in children for pid in _children_of(child.pid)]
        assert workers, "nodes have worker processes"
        await second.close()  # closing twice is allowed
    await asyncio.sleep(0.5)
    assert not any(child.running for child in children)
    assert [pid for pid in workers if _exists(pid)] == []


def _children_of(pid: int) -> list[int]:
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(word) for thread in threads for word in thread.read_text().split()]


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
