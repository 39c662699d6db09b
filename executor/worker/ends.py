"""What the end of a run may be, whoever tells it: a worker that was taken over says what it likes.

Rule 1. What stands here holds for every end that a worker in order tells (vm/run.py, vm/host_functions.py), so whatever
        breaks it is a fault of that worker, and never reaches the protocol: there it would be an error of the node.
Rule 2. That an end within these bounds is the right one, only another run can tell.
"""

from __future__ import annotations

from typing import assert_never

from executor.crypto.draws import draw_spec
from executor.errors import HostFault, InvalidSpec
from executor.model.draw import is_draw
from executor.model.function import Function
from executor.model.observation import Kind, Observation
from executor.model.outcome import Awaiting, Failed, Outcome, Returned, Trapped
from executor.model.profile import PROFILE
from executor.model.request import Request
from executor.model.spec import parse_spec
from executor.model.transcript import Transcript


def check_end(end: Outcome | Observation, function: Function, request: Request, transcript: Transcript) -> None:
    """Raises HostFault for an end that no run of this function over this transcript has."""
    limits = function.terms.limits
    match end:
        case Returned(output, fuel_used):
            _within("output bytes", len(output), 0, limits.output_bytes)
            _within("fuel", fuel_used, 0, limits.fuel)
        case Failed(error, fuel_used):
            _within("error bytes", len(error), 1, PROFILE.ceilings.error_bytes)
            _within("fuel", fuel_used, 0, limits.fuel)
        case Trapped(_, fuel_used):
            _within("fuel of a trap", fuel_used, limits.fuel, limits.fuel)
        case Awaiting(slot, spec):
            _within("slot", slot, len(transcript), len(transcript))
            _check_awaited(spec, function, request, transcript)
        case Observation(_, value):
            _within("observed bytes", len(value), 0, PROFILE.ceilings.observation_bytes)
        case _:
            assert_never(end)


def _check_awaited(spec: bytes, function: Function, request: Request, transcript: Transcript) -> None:
    terms = function.terms
    draws = sum(entry.kind is Kind.DRAW for entry in transcript)
    if is_draw(spec):
        grant = terms.capabilities.random
        if grant is None or draws >= grant.draws or spec != draw_spec(grant, request, draws):
            raise HostFault("a worker said that the run awaits a draw which it cannot make")
        return
    _within("observations", len(transcript) + 1, 1, terms.limits.observations)
    try:
        parse_spec(spec)
    except InvalidSpec as error:
        raise HostFault(f"a worker said that the run awaits what nobody can observe: {error}") from error
    if draws:
        raise HostFault("a worker said that the run observes after a draw")


def _within(what: str, number: int, least: int, most: int) -> None:
    if not least <= number <= most:
        raise HostFault(f"a worker said {what}: {number}, where {least} to {most} can be")
