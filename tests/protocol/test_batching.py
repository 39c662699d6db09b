"""Batches that find no quorum become smaller ones, then single reports, within the round."""

from collections import Counter
from dataclasses import replace

import pytest
from protocol_bench import EMPTY, EPOCH, Bench, sent
from protocol_scenarios import faults, no_slot, notes, simulate, vote

from executor.crypto.digests import make_report, request_id
from executor.model.ids import RegistrationId, Root
from executor.model.outcome import Returned
from executor.model.report import Vote
from executor.model.trigger import BlockTick, Origin
from executor.model.view import NO_VIEW
from executor.protocol.batching import MAX_ALONE, MAX_SIGNED, MAX_SLOWNESS, Batcher, batch_voted
from executor.protocol.desk import Desk
from executor.protocol.effects import Transmit
from executor.protocol.messages import BatchProposal, BatchVote, VoteMessage
from executor.protocol.settings import Settings
from executor.testing.fast_signatures import FastSignatures
from executor.testing.simulated_committee import FUNCTION_ID, START_S, make_request
from executor.testing.simulation import Simulation

REQUESTS = 16
ROUND_S = 4.0


class Wire:
    """Counts batch proposals, and keeps from some members those that name a certain request."""

    def __init__(self, deaf=(), poison=None):
        self.deaf, self.poison, self.proposed = set(deaf), poison, Counter()

    def __call__(self, sender, recipient, message):
        if isinstance(message, BatchProposal):
            named = {report.request_id for report in message.reports}
            self.proposed[named_key(named)] += 1
            if recipient in self.deaf and (self.poison is None or self.poison in named):
                return []
        return [message]


def named_key(named):
    return tuple(sorted(named))


def run(wire, **options):
    return simulate(no_slot, requests=REQUESTS, tamper=wire, suite=FastSignatures(), **options)


def sizes(simulation):
    return sorted((len(transmit.attestation.reports) for transmit in simulation.transmitted), reverse=True)


def test_one_leaf_that_members_lack_costs_its_batch_only_that_part():
    """Two members never sign what holds one request: the others still go out in batches, in the same round."""
    poison = request_id(make_request(5))
    simulation, keys = run(Wire((1, 2), poison))
    assert sum(sizes(simulation)) == len(keys)
    assert sizes(simulation)[:2] == [8, 4]
    single = [transmit for transmit in simulation.transmitted if len(transmit.attestation.reports) == 1]
    assert poison in {transmit.attestation.reports[0].request_id for transmit in single}
    assert max(simulation.delivered.values()) < START_S + ROUND_S + 1.0
    assert faults(simulation) == []


@pytest.mark.parametrize("requests", [2, 5, REQUESTS])
def test_members_that_never_sign_batches_stop_nothing(requests):
    """A liar that votes and never signs a root, beside a member that is down: seven proposals, then one by one."""
    wire = Wire((2,))
    simulation, keys = simulate(no_slot, requests=requests, tamper=wire, dead=(3,), suite=FastSignatures())
    assert sizes(simulation) == [1] * len(keys)
    assert len(wire.proposed) <= 7
    assert max(simulation.delivered.values()) < START_S + ROUND_S + 1.0


def test_one_liar_among_all_the_others_costs_no_batch():
    """The quorum is there without it."""
    simulation, keys = run(Wire((2,)))
    assert sum(sizes(simulation)) == len(keys)
    assert len(sizes(simulation)) <= 2
    assert notes(simulation, "silent") == []


def test_who_signed_nothing_is_not_waited_for_again_in_the_round():
    """Requests that come later in the round go out at once."""
    wire = Wire((2,))
    simulation, _ = simulate(no_slot, requests=4, tamper=wire, dead=(3,), suite=FastSignatures())
    before, now = len(wire.proposed), simulation.now
    for nonce in range(100, 104):
        simulation.request(make_request(nonce))
    assert simulation.finish(ROUND_S)
    assert len(wire.proposed) == before
    assert simulation.now - now < 1.3  # delivery takes one second


def test_what_triggers_made_goes_out_apart():
    """Rule 9: two attestations, each of one kind, in the same round."""
    origin = Origin(RegistrationId(bytes([1]) * 32), BlockTick(1))
    asked = [make_request(nonce) for nonce in range(3)]
    made = [replace(make_request(), origin=origin, input=raw) for raw in (b"a", b"b", b"c")]
    simulation = Simulation(no_slot, None, suite=FastSignatures(), start_s=START_S + 1.0)
    for request in (asked[0], made[0], made[1], asked[1], asked[2], made[2]):
        simulation.request(request)
    assert simulation.finish(ROUND_S)
    pushed = {request_id(request) for request in made}
    batches = [{report.request_id for report in each.attestation.reports} for each in simulation.transmitted]
    assert sorted(len(batch & pushed) for batch in batches) == [0, 3]


