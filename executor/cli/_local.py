"""Running a function on this machine alone: a committee of one, whose every observation is agreed at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from executor.cli._places import has_places, place_of
from executor.javascript import Positions
from executor.model.draw import Draw, is_draw, parse_draw
from executor.model.manifest import Limits
from executor.model.observation import Kind, Observation
from executor.model.outcome import Awaiting, Failed, Final, Returned, TrapCode, Trapped
from executor.model.profile import PROFILE
from executor.model.request import Request
from executor.model.transcript import Entry, Transcript
from executor.projects import Project
from executor.protocol.strategies import agree
from executor.vm import Capabilities, Diagnostics, Event, LogLine, Program, execute, observe

_UNPLANNED = frozenset({b"threw", b"failed", b"trap", b"out-of-fuel", b"abi"})  # codes that no function gives itself
_BACKTRACE = "error while executing at wasm backtrace:"  # the engine's words; what it was stands behind the frames
OUT_OF_STACK = "out of stack"  # how the machine's words for it begin


@dataclass(frozen=True, slots=True)
class Observed:
    """One slot as it was filled; `given` by the command line or observed. `reason` is empty when all is well."""

    entry: Entry
    given: bool
    logs: tuple[LogLine, ...]
    reason: str
    events: tuple[Event, ...] = ()
    place: str = ""


@dataclass(frozen=True, slots=True)
class LocalRun:
    """How a run ended, with everything a developer wants to see."""

    outcome: Final
    observed: tuple[Observed, ...]
    draws: Transcript
    logs: tuple[LogLine, ...]
    reason: str
    events: tuple[Event, ...] = ()
    place: str = ""


def run_locally(
    program: Program,
    request: Request,
    capabilities: Callable[[int], Capabilities],
    given: Mapping[int, Observation],
    draw: Callable[[Draw], bytes],
    *,
    events: bool = False,
) -> LocalRun:
    """Execute, and fill each slot the function awaits from `given` or by observing, each draw by its proof.

    `capabilities` gives those of a slot's look; with `events` host calls are written down. Raises InvalidValue,
    HostFault, DrawUnavailable.
    """
    observed: list[Observed] = []
    draws: Transcript = ()
    while True:
        transcript: Transcript = (*(each.entry for each in observed), *draws)
        diagnostics = Diagnostics(record_events=events)
        outcome = execute(program, request, transcript, diagnostics=diagnostics)
        if not isinstance(outcome, Awaiting):
            logs, calls = tuple(diagnostics.logs), tuple(diagnostics.events)
            return LocalRun(outcome, tuple(observed), draws, logs, diagnostics.message, calls)
        if is_draw(outcome.spec):
            draws = (*draws, Entry(outcome.spec, Kind.DRAW, draw(parse_draw(outcome.spec))))
            continue
        seen, look = given.get(outcome.slot), Diagnostics(record_events=events)
        if seen is None:
            seen = observe(program, request, transcript, capabilities(outcome.slot), diagnostics=look)
        kind, value = agree(outcome.spec, [seen], n=1, f=0)
        logs = tuple(look.logs[len(diagnostics.logs) :])  # what came before the slot is the agreed run's
        entry, was_given = Entry(outcome.spec, kind, value), outcome.slot in given
        observed.append(Observed(entry, was_given, logs, look.message, tuple(look.events)))


def with_positions(done: LocalRun, positions: Positions) -> LocalRun:
    """The run with what it said in words about the user's own lines."""

    def told(logs: tuple[LogLine, ...]) -> tuple[LogLine, ...]:
        return tuple(replace(line, text=positions.told(line.text)) for line in logs)

    observed = (replace(each, logs=told(each.logs), reason=positions.told(each.reason)) for each in done.observed)
    return replace(done, observed=tuple(observed), logs=told(done.logs), reason=positions.told(done.reason))


def ended_badly(program: Program, project: Project, request: Request, transcript: Transcript) -> tuple[str, str]:
    """Why a run over this transcript traps, and where it ended; each is empty where that is known without."""
    diagnostics = Diagnostics(record_events=has_places(project))
    outcome = execute(program, request, transcript, diagnostics=diagnostics)
    if not isinstance(outcome, Failed | Trapped):
        return "", ""
    reason = plain_reason(outcome, diagnostics.message, project.manifest.limits) if isinstance(outcome, Trapped) else ""
    logs, events = tuple(diagnostics.logs), tuple(diagnostics.events)
    done = with_places(LocalRun(outcome, (), (), logs, diagnostics.message, events), project, request)
    return reason, done.place


def with_places(done: LocalRun, project: Project, request: Request) -> LocalRun:
    """The run with the user's own lines where it ended, and where its looks did, for languages that do not tell."""

    limits = project.manifest.limits

    def place(ran: LocalRun | Observed, fuel: int, *, broke_rule: bool) -> str:
        told = "\n".join([ran.reason, *(line.text for line in ran.logs)])
        return place_of(project, request.input, ran.events, told, fuel=fuel, broke_rule=broke_rule)

    observed = tuple(
        replace(each, place=place(each, limits.fuel + limits.observe_fuel, broke_rule=each.entry.value == b"abi"))
        if each.entry.kind is Kind.ERROR and not each.given and each.entry.value in _UNPLANNED
        else each
        for each in done.observed
    )
    if isinstance(done.outcome, Returned):
        return replace(done, observed=observed)
    broke_rule = isinstance(done.outcome, Trapped) and done.outcome.code is TrapCode.ABI
    return replace(done, observed=observed, place=place(done, limits.fuel, broke_rule=broke_rule))


def parse_given(text: str) -> tuple[int, Observation]:
    """Slot and observation of `0=3012.5` or `0=error:code`; raises ValueError."""
    slot, separator, value = text.partition("=")
    if not separator or not slot.isdecimal():
        raise ValueError(f"{text!r} is not SLOT=VALUE or SLOT=error:CODE")
    if value.startswith("error:"):
        return int(slot), Observation.error(value.removeprefix("error:"))
    return int(slot), Observation(Kind.VALUE, value.encode("utf-8"))


def plain_reason(ended: Final | Entry, message: str, limits: Limits) -> str:
    """Why a run ended, for people: what to raise when fuel ran out, and no engine's backtrace."""
    match ended:
        case Trapped(TrapCode.OUT_OF_FUEL):
            return f"out of fuel: raise limits.fuel in function.toml (now {limits.fuel})"
        case Entry(kind=Kind.ERROR, value=b"out-of-fuel") if message:
            return f"out of fuel: raise limits.observe_fuel in function.toml (now {limits.observe_fuel})"
    if message.startswith(OUT_OF_STACK):
        return (
            f"{OUT_OF_STACK}: calls in calls take more than {PROFILE.metering.depth:,} slots, as without an end they do"
        )
    first, traced, rest = message.partition(_BACKTRACE)
    return rest.partition("Caused by:")[2].strip() or f"{first}the guest trapped" if traced else message
