"""Carrying attestations to the chain: what goes wrong is told, and left to a later round."""

import asyncio

import pytest

from executor.aggregator.losses import FIRST_S, REMEMBERED, Losses
from executor.aggregator.transmission import CONCURRENT, Transmissions
from executor.chain.pushes import PushOrigin
from executor.chain.transmitter import Transmission
from executor.errors import (
    ChainUnavailable,
    InsufficientFunds,
    InvalidValue,
    SignerUnavailable,
    SigningRefused,
    TransactionFailed,
    TransactionReverted,
)
from executor.model.ids import Digest, EventHash, FunctionId, RegistrationId, RequestId, TranscriptHash
from executor.model.receipt import ChainLocation
from executor.model.report import Attestation, Report, Scheme, Status
from executor.protocol.effects import Transmit
from executor.store.events import EventLog
from executor.testing.simulated_committee import make_epoch

LOCATION = ChainLocation(Digest(b"t" * 32), 7, Digest(b"b" * 32))


def effect(*numbers):
    reports = tuple(
        Report(
            RequestId(bytes([n]) * 32),
            FunctionId(b"f" * 32),
            TranscriptHash(b"t" * 32),
            Status.RETURNED,
            0,
            0,
            1,
            LOCATION.transaction,
        )
        for n in numbers
    )
    return Transmit(Attestation(Scheme.ECDSA, reports, b""), tuple(b"" for _ in reports))


class Chain:
    """Delivers at once, or fails, or waits for `gate`."""

    def __init__(self, error=None):
        self.error, self.gate, self.under_way, self.most = error, asyncio.Event(), 0, 0
        self.late, self.outcome = False, None
        self.gate.set()

    async def deliver(self, epoch, attestation, payloads, origins=()):
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await self.gate.wait()
        self.under_way -= 1
        if self.error is not None:
            raise self.error
        ids = tuple(report.request_id for report in attestation.reports)
        if self.outcome is not None:
            return self.outcome
        if self.late:
            return Transmission(None, 0, (), ids, ())
        return Transmission(LOCATION, 50_000, ids, (), tuple(range(7, 7 + len(ids))))


@pytest.fixture
async def events(tmp_path):
    return EventLog(tmp_path / "events.jsonl")


async def test_requests_are_fulfilled_and_what_triggers_made_is_pushed(events):
    """Rule 4: one transaction for each kind that the attestation holds."""
    origin = PushOrigin(RegistrationId(bytes(32)), EventHash(bytes(32)))
    given = []

    class Transmitter(Chain):
        async def deliver(self, epoch, attestation, payloads, origins=()):
            given.append(list(origins))
            return await super().deliver(epoch, attestation, payloads, origins)

    made = {RequestId(bytes([n]) * 32) for n in (2, 3)}
    chosen = Transmissions(make_epoch(), Transmitter(), events, origin_of=lambda key: origin if key in made else None)
    for numbers in ((1, 4), (2, 3), (1, 2)):
        await chosen.transmit(effect(*numbers))
    assert given == [[], [origin, origin], [], [None, origin]]


async def test_a_delivery_is_told_for_every_request_of_the_batch(events):
    await Transmissions(make_epoch(), Chain(), events).transmit(effect(1, 2))
    assert [event.kind for event in events.after(0)] == ["transmitting"] * 2 + ["transmitted"] * 2
    assert events.after(2)[0].fields["batch"] == 2
    assert [event.fields["earned"] for event in events.after(2)] == ["0x7", "0x8"]


@pytest.mark.parametrize(
    "error",
    [
        ChainUnavailable("down"),
        TransactionFailed("reverted"),
        SignerUnavailable("restarting"),
        SigningRefused("no"),
        InvalidValue("no verifier"),
    ],
)
async def test_a_failure_is_told_and_does_not_end_the_node(events, error):
    """Also a signer that is restarted while the transaction is to be signed."""
    await Transmissions(make_epoch(), Chain(error), events).transmit(effect(1))
    assert [event.kind for event in events.after(1)] == ["transmission-failed"]
    assert events.after(1)[0].fields["reason"] == str(error)


