"""Every kind of trigger on a running network: registered, run by the committee, pushed once to its receiver."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from executor.chain.accounts import dev_accounts
from executor.chain.sender import TransactionSender
from executor.chain.signing import dev_account
from executor.chain.triggers import register_trigger, remove_trigger
from executor.cli._verbs import app
from executor.crypto.digests import request_id
from executor.model.function import Function
from executor.model.ids import Address, FunctionId, RegistrationId, RequestId
from executor.model.receipt import Receipt
from executor.model.trigger import TriggerKind, kind_of
from executor.model.trigger_config import BlockConfig, CronConfig, LogConfig, TriggerConfig
from executor.receipts import all_passed
from executor.receipts.files import parse_receipt
from executor.receipts.on_chain import verify_on_chain
from executor.testing.devnet import Devnet
from tests.end_to_end.journey import checks_of

pytestmark = pytest.mark.asyncio(loop_scope="session")  # as the network they share

TIMEOUT_S = 90.0
# Says yes to ERC-165 but for 0xffffffff; counts every other call in storage word 0.
RECEIVER = bytes.fromhex("5f3560e01c6301ffc9a7146016575f546001015f55005b60043560e01c63ffffffff14155f5260205ff3")
EMITTER = bytes.fromhex("5f35602036038060205f375fa100")  # LOG1: the first word is the topic, the rest the data


class Bench:
    """The network, and the account that owns its subscription."""

    def __init__(self, devnet: Devnet) -> None:
        self.devnet = devnet
        self.client = devnet.client
        self.sender = TransactionSender(devnet.client, dev_account(dev_accounts()[0]))

    async def make(self, runtime: bytes) -> Address:
        """A contract of this code."""
        length = len(runtime)
        head = bytes([0x60, length, 0x60, 11, 0x5F, 0x39, 0x60, length, 0x5F, 0xF3, 0])
        made = await self.sender.send(None, head + runtime)
        assert made.contract is not None
        return made.contract

    async def register(self, function: FunctionId, config: TriggerConfig, receiver: Address | None) -> RegistrationId:
        """A trigger that tells the receiver, or nobody."""
        kinds = {CronConfig: TriggerKind.CRON, BlockConfig: TriggerKind.BLOCK, LogConfig: TriggerKind.LOG}
        return await register_trigger(
            self.client,
            self.sender,
            kind=kinds[type(config)],
            function=function,
            config=config.canonical(),
            subscription=self.devnet.deployment.subscription,
            receiver=receiver,
            callback_gas_limit=0 if receiver is None else 100_000,
        )

    async def followed(self, key: RegistrationId) -> None:
        """Until every node follows it: it counts from the block after its own."""
        await self.mine()
        async with asyncio.timeout(TIMEOUT_S):
            for node in range(len(self.devnet.nodes)):
                while str(key) not in str(await self.events(node, "trigger-registered")):  # noqa: ASYNC110 # any node
                    await asyncio.sleep(0.1)

    async def events(self, node: int, kind: str) -> list[dict[str, object]]:
        """What a node told of a kind."""
        from executor.node.reader import ask

        told = await ask(self.devnet.nodes[node].url, "/v1/events?after=0")
        return [event for event in told if event["kind"] == kind]

    async def mine(self, blocks: int = 1) -> None:
        """Empty blocks."""
        for _ in range(blocks):
            await self.client.rpc.call("evm_mine")

    async def triggered(self, key: RegistrationId) -> RequestId:
        """The one request that a registration made, at the node that says so first."""
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                for event in await self.events(0, "triggered"):
                    if event["registration"] == str(key):
                        return RequestId.from_hex(str(event["request_id"]))
                await asyncio.sleep(0.1)

    async def receipt(self, node: int, identity: RequestId) -> Receipt:
        """A node's receipt, once it names the push."""
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                data = await self.devnet.network.receipt(node, identity)
                if data is not None and (found := parse_receipt(data)).delivered is not None:
                    return found
                await asyncio.sleep(0.2)

    async def pushed_once(self, identity: RequestId, receiver: Address | None, kind: TriggerKind) -> list[Receipt]:
        """On every node: a receipt that holds, here and on chain, what it cost too; the receiver was told once."""
        receipts = []
        for node in range(len(self.devnet.nodes)):
            receipt = await self.receipt(node, identity)
            assert request_id(receipt.request) == identity
            assert receipt.request.origin is not None
            assert kind_of(receipt.request.origin.event) is kind
            checks = [*checks_of(receipt), *await verify_on_chain(receipt, self.devnet.chain.url)]
            assert all_passed(checks), [check for check in checks if not check.passed]
            assert receipt.bill is not None
            receipts.append(receipt)
        if receiver is None:
            return receipts
        count = await self.client.rpc.call("eth_getStorageAt", str(receiver), "0x0", "latest")
        assert int(count, 16) == 1
        return receipts


