"""Agreement against fixtures/vectors/strategies.json, whose rules were written a second time."""

from __future__ import annotations

from typing import Any

import pytest
from vector_files import rows, unhex

from executor.errors import InvalidValue
from executor.model.observation import Kind, Observation
from executor.protocol.strategies import agree


def observations(row: dict[str, Any]) -> list[Observation]:
    """What the members saw."""
    return [Observation(Kind(int(seen["kind"])), unhex(seen["value"])) for seen in row["observations"]]


@pytest.mark.parametrize("row", rows("strategies", "valid"))
def test_a_set_agrees_on_this(row: dict[str, Any]) -> None:
    """In whatever order the observations are given."""
    seen, size = observations(row), (int(row["n"]), int(row["f"]))
    expected = (Kind(int(row["agreed"]["kind"])), unhex(row["agreed"]["value"]))
    for turn in range(len(seen)):
        assert agree(unhex(row["spec"]), [*seen[turn:], *seen[:turn]], *size) == expected
        assert agree(unhex(row["spec"]), [*seen[turn:], *seen[:turn]][::-1], *size) == expected


@pytest.mark.parametrize("row", rows("strategies", "invalid"))
def test_anything_else_agrees_on_nothing(row: dict[str, Any]) -> None:
    """Sets of no case, values that do not fit, specs that are none."""
    with pytest.raises(InvalidValue):
        agree(unhex(row["spec"]), observations(row), int(row["n"]), int(row["f"]))
