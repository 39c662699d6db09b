"""The rules of one member, one by one (executor/protocol/lock.py)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.model.view import NO_VIEW, View
from executor.protocol.lock import (
    NO_LOCK,
    Consent,
    Promises,
    accept,
    extends,
    may_accept,
    may_prepare,
    may_vote,
    prepare,
)

PATHS = [(), ("a",), ("b",), ("a", "a"), ("a", "b"), ("b", "a")]


def consent(round, path):
    return Consent(View(round, len(path)), tuple(path))


def test_a_fresh_member_may_prepare_anything_once():
    """Rule 1, first half: the empty lock is extended by everything."""
    assert may_prepare(Promises(), consent(1, "a"), None)
    prepared = prepare(Promises(), consent(1, "a"))
    assert not may_prepare(prepared, consent(1, "b"), None)
    assert not may_prepare(prepared, consent(1, "a"), None)


def test_views_are_ordered_by_round_then_slots():
    """One leader settles several slots in a round, each in a higher view; no later leader goes below."""
    prepared = prepare(Promises(), consent(2, "a"))
    assert may_prepare(prepared, consent(2, "aa"), None)
    assert not may_prepare(prepared, consent(1, "aa"), None)
    assert may_prepare(prepared, consent(3, "b"), None)


def test_a_lock_binds_until_a_higher_certificate_is_shown():
    """Rule 1, second half."""
    locked = accept(Promises(), consent(2, "a"))
    assert not may_prepare(locked, consent(3, "b"), None)
    assert not may_prepare(locked, consent(3, "b"), consent(2, "b"))
    assert not may_prepare(locked, consent(5, "ba"), consent(3, "a"))
    assert may_prepare(locked, consent(5, "ba"), consent(3, "b"))
    assert may_prepare(locked, consent(3, "ab"), None)


@pytest.mark.parametrize(("above", "allowed"), [("a", True), ("ab", True), ("b", False), ("", False)])
def test_what_was_prepared_above_must_extend_what_is_accepted(above, allowed):
    """Rule 2: not merely "not conflict": a proper prefix prepared above forbids accepting too."""
    prepared = prepare(Promises(), consent(5, above))
    assert may_accept(prepared, consent(3, "a")) is allowed
    assert may_accept(prepared, consent(6, "b"))


def test_locks_never_fall():
    """Rule 2: at least the lock's view."""
    locked = accept(Promises(), consent(4, "a"))
    assert not may_accept(locked, consent(3, "a"))
    assert may_accept(locked, consent(4, "a"))


def test_a_vote_needs_exactly_the_lock():
    """Rule 3: the same transcript certified in another view is another vote."""
    locked = accept(Promises(), consent(4, "a"))
    assert may_vote(locked, consent(4, "a"))
    assert not may_vote(locked, consent(3, "a"))
    assert not may_vote(locked, NO_LOCK)
    assert may_vote(Promises(), NO_LOCK)


def test_the_counterexample_to_the_first_wording_is_refused():
    """[a] r1, [a,a] hidden r2, [a] hidden r3; accepting C(2, [a,a]) with [a] prepared above is what fell."""
    member = Promises()
    for round, path in ((1, "a"), (2, "aa"), (3, "a")):
        assert may_prepare(member, consent(round, path), None)
        member = prepare(member, consent(round, path))
        if round == 1:
            member = accept(member, consent(1, "a"))
    assert not may_accept(member, consent(2, "aa"))
    assert may_accept(member, consent(3, "a"))


steps = st.lists(
    st.tuples(st.sampled_from(["prepare", "accept"]), st.integers(1, 6), st.sampled_from(PATHS[1:])), max_size=25
)


@given(steps)
def test_promises_only_rise_and_forget_nothing_that_matters(moves):
    """The compact record decides every acceptance exactly as the full history of Prepares would."""
    member, history = Promises(), []
    for kind, round, path in moves:
        asked = consent(round, path)
        if kind == "prepare" and may_prepare(member, asked, None):
            after = prepare(member, asked)
            history.append(asked)
        elif kind == "accept" and may_accept(member, asked):
            assert all(extends(old.path, path) for old in history if old.view > asked.view)
            after = accept(member, asked)
        else:
            continue
        assert after.highest >= member.highest
        assert after.lock.view >= member.lock.view
        member = after
        for other in PATHS[1:]:
            for later in range(1, 8):
                offered = consent(later, other)
                full = offered.view >= member.lock.view and all(
                    extends(old.path, other) for old in history if old.view > offered.view
                )
                assert may_accept(member, offered) is full
    assert member.highest >= NO_VIEW
