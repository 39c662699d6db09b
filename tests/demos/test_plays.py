"""The table of use cases."""

from __future__ import annotations

import pytest

from executor.demos.plays import DEFAULT, PLAYS, find_play, reads_other_chain
from executor.errors import InvalidConfig


@pytest.mark.parametrize("name", PLAYS)
def test_every_use_case_has_its_name_and_one_line_about_it(name: str) -> None:
    play = find_play(name)
    assert name == play.NAME
    assert play.ABOUT.endswith(".")
    assert "\n" not in play.ABOUT
    assert len(play.ABOUT) <= 105, "with its name it fits a line of 120"


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(InvalidConfig, match="no demo 'prise': did you mean 'price'"):
        find_play("prise")


def test_the_price_needs_no_second_chain() -> None:
    assert reads_other_chain(find_play(DEFAULT)) is False
