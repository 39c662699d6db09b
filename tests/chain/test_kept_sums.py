"""Sums of keys kept by the BLS verifier, used where they are and asked for where the operator wants it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from executor.chain.accounts import dev_accounts
from executor.chain.kept_sums import KEPT_BIT, MAX_SETS, KeptSums
from executor.chain.sender import TransactionSender
from executor.chain.signing import dev_account
from executor.chain.transmitter import Transmission, Transmitter
from executor.errors import InvalidConfig, TransactionFailed
from executor.model.report import Scheme

from .support import Scene, answer, attest

pytestmark = pytest.mark.anvil


def transmitter(scene: Scene, remember_after: int | None) -> Transmitter:
    sender = TransactionSender(scene.client, dev_account(dev_accounts()[5]))
    return Transmitter(scene.client, sender, remember_after=remember_after)


async def deliver(scene: Scene, through: Transmitter, members: tuple[int, ...] = (0, 1, 3)) -> Transmission:
    seen = await scene.request()
    report, output = answer(seen, 5)
    done = await through.deliver(scene.epoch, attest(scene.epoch, [report], Scheme.BLS, members), [output])
    assert (seen.request_id,) == done.delivered
    return done


async def bitmap(scene: Scene, done: Transmission) -> int:
    """What the transaction's proof named as its signers."""
    assert done.location is not None
    sent = await scene.client.rpc.call("eth_getTransactionByHash", str(done.location.transaction))
    proof = scene.client.contract("Router", scene.client.router).decode_function_input(sent["input"])[1]["proof"]
    return int.from_bytes(proof[:16], "big")


async def test_a_sum_is_kept_after_as_many_uses_and_then_used(restored: Scene) -> None:
    """The third delivery by the same three of four has it kept; the fourth says so, and another set does not."""
    through = transmitter(restored, remember_after=3)
    bitmaps = [await bitmap(restored, await deliver(restored, through)) for _ in range(4)]
    assert bitmaps == [0b1011, 0b1011, 0b1011, 0b1011 | KEPT_BIT]
    assert (through.sums.kept_now, through.sums.marked, through.sums.failed) == (1, 1, 0)
    assert await bitmap(restored, await deliver(restored, through, (0, 1, 2))) == 0b0111
    assert await bitmap(restored, await deliver(restored, through, (0, 1, 2, 3))) == 0b1111


async def test_a_sum_that_another_kept_is_found(restored: Scene) -> None:
    """By a transmitter that keeps none itself, at its first delivery by these signers."""
    await deliver(restored, transmitter(restored, remember_after=1))
    assert (
        await bitmap(restored, await deliver(restored, transmitter(restored, remember_after=None))) == 0b1011 | KEPT_BIT
    )


async def test_a_sum_that_a_reorganisation_took_is_missed_once(restored: Scene) -> None:
    """The router's refusal is heard, and the proof sent as it was signed."""
    snapshot = await restored.client.rpc.call("evm_snapshot")
    through = transmitter(restored, remember_after=1)
    await deliver(restored, through)
    assert await restored.client.rpc.call("evm_revert", snapshot)
    assert await bitmap(restored, await deliver(restored, through)) == 0b1011


async def test_a_delivery_that_is_refused_for_another_reason_is_given_up(restored: Scene) -> None:
    """The sum is there, so its mark is not what the router minds: the whole proof is tried once, and that is all."""
    through = transmitter(restored, remember_after=1)
    await deliver(restored, through)
    seen = await restored.request()
    (report, output), (other, _) = answer(seen, 5), answer(seen, 6)
    forged = replace(attest(restored.epoch, [other], Scheme.BLS), reports=(report,))
    before = through.sums.marked
    with pytest.raises(TransactionFailed, match="BadAggregate"):
        await through.deliver(restored.epoch, forged, [output])
    assert through.sums.marked == before + 1


async def test_what_is_no_aggregate_is_left_alone(restored: Scene) -> None:
    """ECDSA proofs have no sum, and no set of them is remembered."""
    sums = KeptSums(restored.client, remember_after=1)
    seen = await restored.request()
    report, _ = answer(seen, 5)
    attestation = attest(restored.epoch, [report], Scheme.ECDSA)
    assert attestation.proof == await sums.mark(restored.epoch, attestation)
    await sums.remember(restored.epoch, attestation, restored.requester)
    assert (sums._sets, sums.kept_now) == ({}, 0)


async def test_the_sets_remembered_are_bounded(restored: Scene) -> None:
    """The least recently used is forgotten."""
    sums = KeptSums(restored.client)
    for number in range(MAX_SETS + 10):
        sums._set(restored.epoch, number)
    assert (len(sums._sets), min(signers for _, signers in sums._sets)) == (MAX_SETS, 10)
    with pytest.raises(InvalidConfig):
        KeptSums(restored.client, remember_after=0)


async def test_a_delivery_that_fits_no_transaction_is_a_failure_by_name(
    restored: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EIP-7825: nodes refuse more, so it is not sent."""
    monkeypatch.setattr("executor.chain.transmitter.MAX_TRANSACTION_GAS", 100_000)
    through = transmitter(restored, None)
    with pytest.raises(TransactionFailed, match="a transaction has at most 100000"):
        await deliver(restored, through)
    assert through.sender.submitted == 0
