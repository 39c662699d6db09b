"""The embedded chain over real HTTP: JSON-RPC, mining, accounts, clients, processes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from eth_account import Account

from executor.chain.accounts import DEV_BALANCE_WEI, DevAccount, dev_accounts
from executor.chain.embedded import EmbeddedChain
from executor.chain.embedded.ledger import ANSWER_BYTES, ANSWERS_KEPT, Call, Ledger
from executor.chain.embedded.server import MAX_BATCH, MAX_BODY_BYTES
from executor.errors import ChainUnavailable

ALICE, BOB, CAROL = dev_accounts()[:3]
SINK = "0x" + "99" * 20


class Wire:
    """Raw JSON-RPC."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = aiohttp.ClientSession()

    async def post(self, body: Any) -> Any:
        async with self.session.post(self.url, json=body) as response:
            return await response.json()

    async def reply(self, method: str, *params: Any) -> Any:
        return await self.post({"jsonrpc": "2.0", "id": 7, "method": method, "params": list(params)})

    async def __call__(self, method: str, *params: Any) -> Any:
        return (await self.reply(method, *params))["result"]

    async def error(self, method: str, *params: Any) -> str:
        return str((await self.reply(method, *params))["error"]["message"])


@pytest.fixture
async def rpc(embedded_chain: EmbeddedChain) -> AsyncIterator[Wire]:
    """A chain at its genesis: what a test does is taken back."""
    wire = Wire(embedded_chain.url)
    genesis = await wire("evm_snapshot")
    yield wire
    await wire("evm_setAutomine", True)
    assert await wire("evm_revert", genesis)
    await wire.session.close()


def signed(account: DevAccount, nonce: int, **changes: Any) -> str:
    fields = {
        "type": 2,
        "chainId": 31337,
        "nonce": nonce,
        "to": bytes.fromhex(SINK[2:]),
        "value": 1,
        "data": b"",
        "gas": 21_000,
        "maxFeePerGas": 10**10,
        "maxPriorityFeePerGas": 10**9,
        **changes,
    }
    return "0x" + bytes(Account.sign_transaction(fields, account.private_key).raw_transaction).hex()


async def test_the_accounts_are_anvils_and_funded(rpc: Wire) -> None:
    """Deterministic development accounts, the same as anvil's."""
    accounts = await rpc("eth_accounts")
    assert accounts[0] == "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
    assert len(accounts) == 10
    assert hex(DEV_BALANCE_WEI) == await rpc("eth_getBalance", accounts[9], "latest")


async def test_a_transfer_is_mined_at_once(rpc: Wire) -> None:
    """Block, transaction, receipt, balance and nonce agree with each other."""
    hash = await rpc("eth_sendRawTransaction", signed(ALICE, 0))
    receipt = await rpc("eth_getTransactionReceipt", hash)
    block = await rpc("eth_getBlockByNumber", "latest", True)
    assert (
        receipt["status"],
        receipt["gasUsed"],
        receipt["blockNumber"],
        receipt["contractAddress"],
    ) == ("0x1", "0x5208", "0x1", None)
    assert block["transactions"] == [await rpc("eth_getTransactionByHash", hash)]
    assert block == await rpc("eth_getBlockByHash", receipt["blockHash"], True)
    assert [receipt] == await rpc("eth_getBlockReceipts", "latest")
    assert (await rpc("eth_getBalance", SINK), await rpc("eth_getBalance", SINK, "0x0")) == ("0x1", "0x0")
    assert await rpc("eth_getTransactionCount", str(ALICE.address), "latest") == "0x1"
    assert (await rpc("eth_getBlockByNumber", "earliest", False))["hash"] == block["parentHash"]


