"""From registration to the callback's value, on every chain."""

import pytest

from executor.chain.calls import transact
from executor.chain.transmitter import (
    EARNINGS_GAS,
    MAX_TRANSACTION_GAS,
    Transmission,
    delivery_calldata,
    gas_limit,
)
from executor.crypto.digests import report_leaf
from executor.crypto.merkle import merkle_root
from executor.crypto.proofs import check_proof
from executor.errors import InvalidValue, TransactionFailed
from executor.model.report import Attestation, Scheme
from executor.protocol.settings import Settings

from .conftest import make_chain
from .support import PROFILE, Scene, answer, attest, registrations


async def test_an_epoch_is_loaded_as_registered(any_scene: Scene) -> None:
    """Keys, endpoints and verifiers come back in the model's forms."""
    epoch = any_scene.epoch
    expected = [
        (each.operator.address, each.signer, each.bls_key, each.encryption_key, each.endpoint)
        for each in registrations()
    ]
    assert expected == [(m.operator, m.signer, m.bls_key, m.encryption_key, m.endpoint) for m in epoch.members]
    assert [verifier.scheme for verifier in epoch.verifiers] == [Scheme.ECDSA, Scheme.BLS]
    assert (epoch.profile_id, epoch.round_length_s, epoch.quorum) == (PROFILE, 4, 3)


@pytest.mark.parametrize("scheme", list(Scheme))
async def test_a_quorum_delivers_the_value(any_scene: Scene, scheme: Scheme) -> None:
    """Three of four signatures fulfil a request and the consumer holds the value."""
    seen = await any_scene.request()
    report, output = answer(seen, price := 3_000_00000000 + len(scheme))
    attestation = attest(any_scene.epoch, [report], scheme)
    assert frozenset({0, 1, 3}) == check_proof(
        scheme, any_scene.epoch, merkle_root([report_leaf(report)]), attestation.proof
    )

    sent = await any_scene.transmitter.deliver(any_scene.epoch, attestation, [output])

    assert (seen.request_id,) == sent.delivered
    assert sent.skipped == ()
    assert sent.gas_costs[0] > 0
    assert sent.location is not None
    assert (price, seen.request_id, b"") == (
        (value := await any_scene.consumer.read()).price,
        value.request_id,
        value.error,
    )


async def test_a_batch_delivers_what_is_open(any_scene: Scene) -> None:
    """Three reports under one root; the one delivered before is skipped."""
    requests = [await any_scene.request(bytes([number])) for number in range(3)]
    reports, outputs = zip(*[answer(seen, 100 + number) for number, seen in enumerate(requests)], strict=True)
    first = attest(any_scene.epoch, reports[:1], Scheme.ECDSA)
    await any_scene.transmitter.deliver(any_scene.epoch, first, outputs[:1])

    batch = attest(any_scene.epoch, reports, Scheme.BLS)
    sent = await any_scene.transmitter.deliver(any_scene.epoch, batch, outputs)

    assert tuple(seen.request_id for seen in requests[1:]) == sent.delivered
    assert (requests[0].request_id,) == sent.skipped


async def test_callbacks_that_burn_their_gas_keep_no_batch_from_fitting_a_transaction(any_scene: Scene) -> None:
    """Estimate and limits of the callbacks together are above what a transaction may have (EIP-7825)."""
    requests = await any_scene.request_by_eater(Settings().batch_reports, 300_000)
    reports, outputs = zip(*[answer(seen, 7) for seen in requests], strict=True)
    attestation = attest(any_scene.epoch, reports, Scheme.ECDSA)
    sent = await any_scene.transmitter.deliver(any_scene.epoch, attestation, outputs)
    assert len(sent.delivered) == len(requests)
    assert sent.gas_used > len(requests) * 300_000
    assert sent.location is not None
    mined = await any_scene.client.rpc.call("eth_getTransactionByHash", str(sent.location.transaction))
    assert int(mined["gas"], 16) <= MAX_TRANSACTION_GAS


