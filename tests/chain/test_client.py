"""ChainClient against replies that are nearly right: web3 parses them, and nothing of it escapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from executor.chain.accounts import dev_accounts
from executor.chain.client import Block, ChainClient, checksum
from executor.chain.contracts import connect
from executor.chain.embedded import EmbeddedChain
from executor.chain.provider import RpcProvider
from executor.chain.sender import TransactionSender
from executor.chain.signing import dev_account
from executor.chain.watcher import RequestWatcher
from executor.errors import ChainUnavailable, InvalidConfig, RpcRefused
from executor.model.ids import Digest

from .endpoints import Endpoint, lying, result
from .support import Scene

CHAIN_ID = 31337
DEEP: Any = []
for _ in range(20):
    DEEP = [DEEP]
WORD = 2**255  # more than any pointer or length can be


def words(*numbers: int) -> str:
    """ABI words."""
    return "0x" + b"".join(number.to_bytes(32, "big") for number in numbers).hex()


HOSTILE: list[Any] = [
    words(WORD),
    words(32, WORD),
    words(32, 1, 32, 0, 0, 0, 160, 160, WORD),  # a member whose bytes are longer than memory
    None,
    True,
    -1,
    1.5,
    2**70,
    "",
    "0x",
    "0xzz",
    "-0x1",
    "0x-1",
    "\ud800",
    "0x" + "f" * 65,
    "0x" + "ff" * 33,
    [],
    [None],
    ["0x"],
    {},
    {"": 1},
    DEEP,
]


class Liar:
    """A lie about one method that can be changed while the endpoint serves."""

    def __init__(self, method: str) -> None:
        self._method = method
        self.edit: Callable[[Any], Any] = lambda value: value

    def __call__(self, method: str, value: Any) -> Any:
        return self.edit(value) if method == self._method else value


async def test_whatever_is_answered_for_a_value_is_a_value_or_unavailable(scene: Scene) -> None:
    """Balances, code, counts, estimates, blocks, receipts, logs, views: each of them answered with each oddity."""
    odd = HOSTILE[0]
    async with Endpoint(lambda call: result(call, "0x7a69" if call["method"] == "eth_chainId" else odd)) as endpoint:
        client = ChainClient([endpoint.url], CHAIN_ID, scene.client.router, attempts=1)
        account = dev_accounts()[0].address
        sender = TransactionSender(client, dev_account(dev_accounts()[0]))
        reads: list[Callable[[], Any]] = [
            lambda: client.balance(account),
            lambda: client.code(account),
            lambda: sender.estimate(account, b""),
            lambda: sender._count("latest"),
            lambda: client.head("finalized"),
            lambda: client.block(1),
            lambda: client.block_by_hash(Digest(bytes(32))),
            lambda: client.receipt(Digest(bytes(32))),
            lambda: client.read(client.contract("Router", client.router).functions.pending(bytes(32))),
            lambda: client.read(client.contract("Committee", client.router).functions.epochMembers(1)),
            lambda: RequestWatcher(client, 0).poll(),
        ]
        refused = 0
        for value in HOSTILE:
            odd = value
            for read in reads:
                try:
                    answer = await read()
                except ChainUnavailable:
                    refused += 1
                else:
                    assert answer is None or isinstance(answer, int | bytes | list | tuple)
        assert refused > len(HOSTILE) * len(reads) * 0.8
        await client.close()


async def test_every_field_of_a_block_may_lie(scene: Scene) -> None:
    """A block with one odd or missing field is read, if the field is none of ours, or the endpoint does not work."""
    liar = Liar("eth_getBlockByNumber")
    async with lying(scene.chain.url, liar) as proxy:
        client = ChainClient([proxy.url], CHAIN_ID, scene.client.router, attempts=1)
        head = await client.head()
        fields = (await scene.client.rpc.call("eth_getBlockByNumber", "latest", False)).keys()
        for name in fields:
            for edit in edits(name):
                liar.edit = edit
                try:
                    read = await client.head()
                except ChainUnavailable:
                    continue
                assert isinstance(read, Block)
                assert (
                    name in {"number", "timestamp", "hash", "parentHash", "baseFeePerGas", "logsBloom"} or read == head
                )
        await client.close()


async def test_every_field_of_a_receipt_may_lie(scene: Scene) -> None:
    """So with receipts, whose logs are read with them."""
    seen = await scene.request()
    liar = Liar("eth_getTransactionReceipt")
    async with lying(scene.chain.url, liar) as proxy:
        client = ChainClient([proxy.url], CHAIN_ID, scene.client.router, attempts=1)
        honest = await client.receipt(seen.location.transaction)
        assert honest is not None
        raw = await scene.client.rpc.call("eth_getTransactionReceipt", str(seen.location.transaction))
        for name in raw:
            for edit in edits(name):
                liar.edit = edit
                try:
                    read = await client.receipt(seen.location.transaction)
                except ChainUnavailable:
                    continue
                assert read is not None
                assert read.location.transaction == seen.location.transaction
                assert isinstance(read.gas_used, int)
        await client.close()


async def test_every_field_of_a_log_may_lie(scene: Scene) -> None:
    """So with the watcher's logs: a lie that changes nothing we use is not seen, any other stops the poll."""
    seen = await scene.request()
    start = seen.location.block_number
    liar = Liar("eth_getLogs")
    async with lying(scene.chain.url, liar) as proxy:
        client = ChainClient([proxy.url], CHAIN_ID, scene.client.router, attempts=1)
        honest = await RequestWatcher(client, start, confirmations=0).poll()
        (raw,) = await scene.client.rpc.call(
            "eth_getLogs", {"address": str(scene.client.router), "fromBlock": hex(start), "toBlock": hex(start)}
        )
        for name in raw:
            for edit in edits(name):
                liar.edit = lambda logs, edit=edit: [edit(log) for log in logs]
                try:
                    read = await RequestWatcher(client, start, confirmations=0).poll()
                except ChainUnavailable:
                    continue
                assert name == "transactionHash" or read == honest  # any 32 bytes may be a hash
        await client.close()


