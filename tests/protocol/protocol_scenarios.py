"""Functions and observations that the protocol's tests share; executor/testing/simulation.py runs them."""

from executor.model.observation import Kind, Observation
from executor.model.outcome import Awaiting, Returned
from executor.testing.simulation import START_S, Simulation, make_request

MEDIAN = b'{"aggregate":"median","label":"price"}'
IDENTICAL = b'{"aggregate":"identical","label":"name"}'


def value(data):
    return Observation(Kind.VALUE, data)


def one_slot(transcript):
    """A price, returned."""
    return Returned(transcript[0].value, 11) if transcript else Awaiting(0, MEDIAN)


def two_slots(transcript):
    """A price, then a name; both returned."""
    if len(transcript) < 2:
        return Awaiting(len(transcript), (MEDIAN, IDENTICAL)[len(transcript)])
    return Returned(b"|".join(entry.value for entry in transcript), 23)


def no_slot(transcript):
    """Nothing from outside."""
    return Returned(b"42", 5)


def prices(member, transcript, slot):
    """Every member sees a price of its own, and the same name."""
    return value(b"10%d" % member if slot == 0 else b"name")


def simulate(run=one_slot, look=prices, *, requests=1, limit_s=120.0, leader=0, crashes=None, **options):
    """A finished simulation; fails when it does not finish, or attests two outcomes of a request (P2).

    `leader` is the member that leads the first round; `crashes` maps members to the number of effects after which
    they are killed, once.
    """
    simulation = Simulation(run, look, start_s=START_S + 4 * leader + 1.0, **options)
    for member, boundary in (crashes or {}).items():
        simulation.nodes[member].crash_after = boundary
    keys = [simulation.request(make_request(nonce), 0.002 * nonce) for nonce in range(requests)]
    assert simulation.finish(limit_s)
    for key in keys:
        assert len(simulation.outcomes(key)) == 1
    return simulation, keys


def faults(simulation):
    return [fault for node in simulation.nodes for fault in node.faults]


def notes(simulation, kind):
    return [note for node in simulation.nodes for note in node.notes if note.kind == kind]
