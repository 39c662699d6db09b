"""Whether two runs of one case differ anywhere: here, elsewhere, or in what one node sees twice of the same world."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from executor.javascript import Positions
from executor.model.draw import is_draw
from executor.model.observation import Observation
from executor.model.outcome import Awaiting
from executor.model.request import Request
from executor.model.transcript import Entry, Transcript
from executor.protocol.strategies import agree
from executor.testing.differences import first_difference
from executor.testing.functions import positions_for
from executor.testing.replies import RepliedCapabilities, World
from executor.testing.reports import NotDeterministic
from executor.testing.runs import Trace, traced
from executor.testing.simulated_rounds import simulated_entry
from executor.testing.variants import Variant
from executor.vm import Program

START_S = 1_700_000_000  # the request's block timestamp; any would do


def first_divergence(program: Program, input: bytes, seen: World, places: Sequence[Variant]) -> NotDeterministic | None:
    """The first case of a request, executed slot by slot as by a committee of one, whose runs are not all the same."""
    terms, positions = program.function.terms, positions_for(program)
    request = Request.local(program.function_id, input, block_timestamp=START_S, chain_id=terms.home_chain)
    transcript: Transcript = ()
    while True:
        first = traced(program, request, transcript)
        others = ((place.name, place.run(program, request, transcript)) for place in places)
        if (found := _differing("here", first, others, input, seen, positions)) is not None:
            return found
        if not isinstance(first.end, Awaiting):
            return None
        if is_draw(first.end.spec):
            transcript = (*transcript, simulated_entry(first.end.spec))
            continue
        worlds = [RepliedCapabilities(terms, seen, request=request) for _ in range(2)]
        looks = [traced(program, request, transcript, world) for world in worlds]
        another = [("another look", looks[1])]
        if (found := _differing("one look", looks[0], another, input, seen, positions)) is not None:
            return found
        saw = looks[0].end
        assert isinstance(saw, Observation)
        transcript = (*transcript, Entry(first.end.spec, *agree(first.end.spec, [saw], n=1, f=0)))


def _differing(
    name: str,
    first: Trace,
    others: Iterable[tuple[str, Trace]],
    input: bytes,
    seen: World,
    positions: Positions,
) -> NotDeterministic | None:
    for other_name, other in others:
        if (difference := first_difference(first, other)) is not None:
            return NotDeterministic(difference, (name, other_name), input, seen, positions)
    return None
