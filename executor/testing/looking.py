"""What every node of a committee sees at one slot: real observe runs over each node's own replies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from executor.model.observation import Observation
from executor.model.request import Request
from executor.model.transcript import Transcript
from executor.testing.replies import RepliedCapabilities, World
from executor.testing.runs import Trace, traced
from executor.vm import Program


@dataclass(frozen=True, slots=True)
class Look:
    """One node's observe run: what it saw, how its run went, and the URLs it asked that have no reply."""

    node: int
    world: World
    seen: Observation
    trace: Trace
    missing: frozenset[str]


def look(program: Program, request: Request, transcript: Transcript, worlds: Sequence[World]) -> tuple[Look, ...]:
    """Every node's look at the first slot the transcript does not answer; equal worlds are looked at once."""
    known: list[Look] = []
    looks: list[Look] = []
    for node, world in enumerate(worlds):
        same = next((each for each in known if each.world == world), None)
        if same is None:
            same = _look(program, request, transcript, node, world)
            known.append(same)
        looks.append(Look(node, world, same.seen, same.trace, same.missing))
    return tuple(looks)


def _look(program: Program, request: Request, transcript: Transcript, node: int, world: World) -> Look:
    capabilities = RepliedCapabilities(program.function.terms, world, request=request)
    trace = traced(program, request, transcript, capabilities)
    assert isinstance(trace.end, Observation)
    return Look(node, world, trace.end, trace, capabilities.missing)
