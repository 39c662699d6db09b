"""Single mode: one member looks, the others accept its signed observation, or after f + 3 rounds none (case d)."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from protocol_bench import EPOCH, REQUEST, ROUND, Bench, proposal, sent
from protocol_scenarios import FAST, MEDIAN, entry, faults, notes, signed, simulate, value

from executor.crypto.digests import epoch_digest, observation_digest, request_id, transcript_hash
from executor.errors import InvalidValue, RuleBroken
from executor.model.observation import Kind, Observation, SignedObservation
from executor.model.outcome import Awaiting, Returned
from executor.model.transcript import Entry
from executor.protocol.checks import Subject, check_entry, check_transcript
from executor.protocol.describing import describe
from executor.protocol.effects import Observe
from executor.protocol.messages import PendingObservation, Status
from executor.protocol.strategies import Case, agree, alone_member
from executor.testing.simulated_committee import FUNCTION_ID, make_request, private_key

SINGLE = b'{"aggregate":"single","label":"order"}'
DEFAULT = b'{"aggregate":"single","default":"0"}'
UNTOLD = b"no-agreement: single needs its member's observation, had none"
N = 4
ALONE = alone_member(REQUEST, N)
OTHER = (ALONE + 1) % N
PATIENCE = EPOCH.f + 3


def one_order(transcript):
    """One slot in single mode, returned."""
    return Returned(transcript[0].value, 11) if transcript else Awaiting(0, SINGLE)


def price_and_order(transcript):
    """A price of all, then an order of one, then a price again."""
    specs = (MEDIAN, SINGLE, MEDIAN)
    if len(transcript) < len(specs):
        return Awaiting(len(transcript), specs[len(transcript)])
    return Returned(b"|".join(bytes([each.kind]) + each.value for each in transcript), 11)


def agreed_entry(simulation, key):
    """The one entry of the attested transcript, and how many rounds it took."""
    attested = next(node.attested[key] for node in simulation.nodes if key in node.attested)
    (first,) = attested.transcript
    start = EPOCH.round_at(next(iter(simulation.requests.values())).block_timestamp)
    return first, attested.report.round - start


def test_the_member_is_the_request_id_mod_n():
    """As a big-endian number."""
    assert int(bytes(REQUEST).hex(), 16) % N == ALONE
    assert {alone_member(request_id(make_request(nonce)), N) for nonce in range(40)} == set(range(N))


def test_one_member_looks_and_the_others_accept_what_it_signed():
    """Nobody else is asked to observe; the set holds its observation alone."""
    asked = []

    def look(member, transcript, slot):
        asked.append((member, slot))
        return value(b"order %d" % member)

    simulation, (key,) = simulate(one_order, look)
    first, _ = agreed_entry(simulation, key)
    assert asked == [(ALONE, 0)]
    assert (first.kind, first.value) == (Kind.VALUE, b"order %d" % ALONE)
    assert [each.member for each in first.observations] == [ALONE]
    check_transcript(Subject(EPOCH, key, FUNCTION_ID), (first,))
    assert faults(simulation) == []
    assert [note.details["silent"] for note in notes(simulation, "agreed")] == [[]]


def test_a_silent_member_costs_f_plus_3_rounds():
    """Then all agree that there is no agreement, over an empty set; not a round earlier."""
    simulation, (key,) = simulate(one_order, lambda *_: None, dead=(ALONE,))
    first, rounds = agreed_entry(simulation, key)
    assert Entry(SINGLE, Kind.ERROR, UNTOLD, ()) == first
    assert rounds >= PATIENCE
    check_transcript(Subject(EPOCH, key, FUNCTION_ID), (first,))


def test_a_member_that_hangs_costs_the_same():
    """It is there and prepares, but its look does not end."""
    simulation, (key,) = simulate(one_order, lambda *_: None)
    first, rounds = agreed_entry(simulation, key)
    assert (first.kind, first.value) == (Kind.ERROR, UNTOLD)
    assert rounds >= PATIENCE


def test_an_error_is_agreed_as_its_member_signed_it():
    """At once: nobody else would look."""
    simulation, (key,) = simulate(one_order, lambda *_: Observation.error("http-timeout"))
    first, rounds = agreed_entry(simulation, key)
    assert (first.kind, first.value) == (Kind.ERROR, b"http-timeout")
    assert rounds == 0


@pytest.mark.parametrize("seen", [[], [Observation.error("http-tls")]])
def test_a_default_replaces_every_error(seen):
    """As in every other case."""
    assert agree(DEFAULT, seen, N, 1) == (Kind.DEFAULT, b"0")


def test_a_set_is_one_observation_or_none():
    """Two are no set, however many the committee has."""
    assert agree(SINGLE, [value(b"x")], 7, 2) == (Kind.VALUE, b"x")
    with pytest.raises(InvalidValue, match="one member looks"):
        agree(SINGLE, [value(b"x"), value(b"x")], 7, 2)


def test_nobody_elses_observation_counts():
    """Not in a set, nor told by itself: the sender is to blame."""
    subject, seen = Subject(EPOCH, REQUEST, FUNCTION_ID), value(b"mine")
    assert Case.ALONE is check_entry(subject, (), entry(EPOCH, REQUEST, (), {ALONE: seen}, SINGLE))
    with pytest.raises(RuleBroken, match="another member looks alone"):
        check_entry(subject, (), entry(EPOCH, REQUEST, (), {OTHER: seen}, SINGLE))
    bench = Bench(0, execute=one_order)
    liar = next(member for member in range(1, N) if member != ALONE)
    told = PendingObservation(transcript_hash(()), 0, signed(EPOCH, REQUEST, liar, (), 0, SINGLE, seen))
    with pytest.raises(RuleBroken, match="another member looks alone"):
        bench.receive(liar, Status(REQUEST, ROUND, None, (told,), ()))


def test_a_value_needs_its_observation():
    """An entry with a value and no set is refused: leaders invent nothing."""
    with pytest.raises(RuleBroken, match="does not give"):
        check_entry(Subject(EPOCH, REQUEST, FUNCTION_ID), (), Entry(SINGLE, Kind.VALUE, b"invented", ()))


def test_an_empty_set_is_prepared_only_after_waiting():
    """f + 3 rounds by the member's own clock; the leader of an early one is not believed."""
    untold = Entry(SINGLE, Kind.ERROR, UNTOLD, ())
    bench = Bench(execute=one_order)
    assert sent(bench.receive(0, proposal((untold,))), "prepare") == []
    for _ in range(PATIENCE):
        bench.next_round()
    leader = EPOCH.leader(ROUND + PATIENCE)
    assert sent(bench.receive(leader, proposal((untold,), round=ROUND + PATIENCE)), "prepare")