def edits(name: str) -> list[Callable[[Any], Any]]:
    """The field missing, and each oddity in its place."""

    def without(value: Any) -> Any:
        return {key: each for key, each in value.items() if key != name}

    return [without, *[lambda value, odd=odd: {**value, name: odd} for odd in HOSTILE]]


async def test_a_block_of_a_proof_of_authority_chain_is_read(scene: Scene) -> None:
    """Their extra data is longer than Ethereum's; nothing we use depends on it."""
    async with lying(
        scene.chain.url, lambda method, value: {**value, "extraData": "0x" + "ab" * 97} if "Block" in method else value
    ) as proxy:
        client = ChainClient([proxy.url], CHAIN_ID, scene.client.router, attempts=1)
        assert await scene.client.head() == await client.head()
        await client.close()


async def test_no_contract_sends_us_elsewhere(embedded_chain: EmbeddedChain) -> None:
    """EIP-3668: a revert that asks for a URL to be read is a revert like any other, and no URL is read."""
    offchain_lookup = "0x556f1830" + "00" * 320
    error = {"code": 3, "message": "execution reverted", "data": offchain_lookup}

    def reply(call: Any) -> bytes:
        if call["method"] == "eth_chainId":
            return result(call, "0x7a69")
        return result(call, None).replace(b'"result": null', b'"error": ' + str(error).replace("'", '"').encode())

    async with Endpoint(reply) as endpoint:
        provider = RpcProvider([endpoint.url], CHAIN_ID, attempts=1)
        with pytest.raises(RpcRefused) as caught:
            await connect(provider).eth.call({"to": checksum(dev_accounts()[0].address)})
        assert caught.value.data.hex() == offchain_lookup[2:]
        assert endpoint.calls == 2
        await provider.close()


async def test_another_contract_at_the_routers_address_is_named(scene: Scene) -> None:
    """The committee's address in the router's place is the likeliest slip."""
    client = ChainClient([scene.chain.url], CHAIN_ID, scene.client.committee, attempts=1)
    with pytest.raises(InvalidConfig, match=f"the contract at the router's address {client.router} is no Router"):
        await client.connect()
    await client.close()
