"""Where two runs part: the first host call, or part of one, that is not the same; else the end.

Theory of operation. Digests of every beginning of both logs are compared by bisection: equal digests mean equal
beginnings, so the first unequal one is found in log2(n) steps, also when only digests crossed a process boundary.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from executor.testing.rendering import shown_end, shown_event
from executor.testing.runs import End, Trace
from executor.vm import Event

CONTEXT: Final = 3  # events shown before the first difference
_PARTS: Final = (("name", "name"), ("argument", "argument"), ("answer", "answer"), ("fuel_used", "fuel"))


@dataclass(frozen=True, slots=True)
class Difference:
    """The first difference of two runs: event `index` (or the end), in which part, and what came before.

    A run without such an event has ended: its side then is its end.
    """

    index: int
    part: str
    left: Event | End
    right: Event | End
    before: tuple[Event, ...]

    def render(self, left: str = "first run", right: str = "second run") -> str:
        """A few lines for people; the names say whose runs these are."""
        skipped = self.index - len(self.before)
        lines = [f"{skipped} equal host calls before"] if skipped > 0 else []
        lines += [f"= {skipped + at + 1:>3}  {shown_event(event)}" for at, event in enumerate(self.before)]
        width = max(len(left), len(right))
        for name, side, other in ((left, self.left, self.right), (right, self.right, self.left)):
            lines.append(f"! {self.index + 1:>3}  {name:<{width}}  {_shown(side, other)}")
        return "\n".join([f"they part at host call {self.index + 1}: {self.part}", *lines])

    def __str__(self) -> str:
        return self.render()


def first_difference(left: Trace, right: Trace) -> Difference | None:
    """The first difference of two runs, or None when they are the same, fuel included; words are not compared (D6)."""
    index = first_unequal(left.prefixes(), right.prefixes()) - 1
    one, other = _at(left, index), _at(right, index)
    if one == other:
        return None
    return Difference(index, _part(one, other), one, other, left.events[max(0, index - CONTEXT) : index])


def first_unequal(left: Sequence[bytes], right: Sequence[bytes]) -> int:
    """The first index at which two lists of prefix digests differ, by bisection; their common length if they do not."""
    common = min(len(left), len(right))
    return bisect_left(range(common), True, key=lambda at: left[at] != right[at])


def _at(trace: Trace, index: int) -> Event | End:
    return trace.events[index] if index < len(trace.events) else trace.end


def _part(left: Event | End, right: Event | End) -> str:
    match left, right:
        case Event(), Event():
            return " and ".join(word for name, word in _PARTS if getattr(left, name) != getattr(right, name))
        case (Event(), _) | (_, Event()):
            return "one run ended"
        case _:
            return "how the run ended"


def _shown(side: Event | End, other: Event | End) -> str:
    if isinstance(side, Event):
        return shown_event(side, beside=other if isinstance(other, Event) else None)
    return shown_end(side)
