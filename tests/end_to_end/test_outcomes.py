"""Every kind of outcome reaches the consumer attested: errors and traps are results too."""

from __future__ import annotations

import pytest

from executor.model.function import Function
from executor.model.observation import Kind
from executor.model.outcome import TrapCode
from executor.model.report import Status
from executor.receipts import all_passed
from executor.receipts.on_chain import verify_on_chain
from executor.testing.devnet import Devnet
from fixtures.receipts.record import RECORDINGS
from tests.end_to_end.journey import Journey, checks_of, travel

pytestmark = pytest.mark.asyncio(loop_scope="session")  # as the network they share

RECORDED = {recording.name: recording.function() for recording in RECORDINGS}


async def finish(devnet: Devnet, function: Function) -> Journey:
    """A whole journey whose receipt holds, offline and on chain."""
    journey = await travel(devnet, await devnet.register(function), [0, 1, 2, 3])
    checks = [*checks_of(journey.receipt), *await verify_on_chain(journey.receipt, devnet.chain.url)]
    assert all_passed(checks), [check for check in checks if not check.passed]
    return journey


async def test_errors_traps_defaults_and_several_slots_are_delivered(devnet: Devnet) -> None:
    """A thrown error, an endless loop, an agreed default, and two observations one after the other."""
    thrown = await finish(devnet, RECORDED["throws"])
    assert thrown.receipt.attestation.reports[0].status is Status.FAILED
    price = await devnet.consumer.read()
    assert price.error == thrown.receipt.payload
    assert price.error.decode() == "TypeError: nothing to see (function.js:2:13)"
    assert thrown.receipt.transcript == ()

    looped = await finish(devnet, RECORDED["loops"])
    (report,) = looped.receipt.attestation.reports
    assert report.status is Status.TRAPPED
    assert report.fuel_used == 5_000_000
    assert (await devnet.consumer.read()).error == bytes([TrapCode.OUT_OF_FUEL])

    defaulted = await finish(devnet, RECORDED["defaults"])
    (entry,) = defaulted.receipt.transcript
    assert entry.kind is Kind.DEFAULT
    assert (entry.value, defaulted.receipt.payload) == (b"7", b"7")
    assert {seen.observation.kind for seen in entry.observations} == {Kind.ERROR}

    sequential = await finish(devnet, RECORDED["two_slots"])
    assert [entry.kind for entry in sequential.receipt.transcript] == [Kind.VALUE, Kind.VALUE]
    assert sequential.receipt.transcript[0].value == b"ETHUSD"
    assert sequential.receipt.attestation.reports[0].slots == 2
    assert (await devnet.consumer.read()).timestamp >= 0
