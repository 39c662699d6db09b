"""The driver over real members: effects in order, restarts, and what must not end or stall a node."""

import asyncio
import time

import pytest
from node_bench import Node, make_request, one_slot, until

from executor.crypto.digests import request_id
from executor.errors import HostFault, InvalidModule, InvalidValue, RuleBroken, SignerUnavailable, SigningRefused
from executor.model.observation import Kind, Observation
from executor.model.transcript import Entry
from executor.model.view import Certificate, View
from executor.node import driver as driver_module
from executor.node import intake as intake_module
from executor.node.intake import LARGE_BYTES, LARGE_PLACES
from executor.protocol.bundles import encode_bundles
from executor.protocol.effects import Transmit
from executor.protocol.messages import Proposal, Status
from executor.protocol.record import decode_record

VIEW = View(5, 1)
CERTIFICATE = Certificate(VIEW, (Entry(b"", Kind.VALUE, bytes(40_000)),), ())


def bundle(*messages):
    """What travels of these messages."""
    (only,) = encode_bundles(messages)
    return only.data


async def test_one_member_attests_alone(committee):
    """n = 1: its vote is the quorum; the record is on disk; the transmission is asked for."""
    (node,) = await committee(1, one_slot)
    key = await node.see(make_request())
    await until(lambda: node.attested and node.transmitted)
    assert node.attested[0].payload == b"100"
    assert decode_record(node.journal.find(key, "record")).attestation is not None
    assert node.record.counter in (2, 3)  # one Prepare, one vote; where a round begins between, one Prepare more


async def test_four_members_attest_the_same_outcome(committee):
    """Observations, Prepares (sealed), certificates and votes over real envelopes."""
    nodes = await committee(4, one_slot)
    await asyncio.gather(*(node.see(make_request()) for node in nodes))
    await until(lambda: all(node.attested for node in nodes))
    assert len({node.attested[0].report for node in nodes}) == 1
    assert nodes[0].network.refusals == []
    assert [node.told("host-fault") for node in nodes] == [[]] * 4


async def test_a_restarted_node_goes_on_under_its_record(committee):
    """What it observed is final: another look after the restart changes nothing."""
    nodes = await committee(4, one_slot)
    node = nodes[3]
    key = await node.see(make_request())
    await until(lambda: node.told("observed"))
    await node.stop()
    node.runs.look = lambda: Observation.error("changed")
    await node.start()
    for other in nodes:
        await other.see(make_request())
    await until(lambda: all(each.attested for each in nodes))
    (own,) = decode_record(node.journal.find(key, "record")).observations
    assert own.observation.value == b"103"
    assert node.runs.observed == 1


async def test_a_request_taken_up_again_gets_the_record_of_its_turn(committee):
    """What was carried out between asking and the turn is in the record that binds (Rule 4, P2)."""
    (node,) = await committee(1)
    key = await node.see(make_request())
    await node.driver.delivered(key)
    await node.see(make_request())  # three inputs wait; the first saves a record
    await until(lambda: len(node.attested) >= 1)
    assert node.record.counter == 1
    await node.driver.delivered(key)
    await node.see(make_request())
    await until(lambda: len(node.attested) >= 2)  # told again: restored as attested, not begun afresh
    assert node.record.counter == 1


async def test_a_request_closed_while_it_waited_is_not_opened(committee):
    """The driver forgets it at once, and its turn then does nothing."""
    (node,) = await committee(1)
    request = make_request()
    key = request_id(request)
    node.driver._requests.clear()
    await node.driver.seen(key, request, None)
    node.driver._requests.pop(key)
    await asyncio.sleep(0.05)
    assert node.runs.executed == 0
    assert node.journal.find(key, "record") is None


async def test_bytes_that_are_no_message_blame_their_sender(committee):
    """A transport answers them with a refusal, not with a failure of its own that is tried again."""
    (node, *_) = await committee(4)
    with pytest.raises(RuleBroken, match="member 2"):
        await node.driver.received(2, b"{}")
    assert node.task.done() is False


