"""Which secrets are due, by what members say: f of them may say anything."""

from __future__ import annotations

from typing import Any

import pytest

from executor.cli._renewal import due_names

FUNCTION, EPOCH, END = "0x" + "07" * 32, 5, 1_000


def row(state: str = "held", expires: Any = END, **changed: Any) -> dict[str, Any]:
    return {"epoch": EPOCH, "function_id": FUNCTION, "name": "KEY", "state": state, "expires": expires} | changed


def due(*answers: Any, faults: int = 1) -> bool:
    return due_names(["KEY"], answers, FUNCTION, EPOCH, faults, least_end=END) == ["KEY"]


def test_what_more_than_f_hold_to_the_end_is_not_due() -> None:
    """One of two is honest, and hands it on; the others may lack it, or not answer."""
    assert not due([row()], [row()], [], {"error": "down"})
    assert due([row()], [], [], [])
    assert due([], [], [], [])


@pytest.mark.parametrize(
    "other",
    [
        row(expires=END - 1),
        row(epoch=EPOCH - 1),
        row(function_id="0x" + "08" * 32),
        row(name="OTHER"),
        row(state="expired"),
        row(expires="1000"),
        "held",
    ],
)
def test_what_ends_or_is_of_another_epoch_function_or_name_is_due(other: Any) -> None:
    assert due([other], [other], [other], [row()])


def test_what_the_owner_deleted_stays_deleted() -> None:
    """But no f members make up a deletion."""
    assert not due([row("deleted", 0)], [row("deleted", 0)], [], [])
    assert due([row("deleted", 0)], [], [], [])


def test_a_member_counts_once() -> None:
    """However often it says so."""
    assert due([row(), row(), row()], [], [], [])


def test_names_come_in_the_order_given() -> None:
    assert due_names(["B", "KEY", "A"], [[row()], [row()]], FUNCTION, EPOCH, 1, least_end=END) == ["B", "A"]
