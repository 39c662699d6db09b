"""Functions and observations that the protocol's tests share; executor/testing/simulation.py runs them."""

from executor.crypto import secp256k1
from executor.crypto.digests import epoch_digest, observation_digest, prepare_digest, transcript_hash
from executor.model.observation import Kind, Observation, SignedObservation
from executor.model.outcome import Awaiting, Returned
from executor.model.report import Vote
from executor.model.transcript import Entry
from executor.model.view import Certificate, Prepare, View
from executor.protocol.statements import ReportsStatement, statement_digest
from executor.protocol.strategies import agree
from executor.testing.fast_signatures import FastSignatures
from executor.testing.simulated_committee import FUNCTION_ID, START_S, make_request, private_key
from executor.testing.simulation import Simulation

MEDIAN = b'{"aggregate":"median","label":"price"}'
FAST = FastSignatures()  # for the many schedules that are not about signatures
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
        simulation.nodes[member].crashes[boundary] = 0.2
    keys = [simulation.request(make_request(nonce), 0.002 * nonce) for nonce in range(requests)]
    assert simulation.finish(limit_s)
    for key in keys:
        assert len(simulation.outcomes(key)) == 1
    return simulation, keys


def faults(simulation):
    return [fault for node in simulation.nodes for fault in node.faults]


def notes(simulation, kind):
    return [note for node in simulation.nodes for note in node.notes if note.kind == kind]


# What members sign, made by hand.


def signed(epoch, request, member, so_far, slot, spec, observation):
    """A member's signed observation."""
    digest = observation_digest(
        epoch_digest(epoch.identity), request, FUNCTION_ID, transcript_hash(so_far), slot, spec, observation
    )
    return SignedObservation(member, observation, secp256k1.sign(private_key(member), digest))


def entry(epoch, request, so_far, seen, spec=MEDIAN):
    """An entry with its observation set; `seen` maps members to observations."""
    observations = tuple(signed(epoch, request, member, so_far, len(so_far), spec, seen[member]) for member in seen)
    kind, agreed = agree(spec, list(seen.values()), epoch.n, epoch.f)
    return Entry(spec, kind, agreed, observations)


def prepare(epoch, request, member, transcript, view):
    """A member's Prepare."""
    hashed = transcript_hash(transcript)
    digest = prepare_digest(epoch_digest(epoch.identity), request, FUNCTION_ID, hashed, view)
    return Prepare(member, view, hashed, secp256k1.sign(private_key(member), digest))


def certificate(epoch, request, transcript, round, members=(0, 1, 2)):
    """A certificate by these members."""
    view = View(round, len(transcript))
    prepares = tuple(prepare(epoch, request, member, transcript, view) for member in members)
    return Certificate(view, transcript, prepares)


def vote(epoch, member, *reports):
    """A member's vote for a report, or for a batch."""
    digest = statement_digest(ReportsStatement(epoch.identity, reports))
    return Vote(member, secp256k1.sign(private_key(member), digest))