async def test_a_message_that_breaks_a_rule_is_told_and_changes_nothing(committee):
    nodes = await committee(4)
    key = await nodes[0].see(make_request())
    await until(lambda: nodes[0].runs.executed)
    lie = bundle(Proposal(key, VIEW, (), None))
    await nodes[0].driver.received(_not_leader(nodes[0]), lie)
    await until(lambda: nodes[0].told("refused"))
    assert not nodes[0].task.done()


async def test_a_run_is_not_started_twice_however_often_it_is_asked_for(committee):
    """A slow worker pool would otherwise be asked again and again (Rule 5)."""
    (node,) = await committee(1)
    node.runs.gate.clear()
    await node.see(make_request())
    await asyncio.sleep(4.5)  # patience is three rounds of 1 s
    assert node.runs.executed == 1
    node.runs.gate.set()
    await until(lambda: node.attested)


async def test_the_same_attestation_is_transmitted_once_at_a_time(committee):
    """While the chain hangs, later rounds ask again."""
    (node,) = await committee(1)
    hanging = asyncio.Event()

    async def transmit(effect: Transmit) -> None:
        node.transmitted.append(effect)
        await hanging.wait()

    node.driver._transmit = transmit
    await node.see(make_request())
    await until(lambda: node.transmitted)
    node.driver._start(node.transmitted[0].attestation, lambda: transmit(node.transmitted[0]))
    await asyncio.sleep(0.05)
    assert len(node.transmitted) == 1
    hanging.set()


@pytest.mark.parametrize(("error", "tries"), [(HostFault("down"), 3), (InvalidModule("no module"), 1)])
async def test_a_run_that_cannot_be_made_is_told_and_the_node_abstains(committee, monkeypatch, error, tries):
    """D4: never an outcome."""
    monkeypatch.setattr(driver_module, "RETRY_DELAY_S", 0.01)
    (node,) = await committee(1)

    def fail(_transcript):
        raise error

    node.runs.run = fail
    await node.see(make_request())
    await until(lambda: node.told("abstained"))
    assert node.runs.executed == tries
    assert node.attested == []
    assert not node.task.done()


class Failing:
    """A signer that fails some times before it answers."""

    def __init__(self, honest, error: Exception, times: int) -> None:
        self._honest, self._error, self.left = honest, error, times

    async def sign(self, statement):
        if self.left:
            self.left -= 1
            raise self._error
        return await self._honest.sign(statement)


async def test_a_signer_that_restarts_is_waited_for(committee, monkeypatch):
    monkeypatch.setattr(driver_module, "RETRY_DELAY_S", 0.01)
    (node,) = await committee(1)
    node.driver._signer = Failing(node.driver._signer, SignerUnavailable("restarting"), 5)
    await node.see(make_request())
    await until(lambda: node.attested)
    assert len(node.told("signer-unavailable")) == 1


async def test_a_signer_that_stays_away_ends_the_node(committee, monkeypatch):
    """Nothing leaves unsigned, and an operator must look."""
    monkeypatch.setattr(driver_module, "RETRY_DELAY_S", 0.001)
    (node,) = await committee(1)
    node.driver._signer = Failing(node.driver._signer, SignerUnavailable("gone"), 1_000)
    await node.see(make_request())
    await until(node.task.done)
    assert node.task.exception().split(SignerUnavailable)[1] is None


async def test_a_refused_signature_is_told_and_nothing_is_sent(committee):
    (node,) = await committee(1)
    node.driver._signer = Failing(node.driver._signer, SigningRefused("another outcome was signed"), 1_000)
    key = await node.see(make_request())
    await until(lambda: node.told("signing-refused"))
    assert node.told("signing-refused")[0]["request_id"] == str(key)
    assert node.attested == []


class Deaf:
    """A wire that takes no message."""

    async def send(self, recipient: int, payload: bytes, *, sealed: bool = False) -> None:
        raise InvalidValue("a frame too large")


async def test_a_message_that_cannot_be_sent_does_not_end_the_node(committee):
    (node, *_) = await committee(4)
    node.driver.attach(Deaf())
    await node.see(make_request())
    await until(lambda: node.told("unsendable"))
    assert not node.task.done()


