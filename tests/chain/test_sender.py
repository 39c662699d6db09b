"""One account's transactions: nonces, replacement, races, and failures by name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from executor.chain.accounts import dev_accounts
from executor.chain.client import ChainClient
from executor.chain.contracts import calldata, revert_reason
from executor.chain.deploy import register
from executor.chain.sender import TransactionSender
from executor.chain.signing import dev_account, local_account
from executor.chain.transmitter import Transmitter
from executor.errors import InsufficientFunds, RpcRefused, TransactionFailed
from executor.model.report import Scheme

from .endpoints import lying
from .support import Scene, answer, attest, registration

SINK = dev_accounts()[9].address


@pytest.fixture
async def manual(scene: Scene) -> AsyncIterator[Scene]:
    """A scene whose blocks are mined by hand."""
    await scene.client.rpc.call("evm_setAutomine", False)
    yield scene
    await scene.client.rpc.call("evm_setAutomine", True)
    await scene.mine()


def sender(scene: Scene, account: int, **options: float) -> TransactionSender:
    return TransactionSender(scene.client, dev_account(dev_accounts()[account]), **options)


async def mine_until(scene: Scene, *tasks: asyncio.Task[object]) -> None:
    while not all(task.done() for task in tasks):
        await asyncio.sleep(0.05)
        await scene.mine()


async def test_several_transactions_wait_at_a_time(manual: Scene) -> None:
    """Sent at once from one account, all are mined, in nonces without gap."""
    account = sender(manual, 6)
    tasks = [asyncio.create_task(account.send(SINK, value_wei=1, gas=21_000)) for _ in range(8)]
    for _ in range(100):
        if int(await manual.client.rpc.call("eth_getTransactionCount", str(account.address), "pending"), 16) >= 8:
            break
        await asyncio.sleep(0.02)
    await manual.mine()
    receipts = await asyncio.gather(*tasks)
    assert all(receipt.succeeded for receipt in receipts)
    assert len({receipt.location.transaction for receipt in receipts}) == 8
    assert len({receipt.location.block_number for receipt in receipts}) == 1


async def test_what_is_not_mined_is_sent_again_for_more(manual: Scene) -> None:
    """The replacement with higher fees is the one that is mined."""
    account = sender(manual, 7, bump_after_s=0.2)
    task = asyncio.create_task(account.send(SINK, value_wei=1, gas=21_000))
    await asyncio.sleep(0.9)
    await manual.mine()
    receipt = await task
    transaction = await manual.client.rpc.call("eth_getTransactionByHash", str(receipt.location.transaction))
    assert receipt.succeeded
    assert int(transaction["maxPriorityFeePerGas"], 16) > 10**9


async def test_giving_up_is_a_failure_that_leaves_no_gap(manual: Scene) -> None:
    """After a transaction that was not mined in time, the account goes on with its nonce."""
    account = sender(manual, 8, timeout_s=0.3)
    with pytest.raises(TransactionFailed, match="not mined within"):
        await account.send(SINK, value_wei=1, gas=21_000)
    task: asyncio.Task[object] = asyncio.create_task(sender(manual, 8).send(SINK, value_wei=1, gas=21_000))
    await mine_until(manual, task)
    assert await manual.client.rpc.call("eth_getTransactionCount", str(account.address), "latest") == "0x1"


async def test_two_transmitters_race_and_neither_fails(manual: Scene) -> None:
    """Both transactions are mined in one block; the second delivers nothing, which is no error."""
    asking = asyncio.create_task(manual.request(b"race"))
    await mine_until(manual, asking)
    report, output = answer(asking.result(), 11)
    attestation = attest(manual.epoch, [report], Scheme.ECDSA)
    tasks = [
        asyncio.create_task(
            Transmitter(manual.client, sender(manual, number)).deliver(manual.epoch, attestation, [output])
        )
        for number in (6, 7)
    ]
    await asyncio.sleep(0.5)
    await mine_until(manual, *tasks)
    results = [task.result() for task in tasks]
    assert [(report.request_id,)] == [result.delivered for result in results if result.delivered]
    (late,) = [result for result in results if not result.delivered]
    assert (report.request_id,) == late.skipped
    assert late.location is not None


async def test_another_process_with_the_same_account(scene: Scene) -> None:
    """A sender whose idea of the nonce is stale asks the chain again."""
    first, second = sender(scene, 6), sender(scene, 6)
    for account in (first, second, first, second):
        assert (await account.send(SINK, value_wei=1)).succeeded


async def test_a_poor_account_is_refused_by_name(scene: Scene) -> None:
    """Without funds the node refuses, and the error says so."""
    poor = TransactionSender(scene.client, local_account(b"\x07" * 32))
    with pytest.raises(InsufficientFunds, match="insufficient funds"):
        await poor.send(SINK, value_wei=1, gas=21_000)


async def test_a_revert_in_an_estimate_carries_its_reason(scene: Scene) -> None:
    """The contract's own error can be named from the refusal."""
    call = calldata("Router", "expire", b"\x00" * 32)
    with pytest.raises(RpcRefused) as caught:
        await scene.requester.send(scene.client.router, call)
    assert revert_reason(caught.value.data) == f"NotPending(0x{'00' * 32})"


async def test_a_stolen_proof_of_possession_registers_nobody(scene: Scene) -> None:
    """Another member's keys and proofs are refused, naming the rule."""
    thief = registration(0)
    object.__setattr__(thief, "operator", dev_account(dev_accounts()[6]))
    with pytest.raises(TransactionFailed, match="SignerTaken"):
        await register(scene.client, scene.deployment.committee, thief)


async def test_the_wait_outlasts_an_endpoint_that_fails(scene: Scene) -> None:
    """Answers that fail after the transaction was sent do not lose it."""
    broken = iter(range(5))

    def lie(method: str, value: object) -> object:
        return 7 if method == "eth_getTransactionReceipt" and next(broken, None) is not None else value

    async with lying(scene.chain.url, lie) as proxy:
        client = ChainClient([proxy.url], scene.client.chain_id, scene.client.router, attempts=1)
        account = TransactionSender(client, dev_account(dev_accounts()[6]))
        assert (await account.send(SINK, value_wei=1)).succeeded
        await client.close()


async def test_a_receipt_of_another_transaction_is_not_ours(scene: Scene) -> None:
    """An endpoint that answers with some other receipt counts as one that does not answer."""

    def lie(method: str, value: object) -> object:
        if method == "eth_getTransactionReceipt" and isinstance(value, dict):
            value["transactionHash"] = "0x" + "11" * 32
        return value

    async with lying(scene.chain.url, lie) as proxy:
        client = ChainClient([proxy.url], scene.client.chain_id, scene.client.router, attempts=1)
        account = TransactionSender(client, dev_account(dev_accounts()[6]), timeout_s=1)
        with pytest.raises(TransactionFailed, match="not mined within"):
            await account.send(SINK, value_wei=1)
        await client.close()