@pytest.mark.parametrize(
    ("transaction", "complaint"),
    [
        (signed(ALICE, 0, chainId=1), "chain id"),
        (signed(ALICE, 0, gas=20_999), "intrinsic gas"),
        (signed(ALICE, 0, gas=31_000_000), "gas limit"),
        (signed(ALICE, 0, value=10**30), "insufficient funds"),
        (signed(ALICE, 0, maxFeePerGas=1, maxPriorityFeePerGas=1), "base fee"),
        (signed(ALICE, 0, data=b"\x01" * 1000, gas=40_000), "intrinsic gas"),
        ("0x", "not a signed transaction"),
        ("0x02c0", "not a signed transaction"),
        ("0xzz", "not hex"),
    ],
)
async def test_bad_transactions_are_refused_by_name(rpc: Wire, transaction: str, complaint: str) -> None:
    """Nothing is mined for them."""
    assert complaint in await rpc.error("eth_sendRawTransaction", transaction)
    assert await rpc("eth_blockNumber") == "0x0"


async def test_nonces_are_used_once_and_in_order(rpc: Wire) -> None:
    """A used nonce is too low; one from the future waits for its turn."""
    await rpc("eth_sendRawTransaction", signed(ALICE, 0))
    assert "nonce too low" in await rpc.error("eth_sendRawTransaction", signed(ALICE, 0, value=2))
    assert "already known" in await rpc.error("eth_sendRawTransaction", signed(ALICE, 0))
    waits = await rpc("eth_sendRawTransaction", signed(ALICE, 2))
    assert await rpc("eth_getTransactionReceipt", waits) is None
    assert (await rpc("eth_getTransactionByHash", waits))["blockNumber"] is None
    await rpc("eth_sendRawTransaction", signed(ALICE, 1))
    assert (await rpc("eth_getTransactionReceipt", waits))["status"] == "0x1"


async def test_without_automine_the_pool_keeps_and_replaces(rpc: Wire) -> None:
    """Waiting transactions count as pending, are replaced for ten per cent more, and are mined together."""
    await rpc("evm_setAutomine", False)
    await rpc("eth_sendRawTransaction", signed(ALICE, 0))
    assert (
        await rpc("eth_getTransactionCount", str(ALICE.address), "latest"),
        await rpc("eth_getTransactionCount", str(ALICE.address), "pending"),
    ) == ("0x0", "0x1")
    more = {"maxFeePerGas": 11 * 10**9, "maxPriorityFeePerGas": 2 * 10**9}
    assert "underpriced" in await rpc.error("eth_sendRawTransaction", signed(ALICE, 0, value=2))
    replaced = await rpc("eth_sendRawTransaction", signed(ALICE, 0, value=2, **more))
    await rpc("eth_sendRawTransaction", signed(BOB, 0))
    await rpc("evm_mine")
    block = await rpc("eth_getBlockByNumber", "latest", False)
    assert replaced == block["transactions"][0]  # the better tip first
    assert len(block["transactions"]) == 2
    assert await rpc("eth_getBalance", SINK) == "0x3"


async def test_development_accounts_sign_on_the_chain(rpc: Wire) -> None:
    """eth_sendTransaction works for them and for nobody else."""
    await rpc("eth_sendTransaction", {"from": str(ALICE.address), "to": SINK, "value": "0x5"})
    assert await rpc("eth_getBalance", SINK) == "0x5"
    assert "unknown account" in await rpc.error("eth_sendTransaction", {"from": SINK, "to": SINK})


# PUSH1 42 MSTORE8 REVERT(0, 1); and RETURN of a zero byte, so that no word looks like EIP-3541's code, and a word:
# BLOCKHASH(NUMBER-1), TIMESTAMP, NUMBER, PREVRANDAO.
REVERTS = "0x602a60005360016000fd"
RETURN = "60015260216000f3"
PARENT, TIMESTAMP, NUMBER, PREVRANDAO = (f"0x{code}{RETURN}" for code in ("6001430340", "42", "43", "44"))


async def test_calls_revert_with_their_data(rpc: Wire) -> None:
    """Creation code that reverts shows what it returned, in calls and estimates alike."""
    for method in ("eth_call", "eth_estimateGas"):
        error = (await rpc.reply(method, {"data": REVERTS}))["error"]
        assert (error["code"], error["data"]) == (3, "0x2a")


