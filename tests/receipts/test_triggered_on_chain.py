"""Receipts of triggered requests against the chain: block, registration, event and push."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from make_receipts import make_receipt

from executor.crypto.digests import event_hash, make_report, request_id, transcript_hash
from executor.model.ids import Digest, RegistrationId
from executor.model.outcome import Returned
from executor.model.receipt import Receipt
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

from executor.chain.contract_logs import load_logs
from executor.chain.embedded import EmbeddedChain
from executor.chain.pushes import PushOrigin
from executor.chain.triggers import load_registration, register_trigger, remove_trigger
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
        delivered=sent.location, bill=None,
    )  # fmt: skip
    checks = await verdict(receipt, chain.url)
    assert all(passed for passed, _ in checks.values()), checks
    assert checks["requested"][1].startswith(f"block {home.number}, registration {keys[TriggerKind.BLOCK]}")
    assert "block: block" in {each.name: each.detail for each in verify_statements(receipt)}["request"]
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
