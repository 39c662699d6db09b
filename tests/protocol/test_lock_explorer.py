"""P2 in every reachable state, within bounds; every weakened rule falls, by the shortest way (docs/model-check.md)."""

import random
from dataclasses import replace

import pytest
from lock_explorer import ALL_PATHS, Explorer
from lock_rules import REAL, WEAKENED
from lock_search import explore

from executor.model.view import NO_VIEW
from executor.protocol.lock import Promises

ONE_SLOT = ("a", "b")
ONE_BRANCH = ("a", "aa", "ab")
TWO_LENGTHS = ("a", "b", "aa", "ab")
THREE_SLOTS = ("a", "aa", "aaa", "aab")

FALLS = {
    "no lock rule": (2, ONE_BRANCH),
    "any shown certificate moves the lock": (2, ONE_BRANCH),
    "several Prepares a view": (1, ONE_SLOT),
    "no accept rule": (2, ONE_SLOT),
    "first wording of the accept rule": (2, ONE_BRANCH),
    "locks fall": (2, ONE_SLOT),
    "votes for any certificate": (2, ONE_SLOT),
    "no view in the vote": (4, ONE_SLOT),
    "a restart forgets Prepares": (1, ONE_SLOT),
    "a restart forgets the lock": (2, ONE_SLOT),
}
"""Where each weakened rule falls: rounds and paths."""


@pytest.mark.parametrize(
    ("rounds", "paths", "states", "attested"),
    [
        (2, ALL_PATHS, 43_956, {"", "aa"}),
        (2, TWO_LENGTHS, 26_580, {"", "aa", "b"}),
        (4, ONE_SLOT, 29_180, {"", "a"}),
        (1, THREE_SLOTS, 823, {"", "aaa"}),
    ],
)
def test_no_reachable_state_holds_two_attestations(rounds, paths, states, attested):
    """P2, exhaustively: up to names, these states and these outcomes, never two at once."""
    found = explore(Explorer(REAL, rounds, paths))
    assert found.violation == ()
    assert (states, attested) == (found.states, found.outcomes)


@pytest.mark.parametrize("name", WEAKENED)
def test_every_weakened_rule_falls(name):
    """Each rule is needed: without it two outcomes are attested."""
    rounds, paths = FALLS[name]
    assert explore(Explorer(WEAKENED[name], rounds, paths)).violation


def test_the_shortest_way_through_the_first_wording():
    """One round settles two slots out of sight; its second certificate is accepted though [a] was prepared above it."""
    found = explore(Explorer(WEAKENED["first wording of the accept rule"], *FALLS["first wording of the accept rule"]))
    assert list(map(str, found.violation)) == [
        "member 0 prepares [a,a] in view (1, 2)",
        "member 1 prepares [a,a] in view (1, 2)",
        "member 2 prepares [a] in view (2, 1)",
        "member 0 prepares [a] in view (2, 1)",
        "member 1 prepares [a,b] in view (2, 2)",
        "member 2 accepts [a,a] in view (1, 2)",
        "member 0 accepts [a,a] in view (1, 2)",
        "member 0 prepares [a,b] in view (2, 2)",
        "member 1 accepts [a,b] in view (2, 2)",
        "member 2 accepts [a,b] in view (2, 2)",
    ]


@pytest.mark.parametrize("name", [None, *WEAKENED])
def test_what_is_left_out_does_not_matter(name):
    """With and without the reductions the same outcomes can be attested, and the same rules fall."""
    rules = REAL if name is None else WEAKENED[name]
    for rounds, paths in ((1, ONE_BRANCH), (2, ONE_SLOT)):
        reduced, whole = (explore(Explorer(rules, rounds, paths, reduced)) for reduced in (True, False))
        assert bool(whole.violation) == bool(reduced.violation)
        assert bool(whole.violation) or whole.outcomes == reduced.outcomes
        assert whole.states >= reduced.states


def test_a_prepare_only_ever_narrows():
    """What the reductions rest on: with one Prepare less a member may do all it may do with it."""
    explorer = Explorer(REAL, 2, ALL_PATHS, reduced=False)
    rng = random.Random(1)
    state = explorer.start
    for _ in range(1_000):
        moves = [after for *_, after in explorer.moves(state)]
        common, *members = rng.choice(moves) if moves else explorer.start
        state = (common, *sorted(members))
    assert len(explorer.promises) > 150
    for promises in list(explorer.promises):
        for dropped in promises.prepared:
            fewer = tuple(consent for consent in promises.prepared if consent != dropped)
            highest = max((consent.view for consent in fewer), default=NO_VIEW)
            assert allowed(explorer, promises) <= allowed(explorer, replace(promises, prepared=fewer, highest=highest))


def allowed(explorer: Explorer, promises: Promises) -> set[tuple[str, int, int]]:
    """Everything that a member may prepare, by what is shown, and accept."""
    found = {("accepts", i, 0) for i, consent in enumerate(explorer.ids) if REAL.may_accept(promises, consent)}
    for i, asked in enumerate(explorer.ids):
        shown = [None, *explorer.ids]
        found |= {("prepares", i, j) for j, one in enumerate(shown) if REAL.may_prepare(promises, asked, one)}
    return found
