"""What a member knows, side by side; and no request stands still without saying so."""

from protocol_bench import EMPTY, EPOCH, REQUEST, Bench, status
from protocol_scenarios import faults, no_slot, notes, prices, simulate, two_slots, value

from executor.model.codec import encode, to_plain
from executor.model.ids import RequestId
from executor.model.observation import Observation
from executor.model.outcome import Awaiting, Returned
from executor.testing.simulated_committee import make_request
from executor.testing.simulation import Simulation

PATIENCE = EPOCH.f + 3


def test_a_leader_shows_what_every_member_saw():
    """Values, errors, itself and who was silent, beside the spec they answer."""
    bench = Bench(0)
    bench.run(bench.member.observed(REQUEST, EMPTY, 0, value(b"100"), bench.now))
    bench.receive(1, status(1, value(b"101")))
    bench.receive(3, status(3, Observation.error("timeout")))
    view = bench.member.describe(REQUEST)
    assert (view.phase, view.leader, view.lock, view.transcript) == ("awaiting", 0, None, ())
    assert (view.awaited.slot, view.awaited.own.value) == (0, b"100")
    heard = [(seen.member, seen.kind, seen.value, seen.verified) for seen in view.awaited.observations]
    assert heard == [(0, "value", b"100", True), (1, "value", b"101", True), (3, "error", b"timeout", True)]
    assert view.awaited.silent == (2,)
    assert view.heard_this_round == (0, 1, 3)
    assert encode(view) == encode(bench.member.describe(REQUEST)), "describing changes nothing"
    assert bench.member.describe(RequestId(bytes(32))) is None


def test_votes_are_shown_by_report():
    """Two and two: nobody has a quorum, and everybody can see why."""
    wrong = lambda _: Returned(b"wrong", 1)  # noqa: E731
    simulation = Simulation(no_slot, prices, broken={2: wrong, 3: wrong})
    key = simulation.request(make_request())
    assert not simulation.finish(20)
    view = simulation.nodes[0].member.describe(key)
    assert sorted(each.members for each in view.votes) == [(0, 1), (2, 3)]
    assert len({each.output_hash for each in view.votes}) == 2
    assert view.not_voting == ()
    assert view.own_vote.members == (0,)
    assert view.phase == "reported"
    assert simulation.nodes[0].member.requests() == {"executing": 0, "awaiting": 0, "reported": 1, "attested": 0}


def test_no_quorum_never_comes_without_its_diff():
    """Two of four members never observe: after f + 3 rounds, and every f + 3 again, each tells what it heard."""
    look = lambda member, *_: value(b"10%d" % member) if member < 2 else None  # noqa: E731
    simulation = Simulation(two_slots, look)
    key = simulation.request(make_request())
    assert not simulation.finish(4.0 * (3 * PATIENCE + 1))
    for node in simulation.nodes:
        told = [note for note in node.notes if note.kind == "stalled"]
        assert [note.request_id for note in told] == [key] * 3
        last = told[-1].details
        assert last["rounds_without_progress"] == 3 * PATIENCE
        assert last["awaited"]["silent"] == [2, 3]
        seen = {item["member"]: bytes.fromhex(item["value"][2:]) for item in last["awaited"]["observations"]}
        assert seen == {0: b"100", 1: b"101"}


def test_long_values_are_cut_in_notes_only():
    """A log line stays readable; `describe` has it whole."""
    look = lambda member, *_: value(b"x" * 30_000) if member < 2 else None  # noqa: E731
    run = lambda transcript: (  # noqa: E731
        Awaiting(0, b'{"aggregate":"identical","label":"x"}') if not transcript else Returned(b"", 1)
    )
    simulation = Simulation(run, look)
    key = simulation.request(make_request())
    assert not simulation.finish(4.0 * (PATIENCE + 1))
    (told, *_) = notes(simulation, "stalled")
    (item, *_) = told.details["awaited"]["observations"]
    assert (len(item["value"]), item["bytes"]) == (2 + 2 * 256, 30_000)
    assert simulation.nodes[0].member.describe(key).awaited.own.value == b"x" * 30_000


def test_what_goes_on_is_not_called_stalled():
    """Two slots on a slow network with one member down: progress, and no note; afterwards the view says attested."""
    simulation, (key,) = simulate(two_slots, dead=(3,), delay_s=(0.02, 0.3), limit_s=600)
    assert notes(simulation, "stalled") == []
    assert faults(simulation) == []
    node = simulation.nodes[0]
    node.member.restore(key, node.journal[key], simulation.now)
    view = to_plain(node.member.describe(key))
    assert (view["phase"], view["awaited"], view["rounds_without_progress"]) == ("attested", None, 0)
    assert [entry["kind"] for entry in view["transcript"]] == ["value", "value"]
