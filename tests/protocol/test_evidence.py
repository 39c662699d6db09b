"""Honest members can never be slashed: no two votes that they sign are evidence, whatever network and liars do."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from protocol_scenarios import FAST
from recorded_votes import equivocations, play

from executor.protocol.evidence import find_evidence, is_evidence

SCHEDULES = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SCHEDULES
@given(st.integers(0, 2**32))
def test_no_two_votes_of_one_member_are_evidence(seed: int) -> None:
    """Nor would they be if its signer kept no record: lost, repeated and late messages, restarts, batches, a bug."""
    simulation, _ = play(seed, suite=FAST)
    for member, reports in simulation.asked.items():
        assert equivocations(reports) == []
        assert find_evidence(simulation.signed.get(member, [])) is None


@SCHEDULES
@given(st.integers(0, 2**32))
def test_beside_a_member_that_votes_twice_only_that_one_is_guilty(seed: int) -> None:
    """Its two votes are found among all of its votes; nothing that it sends makes another's vote evidence."""
    simulation, liar = play(seed, two_faced=True, suite=FAST)
    for member, votes in simulation.signed.items():
        assert equivocations(simulation.asked[member]) == []
        assert find_evidence(votes) is None
    found = find_evidence([*simulation.signed.get(liar.index, []), *liar.votes])
    assert (found is not None) == bool(liar.votes)
    if found is not None:
        assert is_evidence(simulation.epoch.identity, simulation.epoch.members[liar.index].signer, *found, suite=FAST)


def test_the_schedules_have_votes_that_look_alike() -> None:
    """Batches, one outcome in two rounds, members that disagree, lies: all do occur."""
    batches = rounds = lies = disagreements = 0
    for seed in range(30):
        simulation, liar = play(seed, two_faced=seed % 2 == 1, suite=FAST)
        batches += any(vote.path for votes in simulation.signed.values() for vote in votes)
        for reports in simulation.asked.values():
            rounds += len({report.round for report in reports}) > len({report.request_id for report in reports})
        outcomes = {(report.request_id, report.output_hash) for each in simulation.asked.values() for report in each}
        disagreements += len(outcomes) > len({request for request, _ in outcomes})
        lies += bool(liar.votes)
    assert min(batches, rounds, lies, disagreements) > 0, (batches, rounds, lies, disagreements)
