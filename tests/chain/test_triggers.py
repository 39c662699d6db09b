"""Registering triggers and pushing what they caused, on the embedded chain with the real contracts."""

from __future__ import annotations

import pytest

from executor.chain.epoch_at import EpochStarts
from executor.chain.logs import SeenDelivery
from executor.chain.pushes import PushOrigin
from executor.chain.subscriptions import create_subscription
from executor.chain.triggers import (
    PauseChanged,
    Registered,
    Removed,
    load_changes,
    load_registration,
    load_triggers,
    register_trigger,
    remove_trigger,
    set_paused,
)
from executor.chain.watcher import RequestWatcher
from executor.crypto.digests import event_hash, make_report, request_id, transcript_hash
from executor.errors import ChainError, InvalidTrigger, TransactionFailed
from executor.model.ids import Address, RegistrationId
from executor.model.outcome import Returned
from executor.model.report import Report, Scheme
from executor.model.request import Request
from executor.model.trigger import HomeBlock, TriggerKind
from executor.model.trigger_config import BlockConfig
from executor.model.view import NO_VIEW
from executor.node.triggers.starting import home_of
from executor.protocol.triggering import Place, block_request

from .support import FUNCTION, Scene, attest

CONFIG = BlockConfig(every=10).canonical()
# Says yes to ERC-165 but for 0xffffffff; counts every other call in storage word 0.
RECEIVER = bytes.fromhex("5f3560e01c6301ffc9a7146016575f546001015f55005b60043560e01c63ffffffff14155f5260205ff3")


async def make_receiver(scene: Scene) -> Address:
    """A contract that takes reports and counts them."""
    length = len(RECEIVER)
    made = await scene.requester.send(
        None, bytes([0x60, length, 0x60, 11, 0x5F, 0x39, 0x60, length, 0x5F, 0xF3, 0]) + RECEIVER
    )
    assert made.contract is not None
    return made.contract


async def register(scene: Scene, **more: object) -> RegistrationId:
    """A block trigger that the scene's subscription pays for."""
    options: dict[str, object] = {"subscription": scene.deployment.subscription, **more}
    return await register_trigger(
        scene.client,
        scene.requester,
        kind=TriggerKind.BLOCK,
        function=FUNCTION,
        config=CONFIG,
        **options,  # type: ignore[arg-type]
    )


async def caused(scene: Scene, key: RegistrationId) -> tuple[Request, PushOrigin, Report, bytes]:
    """A run that a registration caused at the head."""
    registration, _ = await load_registration(scene.client, key)
    home = home_of(await scene.client.head())
    request = block_request(Place(scene.client.chain_id, scene.client.router, scene.epoch.number), registration, home)
    assert request.origin is not None
    origin = PushOrigin(key, event_hash(request.origin.event, request.input, HomeBlock(*home_fields(request))))
    report = make_report(request_id(request), FUNCTION, transcript_hash(()), Returned(b"out", 5), NO_VIEW)
    return request, origin, report, b"out"


def home_fields(request: Request) -> tuple[int, int, object]:
    """Of the home block."""
    return request.block_number, request.block_timestamp, request.parent_hash


async def test_what_is_registered_is_read_back(scene: Scene) -> None:
    """As an event, in order with its pauses and its end, and by the contract's view."""
    start = (await scene.client.head()).number + 1
    receiver = await make_receiver(scene)
    key = await register(scene, receiver=receiver, callback_gas_limit=50_000, name=b"nightly", input=b"in")
    await set_paused(scene.client, scene.requester, key, True)
    registration, paused = await load_registration(scene.client, key)
    assert (paused, registration.receiver, registration.input, registration.config) == (True, receiver, b"in", CONFIG)
    assert registration.name == b"nightly\0\0\0"
    assert registration.owner == scene.requester.address
    await remove_trigger(scene.client, scene.requester, key)
    with pytest.raises(ChainError, match="UnknownTrigger"):
        await load_registration(scene.client, key)
    triggers = await load_triggers(scene.client)
    assert triggers == scene.deployment.triggers
    head = (await scene.client.head()).number
    changes = await load_changes(scene.client, triggers, start, head)
    expected = [Registered(registration, head - 2), PauseChanged(key, True, head - 1), Removed(key, head)]
    assert expected == changes
    assert await load_changes(scene.client, triggers, start, head - 3) == []


