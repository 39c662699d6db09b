"""Committees and observation sets as the protocol has them; nothing here draws, so nothing needs Hypothesis."""

from __future__ import annotations

from collections.abc import Sequence

from executor.errors import InvalidValue
from executor.model.observation import Kind, Observation
from executor.model.spec import parse_spec


def quorum_of(observations: Sequence[Observation], f: int) -> tuple[Observation, ...]:
    """The set an honest leader proposes when it has heard everybody: case (a) before (b) before (c)."""
    q = len(observations) - f
    values = [seen for seen in observations if seen.kind is Kind.VALUE]
    errors = [seen for seen in observations if seen.kind is Kind.ERROR]
    if len(values) >= q:
        return tuple(values[:q])
    return tuple(errors[: f + 1]) if len(errors) >= f + 1 else (*values, *errors[: q - len(values)])


def set_of(spec: bytes, observations: Sequence[Observation], f: int, alone: int) -> tuple[Observation, ...]:
    """The same under any spec: where it says `single`, the observation of member `alone`; raises InvalidSpec."""
    return (observations[alone],) if parse_spec(spec).alone else quorum_of(observations, f)


def check_committee(n: int, f: int) -> None:
    """Raises InvalidValue unless n nodes can bear f liars: n is at least 3f + 1."""
    if f < 0 or n < 3 * f + 1:
        raise InvalidValue(f"{n} nodes bear {max(0, (n - 1) // 3)} liars, not {f}: n is at least 3f + 1")
