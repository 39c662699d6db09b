"""P2 and progress under bad networks, crashes and a Byzantine member; every schedule is reproducible by its seed."""

import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from protocol_scenarios import FAST, faults, no_slot, prices, simulate, two_slots, value

from executor.crypto.digests import attestation_digest, epoch_digest, keccak256, observation_digest, report_leaf
from executor.model.ids import Root
from executor.model.observation import Observation, SignedObservation
from executor.model.outcome import Returned
from executor.model.report import Vote
from executor.protocol.messages import CertificateMessage, PendingObservation, Proposal, Status, VoteMessage
from executor.testing.simulated_committee import FUNCTION_ID, START_S, make_epoch, make_request, private_key
from executor.testing.simulation import Simulation

EPOCH = make_epoch()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32), st.integers(0, 3), st.sampled_from([no_slot, two_slots]))
def test_lost_repeated_and_reordered_messages_never_make_two_outcomes(seed, leader, run):
    """15% lost, 20% twice, delays of up to 1.2 s out of order: it finishes, with one outcome and nobody blamed."""
    simulation, _ = simulate(
        run, suite=FAST, seed=seed, leader=leader, loss=0.15, duplication=0.2, delay_s=(0.005, 1.2), limit_s=600
    )
    assert faults(simulation) == []


@pytest.mark.parametrize("who", range(4))
def test_a_crash_at_any_effect_is_survived(who):
    """kill -9 before each effect of a member in turn, restart from the journal: it finishes, with one outcome."""
    for boundary in range(100):
        simulation, keys = simulate(two_slots, suite=FAST, seed=boundary, crashes={who: boundary})
        assert faults(simulation) == []
        if simulation.nodes[who].crashes:
            break  # the member never reached this boundary: all were tried
        assert simulation.nodes[who].journal.keys() <= set(keys)
    assert boundary > 15


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32))
def test_crashes_on_a_bad_network(seed):
    """Two members crash at random points while messages are lost and repeated."""
    rng = random.Random(seed)
    crashes = {who: rng.randrange(30) for who in rng.sample(range(4), 2)}
    options = {"loss": 0.1, "duplication": 0.2, "delay_s": (0.005, 0.6), "limit_s": 600}
    simulation, _ = simulate(two_slots, suite=FAST, seed=seed, crashes=crashes, leader=rng.randrange(4), **options)
    assert faults(simulation) == []


class Byzantine:
    """One member that sends each recipient whatever it likes of what it can sign, and withholds at will."""

    def __init__(self, index, seed):
        self.index, self.rng = index, random.Random(seed)

    def __call__(self, sender, recipient, message):
        if sender != self.index:
            return [message]
        if self.rng.random() < 0.15:
            return []
        match message:
            case Status():
                observations = tuple(self._other_observation(message, item) for item in message.observations)
                lock = message.lock if self.rng.random() < 0.5 else None
                return [replace(message, observations=observations, lock=lock)]
            case Proposal():
                return [message, self._other_proposal(message)][:: self.rng.choice([1, -1])]
            case CertificateMessage():
                return [message] if self.rng.random() < 0.5 else []
            case VoteMessage():
                return [message, self._other_vote(message)]
            case _:
                return [message]

    def _sign(self, digest):
        return FAST.sign(private_key(self.index), digest)

    def _other_observation(self, status, item):
        if item.slot != 0:
            return item
        seen = value(b"%d" % self.rng.randrange(1000)) if self.rng.random() < 0.8 else Observation.error("lie")
        spec = b'{"aggregate":"median","label":"price"}'
        digest = observation_digest(
            epoch_digest(EPOCH.identity), status.request_id, FUNCTION_ID, item.so_far, item.slot, spec, seen
        )
        return PendingObservation(item.so_far, item.slot, SignedObservation(self.index, seen, self._sign(digest)))

    def _other_proposal(self, proposal):
        *covered, last = proposal.transcript
        if self.rng.random() < 0.5:
            return replace(proposal, shown=None)
        return replace(proposal, transcript=(*covered, replace(last, value=b"101")))

    def _other_vote(self, message):
        report = replace(message.report, output_hash=keccak256(b"lie"))
        digest = attestation_digest(EPOCH.identity, Root(report_leaf(report)))
        return VoteMessage(report, Vote(self.index, self._sign(digest)))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32), st.integers(0, 3))
def test_a_byzantine_member_stops_nothing(seed, who):
    """It equivocates on observations, proposals and votes and withholds certificates; the others finish, with one
    outcome that an honest execution gives."""
    tamper = Byzantine(who, seed)
    simulation, (key,) = simulate(two_slots, suite=FAST, seed=seed, tamper=tamper, delay_s=(0.005, 0.3), limit_s=600)
    held = [node.attested[key] for node in simulation.nodes if node.index != who and key in node.attested]
    assert held
    for honest in held:
        assert honest.payload == b"|".join(entry.value for entry in honest.transcript)
    assert {fault.member for fault in faults(simulation)} <= {who}


def test_a_wrong_vote_is_kept_beside_the_right_one():
    """P4: the same member signs two reports; both are counted, each for itself."""
    both = Byzantine(2, 0)
    tamper = lambda sender, _, message: (  # noqa: E731
        [both._other_vote(message), message] if sender == 2 and isinstance(message, VoteMessage) else [message]
    )
    simulation, (key,) = simulate(two_slots, prices, suite=FAST, tamper=tamper, dead=(3,))
    assert len(simulation.nodes[0].attested[key].votes) == 3
    assert simulation.now - START_S < 4


def test_two_broken_members_of_four_attest_nothing():
    """More than f faulty: no quorum for anything, and no second outcome."""
    wrong = lambda transcript: Returned(b"wrong", 1) if len(transcript) == 2 else two_slots(transcript)  # noqa: E731
    simulation = Simulation(two_slots, prices, broken={1: wrong, 2: wrong})
    key = simulation.request(make_request())
    assert not simulation.finish(40)
    assert simulation.outcomes(key) == set()
