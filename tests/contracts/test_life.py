"""A request's whole life on real chains, its attestations really signed: from the quote to the last wei withdrawn."""

from __future__ import annotations

import pytest
from web3 import Web3

from executor.chain.bindings import load
from executor.chain.deploy import PRICES
from executor.model import billing
from executor.model.billing import GWEI, WHOLE, Asset
from executor.model.report import Status

from .world import BLS, ECDSA, FUNCTION, QUORUM, World, answer, deployment

BELOW, ABOVE = GWEI, 10 * GWEI  # tips on both sides of what is reimbursed at most
WAYS = [("ecdsa", BELOW), ("ecdsa", ABOVE), ("bls", BELOW), ("bls remembered", ABOVE)]


def charged(world: World, receipt: object, index: int = 0) -> billing.Charge:
    """What a delivery says it charged."""
    return billing.Charge(**{
        name: world.logs(receipt, "Delivered")[index]["charge"][key]
        for name, key in (("work", "work"), ("gas_cost", "gasCost"), ("refund", "refund"))
    })  # fmt: skip


@pytest.mark.parametrize(("way", "tip"), WAYS)
def test_a_request_is_quoted_delivered_charged_settled_and_withdrawn(world: World, way: str, tip: int) -> None:
    """The charge is the formula's for the fee really paid; every wei is somebody's, and gas is somebody's, too."""
    router = world.router.functions
    consumer = world.deploy("Scripted")
    subscription = world.subscribe(consumer, funds=10**18)
    world.send(router.fund(subscription), world.stranger, value=5)
    first = charged(world, world.deliver(world.ask(consumer, subscription)))  # writes the word of these signers anew
    funds = 10**18 + 5 - first.work - first.gas_cost

    (request,) = world.ask(consumer, subscription)
    block = world.w3.eth.get_block("latest")
    estimate = router.estimateCost(FUNCTION, 100_000, Asset.NATIVE, block["baseFeePerGas"]).call()
    limits = deployment.FUNCTION.terms.limits
    assert estimate == billing.quote(PRICES, Asset.NATIVE, limits, 100_000, block["baseFeePerGas"])
    assert world.subscription(subscription) == (funds - estimate, estimate)
    world.check_books()

    arguments = world.attest([answer(request)], verifier=ECDSA if way == "ecdsa" else BLS)
    if way == "bls remembered":
        arguments = (*arguments[:3], remember(world, arguments[3]))
    before = world.balance(world.transmitter)
    receipt = world.fulfill(arguments, tip=tip)
    assert before - world.balance(world.transmitter) == receipt["gasUsed"] * receipt["effectiveGasPrice"]
    (told,) = world.logs(receipt, "Told", consumer)
    assert (bytes(told["requestId"]), told["output"], told["failure"]) == (request, b"output", b"")

    taken = charged(world, receipt)
    base_fee = world.w3.eth.get_block(receipt["blockNumber"])["baseFeePerGas"]
    price = billing.reimbursed_gas_price(PRICES, receipt["effectiveGasPrice"], base_fee)
    assert price == base_fee + min(tip, PRICES.max_tip * GWEI)
    gas = taken.gas_cost * WHOLE // (price * (WHOLE + PRICES.premium))
    report = answer(request)[0]
    assert taken == billing.charge(PRICES, Asset.NATIVE, estimate, report.fuel_used, report.slots, gas, price)
    assert receipt["gasUsed"] <= gas <= receipt["gasUsed"] * 1.05
    assert world.subscription(subscription) == (funds - taken.work - taken.gas_cost, 0)
    world.check_books()

    bitmap = sum(1 << member for member in QUORUM)
    world.send(router.settle(1, Asset.NATIVE, world.transmitter, [bitmap]), world.stranger)
    work = first.work + taken.work
    share = (work - 1) // len(QUORUM)
    earned = [router.earned(Asset.NATIVE, operator).call() for operator in world.operators]
    assert earned == [share if member in QUORUM else 0 for member in range(4)]
    world.check_books()
    purse = Web3.to_checksum_address("0x" + "ab" * 20)
    for account in (*(world.operators[member] for member in QUORUM), world.transmitter):
        world.send(router.withdrawEarnings(Asset.NATIVE, purse), account)
    assert world.balance(purse) == 3 * share + first.gas_cost + taken.gas_cost
    world.check_books()

    chest = Web3.to_checksum_address("0x" + "cd" * 20)
    world.send(router.withdrawBalance(subscription, 7, chest), world.user)
    world.send(router.cancelSubscription(subscription, chest), world.user)
    assert world.balance(chest) == funds - taken.work - taken.gas_cost
    left = world.balance(world.router.address) - sum(world.subscription(world.network.subscription))
    assert left == work - 3 * share  # the unit that keeps the word warm, and what three do not divide
    assert world.refusal(router.subscriptionInfo(subscription), world.user) == "UnknownSubscription"


def remember(world: World, proof: bytes) -> bytes:
    """The proof with bit 127 set, its signers' keys added up before."""
    address = world.committee.functions.epochVerifier(1, BLS).call()
    verifier = world.w3.eth.contract(address=address, abi=load("IBlsEpochVerifier").abi)
    bitmap = int.from_bytes(proof[:16], "big")
    marked = (bitmap | 1 << 127).to_bytes(16, "big") + proof[16:]
    digest = bytes(32)
    assert world.refusal(verifier.functions.verify(digest, marked), world.stranger) == "NotRemembered"
    world.network.keep_sum(QUORUM)
    return marked


def test_a_failure_and_a_trap_reach_the_consumer_and_are_charged(world: World) -> None:
    """The guest's own words, and the trap's code; a batch of both."""
    consumer = world.deploy("Scripted")
    subscription = world.subscribe(consumer)
    failed, trapped = world.ask(consumer, subscription, 2)
    receipt = world.fulfill(
        world.attest([answer(failed, b"no price", status=Status.FAILED), answer(trapped, b"\1", status=Status.TRAPPED)])
    )
    told = [(bytes(log["requestId"]), log["output"], log["failure"]) for log in world.logs(receipt, "Told", consumer)]
    assert told == [(failed, b"", b"no price"), (trapped, b"", b"\1")]
    assert [log["status"] for log in world.logs(receipt, "Delivered")] == [1, 2]
    assert charged(world, receipt).work == charged(world, receipt, 1).work > 0
    world.check_books()
