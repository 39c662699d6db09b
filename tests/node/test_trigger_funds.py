"""What a subscription pays for: so many runs are begun as their pushes could be charged, however the events come."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from functools import partial

from chain.support import FUNCTION, SOURCE, Scene
from trigger_bench import Side, register

from executor.chain.functions import register_function
from executor.chain.logs import SeenDelivery
from executor.chain.subscriptions import create_subscription, estimate_cost, fund_subscription
from executor.chain.triggers import register_trigger
from executor.crypto.digests import function_id, request_id
from executor.model.billing import Charge
from executor.model.ids import Address, Digest
from executor.model.manifest import Limits, Terms
from executor.model.receipt import ChainLocation
from executor.model.trigger import TriggerKind
from executor.model.trigger_config import BlockConfig, HttpConfig
from executor.model.trigger_input import HttpData
from executor.node.triggers.starting import Verdict, home_of
from executor.protocol.triggering import http_end, http_request

SIGNER = Address(bytes([0x11]) * 20)
STORM = 50
DEAR = Terms(limits=Limits(fuel=10_000_000_000, observations=16))


async def test_a_storm_begins_what_can_be_paid(scene: Scene, side: Side) -> None:
    """Fifty blocks strike, three pushes are covered; where one was pushed and charged, nothing more is."""
    poor = await create_subscription(scene.client, scene.requester)
    key = await register(scene, BlockConfig(every=1), subscription=poor)
    await scene.mine(STORM - 1)
    cost = await estimate_cost(scene.client, FUNCTION, 0)
    await fund_subscription(scene.client, scene.requester, poor, cost * 7 // 2)
    await side.catch_up()
    begun = side.requests(key)
    assert (len(begun), len(side.events("trigger-unfunded", key))) == (3, STORM - 3)
    assert "3 pushes that are open may cost" in side.events("trigger-unfunded", key)[0]["reason"]


async def test_a_storm_of_events_at_once_is_no_way_round(scene: Scene, side: Side) -> None:
    """Each compares the balance with all that are just being begun."""
    poor = await create_subscription(scene.client, scene.requester)
    config = HttpConfig(signers=[str(SIGNER)])
    key = await register(scene, config, subscription=poor)
    cost = await estimate_cost(scene.client, FUNCTION, 0)
    await fund_subscription(scene.client, scene.requester, poor, cost * 7 // 2)
    await scene.mine(1)
    await side.catch_up()
    entry = side.registrations.find(key)
    assert entry is not None
    home = home_of(await scene.client.head())
    posts = [HttpData(b"", SIGNER, nonce, home.timestamp + 3_600) for nonce in range(STORM)]
    verdicts = await asyncio.gather(
        *(
            side.starter.start(
                entry, home, http_end(config, each.expires, home), partial(http_request, posted=each, home=home)
            )
            for each in posts
        )
    )
    assert Counter(verdict for verdict, _ in verdicts) == {Verdict.STARTED: 3, Verdict.UNFUNDED: STORM - 3}
    (request, *_) = side.requests(key)
    place = ChainLocation(Digest(bytes(32)), home.number, Digest(bytes(32)))
    await side.book.take(SeenDelivery(request_id(request), 0, True, SIGNER, place, Charge(1, 2, 3)))
    late = HttpData(b"", SIGNER, STORM, home.timestamp + 3_600)
    make, end = partial(http_request, posted=late, home=home), http_end(config, late.expires, home)
    assert (await side.starter.start(entry, home, end, make))[0] is Verdict.STARTED


async def test_each_registration_counts_with_its_own_cost(scene: Scene, side: Side) -> None:
    """A dear one that is open leaves a cheap one what is left."""
    shared, other = await create_subscription(scene.client, scene.requester), replace(SOURCE, terms=DEAR)
    await register_function(scene.client, scene.requester, other)
    config = BlockConfig(every=1, per_hour=1)
    dear = await register_trigger(
        scene.client, scene.requester, kind=TriggerKind.BLOCK, function=function_id(other), config=config.canonical(),
        subscription=shared,
    )  # fmt: skip
    cheap = await register(scene, BlockConfig(every=1), subscription=shared)
    most, least = [await estimate_cost(scene.client, each, 0) for each in (function_id(other), FUNCTION)]
    assert most > 3 * least
    await scene.mine(5)
    await fund_subscription(scene.client, scene.requester, shared, most + least * 3 // 2)
    await side.catch_up()
    assert (len(side.requests(dear)), len(side.requests(cheap))) == (1, 1)
