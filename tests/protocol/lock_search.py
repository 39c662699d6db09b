"""Breadth first through the explorer's states, and the shortest way to a violation told step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lock_explorer import Explorer, State

from executor.protocol.lock import Consent

STATES_AT_MOST = 40_000_000  # 4 GB


@dataclass(frozen=True)
class Step:
    """One member's move, for a counterexample."""

    member: int
    verb: str
    consent: Consent | None

    def __str__(self) -> str:
        if self.consent is None:
            return f"member {self.member} {self.verb}"
        view, path = self.consent.view, ",".join(self.consent.path)
        return f"member {self.member} {self.verb} [{path}] in view ({view.round}, {view.slots})"


@dataclass(frozen=True)
class Found:
    """How an exploration ended: the packed states, what is attested in them, and `violation`.

    That is the shortest way to two attested outcomes, empty if there is none.
    """

    seen: set[int]
    outcomes: set[str]
    violation: tuple[Step, ...]

    @property
    def states(self) -> int:
        """How many there are up to names."""
        return len(self.seen)


def explore(explorer: Explorer) -> Found:
    """Every reachable state, breadth first; stops at the first with two attested outcomes."""
    levels = [[explorer.pack(explorer.canonical(*explorer.start))]]
    seen, outcomes = set(levels[0]), {0}
    while levels[-1]:
        following = []
        for packed in levels[-1]:
            for _, _, _, after in explorer.moves(explorer.unpack(packed)):
                state = explorer.canonical(*after)
                packed = explorer.pack(state)
                if packed in seen:
                    continue
                seen.add(packed)
                following.append(packed)
                outcomes.add(state[0] >> explorer.width)
                if len(explorer.attested(state)) > 1:
                    return _found(explorer, seen, outcomes, _trace(explorer, levels, packed))
        assert len(seen) < STATES_AT_MOST
        levels.append(following)
    return _found(explorer, seen, outcomes, ())


def _found(explorer: Explorer, seen: set[int], outcomes: set[int], violation: tuple[Step, ...]) -> Found:
    named = {",".join(explorer.attested((outcome << explorer.width, 0, 0, 0))) for outcome in outcomes}
    return Found(seen, named, violation)


def _trace(explorer: Explorer, levels: list[list[int]], last: int) -> tuple[Step, ...]:
    """Back from the last state to the first, then forwards again with one name for each member and value."""
    way = [last]
    for level in reversed(levels):
        way.append(next(p for p in level if way[-1] in {after for after, _, _ in _after(explorer, explorer.unpack(p))}))
    state, steps = explorer.start, []
    for wanted in reversed(way[:-1]):
        step, state = next((step, moved) for after, step, moved in _after(explorer, state) if after == wanted)
        steps.append(step)
    return tuple(steps)


def _after(explorer: Explorer, state: State) -> Iterator[tuple[int, Step, State]]:
    """Every state after this one: packed, how, and with its members in their places."""
    for which, verb, number, (common, moved, *others) in explorer.moves(state):
        step = Step(which, verb, None if number < 0 else explorer.ids[number])
        members = [*others[:which], moved, *others[which:]]
        yield explorer.pack(explorer.canonical(common, moved, *others)), step, (common, *members)  # type: ignore[misc, call-arg, arg-type]
