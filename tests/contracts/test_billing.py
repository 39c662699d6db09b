"""What payers of gas get back is what receipts of a real EVM node say they paid (docs/billing.md)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from web3.logs import DISCARD

from executor.chain.deploy import PRICES
from executor.crypto.digests import function_id, report_leaf, triggered_request_id
from executor.crypto.merkle import merkle_root
from executor.model.billing import GWEI, WHOLE, Asset
from executor.model.ids import EventHash, RegistrationId, RequestId
from executor.model.request import ZERO_ADDRESS
from tests.contracts.benchmarks import load

pytestmark = pytest.mark.anvil

GAS_BENCHMARK = load("gas")
DEPLOYMENT = GAS_BENCHMARK.deployment
DENSE = bytes(range(1, 97))  # no zero byte: the dearest calldata
BOUNDS = (1.0, 1.05)  # billed gas over real gas, once the words a first delivery makes are there
NEW_WORD_GAS = 17_100  # a storage word that is made costs 22,100, one that is changed 5,000
ZERO_BYTE_GAS = 12  # what a zero byte of calldata is charged too much
MANY = 10


@dataclasses.dataclass(frozen=True)
class Payer:
    """The account that delivers, and the accounts that ask: the node's last, one a subscription."""

    network: Any
    subscriptions: tuple[int, ...]

    def ask(self, subscription: int, count: int = 1) -> list[RequestId]:
        """New requests of one subscription."""
        router, w3 = self.network.router, self.network.w3
        arguments = (subscription, function_id(DEPLOYMENT.FUNCTION), b"input", 100_000)
        ids = []
        for _ in range(count):
            sent = router.functions.request(*arguments).transact({"from": w3.eth.accounts[-1], "gas": 500_000})
            (log,) = router.events.Requested().process_receipt(DEPLOYMENT.mined(w3, sent), errors=DISCARD)
            ids.append(RequestId(log["args"]["requestId"]))
        return ids

    def gas(self, scheme: int, ids: Sequence[RequestId], output: bytes = DENSE) -> tuple[int, float]:
        """Gas of a delivery: as it was billed, and as it was."""
        results = [(DEPLOYMENT.report_on(id, output), output) for id in ids]
        receipt = self.network.fulfill(scheme, results, range(self.network.quorum))
        logs = self.network.router.events.Delivered().process_receipt(receipt, errors=DISCARD)
        assert [log["args"]["requestId"] for log in logs] == list(ids)
        return receipt["gasUsed"], billed_gas(self.network.w3, receipt, logs)


def billed_gas(w3: Any, receipt: Any, logs: Any) -> float:
    """The gas that the charges in a delivery's events are for."""
    base_fee = w3.eth.get_block(receipt["blockNumber"])["baseFeePerGas"]
    price = min(receipt["effectiveGasPrice"], base_fee + PRICES.max_tip * GWEI)
    cost = sum(log["args"]["charge"]["gasCost"] for log in logs)
    return float(cost * WHOLE / (WHOLE + PRICES.premium) / price)


@pytest.fixture(scope="module", params=["prague", "osaka"])
def payer(request: pytest.FixtureRequest) -> Iterator[Payer]:
    """A committee of four on anvil, and as many subscriptions as a batch has reports."""
    with GAS_BENCHMARK.anvil(request.param) as w3:
        network = DEPLOYMENT.Network.start(w3, 4)
        owner, subscriptions = w3.eth.accounts[0], []
        for _ in range(MANY):
            made = network.router.functions.createSubscription(Asset.NATIVE)
            receipt = DEPLOYMENT.mined(w3, made.transact({"from": owner, "value": 10**18}))
            (log,) = network.router.events.SubscriptionCreated().process_receipt(receipt, errors=DISCARD)
            subscriptions.append(log["args"]["subscription"])
            added = network.router.functions.addConsumer(subscriptions[-1], w3.eth.accounts[-1])
            DEPLOYMENT.mined(w3, added.transact({"from": owner}))
        yield Payer(network, tuple(subscriptions))


@pytest.fixture(scope="module")
def first(payer: Payer) -> tuple[int, float]:
    """The first delivery by this payer of what these signers signed: real gas and billed gas."""
    return payer.gas(0, payer.ask(payer.subscriptions[0]))


