"""What only the chain can tell, on the embedded chain."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from make_receipts import make_receipt

from executor.chain.bills import Bills
from executor.chain.deploy import PRICES
from executor.chain.logs import SeenDelivery
from executor.chain.watcher import RequestWatcher
from executor.errors import ChainUnavailable, WrongChain
from executor.model.billing import Asset, Charge
from executor.model.committee import Verifier
from executor.model.ids import Address, Digest
from executor.model.receipt import Receipt
from executor.model.report import Scheme, Status
from executor.receipts.checks import Check
from executor.receipts.on_chain import verify_on_chain

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from chain.support import Scene, answer, attest

from executor.chain.embedded import EmbeddedChain

Edit = Callable[[Receipt], Receipt]


@pytest.fixture(scope="module")
def chain() -> Iterator[EmbeddedChain]:
    """One chain for the file."""
    with EmbeddedChain() as running:
        yield running


@pytest.fixture(scope="module")
def kept() -> list[Receipt]:
    """The delivered receipt, made once."""
    return []


@pytest.fixture
async def delivered(chain: EmbeddedChain, kept: list[Receipt]) -> Receipt:
    """A receipt of a request that was made and delivered on the chain."""
    if not kept:
        scene = await Scene.open(chain, None)
        seen = await scene.request()
        report, output = answer(seen, 3_000)
        attestation = attest(scene.epoch, [report], Scheme.ECDSA)
        sent = await scene.transmitter.deliver(scene.epoch, attestation, [output])
        assert sent.location is not None
        block = sent.location.block_number
        events = await RequestWatcher(scene.client, block, confirmations=0).poll()
        (closed,) = [event for event in events if isinstance(event, SeenDelivery)]
        kept.append(
            replace(
                make_receipt(),
                epoch=scene.epoch,
                request=seen.request,
                attestation=attestation,
                requested=seen.location,
                delivered=sent.location,
                bill=await Bills(scene.client).load(seen.request, seen.quote, closed.charge, block),
            )
        )
        await scene.client.close()
    return kept[0]


async def failed(receipt: Receipt, url: str) -> list[Check]:
    """The checks that did not pass."""
    return [check for check in await verify_on_chain(receipt, url) if not check.passed]


async def test_a_delivered_request_passes(delivered: Receipt, chain: EmbeddedChain) -> None:
    """Five named checks."""
    checks = await verify_on_chain(delivered, chain.url)
    assert [(check.name, check.passed) for check in checks] == [
        ("chain", True),
        ("members", True),
        ("requested", True),
        ("delivered", True),
        ("charged", True),
    ]
    assert "the callback succeeded" in checks[3].detail


def member_edit(**changes: object) -> Edit:
    """Another member 0."""

    def edit(receipt: Receipt) -> Receipt:
        members = (replace(receipt.epoch.members[0], **changes), *receipt.epoch.members[1:])
        return replace(receipt, epoch=replace(receipt.epoch, members=members))

    return edit


def located(name: str, **changes: object) -> Edit:
    """Another location of the request or delivery."""
    return lambda receipt: replace(receipt, **{name: replace(getattr(receipt, name), **changes)})


def billed(**changes: object) -> Edit:
    """Another bill."""

    def edit(receipt: Receipt) -> Receipt:
        assert receipt.bill is not None
        return replace(receipt, bill=replace(receipt.bill, **changes))

    return edit


def charged(work: int, gas_cost: int, refund: int) -> Edit:
    """Amounts added to the charge's parts."""

    def edit(receipt: Receipt) -> Receipt:
        assert receipt.bill is not None
        taken = receipt.bill.charge
        changed = Charge(taken.work + work, taken.gas_cost + gas_cost, taken.refund + refund)
        return replace(receipt, bill=replace(receipt.bill, charge=changed))

    return edit


def requoted(**changes: object) -> Edit:
    """Another quote."""

    def edit(receipt: Receipt) -> Receipt:
        assert receipt.bill is not None
        return replace(receipt, bill=replace(receipt.bill, quote=replace(receipt.bill.quote, **changes)))

    return edit


def with_other_limits(receipt: Receipt) -> Receipt:
    """Terms that would have cost less."""
    terms = {**receipt.function.terms, "limits": {**receipt.function.terms["limits"], "fuel": 5}}
    return replace(receipt, function=replace(receipt.function, terms=terms))


ZERO = Digest(bytes(32))


