"""The rebalancer on two chains: what the chain says after the demo, and what a stranger's trigger can do."""

from __future__ import annotations

import io
import re

import pytest

from executor.chain.contract_events import Happened, happened
from executor.chain.subscriptions import create_subscription
from executor.chain.triggers import register_trigger, remove_trigger
from executor.crypto.digests import keccak256
from executor.demos.rebalancer import CAREFUL, DECEIVED, play
from executor.demos.stage import FINALITY_BLOCKS, OTHER_CHAIN, Stage
from executor.demos.treasury import CALLBACK_GAS, CONTRACT, HOLDINGS, refusal_of
from executor.model.ids import Address, FunctionId
from executor.model.receipt import Receipt
from executor.model.trigger import LogEvent, TriggerKind
from executor.model.trigger_config import LogConfig
from executor.receipts.files import read_receipt

pytestmark = pytest.mark.asyncio(loop_scope="session")  # as the network they share

STRANGER = 8  # an account that owns nothing here
TRANSFER = keccak256(b"Transfer(address,address,uint256)")


async def test_the_treasury_follows_the_market_and_nobody_elses_triggers(stage: Stage) -> None:
    """Books that add up to the attested moves; two refusals, for the reasons that were given; a stranger gets none."""
    assert await play(stage), stage.story.console.file.getvalue()
    assert isinstance(stage.story.console.file, io.StringIO)
    told = stage.story.console.file.getvalue()
    assert re.search(f"outvoted +node {DECEIVED} said", told)
    assert re.search(f"reported +node {CAREFUL}: 127.0.0.1", told)
    (address,) = (Address.from_hex(each) for each in re.findall(r"treasury +Rebalancer (0x[0-9a-f]{40})", told))

    receipts = [read_receipt(path) for path in stage.receipts.glob("receipt-*.json")]
    events = [(receipt, await made(stage, address, receipt)) for receipt in receipts]
    moves = sorted(
        ((receipt, event) for receipt, event in events if not refusal_of(event)), key=lambda each: each[1]["nonce"]
    )
    assert sorted(refusal_of(event) for _, event in events if refusal_of(event)) == ["BelowMinimum", "NothingToDo"]
    assert [event["nonce"] for _, event in moves] == [*range(len(moves))]
    assert len(moves) >= 2
    for receipt, event in moves:
        asked = [int.from_bytes(receipt.payload[at : at + 32], "big") for at in range(0, 192, 32)]
        assert event["amountIn"] == asked[2]
        assert event["amountOut"] >= asked[3]
    assert await stage.view(CONTRACT, address, "nonce") == len(moves)
    assert await stage.view(CONTRACT, address, "referencePrice") == moves[-1][1]["price"]
    sold, bought = (sum(event[name] for _, event in moves) for name in ("amountIn", "amountOut"))
    assert await holdings(stage, address) == (HOLDINGS[0] - sold, HOLDINGS[1] + bought)
    started = [receipt.request.origin.event for receipt in receipts if receipt.request.origin is not None]
    assert len(started) == len(receipts) - 1, "one was asked for"
    assert {each.source_chain_id for each in started if isinstance(each, LogEvent)} == {OTHER_CHAIN}

    await strangers_trigger(stage, address)
    assert await holdings(stage, address) == (HOLDINGS[0] - sold, HOLDINGS[1] + bought)
    assert await stage.view(CONTRACT, address, "nonce") == len(moves)


async def strangers_trigger(stage: Stage, address: Address) -> None:
    """The same function, paid for by somebody else: it runs, and the treasury refuses the push."""
    token = Address.from_hex(await stage.view(CONTRACT, address, "token1"))
    _, function, _ = await stage.view(CONTRACT, address, "binding")
    sender = stage.sender(STRANGER)
    key = await register_trigger(
        stage.client,
        sender,
        kind=TriggerKind.LOG,
        function=FunctionId(function),
        config=LogConfig(
            addresses=[str(token)], topics=[["0x" + TRANSFER.hex()]], confirmations=0, per_hour=1
        ).canonical(),
        subscription=await create_subscription(stage.client, sender, value_wei=10**18),
        receiver=address,
        callback_gas_limit=CALLBACK_GAS,
        input=bytes(12) + address + bytes(32),
    )
    await stage.mine(FINALITY_BLOCKS)
    await stage.mark()
    await stage.transact("DemoToken", token, "mint", sender.address, 1)
    delivered = await stage.delivered(await stage.triggered(key))
    assert delivered["status"] == 0, "Returned"
    assert delivered["callback_succeeded"] is False
    await remove_trigger(stage.client, sender, key)


async def made(stage: Stage, address: Address, receipt: Receipt) -> Happened:
    """What the contract made of a report."""
    assert receipt.delivered is not None
    mined = await stage.client.receipt(receipt.delivered.transaction)
    assert mined is not None
    (event,) = [each for each in happened(CONTRACT, address, mined.logs) if each.name.startswith("Move")]
    return event


async def holdings(stage: Stage, address: Address) -> tuple[int, int]:
    """Ether and dollars."""
    tokens = [Address.from_hex(await stage.view(CONTRACT, address, name)) for name in ("token0", "token1")]
    ether, dollar = [await stage.view("DemoToken", token, "balanceOf", address) for token in tokens]
    return ether, dollar
