"""A member that was down takes up what the others did, checks it, and moves no lock by it."""

import pytest
from protocol_scenarios import FAST, faults, prices, two_slots

from executor.crypto.digests import request_id
from executor.protocol.record import decode_record
from executor.testing.simulated_committee import START_S, make_request
from executor.testing.simulation import Simulation


@pytest.mark.parametrize("down_s", [0.3, 3.0, 9.0, 20.0])
@pytest.mark.parametrize("who", range(4))
def test_a_member_that_was_down_ends_with_everybody_elses_receipt(who, down_s):
    """Down from the start, for less than a round up to five: transcript, payload, votes and attestation arrive."""
    simulation = Simulation(two_slots, prices, suite=FAST, seed=who, start_s=START_S + 1.0, lost_deliveries=9)
    key = simulation.request(make_request())
    late = simulation.nodes[who]
    simulation.kill(late, down_s)
    assert simulation.until(lambda: all(key in node.attested for node in simulation.nodes), down_s + 12.0)
    outcomes = {(node.attested[key].report.output_hash, node.attested[key].payload) for node in simulation.nodes}
    assert len(outcomes) == 1
    assert late.attested[key].transcript == simulation.nodes[who - 1].attested[key].transcript
    assert all(len(entry.observations) >= 3 for entry in late.attested[key].transcript)
    assert faults(simulation) == []


def test_what_is_fetched_moves_no_lock():
    """The attestation came with a certificate; the record of a member that prepared nothing stays without a lock."""
    simulation = Simulation(two_slots, prices, suite=FAST, start_s=START_S + 1.0, lost_deliveries=9)
    key = request_id(make_request())
    simulation.request(make_request())
    simulation.kill(simulation.nodes[3], 9.0)
    assert simulation.until(lambda: key in simulation.nodes[3].attested, 40.0)
    record = decode_record(simulation.nodes[3].journal[key])
    assert (record.lock, record.prepared, record.report) == (None, (), None)
    assert record.attestation.evidence[0].certificate is not None
