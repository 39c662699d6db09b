"""Transactions that are not mined, on anvil: replaced, dropped, left by an earlier process, too dear, not payable."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from executor.chain.accounts import dev_accounts
from executor.chain.anvil import Anvil
from executor.chain.client import ChainClient
from executor.chain.fees import GWEI, FeePolicy
from executor.chain.news import FeeCapped, LeftBehind, News
from executor.chain.refusals import Refused, refused
from executor.chain.sender import TransactionSender
from executor.chain.signing import dev_account
from executor.errors import FeeTooHigh, InsufficientFunds, InvalidConfig, RpcRefused, TransactionFailed
from executor.model.ids import Address

pytestmark = pytest.mark.anvil

SINK = dev_accounts()[9].address
HASTE: dict[str, Any] = {"bump_after_s": 0.3, "timeout_s": 20.0}


@pytest.fixture(scope="module")
def anvil() -> Iterator[Anvil]:
    """One chain for all tests here; each test has an account of its own."""
    with Anvil() as chain:
        yield chain


class Pool:
    """A chain whose blocks are mined by hand, and senders of one account on it."""

    def __init__(self, client: ChainClient, account: int) -> None:
        self.client, self.account = client, account
        self.news: list[News] = []

    def sender(self, **options: Any) -> TransactionSender:
        """As a process of its own would have it."""
        made = TransactionSender(self.client, dev_account(dev_accounts()[self.account]), **{**HASTE, **options})
        made.report = self.news.append
        return made

    async def call(self, method: str, *params: Any) -> Any:
        return await self.client.rpc.call(method, *params)

    async def leave(self, count: int, *, fees: FeePolicy | None = None) -> None:
        """Transactions that an earlier process sent and did not see mined."""
        earlier = self.sender(timeout_s=0.05, fees=fees)
        results = await asyncio.gather(
            *(earlier.send(SINK, value_wei=1, gas=21_000) for _ in range(count)), return_exceptions=True
        )
        assert all(isinstance(each, TransactionFailed) for each in results)
        assert (earlier.abandoned, earlier.waiting) == (count, 0)

    async def mined(self) -> int:
        address = str(dev_accounts()[self.account].address)
        return int(await self.call("eth_getTransactionCount", address, "latest"), 16)

    async def base_fee(self, wei: int) -> None:
        """The next block's."""
        await self.call("anvil_setNextBlockBaseFeePerGas", hex(wei))
        await self.call("evm_mine")

    async def until(self, *tasks: asyncio.Task[Any], pause_s: float = 0.05) -> list[Any]:
        """Mine until all are done."""
        while not all(task.done() for task in tasks):
            await asyncio.sleep(pause_s)
            await self.call("evm_mine")
        return [task.result() for task in tasks]


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait for what another task is about to do."""
    async with asyncio.timeout(20):
        while True:
            if condition():
                return
            await asyncio.sleep(0.02)


@pytest.fixture
async def pool(anvil: Anvil) -> AsyncIterator[Pool]:
    """Blocks by hand while a test lasts, all as before afterwards."""
    client = ChainClient([anvil.url], anvil.chain_id, Address(b"r" * 20))
    snapshot = await client.rpc.call("evm_snapshot")
    await client.rpc.call("evm_setAutomine", False)
    yield Pool(client, account=6)
    await client.rpc.call("anvil_dropAllTransactions")
    await client.rpc.call("evm_setAutomine", True)
    assert await client.rpc.call("evm_revert", snapshot)
    await client.rpc.call("anvil_setNextBlockBaseFeePerGas", hex(GWEI))  # a spike outlives a snapshot
    await client.rpc.call("evm_mine")
    await client.close()


async def test_what_an_earlier_process_left_is_replaced(pool: Pool) -> None:
    """Not queued behind: the pool's own are outbid, one after the other, each by something of use."""
    before = await pool.mined()
    await pool.leave(3)
    account = pool.sender()
    tasks = [asyncio.create_task(account.send(SINK, value_wei=2 + number, gas=21_000)) for number in range(3)]
    await eventually(lambda: account.submitted == 3)
    receipts = await pool.until(*tasks)
    assert [LeftBehind(before, 3)] == pool.news
    assert await pool.mined() == before + 3
    values = [
        (await pool.call("eth_getTransactionByHash", str(receipt.location.transaction)))["value"]
        for receipt in receipts
    ]
    assert sorted(values) == ["0x2", "0x3", "0x4"]


