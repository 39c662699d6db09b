"""What the story says of members whose observations differ from the agreed one."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from executor.demos.story import Story


def told(agreed: str, seen: str) -> Story:
    """The story after this was agreed, of which member 1 saw `seen`."""
    story = Story(Console(file=io.StringIO()))
    observations = [{"member": 1, "value": "0x" + seen.encode().hex(), "used": True}]
    value = "0x" + agreed.encode().hex()
    story.event(0, {"kind": "agreed", "slot": 0, "value": value, "observations": observations, "silent": []})
    return story


@pytest.mark.parametrize(
    ("agreed", "seen", "outvoted"),
    [
        ("1844.75", "1844.10", set()),
        ("1844.75", "18447.50", {1}),
        ("live", "live", set()),
        ("live", "finished", {1}),
        ('{"minute":"23","state":"live"}', '{"minute":"24","state":"live"}', set()),
        ('{"minute":"0","state":"live"}', '{"minute":"1","state":"live"}', set()),
        ('{"minute":"23","state":"live"}', '{"minute":"230","state":"live"}', {1}),
        ('{"minute":"23","state":"live"}', '{"minute":"23","state":"break"}', {1}),
        ('{"minute":"23"}', '{"minute":"23","state":"break"}', {1}),
        ('{"minute":"23"}', "23", {1}),
    ],
)
def test_a_member_far_from_what_was_agreed_is_outvoted(agreed: str, seen: str, outvoted: set[int]) -> None:
    """Numbers within a percent, and fields within a factor of two, are honest differences."""
    assert told(agreed, seen).outvoted == outvoted


def test_a_long_observation_is_told_by_its_beginning() -> None:
    """A market's positions are thousands of characters: a line says how many."""
    out = io.StringIO()
    story = Story(Console(file=out, width=500))
    story.event(2, {"kind": "observed", "slot": 0, "observed": "value", "value": "0x" + "ab" * 15_000})
    story.event(2, {"kind": "observed", "slot": 1, "observed": "value", "value": "x" * 200})
    assert "observed 0xababababababababababab… of 30,002 characters" in out.getvalue()
    assert "observed " + "x" * 200 in out.getvalue()