# A contract that calls itself with all its gas for ever: PUSH0 x5 ADDRESS GAS CALL STOP, behind its creation code.
ENDLESS = "0x68" + "5f5f5f5f5f305af100" + "5f52" + "60096017f3"


async def test_the_deepest_calls_end(rpc: Wire) -> None:
    """A contract that calls itself as deep as its gas allows neither fails nor kills the chain."""
    creation = await rpc("eth_sendTransaction", {"from": str(ALICE.address), "data": ENDLESS})
    contract = (await rpc("eth_getTransactionReceipt", creation))["contractAddress"]
    assert await rpc("eth_getCode", contract) == "0x5f5f5f5f5f305af100"
    assert await rpc("eth_call", {"to": contract, "gas": hex(30_000_000)}) == "0x"
    assert await rpc("eth_chainId") == "0x7a69"


async def test_a_call_runs_in_the_block_it_names(rpc: Wire) -> None:
    """Its number, time, randomness and parent, as on any node, whatever the clock says; unknown blocks are refused."""
    await rpc("evm_mine", 2)
    await rpc("evm_increaseTime", 1000)
    await rpc("evm_mine")
    for block in ("0x1", "0x2", "0x3", "latest"):
        header = await rpc("eth_getBlockByNumber", block, False)
        seen = [await rpc("eth_call", {"data": code}, block) for code in (NUMBER, TIMESTAMP, PREVRANDAO, PARENT)]
        names = ("number", "timestamp", "mixHash", "parentHash")
        assert [int(header[name], 16) for name in names] == [int(word, 16) for word in seen]
    assert "header not found" in await rpc.error("eth_call", {"data": PARENT}, "0x63")


async def test_a_call_asked_again_has_the_answer_of_its_block(rpc: Wire) -> None:
    """Answers are kept by block hash: what a reorganisation puts in a block's place has its own."""
    snapshot = await rpc("evm_snapshot")
    await rpc("evm_mine")
    first = await rpc("eth_call", {"data": PREVRANDAO}, "0x1")
    assert first == await rpc("eth_call", {"data": PREVRANDAO}, "0x1")
    await rpc("evm_revert", snapshot)
    await rpc("evm_increaseTime", 100)
    await rpc("evm_mine")
    earlier = await rpc("eth_call", {"data": TIMESTAMP}, "0x1")
    assert earlier == await rpc("eth_call", {"data": TIMESTAMP}, "0x1")
    header = await rpc("eth_getBlockByNumber", "0x1", False)
    assert int(header["timestamp"], 16) == int(earlier, 16)
    await rpc("evm_mine")
    assert await rpc("eth_call", {"data": TIMESTAMP}, "latest") != earlier


def test_answers_to_calls_are_kept_within_bounds() -> None:
    """However many calls are made, and however long they are."""
    ledger = Ledger(31337)
    for number in range(ANSWERS_KEPT + 5):
        call = Call(bytes(20), bytes(19) + b"\4", number.to_bytes(4, "big"), 0, None)  # the identity precompile
        assert ledger.call(call, 0) == number.to_bytes(4, "big")
    ledger.call(Call(bytes(20), bytes(19) + b"\4", bytes(ANSWER_BYTES), 0, None), 0)
    assert len(ledger._answers) == ANSWERS_KEPT
    assert max(len(kept) for kept in ledger._answers.values()) == 4


# What succeeds once the clock is past the word that is called with: CALLDATALOAD(0) TIMESTAMP GT, or REVERT(0, 0).
ALARM = "0x6b" + "5f354211600a575f5ffd5b00" + "5f52" + "600c6014f3"