async def test_what_was_left_for_far_more_is_outbid_up_to_the_cap(pool: Pool) -> None:
    """Its price is not known: offers rise until one is taken, or the cap is reached, which is a failure by name."""
    await pool.leave(1, fees=FeePolicy(priority_fee_wei=40 * GWEI))
    with pytest.raises(FeeTooHigh, match="the operator allows 30000000000"):
        await pool.sender(fees=FeePolicy(max_fee_wei=30 * GWEI)).send(SINK, value_wei=7, gas=21_000)
    account = pool.sender()
    task = asyncio.create_task(account.send(SINK, value_wei=7, gas=21_000))
    await eventually(lambda: account.submitted == 1)
    (receipt,) = await pool.until(task)
    sent = await pool.call("eth_getTransactionByHash", str(receipt.location.transaction))
    assert sent["value"] == "0x7"
    assert 40 * GWEI < int(sent["maxFeePerGas"], 16) < 100 * GWEI


async def test_nothing_is_sent_behind_a_gap(pool: Pool) -> None:
    """A pool that drops a transaction in the middle gets it again, at the next raise, and all are mined."""
    before = await pool.mined()
    account = pool.sender()
    tasks = [asyncio.create_task(account.send(SINK, value_wei=1, gas=21_000)) for _ in range(3)]
    await eventually(lambda: account.submitted == 3)
    pending = (await pool.call("txpool_content"))["pending"]
    (waiting,) = pending.values()
    await pool.call("anvil_dropTransaction", waiting[str(before)]["hash"])
    receipts = await pool.until(*tasks)
    assert all(receipt.succeeded for receipt in receipts)
    assert await pool.mined() == before + 3


async def test_a_nonce_that_another_process_took_is_left_to_it(pool: Pool) -> None:
    """Both are mined, the one that was outrun with the next nonce."""
    before = await pool.mined()
    slow, quick = pool.sender(bump_after_s=60), pool.sender()
    first = asyncio.create_task(slow.send(SINK, value_wei=1, gas=21_000))
    await eventually(lambda: slow.submitted == 1)
    second = asyncio.create_task(quick.send(SINK, value_wei=2, gas=21_000))
    await eventually(lambda: quick.submitted == 1)
    receipts = await pool.until(first, second, pause_s=0.2)
    assert all(receipt.succeeded for receipt in receipts)
    assert (slow.outrun, quick.outrun) == (1, 0)
    assert await pool.mined() == before + 2


async def test_a_spike_of_the_base_fee_is_followed(pool: Pool) -> None:
    """What paid enough when it was sent is sent again for what the chain asks now."""
    account = pool.sender()
    task = asyncio.create_task(account.send(SINK, value_wei=1, gas=21_000))
    await eventually(lambda: account.submitted == 1)
    await pool.base_fee(200 * GWEI)
    assert not task.done()
    await asyncio.sleep(0.5)
    (receipt,) = await pool.until(task)
    sent = await pool.call("eth_getTransactionByHash", str(receipt.location.transaction))
    assert int(sent["maxFeePerGas"], 16) > 200 * GWEI
    assert account.replaced >= 1