def elsewhere(receipt: Receipt) -> tuple[Verifier, ...]:
    """The epoch's verifiers at another address."""
    return tuple(replace(verifier, address=Address(bytes(20))) for verifier in receipt.epoch.verifiers)


@pytest.mark.parametrize(
    ("edit", "names"),
    [
        (member_edit(operator=Address(bytes(20))), ["members"]),
        (member_edit(endpoint="http://elsewhere"), ["members"]),
        (member_edit(encryption_key=bytes(32)), ["members"]),
        (member_edit(signer=Address(bytes(20))), ["members"]),
        (lambda receipt: replace(receipt, epoch=replace(receipt.epoch, round_length_s=5)), ["members"]),
        (lambda receipt: replace(receipt, epoch=replace(receipt.epoch, verifiers=())), ["members"]),
        (lambda receipt: replace(receipt, epoch=replace(receipt.epoch, verifiers=elsewhere(receipt))), ["members"]),
        (member_edit(bls_key=bytes(96)), ["members"]),
        (lambda receipt: replace(receipt, epoch=replace(receipt.epoch, number=99)), ["members"]),
        (lambda receipt: replace(receipt, epoch=replace(receipt.epoch, committee=Address(bytes(20)))), ["members"]),
        (lambda receipt: replace(receipt, epoch=replace(receipt.epoch, router=Address(bytes(20)))), ["chain"]),
        (
            lambda receipt: replace(receipt, request=replace(receipt.request, input=b"?")),
            ["requested", "delivered", "charged"],
        ),
        (lambda receipt: replace(receipt, requested=None, delivered=None), ["requested", "delivered", "charged"]),
        (lambda receipt: replace(receipt, requested=receipt.delivered), ["requested", "charged"]),
        (located("requested", transaction=ZERO), ["requested", "charged"]),
        (located("requested", block_hash=ZERO), ["requested", "charged"]),
        (located("requested", block_number=0), ["requested", "charged"]),
        (located("delivered", transaction=ZERO), ["delivered", "charged"]),
        (located("delivered", block_hash=ZERO), ["delivered", "charged"]),
        (located("delivered", block_number=0), ["delivered", "charged"]),
        (charged(0, 1, -1), ["charged"]),
        (charged(1, -1, 0), ["charged"]),
        (requoted(max_cost=1), ["charged"]),
        (requoted(prices_version=2), ["charged"]),
        (billed(prices=replace(PRICES, premium=0)), ["charged"]),
        (billed(prices=replace(PRICES, max_tip=4)), ["charged"]),
        (billed(asset=Asset.TOKEN), ["charged"]),
        (lambda receipt: replace(receipt, bill=None), ["charged"]),
        (with_other_limits, ["charged"]),
    ],
)
async def test_what_the_chain_does_not_say_is_refused(
    delivered: Receipt, chain: EmbeddedChain, edit: Edit, names: list[str]
) -> None:
    """Everything on the list of what offline checks cannot see, and more."""
    assert [check.name for check in await failed(edit(delivered), chain.url)] == names


async def test_another_status_is_refused(delivered: Receipt, chain: EmbeddedChain) -> None:
    """The chain closed the request with the attested status."""
    report = replace(delivered.attestation.reports[0], status=Status.FAILED)
    edited = replace(delivered, attestation=replace(delivered.attestation, reports=(report,)))
    assert [check.name for check in await failed(edited, chain.url)] == ["delivered"]


async def test_of_several_endpoints_a_majority_is_believed(delivered: Receipt, chain: EmbeddedChain) -> None:
    """One that is silent, wherever it is named, decides nothing; nor does one that is left alone."""
    silent, again = "http://127.0.0.1:9", chain.url.replace("127.0.0.1", "localhost")
    assert all(check.passed for check in await verify_on_chain(delivered, silent, chain.url, again))
    with pytest.raises(ChainUnavailable):
        await verify_on_chain(delivered, silent, chain.url, "http://127.0.0.1:10")


async def test_an_endpoint_that_cannot_know_raises(delivered: Receipt, chain: EmbeddedChain) -> None:
    """Another chain, or nobody there: nothing is known about the receipt."""
    elsewhere = replace(delivered, epoch=replace(delivered.epoch, chain_id=1))
    with pytest.raises(WrongChain):
        await verify_on_chain(elsewhere, chain.url)
    with pytest.raises(ChainUnavailable):
        await verify_on_chain(delivered, "http://127.0.0.1:9")