def test_the_others_are_not_called_silent():
    """A member that must not look is not missed."""
    bench = Bench(0 if ALONE else 1, execute=one_order)
    life = bench.member._lives[REQUEST]
    assert describe(bench.member._desk, life).awaited.silent == (ALONE,)
    assert not any(isinstance(effect, Observe) for effect in bench.log)


class Equivocator:
    """The member that looks alone signs something else for every recipient, now a value, now an error."""

    def __init__(self, suite, keep_from=()):
        self.suite, self.count, self.keep_from = suite, 0, keep_from

    def __call__(self, sender, recipient, message):
        if not isinstance(message, Status) or not message.observations:
            return [message]
        if recipient in self.keep_from:
            return [replace(message, observations=())]
        return [
            replace(message, observations=tuple(self._other(sender, message, item) for item in message.observations))
        ]

    def _other(self, sender, message, item):
        if item.signed.observation.value.startswith(b"10"):
            return item  # a price of all
        self.count += 1
        seen = value(b"for you: %d" % self.count) if self.count % 3 else Observation.error(f"lie-{self.count}")
        digest = observation_digest(
            epoch_digest(EPOCH.identity), message.request_id, FUNCTION_ID, item.so_far, item.slot, SINGLE, seen
        )
        return replace(item, signed=SignedObservation(sender, seen, self.suite.sign(private_key(sender), digest)))


def look_twice(member, transcript, slot):
    """Prices of all, an order of one."""
    return value(b"order" if slot == 1 else b"10%d" % member)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32), st.integers(0, 3), st.sets(st.integers(0, 3), max_size=3))
def test_a_member_that_tells_each_leader_something_else_makes_one_outcome(seed, leader, keep_from):
    """P2 on a bad network that loses certificates: `simulate` asserts it, and that it ends; nobody honest is blamed."""
    simulation, _ = simulate(
        price_and_order,
        look_twice,
        suite=FAST,
        seed=seed,
        leader=leader,
        requests=2,
        tamper=Equivocator(FAST, keep_from),
        loss=0.2,
        duplication=0.2,
        delay_s=(0.005, 1.2),
        limit_s=900,
    )
    assert faults(simulation) == []


@pytest.mark.parametrize("boundary", range(0, 40, 3))
def test_a_crash_of_the_member_that_looks_is_survived(boundary):
    """kill -9 before an effect, restart from the journal: one look's value or none, and one outcome."""
    simulation, _ = simulate(price_and_order, look_twice, suite=FAST, seed=boundary, crashes={ALONE: boundary})
    assert faults(simulation) == []
