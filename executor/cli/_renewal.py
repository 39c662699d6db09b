"""Which secrets an owner has to put again, by what the members of an epoch say that they keep.

Rule 1. A secret is held to an end when f + 1 members say so: one of them is honest, and hands it on.
Rule 2. What f + 1 members say was deleted is not put again: a timer undoes nothing that its owner did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any


def due_names(
    names: Iterable[str], answers: Sequence[Any], function: str, epoch: int, faults: int, *, least_end: int
) -> list[str]:
    """Those of `names` that fewer than f + 1 members hold until `least_end`, in order; `answers` are their lists."""
    return [
        name
        for name in names
        if faults >= sum(_is_settled(row, least_end) for row in _rows(answers, function, epoch, name))
        and faults >= sum(row.get("state") == "deleted" for row in _rows(answers, function, epoch, name))
    ]


def _rows(answers: Sequence[Any], function: str, epoch: int, name: str) -> Iterator[Mapping[str, Any]]:
    """What each member says of one secret: one row a member, however many it sent."""
    wanted = {"epoch": epoch, "function_id": function, "name": name}
    for answer in answers:
        rows = [row for row in answer if isinstance(row, dict)] if isinstance(answer, list) else []
        yield from [row for row in rows if wanted.items() <= row.items()][:1]


def _is_settled(row: Mapping[str, Any], least_end: int) -> bool:
    end = row.get("expires")
    return row.get("state") == "held" and isinstance(end, int) and end >= least_end