async def test_what_no_node_could_read_is_not_registered(scene: Scene) -> None:
    """A config is checked before it costs gas; the contract's own refusals have their names."""
    with pytest.raises(InvalidTrigger, match="every"):
        await register_trigger(
            scene.client, scene.requester, kind=TriggerKind.BLOCK, function=FUNCTION, config=b"{}", subscription=1
        )
    with pytest.raises(InvalidTrigger, match="name"):
        await register(scene, name=b"longer than ten")
    with pytest.raises(TransactionFailed, match="BadReceiver"):
        await register(scene, receiver=scene.client.router)
    with pytest.raises(TransactionFailed, match="UnknownSubscription"):
        await register(scene, subscription=999)


@pytest.mark.parametrize("scheme", list(Scheme))
async def test_a_report_is_pushed_once(scene: Scene, scheme: Scheme) -> None:
    """The receiver is called; a second push is told as late, and sends nothing; the watcher sees it as a delivery."""
    receiver = await make_receiver(scene)
    key = await register(scene, receiver=receiver, callback_gas_limit=100_000)
    request, origin, report, payload = await caused(scene, key)
    attestation = attest(scene.epoch, [report], scheme)
    start = (await scene.client.head()).number + 1
    sent = await scene.transmitter.deliver(scene.epoch, attestation, [payload], [origin])
    assert (sent.delivered, sent.skipped) == ((request_id(request),), ())
    assert sent.gas_costs[0] > 0
    counted = await scene.client.rpc.call("eth_getStorageAt", str(receiver), "0x0", "latest")
    assert int(counted, 16) == 1
    again = await scene.transmitter.deliver(scene.epoch, attestation, [payload], [origin])
    assert (again.location, again.skipped) == (None, (request_id(request),))
    events = await RequestWatcher(scene.client, start, confirmations=0).poll()
    seen = [event for event in events if isinstance(event, SeenDelivery)]
    assert [(request_id(request), 0, True)] == [(each.request_id, each.status, each.success) for each in seen]


async def test_an_attestation_of_both_kinds_takes_two_transactions(scene: Scene) -> None:
    """`fulfill` skips what a trigger made, `push` what was asked for."""
    from .support import answer

    seen = await scene.request()
    asked, output = answer(seen, 7)
    key = await register(scene)
    request, origin, report, payload = await caused(scene, key)
    attestation = attest(scene.epoch, [asked, report], Scheme.ECDSA)
    first = await scene.transmitter.deliver(scene.epoch, attestation, [output, payload])
    second = await scene.transmitter.deliver(scene.epoch, attestation, [output, payload], [None, origin])
    assert (seen.request_id,) == first.delivered
    assert (request_id(request),) == second.delivered


async def test_what_nobody_would_pay_for_is_not_sent(scene: Scene) -> None:
    """Paused, gone, or without funds: the reason is told before gas is spent."""
    head = (await scene.client.head()).number
    key = await register(scene)
    _, origin, report, payload = await caused(scene, key)
    attestation = attest(scene.epoch, [report], Scheme.ECDSA)
    await set_paused(scene.client, scene.requester, key, True)
    with pytest.raises(TransactionFailed, match="paused or gone"):
        await scene.transmitter.deliver(scene.epoch, attestation, [payload], [origin])
    poor = await create_subscription(scene.client, scene.requester)
    unpaid = await register(scene, subscription=poor)
    _, origin, report, payload = await caused(scene, unpaid)
    with pytest.raises(TransactionFailed, match=f"subscription {poor} has 0 free"):
        await scene.transmitter.deliver(scene.epoch, attest(scene.epoch, [report], Scheme.ECDSA), [payload], [origin])
    assert (await scene.client.head()).number == head + 4  # two registrations, a pause, a subscription


async def test_a_block_has_an_epoch(scene: Scene) -> None:
    """The newest that began at or before it."""
    starts, head = EpochStarts(scene.client), (await scene.client.head()).number
    assert scene.epoch.number == await starts.of_block(head)
    with pytest.raises(ChainError, match="had begun"):
        await starts.of_block(0)
