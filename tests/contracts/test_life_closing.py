"""How requests end when something comes in between: time, a pause, duplicates, two transmitters, new prices."""

from __future__ import annotations

import dataclasses

import pytest

from executor.chain.deploy import PRICES
from executor.model import billing
from executor.model.billing import Asset

from .world import BLS, DELAY_S, ECDSA, FUNCTION, TIMEOUT_S, World, answer

CLOSED, EXPIRED, OTHER_EPOCH = 0, 1, 2  # IRouter.SkipReason


def test_an_expired_request_gives_all_back_and_a_late_delivery_is_skipped(world: World) -> None:
    """Not reverted: the rest of its batch is delivered."""
    consumer = world.deploy("Scripted")
    subscription = world.subscribe(consumer)
    late = world.ask(consumer, subscription, 2)
    expire = world.router.functions.expire
    assert world.refusal(expire(late[0]), world.stranger) == "NotExpired"
    assert world.refusal(world.router.functions.cancelSubscription(subscription, world.user), world.user) == (
        "RequestsInFlight"
    )
    world.later(TIMEOUT_S)
    (young,) = world.ask(consumer, subscription)
    held = world.subscription(subscription)[1]
    (gone,) = world.logs(world.send(expire(late[0]), world.stranger), "Expired")
    assert world.subscription(subscription)[1] == held - gone["refund"]
    receipt = world.deliver([*late, young])
    assert world.skipped(receipt) == [(late[0], CLOSED), (late[1], EXPIRED)]
    assert world.delivered(receipt) == [young]
    assert world.refusal(expire(late[0]), world.stranger) == world.refusal(expire(young), world.user) == "NotPending"
    world.send(expire(late[1]), world.user)
    charge = world.logs(receipt, "Delivered")[0]["charge"]
    assert world.subscription(subscription) == (10**18 - charge["work"] - charge["gasCost"], 0)
    world.check_books()


@pytest.mark.parametrize("verifier", [ECDSA, BLS], ids=["ecdsa", "bls"])
def test_overlapping_batches_and_duplicates_deliver_each_request_once(world: World, verifier: int) -> None:
    """In one batch, in the same batch sent again, in batches that share some."""
    consumer = world.deploy("Scripted")
    subscription = world.subscribe(consumer)
    a, b, c, d = world.ask(consumer, subscription, 4)
    first = world.deliver([a, b, a], verifier=verifier)
    assert (world.delivered(first), world.skipped(first)) == ([a, b], [(a, CLOSED)])
    again = world.deliver([a, b, a], verifier=verifier)
    assert (world.delivered(again), world.skipped(again)) == ([], [(a, CLOSED), (b, CLOSED), (a, CLOSED)])
    overlap = world.deliver([d, b, c], world.rival, verifier=verifier, signers=(0, 1, 2))
    assert (world.delivered(overlap), world.skipped(overlap)) == ([d, c], [(b, CLOSED)])
    told = [log for receipt in (first, again, overlap) for log in world.logs(receipt, "Told", consumer)]
    assert [bytes(log["requestId"]) for log in told] == [a, b, d, c]
    world.check_books()


def test_of_two_transmitters_in_one_block_exactly_one_is_paid(world: World) -> None:
    """The other's transaction succeeds, delivers nothing and earns nothing."""
    consumer = world.deploy("Scripted")
    subscription = world.subscribe(consumer)
    ids = world.ask(consumer, subscription, 2)
    arguments = world.attest([answer(each) for each in ids])
    others = world.attest([answer(each) for each in reversed(ids)], signers=(1, 2, 3), verifier=BLS)
    world.payers |= {world.transmitter, world.rival}
    receipts = world.together(
        world.sign(world.router.functions.fulfill(*arguments), world.transmitter),
        world.sign(world.router.functions.fulfill(*others), world.rival),
    )
    assert [receipt["status"] for receipt in receipts] == [1, 1]
    outcomes = [(world.delivered(receipt), [each for each, _ in world.skipped(receipt)]) for receipt in receipts]
    assert sorted(outcomes) == sorted([(ids, []), ([], list(reversed(ids)))]) or sorted(outcomes) == sorted(
        [([], ids), (list(reversed(ids)), [])]
    )
    pots = world.router.functions.unsettled
    paid = [pots(1, Asset.NATIVE, world.transmitter, 0b1011).call(), pots(1, Asset.NATIVE, world.rival, 0b1110).call()]
    assert [pot != [0, 0] for pot in paid] == [bool(delivered) for delivered, _ in outcomes]
    assert sum(log["charge"]["gasCost"] for each in receipts for log in world.logs(each, "Delivered")) == sum(
        gas for _, gas in paid
    )
    world.check_books()


def test_a_pause_refuses_requests_and_stops_nothing_that_is_in_flight(world: World) -> None:
    """Delivered, expired, settled, withdrawn and cancelled as if nothing were."""
    router = world.router.functions
    consumer = world.deploy("Scripted")
    subscription = world.subscribe(consumer)
    delivered, expired = world.ask(consumer, subscription, 2)
    world.send(router.setGuardian(world.stranger), world.owner)
    world.send(router.setPaused(True), world.stranger)
    ask = consumer.functions.ask(world.router.address, subscription, FUNCTION, 100_000, 1)
    assert world.refusal(ask, world.user) == "Paused"
    assert world.refusal(router.setPaused(False), world.stranger) == "NotGuardian"
    push = router.push(1, ECDSA, b"", b"", [])
    assert world.refusal(push, world.transmitter) == "Paused"
    assert world.delivered(world.deliver([delivered])) == [delivered]
    world.later(TIMEOUT_S)
    world.send(router.expire(expired), world.stranger)
    world.send(router.settle(1, Asset.NATIVE, world.transmitter, [0b1011]), world.transmitter)
    world.send(router.withdrawEarnings(Asset.NATIVE, world.transmitter), world.transmitter)
    world.send(router.withdrawBalance(subscription, 1, world.user), world.user)
    world.send(router.cancelSubscription(subscription, world.user), world.user)
    world.check_books()
    world.send(router.setPaused(False), world.owner)
    world.ask(consumer, world.subscribe(consumer))
    world.check_books()


def test_a_request_is_charged_by_the_prices_it_was_quoted(world: World) -> None:
    """Prices announced before it and in force before its delivery change what the next one costs, not it."""
    router = world.router.functions
    consumer = world.deploy("Scripted")
    subscription = world.subscribe(consumer, funds=10**19)
    dearer = dataclasses.replace(PRICES, fuel_price=3 * PRICES.fuel_price, slot_price=5 * PRICES.slot_price, premium=0)
    world.send(router.proposePrices(dataclasses.astuple(dearer)), world.owner)
    apply = router.applyPrices(dataclasses.astuple(dearer))
    assert world.refusal(apply, world.stranger) == "PricesNotReady"
    world.later(DELAY_S - 60)
    (old,) = world.ask(consumer, subscription)
    world.later(60)
    world.send(apply, world.stranger)
    (new,) = world.ask(consumer, subscription)
    report = answer(old)[0]
    charges = [log["charge"]["work"] for log in world.logs(world.deliver([old, new]), "Delivered")]
    assert charges == [billing.work(prices, report.fuel_used, report.slots) for prices in (PRICES, dearer)]
    world.check_books()
