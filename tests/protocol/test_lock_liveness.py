"""Whatever happened before, one round of an honest leader in time finishes a request; each liveness rule is needed."""

import random
from itertools import product

import pytest
from lock_explorer import ALL_PATHS, Explorer
from lock_liveness import Choice, Proposing, Requests, World, choices, play, stuck
from lock_search import explore

from executor.errors import InvalidValue
from executor.model.observation import Kind, Observation
from executor.protocol.strategies import Case, case_of

FOREVER = 15  # rounds: five turns of every honest leader


def wandered(rounds=3, walks=150, steps=40):
    """Where random walks of the explorer end, with what they may agree on."""
    explorer, rng = Explorer(rounds=rounds, reduced=False), random.Random(1)
    worlds = []
    for _ in range(walks):
        state = explorer.start
        for _ in range(rng.randrange(steps)):
            moves = [after for *_, after in explorer.moves(state)]
            if not moves:
                break
            common, *members = rng.choice(moves)
            state = (common, *sorted(members))
        worlds.append(World.of(explorer, state))
    return worlds, Requests.of(explorer)


def test_every_state_of_one_round_is_finished_in_the_next():
    """Exhaustively after one round: whatever the faulty member shows the leader, every honest member votes alike."""
    explorer = Explorer(rounds=1, paths=ALL_PATHS, reduced=False)
    states = explore(explorer).seen
    worlds = [World.of(explorer, explorer.unpack(packed)) for packed in states]
    assert len(worlds) == 1_065
    requests = Requests.of(explorer)
    assert not any(stuck(world, requests, Proposing(), 1) for world in worlds)


def test_one_honest_round_finishes_a_request():
    """From 150 states within three rounds."""
    worlds, requests = wandered()
    assert not any(stuck(world, requests, Proposing(), 1) for world in worlds)


def test_a_leader_that_restarts_wastes_its_round_only():
    """A restart after any number of proposals loses what the leader heard; the next round finishes."""
    worlds, requests = wandered()
    for world, cut in product(worlds, (0, 1, 2)):
        for choice in choices(world, Proposing()):
            after = play(world, Choice(choice.shown, cut=cut), requests)
            assert not stuck(after, requests, Proposing(), 1)


@pytest.mark.parametrize(
    ("proposing", "rounds"),
    [
        (Proposing(repropose=False), FOREVER),
        (Proposing(leader_only=False, private_prepares=False), FOREVER),
        (Proposing(waiting=False), 2),
        (Proposing(leader_only=False), 2),
    ],
    ids=["never the same again", "leaked Prepares, certificates from anyone", "no waiting", "certificates from anyone"],
)
def test_each_liveness_rule_is_needed(proposing, rounds):
    """Without it the adversary stops the same states for so many rounds of honest leaders."""
    worlds, requests = wandered()
    assert any(stuck(world, requests, proposing, rounds) for world in worlds)


@pytest.mark.parametrize("proposing", [Proposing(waiting=False), Proposing(leader_only=False)])
def test_one_missing_rule_costs_two_rounds_at_most(proposing):
    """Waiting, and certificates from the leader only, keep the bound at one round; without either it is three."""
    worlds, requests = wandered()
    assert not any(stuck(world, requests, proposing, 3) for world in worlds)


def makes_entry(n: int, f: int, values: int, errors: int, mixed: bool) -> bool:
    """Whether some set can be taken from so many value and error observations."""
    for chosen in product(range(values + 1), range(errors + 1)):
        observations = [Observation(Kind.VALUE, b"1")] * chosen[0] + [Observation.error("failed")] * chosen[1]
        try:
            case = case_of(observations, n, f)
        except InvalidValue:
            continue
        if mixed or case is not Case.MIXED:
            return True
    return False


@pytest.mark.parametrize("f", [1, 2, 3])
def test_every_slot_is_settled_at_last(f):
    """However many honest members fail for ever, with at most f silent; without the mixed set some slots never are."""
    n = 3 * f + 1
    seen = [(n - silent - errors, errors) for silent in range(f + 1) for errors in range(n - silent + 1)]
    assert all(makes_entry(n, f, values, errors, mixed=True) for values, errors in seen)
    assert not all(makes_entry(n, f, values, errors, mixed=False) for values, errors in seen)