@pytest.mark.parametrize(("gas", "most"), [(300_000, 32), (1_000_000, 15), (5_000_000, 3)])
def test_callbacks_that_may_burn_all_gas_go_out_in_as_many_transactions_as_hold_them(gas, most):
    """Rule 3: whatever the consumers burn, each batch can be delivered, so none takes the others' reports with it."""
    requests = [replace(make_request(nonce), callback_gas_limit=gas) for nonce in range(33)]
    simulation = Simulation(no_slot, None, suite=FastSignatures(), start_s=START_S + 1.0)
    for request in requests:
        simulation.request(request)
    assert simulation.finish(3 * ROUND_S)
    assert max(sizes(simulation)) == most
    assert {report.request_id for each in simulation.transmitted for report in each.attestation.reports} == {
        request_id(request) for request in requests
    }


def test_a_batch_that_no_transaction_holds_is_not_signed():
    """A leader that proposes it is answered for smaller ones; pushes cost their probes, too."""
    bench, reports = Bench(seen=False), []
    for nonce in range(4):
        asked = replace(make_request(nonce), callback_gas_limit=5_000_000)
        bench.member.seen(asked, bench.now)
        reports.append(
            bench.run(bench.member.executed(request_id(asked), EMPTY, Returned(b"x", 1), bench.now))[-1].message.report
        )
    assert sent(bench.receive(0, BatchProposal(tuple(reports))), "batch-vote") == []
    assert len(sent(bench.receive(0, BatchProposal(tuple(reports[:3]))), "batch-vote")) == 1


def test_a_leader_that_proposes_without_end_gets_so_many_signatures():
    """Rule 6; the next round is a new turn."""
    bench, reports = Bench(seen=False), []
    for nonce in range(3):
        bench.member.seen(make_request(nonce), bench.now)
        effects = bench.member.executed(request_id(make_request(nonce)), EMPTY, Returned(b"x", 1), bench.now)
        reports.append(bench.run(effects)[-1].message.report)
    batches = [BatchProposal(tuple(reports)), BatchProposal(tuple(reports[1:]))]
    answered = sum(len(sent(bench.receive(0, batches[number % 2]), "batch-vote")) for number in range(3 * MAX_SIGNED))
    assert answered == MAX_SIGNED
    for _ in range(4):
        bench.next_round()
    assert len(sent(bench.receive(0, replace(batches[0])), "batch-vote")) == 1


def test_members_that_are_slow_are_waited_for_longer_next_time():
    """Rule 7: a vote for a batch that was given up says so; half a round is the most, and quick ones take it back."""
    desk, roots = Desk(EPOCH, 0, Settings()), [Root(bytes([number]) * 32) for number in range(6)]
    batcher = Batcher(reluctant={1, 2}, given_up=set(roots))
    waited = []
    for root in roots:
        batch_voted(desk, batcher, {}, 1, BatchVote(root, Vote(1, bytes(64))))
        waited.append(batcher.patience_s(desk))
    assert waited == [1.0, 2.0, 2.0, 2.0, 2.0, 2.0]
    assert (batcher.slowness, batcher.reluctant, batcher.given_up) == (MAX_SLOWNESS, set(), set())


def test_what_reaches_its_quorum_after_the_round_is_left_to_the_next_leader():
    """Rule 8: all but a few, so that something goes out however slow everybody is."""
    bench, reports = Bench(index=0, seen=False), []
    for nonce in range(3 * MAX_ALONE):
        bench.member.seen(make_request(nonce), bench.now)
        outcome = Returned(b"x", 1)
        bench.run(bench.member.executed(request_id(make_request(nonce)), EMPTY, outcome, bench.now))
        reports.append(make_report(request_id(make_request(nonce)), FUNCTION_ID, EMPTY, outcome, NO_VIEW))
    bench.next_round()
    bench.log.clear()
    for report in reports:
        for member in (1, 2, 3):
            bench.receive(member, VoteMessage(report, vote(EPOCH, member, report)))
    alone = [effect for effect in bench.log if isinstance(effect, Transmit)]
    assert [len(transmit.attestation.reports) for transmit in alone] == [1] * MAX_ALONE
