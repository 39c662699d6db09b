"""Subscriptions, quotes and charges through the library's verbs, on every chain."""

from __future__ import annotations

from dataclasses import replace

import pytest

from executor.chain.accounts import dev_accounts
from executor.chain.bills import Bills
from executor.chain.calls import transact
from executor.chain.deploy import PRICES, SUBSCRIPTION_FUNDS_WEI
from executor.chain.functions import is_registered, load_limits, publish_function, register_function
from executor.chain.logs import SeenDelivery
from executor.chain.sender import TransactionSender
from executor.chain.signing import dev_account
from executor.chain.subscriptions import (
    add_consumer,
    create_subscription,
    estimate_cost,
    expire,
    fund_subscription,
    load_prices,
    load_subscription,
)
from executor.chain.watcher import RequestWatcher
from executor.crypto.digests import function_id
from executor.errors import ChainError, TransactionFailed
from executor.model.billing import Asset, quote, work
from executor.model.ids import FunctionId
from executor.model.manifest import Limits, Terms
from executor.model.receipt import Bill
from executor.model.report import Scheme

from .support import FUNCTION, PROFILE, SOURCE, Scene, answer, attest

CALLBACK_GAS = 150_000  # PriceConsumer.CALLBACK_GAS


def owner_of(scene: Scene) -> TransactionSender:
    """Development account 8, which owns nothing here yet."""
    return TransactionSender(scene.client, dev_account(dev_accounts()[8]))


async def test_a_subscription_is_made_funded_and_read(any_scene: Scene) -> None:
    """Owner, asset, balance, consumers; anyone may fund it."""
    client, owner = any_scene.client, owner_of(any_scene)
    number = await create_subscription(client, owner, value_wei=7)
    await fund_subscription(client, any_scene.requester, number, 5)
    await add_consumer(client, owner, number, any_scene.deployment.consumer)
    found = await load_subscription(client, number)
    assert (found.owner, found.offered_to, found.asset) == (owner.address, None, Asset.NATIVE)
    assert (found.balance, found.reserved, found.consumers) == (12, 0, 1)


async def test_refusals_name_the_routers_error(any_scene: Scene) -> None:
    """A subscription that is not there, somebody else's, a consumer that is none, money that is not enough."""
    client, deployment = any_scene.client, any_scene.deployment
    with pytest.raises(ChainError, match=r"UnknownSubscription\(999\)"):
        await load_subscription(client, 999)
    with pytest.raises(TransactionFailed, match="NotSubscriptionOwner"):
        await add_consumer(client, owner_of(any_scene), deployment.subscription, dev_accounts()[0].address)
    poor = await create_subscription(client, owner_of(any_scene), value_wei=1)
    ask = ("PriceConsumer", deployment.consumer, "requestPrice", poor, FUNCTION, b"")
    with pytest.raises(TransactionFailed, match=rf"NotConsumer\({poor}"):
        await transact(any_scene.requester, *ask)
    await add_consumer(client, owner_of(any_scene), poor, deployment.consumer)
    with pytest.raises(TransactionFailed, match=rf"InsufficientBalance\({poor}, 1"):
        await transact(any_scene.requester, *ask)
    with pytest.raises(ChainError, match="UnknownPrices"):
        await load_prices(client, 99)
    seen = await any_scene.request()
    with pytest.raises(TransactionFailed, match="NotExpired"):
        await expire(client, any_scene.requester, seen.request_id)


async def test_a_request_reserves_its_quote_and_a_delivery_charges_it(any_scene: Scene) -> None:
    """What is estimated is what the formula says of the head; what is charged is work, gas and the rest back."""
    client, number = any_scene.client, any_scene.deployment.subscription
    before = await load_subscription(client, number)
    assert before.balance <= SUBSCRIPTION_FUNDS_WEI
    limits, head = SOURCE.terms.limits, await client.head()
    estimate = await estimate_cost(client, FUNCTION, CALLBACK_GAS)
    assert estimate == quote(PRICES, Asset.NATIVE, limits, CALLBACK_GAS, head.base_fee_wei)

    seen = await any_scene.request()
    block = await client.block(seen.location.block_number)
    assert block is not None
    held = quote(PRICES, Asset.NATIVE, limits, CALLBACK_GAS, block.base_fee_wei)
    assert (seen.quote.max_cost, seen.quote.prices_version) == (held, 1)
    assert await load_prices(client, 1) == PRICES
    during = await load_subscription(client, number)
    assert (during.balance, during.reserved) == (before.balance - held, before.reserved + held)

    report, output = answer(seen, 42)
    attestation = attest(any_scene.epoch, [report], Scheme.ECDSA)
    sent = await any_scene.transmitter.deliver(any_scene.epoch, attestation, [output])
    assert sent.location is not None
    events = await RequestWatcher(client, sent.location.block_number, confirmations=0).poll()
    (delivery,) = [event for event in events if isinstance(event, SeenDelivery)]
    taken = delivery.charge
    assert taken.work == work(PRICES, report.fuel_used, report.slots)
    assert (taken.gas_cost,) == sent.gas_costs
    assert taken.work + taken.gas_cost + taken.refund == held
    after = await load_subscription(client, number)
    assert (after.balance, after.reserved) == (before.balance - taken.work - taken.gas_cost, before.reserved)
    bill = await Bills(client).load(seen.request, seen.quote, taken, sent.location.block_number)
    assert bill == Bill(Asset.NATIVE, seen.quote, PRICES, taken)


async def test_a_function_is_registered_before_it_is_requested(any_scene: Scene) -> None:
    """Unknown to the registry it is refused by name; its limits are read from its own terms; again changes nothing."""
    client, owner = any_scene.client, owner_of(any_scene)
    terms = Terms(limits=Limits(fuel=1_234_567, output_bytes=99, observations=2))
    other = replace(SOURCE, terms=terms)
    identity = function_id(other)
    assert not await is_registered(client, identity)
    with pytest.raises(TransactionFailed, match="UnknownFunction"):
        await any_scene.consumer.request(any_scene.requester, identity)
    for _ in range(2):
        assert identity == await register_function(client, owner, other)
    limits = await load_limits(client, identity)
    assert (limits.fuel, limits.observations, limits.output_bytes) == (1_234_567, 2, 99)
    assert (await any_scene.consumer.request(any_scene.requester, identity)).request.function_id == identity


async def test_versions_are_published_under_an_owners_name(any_scene: Scene) -> None:
    """They count from one, under one name id; a function that nobody registered is none."""
    client, owner = any_scene.client, owner_of(any_scene)
    name = f"price-{any_scene.chain.url}"[:64]
    first = await publish_function(client, owner, name, FUNCTION, PROFILE, "https://example.org/1")
    second = await publish_function(client, owner, name, FUNCTION, PROFILE, "https://example.org/2")
    assert (first.version, second.version, first.name_id == second.name_id) == (1, 2, True)
    with pytest.raises(TransactionFailed, match="UnknownFunction"):
        await publish_function(client, owner, name, FunctionId(b"\x01" * 32), PROFILE, "https://example.org/3")
