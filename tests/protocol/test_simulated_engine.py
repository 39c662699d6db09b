"""The committee in memory that `simulate`, the simulator and these tests run on."""

from dataclasses import replace

import pytest
from protocol_scenarios import FAST, no_slot, prices, simulate, two_slots

from executor.errors import InvalidEncoding
from executor.protocol.messages import Status
from executor.testing.simulated_committee import make_request
from executor.testing.simulation import Simulation


def transmitted():
    """What the only transaction of a calm run held, and its request."""
    simulation, (key,) = simulate(no_slot, suite=FAST)
    return simulation.transmitted[0], key


@pytest.mark.parametrize(
    "changed",
    [
        lambda effect: replace(effect, payloads=(b"another",)),
        lambda effect: replace(effect, payloads=()),
        lambda effect: replace(effect, attestation=replace(effect.attestation, proof=effect.attestation.proof[:-64])),
    ],
)
def test_the_chain_takes_only_what_proves_itself(changed):
    """Another payload, none, or a vote less: the request stays open until the right one comes."""
    effect, key = transmitted()
    simulation = Simulation(no_slot, prices, suite=FAST, dead=range(4))
    simulation.requests[key] = make_request()
    simulation.transmit(simulation.nodes[0], changed(effect))
    assert not simulation.finish(10.0)
    simulation.transmit(simulation.nodes[0], effect)
    assert simulation.finish(10.0)


def test_messages_cross_the_wire_as_bytes():
    """What no member could read leaves none."""
    seen = []

    def tamper(_sender, _recipient, message):
        seen.append(message)
        return [replace(message, request_id=message.request_id[:-1])] if isinstance(message, Status) else [message]

    with pytest.raises(InvalidEncoding):
        simulate(two_slots, suite=FAST, tamper=tamper)
    assert seen