async def test_a_fee_above_the_cap_is_refused_before_anything_is_sent(pool: Pool) -> None:
    """And what waits when the chain gets dearer than the cap waits on, is told of, and is mined when it can be."""
    account = pool.sender(fees=FeePolicy(max_fee_wei=50 * GWEI))
    task = asyncio.create_task(account.send(SINK, value_wei=1, gas=21_000))
    await eventually(lambda: account.submitted == 1)
    await pool.base_fee(60 * GWEI)
    with pytest.raises(FeeTooHigh, match="the operator allows 50000000000"):
        await account.send(SINK, value_wei=1, gas=21_000)
    await eventually(lambda: account.capped > 0)
    assert FeeCapped in {type(each) for each in pool.news}
    assert not task.done()
    await pool.base_fee(GWEI)
    (receipt,) = await pool.until(task)
    sent = await pool.call("eth_getTransactionByHash", str(receipt.location.transaction))
    assert int(sent["maxFeePerGas"], 16) <= 50 * GWEI


async def test_an_account_that_gets_funds_again_goes_on(pool: Pool) -> None:
    """Refused by name while it has none; the same sender succeeds when it has."""
    address = str(dev_accounts()[pool.account].address)
    account = pool.sender()
    await pool.call("anvil_setBalance", address, "0x0")
    for _ in range(2):
        with pytest.raises(InsufficientFunds, match=address):
            await account.send(SINK, gas=21_000)
    assert (account.submitted, account.waiting, await account.balance()) == (0, 0, 0)
    await pool.call("anvil_setBalance", address, hex(10**18))
    (receipt,) = await pool.until(asyncio.create_task(account.send(SINK, gas=21_000)))
    assert receipt.succeeded


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("already known", Refused.KNOWN),  # geth, reth
        ("ALREADY_EXISTS: already known", Refused.KNOWN),  # Erigon
        ("AlreadyKnown", Refused.KNOWN),  # Nethermind
        ("Known transaction", Refused.KNOWN),  # Besu
        ("transaction already imported", Refused.KNOWN),  # anvil
        ("nonce too low: next nonce 5, tx nonce 4", Refused.NONCE_TOO_LOW),  # geth
        ("OldNonce, Current nonce: 5, nonce of rejected tx: 4", Refused.NONCE_TOO_LOW),  # Nethermind
        ("Nonce too low", Refused.NONCE_TOO_LOW),  # Besu
        ("replacement transaction underpriced", Refused.REPLACEMENT),  # geth, reth, anvil
        ("ReplacementNotAllowed", Refused.REPLACEMENT),  # Nethermind
        ("could not replace existing tx", Refused.REPLACEMENT),  # Erigon
        ("transaction underpriced: gas tip cap 1, minimum needed 2", Refused.UNDERPRICED),  # geth
        ("max fee per gas less than block base fee: address 0x0", Refused.UNDERPRICED),  # geth
        ("FeeTooLow, EffectivePriorityFeePerGas too low 1 < 2", Refused.UNDERPRICED),  # Nethermind
        ("Gas price below configured minimum gas price", Refused.UNDERPRICED),  # Besu
        ("insufficient funds for gas * price + value: balance 0", Refused.FUNDS),  # geth, Erigon
        ("Insufficient funds for gas * price + value", Refused.FUNDS),  # anvil
        ("InsufficientFunds, Balance is 0 less than sending value", Refused.FUNDS),  # Nethermind
        ("Upfront cost exceeds account balance", Refused.FUNDS),  # Besu
        ("exceeds block gas limit", Refused.OTHER),
        ("nonce too high", Refused.OTHER),
        ("", Refused.OTHER),
    ],
)
def test_what_nodes_say_is_understood(message: str, reason: Refused) -> None:
    """Each in its own words."""
    assert reason is refused(RpcRefused("eth_sendRawTransaction", -32000, message))


def test_a_fee_policy_is_checked() -> None:
    """A tip above the cap could never be paid."""
    for arguments in ({"priority_fee_wei": -1}, {"priority_fee_wei": 2, "max_fee_wei": 1}):
        with pytest.raises(InvalidConfig):
            FeePolicy(**arguments)