def test_the_payer_bears_the_word_of_a_new_set_of_signers(first: tuple[int, float]) -> None:
    """A set of signers that earns through a payer for the first time makes a storage word, which nobody is charged."""
    real, billed = first
    assert 0 <= billed - (real - NEW_WORD_GAS) < 0.05 * real


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize("length", [0, 96, 257, 1_000, 4_096])
@pytest.mark.parametrize("scheme", [0, 1])
def test_a_single_delivery_is_billed_as_its_receipt_says(payer: Payer, scheme: int, length: int) -> None:
    """By both schemes; of the longest outputs the transaction pays the floor price of calldata."""
    output = (DENSE * 43)[:length]
    real, billed = payer.gas(scheme, payer.ask(payer.subscriptions[0]), output)
    assert BOUNDS[0] <= billed / real <= BOUNDS[1]


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize("scheme", [0, 1])
def test_a_batch_of_one_subscription_is_billed_as_its_receipt_says(payer: Payer, scheme: int) -> None:
    """Its account is read and written at full price once."""
    real, billed = payer.gas(scheme, payer.ask(payer.subscriptions[0], MANY))
    assert BOUNDS[0] <= billed / real <= BOUNDS[1]


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize("scheme", [0, 1])
def test_a_batch_of_many_subscriptions_is_billed_as_its_receipt_says(payer: Payer, scheme: int) -> None:
    """Every account is read and written at full price."""
    ids = [payer.ask(subscription)[0] for subscription in payer.subscriptions]
    real, billed = payer.gas(scheme, ids)
    assert BOUNDS[0] <= billed / real <= BOUNDS[1]


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize("length", [96, 256, 4_096])
def test_zero_bytes_are_in_the_payers_favour_and_cost_no_more_than_others(payer: Payer, length: int) -> None:
    """Calldata is billed as if it had none."""
    real, billed = payer.gas(0, payer.ask(payer.subscriptions[0]), bytes(length))
    assert 0 <= billed - real <= ZERO_BYTE_GAS * length + (BOUNDS[1] - 1) * real


def test_pushes_are_billed_as_their_receipts_say(payer: Payer, first: tuple[int, float]) -> None:
    """The look at epoch and trigger, the mark that the event was told and the origin are charged, too."""
    assert first
    network, w3, owner = payer.network, payer.network.w3, payer.network.w3.eth.accounts[0]
    triggers = DEPLOYMENT.deploy(w3, "Triggers", network.router.address)
    DEPLOYMENT.mined(w3, network.router.functions.setTriggers(triggers.address).transact({"from": owner}))
    function = function_id(DEPLOYMENT.FUNCTION)
    trigger = (1, function, bytes(ZERO_ADDRESS), network.subscription, 0, b"ten bytes.", b"0 * * * *", b"")
    made = DEPLOYMENT.mined(w3, triggers.functions.register(trigger).transact({"from": owner, "gas": 3_000_000}))
    (log,) = triggers.events.TriggerRegistered().process_receipt(made, errors=DISCARD)
    registration = log["args"]["registration"]
    for batch, count in enumerate((1, 1, MANY)):
        origins = [(registration, bytes([batch, index]).rjust(32)) for index in range(count)]
        identity = (w3.eth.chain_id, DEPLOYMENT.raw(network.router.address), RegistrationId(registration), function, 1)
        ids = [triggered_request_id(*identity, EventHash(event)) for _, event in origins]
        reports = [DEPLOYMENT.report_on(id, DENSE) for id in ids]
        proof = network.ecdsa_proof(merkle_root([report_leaf(report) for report in reports]), range(network.quorum))
        packed = b"".join(DEPLOYMENT.pack(report, DENSE) for report in reports)
        call = network.router.functions.push(1, 0, packed, proof, origins)
        receipt = DEPLOYMENT.mined(w3, call.transact({"from": owner, "gas": DEPLOYMENT.GAS}))
        logs = network.router.events.Pushed().process_receipt(receipt, errors=DISCARD)
        assert [log["args"]["requestId"] for log in logs] == ids
        billed = billed_gas(w3, receipt, logs)
        if batch:  # once the words of the first push are there
            assert BOUNDS[0] <= billed / receipt["gasUsed"] <= BOUNDS[1]
