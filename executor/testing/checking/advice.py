"""From a suspect in its smallest scene to a finding: what it is, what the nodes saw, what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from executor.model.observation import Kind as Seen
from executor.model.outcome import Failed
from executor.model.spec import FORMS, Form
from executor.testing.checking.committee import Committee, Look, Played, Slot, with_fuel
from executor.testing.checking.findings import Finding, Kind, show
from executor.testing.checking.judge import Suspect, axes_of, strategies_of, values_of
from executor.testing.checking.remedies import WORDS

MORE_FUEL: Final = 10  # what still runs out with ten times the fuel is called unbounded
_CAUSES: Final = (  # the first axis that is left names the cause
    ("seconds", Kind.TIME),
    ("request", Kind.REPLY_ID),
    ("ulps", Kind.NUMBERS_DIFFER),
    ("drift", Kind.NUMBERS_DIFFER),
    ("digits", Kind.NUMBER_FORM),
    ("order", Kind.ORDER),
    ("space", Kind.ORDER),
)
_DOUBLE: Final = re.compile(rb"-?\d+\.\d{11,}|-?\d(\.\d+)?e[-+]?\d+")  # what doubles print, and no price is
_ERROR_LINE: Final = re.compile(r"^.*(?:Error|error|failed).*$", re.MULTILINE)


def finding(suspect: Suspect, played: Played, committee: Committee, tries: int) -> Finding:
    """The finding of a suspect in the smallest scene that shows it."""
    slot = played.slots[suspect.slot] if 0 <= suspect.slot < len(played.slots) else None
    kind, blanks = _named(suspect, played, slot, committee)
    words = WORDS[kind]
    where = "" if slot is None else slot.where + (f" field {suspect.field}" if suspect.field else "")
    return Finding(
        kind,
        words.summary.format(**blanks),
        words.advice.format(**blanks),
        where,
        played.scene.input,
        _nodes(slot),
        played.scene.changes(),
        tries,
        _agreed(slot, suspect),
    )


def _named(
    suspect: Suspect, played: Played, slot: Slot | None, committee: Committee
) -> tuple[Kind, Mapping[str, object]]:
    """The kind, and what fills its blanks."""
    blanks: dict[str, object] = {
        "where": "the run" if slot is None else slot.where,
        "subject": suspect.subject,
        "why": _why(played, slot),
        **committee.program.function.terms.limits.model_dump(),
    }
    if slot is not None and suspect.kind in (None, Kind.REPLY_ID):
        kind, differ = _differing(suspect, played, slot)
        return kind, {**blanks, "differ": differ}
    if suspect.kind is Kind.OUT_OF_FUEL:
        kind, more = _fuel(played, slot, committee)
        return kind, {**blanks, **more}
    return suspect.kind or Kind.TRAP, blanks


def _differing(suspect: Suspect, played: Played, slot: Slot) -> tuple[Kind, str]:
    values = sorted({value for value in values_of(slot, suspect.field) if value is not None})
    axes = axes_of(played.scene)
    kind = next((kind for axis, kind in _CAUSES if axis in axes), Kind.NUMBERS_DIFFER)
    if kind is Kind.NUMBERS_DIFFER and any(_DOUBLE.search(value) for value in values):
        kind = Kind.FLOATING_POINT
    what = f"field {suspect.field}: " if suspect.field else ""
    one, other = values[:2]
    seen = f"{show(one, 40, beside=other)} and {show(other, 40, beside=one)}"
    strategy = dict(strategies_of(slot))[suspect.field]
    return kind, f"{slot.where}: {what}nodes saw {seen} under `{strategy.value}`"


def _fuel(played: Played, slot: Slot | None, committee: Committee) -> tuple[Kind, Mapping[str, object]]:
    limits, more = committee.program.function.terms.limits, with_fuel(committee, MORE_FUEL)
    name, budget = ("limits.fuel", limits.fuel) if slot is None else ("limits.observe_fuel", limits.observe_fuel)
    again = more.play(played.scene)
    used = 0
    if slot is None:
        used = again.outcome.fuel_used
        endless = used >= more.program.function.terms.limits.fuel
    else:
        looks = again.slots[slot.index].looks if len(again.slots) > slot.index else ()
        endless = any(look.seen.value == b"out-of-fuel" for look in looks)
    blanks = {
        "more": MORE_FUEL,
        "limit": name,
        "budget": budget,
        "needs": f" (this run needs {used:,})" if used else "",
    }
    return Kind.UNBOUNDED_LOOP if endless else Kind.OUT_OF_FUEL, blanks


def _nodes(slot: Slot | None) -> tuple[str, ...]:
    if slot is None:
        return ()
    if len({look.seen for look in slot.looks}) == 1:
        return (f"each node {_saw(slot.looks[0])}",)
    one, other = sorted({look.seen.value for look in slot.looks})[:2]
    return tuple(f"node {number}   {_saw(look, one, other)}" for number, look in enumerate(slot.looks))


def _agreed(slot: Slot | None, suspect: Suspect) -> str:
    """What became of differing values, and what one liar could make of them."""
    if slot is None or suspect.kind is not None:
        return ""
    if slot.entry.kind is Seen.VALUE and FORMS[dict(strategies_of(slot))[suspect.field]] in (Form.SET, Form.LIST):
        return "agreed   nothing: no part of it is held by enough nodes"
    if slot.entry.kind is Seen.VALUE:
        return "agreed   by luck: one liar beside two of these nodes is enough for no-agreement"
    return f"agreed   {slot.entry.kind.name.lower()} {show(slot.entry.value)}"


def _saw(look: Look, *others: bytes) -> str:
    beside = next((other for other in others if other != look.seen.value), None)
    return f"{'saw' if look.seen.kind is Seen.VALUE else 'got error'} {show(look.seen.value, beside=beside)}"


def _why(played: Played, slot: Slot | None) -> str:
    """The guest's own words: of the run's end, or of the first look that failed."""
    if slot is None:
        if isinstance(played.outcome, Failed):
            return show(played.outcome.error, 160)
        return show(played.words.rpartition("\n")[2].encode(), 160)
    for look in slot.looks:
        if look.seen.kind is Seen.ERROR and (line := _ERROR_LINE.search(look.words)):
            return f": {show(line[0].strip().removeprefix('the observation failed: ').encode(), 160)}"
    return ""