@pytest.fixture
async def bench(devnet: Devnet) -> Bench:
    """The shared network."""
    return Bench(devnet)


async def test_a_clock_pushes_its_result(bench: Bench, eth_usd: Function) -> None:
    """The first block at or after the scheduled second gives the run its context."""
    function, receiver = await bench.devnet.register(eth_usd), await bench.make(RECEIVER)
    due = (await bench.client.head()).timestamp + 20
    when = datetime.fromtimestamp(due, UTC)
    schedule = f"{when.second} {when.minute} {when.hour} {when.day} {when.month} *"
    key = await bench.register(function, CronConfig(schedule=schedule), receiver)
    await bench.followed(key)
    await bench.client.rpc.call("evm_setNextBlockTimestamp", hex(due + 3))
    await bench.mine()
    identity = await bench.triggered(key)
    await bench.pushed_once(identity, receiver, TriggerKind.CRON)
    receipt = await bench.receipt(0, identity)
    assert receipt.request.block_timestamp == due + 3
    await remove_trigger(bench.client, bench.sender, key)


async def test_a_block_pushes_its_result(bench: Bench, eth_usd: Function) -> None:
    """A multiple of the interval, reached by empty blocks; without a receiver every node stores and serves it."""
    function, receiver = await bench.devnet.register(eth_usd), await bench.make(RECEIVER)
    every = (await bench.client.head()).number + 14
    key = await bench.register(function, BlockConfig(every=every), receiver)
    silent = await bench.register(function, BlockConfig(every=every), None)
    await bench.followed(silent)
    await bench.mine(every - (await bench.client.head()).number)
    identity = await bench.triggered(key)
    await bench.pushed_once(identity, receiver, TriggerKind.BLOCK)
    served = await bench.pushed_once(await bench.triggered(silent), None, TriggerKind.BLOCK)
    assert len({each.payload for each in served}) == 1
    for each in (key, silent):
        await remove_trigger(bench.client, bench.sender, each)


async def test_a_log_pushes_its_result(bench: Bench, eth_usd: Function) -> None:
    """An event of any contract, by its topic."""
    function, receiver = await bench.devnet.register(eth_usd), await bench.make(RECEIVER)
    emitter, topic = await bench.make(EMITTER), bytes([7]) * 32
    config = LogConfig(addresses=[str(emitter)], topics=[["0x" + topic.hex()]], confirmations=0)
    key = await bench.register(function, config, receiver)
    await bench.followed(key)
    await bench.sender.send(emitter, bytes(32) + b"another topic")
    await bench.sender.send(emitter, topic + b"data")
    identity = await bench.triggered(key)
    await bench.pushed_once(identity, receiver, TriggerKind.LOG)
    await remove_trigger(bench.client, bench.sender, key)


async def test_a_post_pushes_its_result_and_the_verbs_do_all_of_it(bench: Bench, eth_usd: Function) -> None:
    """`executor trigger`: register, fire the same twice at different members, list, pause, remove; it runs once."""
    function, receiver = await bench.devnet.register(eth_usd), await bench.make(RECEIVER)
    signer, deployment = dev_accounts()[6], bench.devnet.deployment
    place = [
        "--rpc",
        bench.devnet.chain.url,
        "--chain-id",
        str(deployment.chain_id),
        "--router",
        str(deployment.router),
    ]

    async def executor(*arguments: str, key: bytes = dev_accounts()[0].private_key) -> str:
        invoked = CliRunner().invoke
        done = await asyncio.to_thread(
            invoked, app, ["trigger", *arguments], env={"EXECUTOR_TRIGGER_KEY": key.hex()}, catch_exceptions=False
        )
        assert done.exit_code == 0, done.output
        return done.output

    config = json.dumps({"signers": [str(signer.address)]})
    made = await executor(
        "register", str(function), "--kind", "http", "--config", config, "--subscription", str(deployment.subscription),
        "--receiver", str(receiver), "--callback-gas", "100000", *place, "--json",
    )  # fmt: skip
    key = RegistrationId.from_hex(json.loads(made)["registration"])
    await bench.followed(key)
    head = str((await bench.client.head()).number)
    urls, until = [node.url for node in bench.devnet.nodes], str(int(time.time()) + 86_400)
    fire = ["fire", str(key), "--body", "{}", "--nonce", "1", "--block", head, "--expires", until, "--json"]
    answer = json.loads(await executor(*fire, "--node", urls[2], key=signer.private_key))
    assert answer["status"] == "started"
    again = json.loads(await executor(*fire, "--node", urls[0], key=signer.private_key))
    assert again["request_id"] == answer["request_id"]
    identity = RequestId.from_hex(answer["request_id"])
    await bench.pushed_once(identity, receiver, TriggerKind.HTTP)
    assert str(key) in await executor("list", "--node", urls[0])
    await executor("pause", str(key), *place)
    await executor("remove", str(key), *place)