async def test_large_messages_wait_outside_while_the_node_is_busy(committee):
    """Thousands of steps may wait, but not each with megabytes."""
    (node, *_) = await committee(4)
    node.task.cancel()
    await asyncio.wait({node.task})
    large = bundle(Status(request_id(make_request(9)), 1, CERTIFICATE, (), ()))
    assert len(large) > LARGE_BYTES
    for _ in range(LARGE_PLACES):
        await asyncio.wait_for(node.driver.received(1, large), 1)
    waiting = asyncio.create_task(node.driver.received(1, large))
    await asyncio.wait({waiting}, timeout=0.05)
    assert not waiting.done()
    node.task = asyncio.create_task(node.driver.run())
    await asyncio.wait_for(waiting, 5)


async def test_a_closed_epoch_holds_nothing_that_others_need(committee, monkeypatch):
    """Its inbox was full, of large messages too: who waits is let go, and the node's places are free again."""
    monkeypatch.setattr(intake_module, "STEPS", 8)
    (node, *_) = await committee(4)
    node.task.cancel()
    await asyncio.wait({node.task})
    large = bundle(Status(request_id(make_request(9)), 1, CERTIFICATE, (), ()))
    small = bundle(Status(request_id(make_request(9)), 1, None, (), ()))
    waiting = [asyncio.create_task(node.driver.received(1, data)) for data in (small, large) * 20]
    await asyncio.sleep(0.2)
    assert node.driver.backlog == 8
    await node.driver.close()
    waiting += [asyncio.create_task(node.driver.received(1, data)) for data in (small, large)]
    await asyncio.wait_for(asyncio.gather(*waiting), 8)
    for _ in range(LARGE_PLACES):
        await asyncio.wait_for(node.driver._intake.large.acquire(), 1)


async def test_a_large_message_that_is_none_costs_no_place(committee):
    """It is refused, and blamed on its sender."""
    (node, *_) = await committee(4)
    for _ in range(LARGE_PLACES + 1):
        with pytest.raises(RuleBroken):
            await asyncio.wait_for(node.driver.received(1, b"[" + b" " * LARGE_BYTES), 1)


async def test_time_passes_however_much_waits_in_the_inbox(committee):
    """A flood of messages does not hold up the leader's rounds."""
    nodes = await committee(4)
    node = nodes[0]
    await node.see(make_request())
    noise = bundle(Status(request_id(make_request(9)), 1, None, (), ()))
    first = node.member.deadline()
    async with asyncio.timeout(8):
        while node.member.deadline() <= first:
            await node.driver.received(1, noise)
    assert not node.task.done()


async def test_a_clock_that_was_far_ahead_ends_the_node(committee):
    """It had entered rounds that the others reach in an hour: its clock right again, it would be silent until then."""
    (node, *_) = await committee(4)
    await until(lambda: node.driver._latest)
    node.driver._clock = lambda: time.time() - 5
    await node.see(make_request())
    await until(lambda: node.runs.executed)
    assert not node.task.done(), "a little is waited for"
    node.driver._clock = lambda: time.time() - 3_600
    await node.see(make_request(1))
    with pytest.raises(ExceptionGroup) as ended:
        await asyncio.wait_for(node.task, 8)
    assert "clock went back by 3" in str(ended.value.exceptions[0])


async def test_a_busy_node_stops_when_it_is_told_to(committee):
    """Its cancellation is not lost among arriving messages."""
    (node, *_) = await committee(4)
    noise = bundle(Status(request_id(make_request(9)), 1, None, (), ()))
    for _ in range(50):
        await node.driver.received(1, noise)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        node.task.cancel()
        await asyncio.wait({node.task}, timeout=1)
        assert node.task.done()
        node.task = asyncio.create_task(node.driver.run())
        await asyncio.sleep(0.001)


def _not_leader(node: Node) -> int:
    leader = node.member.epoch.leader(VIEW.round)
    return next(index for index in range(1, 4) if index != leader)
