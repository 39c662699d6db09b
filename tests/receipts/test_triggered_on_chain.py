"""Receipts of triggered requests against the chain: block, registration, event and push."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import astuple, replace
from pathlib import Path

import pytest
from make_receipts import make_receipt

from executor.crypto.digests import event_hash, make_report, request_id, transcript_hash
from executor.model.billing import Asset, Prices, work
from executor.model.ids import Address, Digest, RegistrationId
from executor.model.outcome import Returned
from executor.model.receipt import Bill, ChainLocation, Receipt
from executor.model.report import Scheme
from executor.model.request import Request
from executor.model.trigger import Origin, TriggerKind
from executor.model.trigger_config import BlockConfig, CronConfig, HttpConfig, LogConfig
from executor.model.trigger_input import HttpData, LogData
from executor.model.view import NO_VIEW
from executor.receipts.on_chain import verify_on_chain
from executor.receipts.verify import verify_statements

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from chain.support import FUNCTION, Scene, attest

from executor.chain.bills import Bills
from executor.chain.calls import transact
from executor.chain.contract_logs import load_logs
from executor.chain.contracts import calldata
from executor.chain.deploy import PRICES
from executor.chain.embedded import EmbeddedChain
from executor.chain.logs import SeenDelivery
from executor.chain.pushes import PushOrigin
from executor.chain.triggers import load_registration, register_trigger, remove_trigger
from executor.chain.watcher import RequestWatcher
from executor.node.triggers.starting import home_of
from executor.protocol.triggering import Place, block_request, clock_request, http_request, log_request

SIGNER = "0x" + "11" * 20


@pytest.fixture(scope="module")
def chain() -> Iterator[EmbeddedChain]:
    """One chain for the file."""
    with EmbeddedChain() as running:
        yield running


@pytest.fixture
async def scene(chain: EmbeddedChain) -> AsyncIterator[Scene]:
    """Contracts on it."""
    scene = await Scene.open(chain, None)
    yield scene
    await scene.client.close()


async def verdict(receipt: Receipt, url: str) -> dict[str, tuple[bool, str]]:
    """Checks by name."""
    return {check.name: (check.passed, check.detail) for check in await verify_on_chain(receipt, url)}


def of(receipt: Receipt, request: Request) -> Receipt:
    """The same receipt about another request."""
    return replace(receipt, request=request)


async def billed(scene: Scene, request: Request, place: ChainLocation | None) -> Bill:
    """What a member writes into the receipt of a push."""
    assert place is not None
    events = await RequestWatcher(scene.client, place.block_number, confirmations=0).poll()
    (pushed,) = [event for event in events if isinstance(event, SeenDelivery)]
    return await Bills(scene.client).load(request, None, pushed.charge, place.block_number)


def wrong_bills(bill: Bill) -> dict[str, Bill | None]:
    """What no push cost, by what the check says."""
    charge, stated = bill.charge, bill.quote
    return {
        "does not say what": None,
        "the router charged": replace(bill, charge=replace(charge, work=charge.work + 1, refund=charge.refund - 1)),
        "the prices then were of version 1": replace(bill, quote=replace(stated, prices_version=2)),
        "version 1 of the prices is": replace(bill, prices=replace(bill.prices, headroom=bill.prices.headroom + 1)),
        "could cost": replace(bill, quote=replace(stated, max_cost=stated.max_cost + 1)),
        "pays with native": replace(bill, asset=Asset.TOKEN),
    }


async def make_repricer(scene: Scene, prices: Prices) -> Address:
    """A receiver that says yes to ERC-165 and puts proposed prices in force whenever it is told a result."""
    call = calldata("Router", "applyPrices", astuple(prices))
    send = b"\x5f\x5f\x60" + bytes([len(call)]) + b"\x5f\x5f\x73" + scene.client.router + b"\x5a\xf1\x00"
    supports = bytes.fromhex("5b60043560e01c63ffffffff14155f5260205ff3")
    head = bytes.fromhex("5f3560e01c6301ffc9a71460") + bytes([20 + len(send)]) + b"\x57"
    copy = b"\x60" + bytes([len(call), 0x60, len(head) + 6 + len(send) + len(supports)]) + b"\x5f\x39"
    runtime = head + copy + send + supports + call
    assert (len(head), len(copy)) == (14, 6)
    length = len(runtime).to_bytes(2, "big")
    made = await scene.requester.send(None, b"\x61" + length + bytes.fromhex("80600a5f395ff3") + runtime)
    assert made.contract is not None
    return made.contract


async def test_a_push_is_billed_by_the_prices_it_was_held_at(scene: Scene, chain: EmbeddedChain) -> None:
    """Also where its own receiver puts others in force: they count from the next push on."""
    client, dearer = scene.client, replace(PRICES, fuel_price=2 * PRICES.fuel_price)
    await transact(scene.requester, "Router", client.router, "proposePrices", astuple(dearer))
    key = await register_trigger(
        client, scene.requester, kind=TriggerKind.BLOCK, function=FUNCTION, config=BlockConfig(every=1).canonical(),
        subscription=scene.deployment.subscription, receiver=await make_repricer(scene, dearer),
        callback_gas_limit=300_000,
    )  # fmt: skip
    registration, _ = await load_registration(client, key)
    place, versions = Place(client.chain_id, client.router, scene.epoch.number), []
    for _ in range(2):
        await scene.mine(1)
        home = home_of(await client.head())
        tick = block_request(place, registration, home)
        assert tick.origin is not None
        report = make_report(request_id(tick), FUNCTION, transcript_hash(()), Returned(b"out", 5_000_000), NO_VIEW)
        attestation = attest(scene.epoch, [report], Scheme.ECDSA)
        origin = PushOrigin(key, event_hash(tick.origin.event, tick.input, home))
        sent = await scene.transmitter.deliver(scene.epoch, attestation, [b"out"], [origin])
        bill = await billed(scene, tick, sent.location)
        receipt = replace(
            make_receipt(), epoch=scene.epoch, request=tick, attestation=attestation, requested=None,
            delivered=sent.location, bill=bill,
        )  # fmt: skip
        checks = await verdict(receipt, chain.url)
        assert (checks["charged"][0], checks["delivered"][1].rpartition(", ")[2]) == (True, "its receiver took it")
        assert bill.charge.work == work(bill.prices, 5_000_000, 0)
        versions.append(bill.quote.prices_version)
    assert versions == [1, 2]


async def test_a_pushed_request_passes_and_every_lie_is_named(scene: Scene, chain: EmbeddedChain) -> None:
    """Each kind of event against its registration, also after it was removed."""
    client, subscription = scene.client, scene.deployment.subscription
    emitter = scene.deployment.router
    configs = {
        TriggerKind.BLOCK: BlockConfig(every=1).canonical(),
        TriggerKind.CRON: CronConfig(schedule="* * * * * *").canonical(),
        TriggerKind.HTTP: HttpConfig(signers=[SIGNER]).canonical(),
        TriggerKind.LOG: LogConfig(addresses=[str(emitter)]).canonical(),
    }
    keys = {
        kind: await register_trigger(
            client, scene.requester, kind=kind, function=FUNCTION, config=config, subscription=subscription
        )
        for kind, config in configs.items()
    }
    made = {kind: (await load_registration(client, key))[0] for kind, key in keys.items()}
    await scene.request()  # a log of the router
    block = await client.head()
    (found, *_) = await load_logs(client, [emitter], block.number, block.number)
    home, place = home_of(block), Place(client.chain_id, client.router, scene.epoch.number)
    log = LogData(
        client.chain_id, emitter, found.topics, found.data, block.hash, block.number, block.timestamp,
        found.location.transaction, found.index,
    )  # fmt: skip
    posted = HttpData(b"body", type(emitter).from_hex(SIGNER), 1, 2**40)
    requests = {
        TriggerKind.BLOCK: block_request(place, made[TriggerKind.BLOCK], home),
        TriggerKind.CRON: clock_request(place, made[TriggerKind.CRON], home.timestamp, home),
        TriggerKind.HTTP: http_request(place, made[TriggerKind.HTTP], posted, home),
        TriggerKind.LOG: log_request(place, made[TriggerKind.LOG], log, home),
    }
    tick = requests[TriggerKind.BLOCK]
    assert tick.origin is not None
    report = make_report(request_id(tick), FUNCTION, transcript_hash(()), Returned(b"out", 5), NO_VIEW)
    attestation = attest(scene.epoch, [report], Scheme.ECDSA)
    origin = PushOrigin(keys[TriggerKind.BLOCK], event_hash(tick.origin.event, tick.input, home))
    sent = await scene.transmitter.deliver(scene.epoch, attestation, [b"out"], [origin])
    await remove_trigger(client, scene.requester, keys[TriggerKind.BLOCK])
    receipt = replace(
        make_receipt(), epoch=scene.epoch, request=tick, attestation=attestation, requested=None,
        delivered=sent.location, bill=await billed(scene, tick, sent.location),
    )  # fmt: skip
    checks = await verdict(receipt, chain.url)
    assert all(passed for passed, _ in checks.values()), checks
    assert checks["requested"][1].startswith(f"block {home.number}, registration {keys[TriggerKind.BLOCK]}")
    assert "block: block" in {each.name: each.detail for each in verify_statements(receipt)}["request"]
    assert receipt.bill is not None
    assert checks["delivered"][1].endswith("no receiver took it")
    assert "bill" in {each.name for each in verify_statements(receipt) if each.passed}
    for named, bill in wrong_bills(receipt.bill).items():
        passed, detail = (await verdict(replace(receipt, bill=bill), chain.url))["charged"]
        assert (passed, named in detail) == (False, True), (named, detail)
    for kind, request in requests.items():
        assert (await verdict(of(receipt, request), chain.url))["requested"][0], kind

    lies = {
        "another than the receipt says": replace(tick, block_timestamp=1),
        "the chain has no block": replace(tick, block_number=10**6),
        "no registration": replace(tick, origin=Origin(RegistrationId(bytes(32)), tick.origin.event)),
        "it is registered for": replace(tick, function_id=type(FUNCTION)(bytes(32))),
        "a cron trigger is registered": replace(tick, origin=Origin(keys[TriggerKind.CRON], tick.origin.event)),
        "another input is registered": block_request(place, replace(made[TriggerKind.BLOCK], input=b"more"), home),
        "is not the first": clock_request(place, made[TriggerKind.CRON], 5, home),
        "none of the registered signers": http_request(
            place, made[TriggerKind.HTTP], replace(posted, signer=emitter.__class__(bytes(20))), home
        ),
        "does not ask for this log": log_request(
            place, made[TriggerKind.LOG], replace(log, address=emitter.__class__(bytes(20))), home
        ),
        "is another": log_request(place, made[TriggerKind.LOG], replace(log, data=b"lie"), home),
        "the chain has no transaction": log_request(
            place, made[TriggerKind.LOG], replace(log, transaction_hash=Digest(bytes(32))), home
        ),
    }
    for named, lie in lies.items():
        passed, detail = (await verdict(of(receipt, lie), chain.url))["requested"]
        assert (passed, named in detail) == (False, True), (named, detail)