async def test_gas_is_estimated_for_the_block_to_come(rpc: Wire) -> None:
    """What may only be done from a time on is estimated as soon as the next block has it."""
    creation = await rpc("eth_sendTransaction", {"from": str(ALICE.address), "data": ALARM})
    contract = (await rpc("eth_getTransactionReceipt", creation))["contractAddress"]
    now = int((await rpc("eth_getBlockByNumber", "latest", False))["timestamp"], 16)
    call = {"to": contract, "data": "0x" + f"{now + 500:064x}"}
    assert "reverted" in await rpc.error("eth_estimateGas", call)
    await rpc("evm_increaseTime", 600)
    assert int(await rpc("eth_estimateGas", call), 16) > 21_000
    assert "reverted" in await rpc.error("eth_call", call, "latest")


async def test_time_moves_as_told(rpc: Wire) -> None:
    """Increasing time moves later blocks; the next timestamp can be fixed but not into the past."""
    await rpc("evm_mine")
    before = int((await rpc("eth_getBlockByNumber", "latest", False))["timestamp"], 16)
    await rpc("evm_increaseTime", 1000)
    await rpc("evm_mine")
    after = int((await rpc("eth_getBlockByNumber", "latest", False))["timestamp"], 16)
    assert 1000 <= after - before <= 1010
    await rpc("evm_setNextBlockTimestamp", after + 5)
    await rpc("evm_mine")
    assert hex(after + 5) == (await rpc("eth_getBlockByNumber", "latest", False))["timestamp"]
    assert "above" in await rpc.error("evm_setNextBlockTimestamp", after)


async def test_snapshots_bring_the_past_back(rpc: Wire) -> None:
    """Blocks, balances and transactions since a snapshot are gone; the snapshot is used up."""
    await rpc("eth_sendRawTransaction", signed(ALICE, 0))
    snapshot = await rpc("evm_snapshot")
    gone = await rpc("eth_sendRawTransaction", signed(ALICE, 1))
    assert await rpc("evm_revert", snapshot) is True
    assert (
        await rpc("eth_blockNumber"),
        await rpc("eth_getBalance", SINK),
        await rpc("eth_getTransactionReceipt", gone),
    ) == ("0x1", "0x1", None)
    assert gone == await rpc("eth_sendRawTransaction", signed(ALICE, 1))
    assert await rpc("evm_revert", snapshot) is False


async def test_finality_follows_the_head_at_its_depth() -> None:
    """`finalized` and `safe` are as far behind as configured."""
    async with EmbeddedChain(finality_depth=2) as chain:
        wire = Wire(chain.url)
        await wire("evm_mine", 5)
        for tag in ("finalized", "safe"):
            assert (await wire("eth_getBlockByNumber", tag, False))["number"] == "0x3"
        await wire.session.close()


async def test_batches_answer_each_call(rpc: Wire) -> None:
    """In order, each with its id, good and bad beside each other; the size is bounded."""
    calls = [{"jsonrpc": "2.0", "id": n, "method": m, "params": []} for n, m in enumerate(["eth_chainId", "nope"])]
    good, bad = await rpc.post(calls)
    assert (good["result"], good["id"]) == ("0x7a69", 0)
    assert (bad["error"]["code"], bad["id"]) == (-32601, 1)
    for batch in ([], calls * MAX_BATCH):
        assert (await rpc.post(batch))["error"]["code"] == -32600


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"not json", -32700),
        (b"[" * 100_000, -32700),
        (b"5", -32600),
        (b"{}", -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":7}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":{}}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[1]}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_getBalance"}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":["0x12"]}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":[null, []]}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[7]}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{"to":"0x1"}]}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_getLogs","params":[{"topics":"0x"}]}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_sendTransaction","params":[7]}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_feeHistory","params":["0x1","latest","x"]}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"evm_mine","params":[-1]}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"evm_mine","params":["x"]}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"evm_revert","params":[{}]}', -32602),
    ],
)
async def test_malformed_calls_have_their_codes(rpc: Wire, body: bytes, code: int) -> None:
    """Every malformed call gets a JSON-RPC error, and the chain lives on."""
    async with rpc.session.post(rpc.url, data=body) as response:
        assert code == (await response.json())["error"]["code"]
    assert await rpc("eth_chainId") == "0x7a69"