async def test_gas_that_nobody_pays_back_is_told_and_counted(events):
    """A transaction that was undone, and one that somebody's copy came before: both cost their sender gas."""
    chain = Chain(TransactionReverted("the router refused the delivery in 0x01: out of gas", 90_000))
    transmissions = Transmissions(make_epoch(), chain, events)
    await transmissions.transmit(effect(1, 2))
    assert [event.kind for event in events.after(2)] == ["transmission-failed"] * 2 + ["transmission-lost"]
    chain.error = None
    chain.outcome = Transmission(LOCATION, 30_000, (), (effect(5).attestation.reports[0].request_id,), ())
    await transmissions.transmit(effect(5))
    assert [event.fields["gas_used"] for event in events.after(0) if event.kind == "transmission-lost"] == [
        90_000,
        30_000,
    ]
    assert (transmissions.gas_lost, transmissions.gas_used, transmissions.late) == (120_000, 120_000, 1)
    chain.outcome = None
    await transmissions.transmit(effect(3))
    assert (transmissions.gas_lost, transmissions.gas_used) == (120_000, 170_000)


async def test_who_makes_deliveries_fail_when_they_are_mined_is_sent_fewer_and_fewer(events):
    """Each loss doubles the wait of this node for that request, up to an hour; others' requests go on."""
    now = [0.0]
    chain = Chain(TransactionReverted("the router refused the delivery in 0x01: unfunded", 90_000))
    transmissions = Transmissions(make_epoch(), chain, events, clock=lambda: now[0])
    for _ in range(2_000):  # five hours of own rounds, 16 s apart and some
        await transmissions.transmit(effect(1))
        now[0] += 9.0
    assert 9 <= transmissions.failed <= 13
    assert {event.fields["seconds"] for event in events.after(0) if event.kind == "transmission-held"} >= {21, 3_591}
    chain.error = None
    await transmissions.transmit(effect(1, 2))
    assert transmissions.delivered == 2
    await transmissions.transmit(effect(1))
    assert transmissions.delivered == 3


def test_what_is_known_of_losses_is_bounded():
    """The longest unlost is forgotten first."""
    losses = Losses()
    ids = [RequestId(number.to_bytes(32, "big")) for number in range(REMEMBERED + 1)]
    losses.note(ids, 0.0)
    assert losses.waits_s(ids[:1], 1.0) == 0.0
    assert losses.waits_s(ids[1:2], 1.0) == FIRST_S - 1
    assert losses.waits_s([], 1.0) == 0.0


async def test_an_account_without_funds_is_told_of_once_and_again_when_it_pays(events):
    """However many deliveries fail in between; what others delivered meanwhile is no sign of funds."""
    chain = Chain(InsufficientFunds("0x01 cannot pay"))
    transmissions = Transmissions(make_epoch(), chain, events)
    for number in (1, 2, 3):
        await transmissions.transmit(effect(number))
    told = [event for event in events.after(0) if event.kind != "transmitting"]
    assert [(each.kind, each.fields["reason"]) for each in told] == [("transmitter-without-funds", "0x01 cannot pay")]
    assert (transmissions.without_funds, transmissions.failed) == (True, 3)
    chain.error, chain.late = None, True
    await transmissions.transmit(effect(1))
    assert (transmissions.without_funds, transmissions.late) == (True, 1)
    chain.late = False
    await transmissions.transmit(effect(2))
    assert [event.kind for event in events.after(0)][-2:] == ["transmitter-funded", "transmitted"]
    assert (transmissions.without_funds, transmissions.delivered) == (False, 1)


async def test_transactions_under_way_are_bounded(events):
    chain = Chain()
    chain.gate.clear()
    transmissions = Transmissions(make_epoch(), chain, events)
    tasks = [asyncio.create_task(transmissions.transmit(effect(n))) for n in range(CONCURRENT + 4)]
    await asyncio.sleep(0.01)
    assert chain.most == CONCURRENT
    chain.gate.set()
    await asyncio.gather(*tasks)
