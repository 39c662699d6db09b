"""An epoch refuses functions that cannot run within a third of its round."""

import pytest

from executor.errors import InvalidManifest
from executor.model.committee import Epoch, Member
from executor.model.ids import Address, ProfileId
from executor.model.manifest import Limits, Terms
from executor.protocol.admission import check_admission, fuel_ceiling

NOBODY = Address(bytes(20))


def epoch(round_length_s: int) -> Epoch:
    """An epoch of one member with these rounds."""
    member = Member(0, NOBODY, NOBODY, bytes(96), bytes(32), "http://127.0.0.1:1")
    return Epoch(1, NOBODY, NOBODY, 1, ProfileId(bytes(32)), round_length_s, (member,), ())


@pytest.mark.parametrize("name", ["fuel", "observe_fuel"])
@pytest.mark.parametrize("round_length_s", [1, 2, 4, 60])
def test_the_ceiling_follows_the_round(name: str, round_length_s: int) -> None:
    ceiling = fuel_ceiling(round_length_s)
    small = {"fuel": 1, "observe_fuel": 1}
    check_admission(epoch(round_length_s), Terms(limits=Limits(**{**small, name: ceiling})))
    with pytest.raises(InvalidManifest, match=f"limits.{name} = {ceiling + 1}.*rounds of {round_length_s} s"):
        check_admission(epoch(round_length_s), Terms(limits=Limits(**{**small, name: ceiling + 1})))


def test_the_profiles_ceiling_is_what_a_default_round_holds() -> None:
    assert fuel_ceiling(4) == 10_000_000_000
