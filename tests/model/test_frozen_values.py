"""The model's values refuse what they must not hold."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest

from executor.errors import InvalidValue
from executor.model.committee import Epoch, Member
from executor.model.ids import Address, FunctionId, ProfileId
from executor.model.observation import Kind, Observation
from executor.model.outcome import Failed, Returned
from executor.model.request import Request
from executor.model.transcript import Entry, extends
from executor.model.view import View

ZERO = Address(bytes(20))


def epoch(n: int) -> Epoch:
    """An epoch of n members."""
    members = tuple(Member(i, ZERO, ZERO, bytes(96), bytes(32), "http://127.0.0.1") for i in range(n))
    return Epoch(1, ZERO, ZERO, 1, ProfileId(bytes(32)), 4, members, ())


@pytest.mark.parametrize(("n", "f", "quorum"), [(1, 0, 1), (3, 0, 3), (4, 1, 3), (6, 1, 5), (7, 2, 5), (31, 10, 21)])
def test_faults_and_quorum_follow_from_n(n: int, f: int, quorum: int) -> None:
    """Two quorums share at least f + 1 members."""
    value = epoch(n)
    assert (value.f, value.quorum) == (f, quorum)
    assert 2 * quorum - n >= f + 1


def test_an_epoch_is_well_formed() -> None:
    """1 to 100 members listed by index, rounds of at least a second."""
    for wrong in (0, 101):
        with pytest.raises(InvalidValue, match="1 to 100 members"):
            epoch(wrong)
    value = epoch(4)
    with pytest.raises(InvalidValue, match="by index"):
        replace(value, members=value.members[::-1])
    with pytest.raises(InvalidValue, match="at least one second"):
        replace(value, round_length_s=0)


def test_leaders_rotate_with_time() -> None:
    """Round floor(t / length), member r mod n."""
    value = epoch(4)
    assert [value.leader(value.round_at(t)) for t in (0, 3.99, 4, 8, 12, 16)] == [0, 0, 1, 2, 3, 0]


def test_observations_are_values_or_codes() -> None:
    """An error is a stable code, a default is never observed."""
    assert Observation.error("http-timeout") == Observation(Kind.ERROR, b"http-timeout")
    for code in (b"", b"Upper", b"a b", b"x" * 65, b"a\n", "ü".encode()):
        with pytest.raises(InvalidValue, match="error code"):
            Observation(Kind.ERROR, code)
        with pytest.raises(InvalidValue, match="agreed error"):
            Entry(b"{}", Kind.ERROR, code)
    with pytest.raises(InvalidValue, match="defaults and draws are agreed"):
        Observation(Kind.DEFAULT, b"")


def test_a_failure_says_something() -> None:
    """Failed without bytes would have the output hash of nothing."""
    with pytest.raises(InvalidValue, match="never empty"):
        Failed(b"", 1)


def test_values_are_frozen() -> None:
    """No value changes after it is made."""
    with pytest.raises(FrozenInstanceError):
        Returned(b"", 1).fuel_used = 2  # type: ignore[misc]


def test_transcripts_extend_or_conflict() -> None:
    """Equality ignores observation sets; a prefix is extended, another value is not."""
    a, b = Entry(b"{}", Kind.VALUE, b"1"), Entry(b"{}", Kind.VALUE, b"2")
    assert extends((a, b), (a,))
    assert extends((a,), (a,))
    assert extends((a,), ())
    assert not extends((a,), (a, b))
    assert not extends((b, a), (a,))


def test_views_are_ordered_by_round_then_slots() -> None:
    """One leader may settle several slots, each in a view of its own."""
    assert sorted([View(2, 1), View(1, 9), View(1, 2)]) == [View(1, 2), View(1, 9), View(2, 1)]


def test_a_local_request_names_no_chain() -> None:
    """For running functions without a network."""
    request = Request.local(FunctionId(bytes(32)), b"in", block_timestamp=5)
    assert (request.chain_id, request.router, request.input, request.block_timestamp) == (0, ZERO, b"in", 5)