async def test_bodies_are_bounded(rpc: Wire) -> None:
    """A body over the bound is refused unread."""
    async with rpc.session.post(rpc.url, data=b" " * (MAX_BODY_BYTES + 1)) as response:
        assert response.status == 413


async def test_many_clients_at_once(rpc: Wire) -> None:
    """Ten clients send and read at the same time; every transaction is mined once."""

    async def client(account: DevAccount) -> int:
        wire = Wire(rpc.url)
        for nonce in range(5):
            hash = await wire("eth_sendRawTransaction", signed(account, nonce))
            assert (await wire("eth_getTransactionReceipt", hash))["status"] == "0x1"
        await wire.session.close()
        return 5

    assert sum(await asyncio.gather(*map(client, dev_accounts()))) == 50
    assert hex(50) == await rpc("eth_getBalance", SINK)


async def test_calls_are_not_delayed_by_nagle(rpc: Wire) -> None:
    """A call takes a few milliseconds; with Nagle's algorithm on it would be over forty."""
    await rpc("eth_chainId")
    times = []
    for _ in range(20):
        begun = time.perf_counter()
        await rpc("eth_blockNumber")
        times.append(time.perf_counter() - begun)
    assert sorted(times)[10] < 0.03


async def test_a_block_time_mines_by_the_clock() -> None:
    """With a block time, transactions wait for the next block."""
    async with EmbeddedChain(block_time_s=0.3) as chain:
        wire = Wire(chain.url)
        hash = await wire("eth_sendRawTransaction", signed(ALICE, 0))
        assert await wire("eth_getTransactionReceipt", hash) is None
        for _ in range(50):
            if receipt := await wire("eth_getTransactionReceipt", hash):
                break
            await asyncio.sleep(0.1)
        assert receipt["status"] == "0x1"
        await wire.session.close()


async def test_the_pure_precompiles_can_be_chosen() -> None:
    """The switch runs py-evm's own, with the same answer: the pairing of two infinities is one."""
    code = "0x" + "6020600061018060006000600f5af15060206000f3"
    answers = []
    for pure in (False, True):
        async with EmbeddedChain(pure_precompiles=pure) as chain:
            wire = Wire(chain.url)
            answers.append(await wire("eth_call", {"data": code}))
            await wire.session.close()
    assert answers[0] == answers[1] == "0x" + "00" * 31 + "01"


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_signals_stop_it_cleanly(name: signal.Signals) -> None:
    """It ends with exit code 0 and leaves its port free."""
    command = [sys.executable, "-m", "executor.chain.embedded"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b'{"url": "http://127.0.0.1:')
    process.send_signal(name)
    _, complaint = process.communicate(timeout=10)
    assert (process.returncode, complaint) == (0, b"")


def test_it_ends_with_its_parent() -> None:
    """A chain whose parent was killed stops by itself."""
    script = "from executor.chain.embedded import EmbeddedChain; c = EmbeddedChain(); c.start(); print(c.pid); input()"
    parent = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    assert parent.stdin is not None
    parent.stdin.close()
    parent.stdout.close()
    for _ in range(100):
        if not alive(child):
            return
        time.sleep(0.1)
    raise AssertionError("the chain outlived its parent")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123
        return stat.read().rsplit(")", 1)[1].split()[0] != "Z"


def test_a_taken_port_is_named() -> None:
    """Starting where something listens fails with the reason."""
    with EmbeddedChain() as chain:
        second = EmbeddedChain(port=int(chain.url.rsplit(":", 1)[1]))
        with pytest.raises(ChainUnavailable, match="address already in use"):
            second.start()


def test_without_the_extra_the_import_says_how_to_install_it() -> None:
    """ImportError names the extra."""
    script = (
        "import importlib.util as u; find = u.find_spec; "
        "u.find_spec = lambda name, *rest: None if name == 'eth' else find(name, *rest); "
        "import executor.chain.embedded"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install 'executor[devnet]'" in done.stderr
