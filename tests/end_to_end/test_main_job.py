"""The main job on real parts: a contract asks, four nodes observe, agree and attest, the callback arrives."""

from __future__ import annotations

from decimal import Decimal

import pytest

from executor.model.function import Function
from executor.model.observation import Kind
from executor.model.report import Scheme
from executor.receipts import all_passed
from executor.receipts.on_chain import verify_on_chain
from executor.testing.devnet import Devnet
from tests.end_to_end.journey import Journey, checks_of, travel

pytestmark = pytest.mark.asyncio(loop_scope="session")  # as the network they share


async def check(devnet: Devnet, journey: Journey) -> None:
    """What holds of every finished price request: the consumer was told the median, and the receipt proves it."""
    receipt = journey.receipt
    price = await devnet.consumer.read()
    assert price.request_id == journey.request_id
    assert price.error == b""
    entry = receipt.transcript[0]
    assert entry.kind is Kind.VALUE
    values = sorted(Decimal(each.observation.value.decode()) for each in entry.observations)
    assert Decimal(entry.value.decode()) == values[(len(values) - 1) // 2]
    assert price.price == int(Decimal(entry.value.decode()) * 10**8)
    (report,) = receipt.attestation.reports
    runs = {(event["payload"], event["fuel_used"]) for _, event in journey.of("executed") if "payload" in event}
    assert runs == {("0x" + receipt.payload.hex(), report.fuel_used)}, "every node's run gave the same bytes and fuel"
    assert all_passed(checks_of(receipt))
    bill = receipt.bill
    assert bill is not None
    assert bill.quote.max_cost == bill.charge.work + bill.charge.gas_cost + bill.charge.refund
    assert min(bill.charge.work, bill.charge.gas_cost, bill.charge.refund) > 0
    on_chain = await verify_on_chain(receipt, devnet.chain.url)
    assert all_passed(on_chain), on_chain


@pytest.mark.parametrize(
    "devnet",
    [
        "embedded",
        pytest.param("anvil", marks=pytest.mark.anvil),
        pytest.param("anvil-osaka", marks=pytest.mark.anvil),
    ],
    indirect=True,
)
async def test_the_callback_arrives_whoever_is_faulty(devnet: Devnet, eth_usd: Function) -> None:
    """Honest, then with a liar, then with a node killed: the same kind of result, on every chain."""
    function_id = await devnet.register(eth_usd)
    everyone = [0, 1, 2, 3]
    await check(devnet, await travel(devnet, function_id, everyone))

    await devnet.restart(3, fault="lying-observation")
    lies: list[Decimal] = []
    for _ in range(8):  # a liar that comes too late to be asked is no test
        lied = await travel(devnet, function_id, everyone)
        await check(devnet, lied)
        lies = [Decimal(event["value"]) for node, event in lied.of("observed") if node == 3]
        if lies:
            break
    assert lies, "node 3 was asked in none of eight requests"
    assert lies[0] > 5 * Decimal(lied.receipt.transcript[0].value.decode())
    await devnet.restart(3)

    devnet.kill(2)
    alive = await travel(devnet, function_id, [0, 1, 3])
    await check(devnet, alive)
    assert {node for node, _ in alive.of("observed")} == {0, 1, 3}


async def test_a_wrong_output_is_outvoted_and_named(devnet: Devnet, eth_usd: Function) -> None:
    """One node votes for other bytes: the honest three attest theirs, and say who differed."""
    function_id = await devnet.register(eth_usd)
    await devnet.restart(1, fault="wrong-output")
    for _ in range(8):  # a faulty node that comes too late to vote is no test
        journey = await travel(devnet, function_id, [0, 2, 3])
        assert all_passed(checks_of(journey.receipt))
        assert 1 not in {vote.member for vote in journey.receipt.votes}
        payloads = {node: event["payload"] for node, event in journey.of("executed") if "payload" in event}
        wrong = payloads.pop(1, None)
        assert set(payloads.values()) == {"0x" + journey.receipt.payload.hex()}
        if named := [event["member"] for _, event in journey.of("outvoted")]:
            assert set(named) == {1}
            assert wrong not in (None, *payloads.values())
            return
    pytest.fail("node 1's votes were counted in none of eight requests")


async def test_both_verifiers_are_used_by_one_epoch(devnet: Devnet, eth_usd: Function) -> None:
    """Leaders attest with the scheme they are set to; both are delivered to the same consumer."""
    function_id = await devnet.register(eth_usd)
    schemes: set[Scheme] = set()
    for _ in range(12):
        journey = await travel(devnet, function_id, [0, 1, 2, 3])
        await check(devnet, journey)
        schemes.add(journey.receipt.attestation.scheme)
        if len(schemes) == 2:
            return
    pytest.fail(f"twelve requests were all attested with {schemes}")