@pytest.mark.parametrize(("count", "gas"), [(32, 300_000), (3, 5_000_000)])
async def test_callbacks_that_are_cheap_until_they_are_mined_undo_no_delivery(
    scene: Scene, count: int, gas: int
) -> None:
    """Estimates have no gas price, and a consumer can see that: there is gas for each callback's whole limit.

    As many as a batch may hold (protocol/batching.py), at the default limit and at the most that a router can have.
    """
    await transact(scene.requester, "Router", scene.client.router, "setLimits", 300, gas, 16_384)
    requests = await scene.request_by_eater(count, gas, two_faced=True)
    reports, outputs = zip(*[answer(seen, 7) for seen in requests], strict=True)
    attestation = attest(scene.epoch, reports, Scheme.ECDSA)
    call = delivery_calldata(scene.epoch, attestation, outputs)
    estimate = await scene.transmitter.sender.estimate(scene.client.router, call)
    sent = await scene.transmitter.deliver(scene.epoch, attestation, outputs)
    assert len(sent.delivered) == count
    await transact(scene.requester, "Router", scene.client.router, "setLimits", 300, 300_000, 16_384)
    assert sent.gas_used > count * gas > 2 * estimate


@pytest.mark.parametrize(
    ("estimate", "open_gas", "limit"),
    [
        (100_000, 300_000, 100_000 + 5_000 + 300_000 + EARNINGS_GAS),
        (12_000_000, 9_600_000, MAX_TRANSACTION_GAS),
        (MAX_TRANSACTION_GAS - 1, 0, MAX_TRANSACTION_GAS),
        (MAX_TRANSACTION_GAS, 9_600_000, MAX_TRANSACTION_GAS),
    ],
)
def test_no_margin_makes_a_transaction_too_large(estimate: int, open_gas: int, limit: int) -> None:
    """Nodes refuse what may use more than 2^24 (EIP-7825), and then nobody could deliver what fits."""
    assert gas_limit(estimate, open_gas) == limit


async def test_a_late_delivery_sends_nothing(any_scene: Scene) -> None:
    """Delivering twice is no error and costs nothing the second time."""
    seen = await any_scene.request()
    report, output = answer(seen, 7)
    attestation = attest(any_scene.epoch, [report], Scheme.ECDSA)
    await any_scene.transmitter.deliver(any_scene.epoch, attestation, [output])
    again = await any_scene.transmitter.deliver(any_scene.epoch, attestation, [output])
    assert Transmission(None, 0, (), (seen.request_id,), ()) == again


@pytest.mark.parametrize("scheme", list(Scheme))
async def test_the_router_refuses_what_no_quorum_signed(any_scene: Scene, scheme: Scheme) -> None:
    """Signatures over another report fail by name, and nothing is delivered."""
    seen = await any_scene.request()
    (report, output), (other, _) = answer(seen, 1), answer(seen, 2)
    forged = Attestation(scheme, (report,), attest(any_scene.epoch, [other], scheme).proof)
    with pytest.raises(TransactionFailed, match=r"BadSignature|BadAggregate"):
        await any_scene.transmitter.deliver(any_scene.epoch, forged, [output])


async def test_a_payload_must_be_the_reports(any_scene: Scene) -> None:
    """A payload that the report does not commit to is refused before anything is sent."""
    seen = await any_scene.request()
    report, output = answer(seen, 1)
    with pytest.raises(InvalidValue, match="payload"):
        delivery_calldata(any_scene.epoch, attest(any_scene.epoch, [report], Scheme.ECDSA), [output + b"\x00"])


@pytest.mark.anvil
@pytest.mark.parametrize("hardfork", ["prague"])
async def test_the_embedded_chain_charges_what_anvil_charges(hardfork: str) -> None:
    """The same deliveries cost the same gas on both, to the unit, but for the price of ids' and signatures' bytes."""
    used = []
    for kind in ("embedded", hardfork):
        with make_chain(kind) as chain:
            scene = await Scene.open(chain)
            try:
                used.append(
                    [await gas_of(scene, scheme, 10 * time + len(scheme)) for scheme in Scheme for time in (1, 2)]
                )
            finally:
                await scene.client.close()
    assert used[0] == used[1]


async def gas_of(scene: Scene, scheme: Scheme, timestamp: int) -> int:
    """Gas of a delivery without its calldata, whose zero bytes depend on the block that the request fell into."""
    seen = await scene.request()
    report, output = answer(seen, 2**255, timestamp)
    attestation = attest(scene.epoch, [report], scheme)
    sent = await scene.transmitter.deliver(scene.epoch, attestation, [output])
    assert sent.delivered
    calldata = delivery_calldata(scene.epoch, attestation, [output])
    return sent.gas_used - 16 * len(calldata) + 12 * calldata.count(0)
