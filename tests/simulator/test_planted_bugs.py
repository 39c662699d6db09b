"""The simulator is no bystander: bugs planted in the protocol are found (all of them: `make planted`)."""

from __future__ import annotations

import pytest
from planted import BUGS, plant, schedules_until_found

from executor.testing.simulator import Scenario, simulate_scenario

SOON = (
    "two Prepares a view",
    "the report does not name its view",
    "a quorum is one member less",
    "only the first report seen is counted",
    "certificates are taken from anyone",
    "f errors are enough",
    "locks are not told to the next leader",
    "a draw's proof is not verified",
    "pushes are attested together with requests",
    "requests are begun at any depth",
    "a part is given before a release",
    "what is prepared is stated to be settled",
    "a proof that comes is believed",
    "requests that draw are begun at any depth",
)


@pytest.mark.parametrize("name", SOON)
def test_a_planted_bug_is_found(name):
    """Within a hundred scenarios."""
    assert schedules_until_found(next(bug for bug in BUGS if bug.name == name), most=100) is not None


def test_a_planted_bug_is_taken_out_again():
    """What was replaced stands as before."""
    for bug in BUGS:
        before = [home.__dict__[name] for home, name, _ in bug.changes]
        with plant(bug):
            assert all(home.__dict__[name] is changed for home, name, changed in bug.changes)
        assert [home.__dict__[name] for home, name, _ in bug.changes] == before
    assert not simulate_scenario(Scenario()).violations


def test_a_member_that_raises_is_found():
    """Anything but a PeerFault ends a node."""

    def fall_over(*_arguments):
        raise KeyError("planted")

    bug = next(bug for bug in BUGS if bug.name == "certificates are taken from anyone")
    broken = type(bug)("a member falls over", tuple((home, name, fall_over) for home, name, _ in bug.changes))
    found = schedules_until_found(broken, most=100)
    assert found is not None
    assert found[1] == "no member falls over"
