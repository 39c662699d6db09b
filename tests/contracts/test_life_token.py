"""A subscription that pays with a token, beside one that pays with the native coin, in one delivery."""

from __future__ import annotations

from dataclasses import astuple, replace

import pytest
from web3.contract import Contract

from executor.chain.deploy import PRICES
from executor.model import billing
from executor.model.billing import Asset, Charge

from .world import DELAY_S, FUNCTION, QUORUM, World, answer, deployment

BITMAP = sum(1 << member for member in QUORUM)
TOKEN_PRICES = replace(PRICES, token_rate=3_000 * 10**6)  # a token of six decimals, 3,000 to the coin
FUNDS = 10**12


@pytest.fixture
def coin(world: World) -> Contract:
    """The user has some."""
    coin = world.deploy("Coin", "coin")
    world.send(coin.functions.mint(world.user, FUNDS), world.stranger)
    return coin


@pytest.fixture
def dual(world: World, coin: Contract) -> World:
    """The world with another router, which takes the token, too."""
    router = world.router.functions
    places = (world.committee.address, router.functions().call(), coin.address)
    made = deployment.deploy(world.w3, "Router", world.owner, *places, DELAY_S, astuple(TOKEN_PRICES))
    return replace(world, network=replace(world.network, router=made))


def test_a_token_pays_for_requests_as_the_coin_does(dual: World, coin: Contract) -> None:
    """Quoted, charged, earned, withdrawn and refunded in its units; every unit is somebody's, and every wei."""
    world, router = dual, dual.router.functions
    consumer = world.deploy("Scripted")
    native = world.subscribe(consumer)
    made = world.send(router.createSubscription(Asset.TOKEN), world.user)
    subscription = world.logs(made, "SubscriptionCreated")[0]["subscription"]
    world.send(router.addConsumer(subscription, consumer.address), world.user)
    assert world.refusal(router.fund(subscription), world.user, value=1) == "WrongAsset"
    world.send(coin.functions.approve(world.router.address, FUNDS), world.user)
    world.send(router.fundWithToken(subscription, FUNDS), world.user)

    (request,) = world.ask(consumer, subscription)
    base_fee = world.w3.eth.get_block("latest")["baseFeePerGas"]
    quote = billing.quote(TOKEN_PRICES, Asset.TOKEN, deployment.FUNCTION.terms.limits, 100_000, base_fee)
    assert router.estimateCost(FUNCTION, 100_000, Asset.TOKEN, base_fee).call() == quote
    assert world.subscription(subscription) == (FUNDS - quote, quote)

    (other,) = world.ask(consumer, native)
    receipt = world.deliver([request, other])
    told, _ = (log["charge"] for log in world.logs(receipt, "Delivered"))
    taken = Charge(told["work"], told["gasCost"], told["refund"])
    report = answer(request)[0]
    in_wei = billing.work(TOKEN_PRICES, report.fuel_used, report.slots)
    assert taken.work == billing.to_token(in_wei, TOKEN_PRICES.token_rate) > 0
    assert sum(astuple(taken)) == quote
    assert world.subscription(subscription) == (FUNDS - taken.work - taken.gas_cost, 0)

    share = (taken.work - 1) // len(QUORUM)
    world.send(router.settle(1, Asset.TOKEN, world.transmitter, [BITMAP]), world.stranger)
    for person, amount in [(world.operators[member], share) for member in QUORUM] + [
        (world.transmitter, taken.gas_cost)
    ]:
        world.send(router.withdrawEarnings(Asset.TOKEN, person), person)
        assert coin.functions.balanceOf(person).call() == amount
    world.send(router.cancelSubscription(subscription, world.user), world.user)
    assert coin.functions.balanceOf(world.user).call() == FUNDS - taken.work - taken.gas_cost
    assert coin.functions.balanceOf(world.router.address).call() == taken.work - 3 * share
    world.check_books()  # of the native coin, which none of this touched
