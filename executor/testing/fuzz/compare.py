"""When two answers agree: engine with engine, line for line; original with instrumented, in what both can know."""

from __future__ import annotations

from typing import Final

from executor.testing.engines import Case, Returned, Row, TrapClass, Trapped

METERED: Final = frozenset({TrapClass.OUT_OF_FUEL, TrapClass.STACK, TrapClass.HOST, TrapClass.NATIVE_STACK})
"""Stops that an original and its instrumented twin do not reach at the same place."""


def between_engines(first: Row, second: Row) -> str | None:
    """How two engines' rows differ; None when they are equal, or one engine's own stack ended (no outcome)."""
    if overflowed(first) or overflowed(second) or first == second:
        return None
    return difference(first, second)


def difference(first: Row, second: Row) -> str:
    """The first fields in which two rows differ."""
    ours, theirs = first.json(), second.json()
    return "; ".join(f"{key}: {ours[key]} and {theirs[key]}"[:600] for key in ours if ours[key] != theirs[key])


def overflowed(row: Row) -> bool:
    """Whether the native stack ended."""
    return any(isinstance(call, Trapped) and call.trap is TrapClass.NATIVE_STACK for call in row.calls)


def outcome(row: Row) -> str:
    """The class of a row, for reports."""
    if row.instance != "ok":
        return row.instance
    last = row.calls[-1]
    if isinstance(last, Trapped):
        return "ended by an import" if row.ended is not None and last.trap is TrapClass.OUT_OF_FUEL else last.trap.value
    if isinstance(last, Returned):
        return "returned" if last.fuel >= 0 else "ended by an import" if row.ended is not None else "OUT_OF_FUEL"
    return "astray"


def with_original(metered: Row, original: Row) -> str | None:
    """How instrumentation changed the meaning of a case; None when it did not, as far as both ran.

    Where the meter stopped the run, or an import ended it, only what came before is compared.
    """
    if metered.instance != original.instance:
        return f"instance: {metered.instance} and {original.instance}"
    if overflowed(metered) or overflowed(original):
        return None
    whole = not (_metered(metered) or _metered(original) or metered.ended is not None)
    ours, theirs = _host_calls(metered), _host_calls(original)
    common = min(len(ours), len(theirs))
    if ours[:common] != theirs[:common]:
        return f"host calls: {ours[:common]} and {theirs[:common]}"[:1_200]
    if metered.ended is None and not _metered(original) and metered.host.count > original.host.count:
        return f"{metered.host.count} host calls and {original.host.count}"
    if not whole:
        return None
    for what, mine, other in (
        ("calls", _calls(metered), _calls(original)),
        ("host calls", metered.host.count, original.host.count),
        ("pages", metered.pages, original.pages),
        ("memory", metered.memory, original.memory),
        ("globals", metered.globals, original.globals),
    ):
        if mine != other:
            return f"{what}: {mine} and {other}"
    return None


def exact_fuel(case: Case, row: Row, budget: int, again: Row) -> str | None:
    """A run with exactly the fuel it burned returns the same; with one less it is out of fuel."""
    if not all(isinstance(call, Returned) for call in row.calls) or row.ended is not None or len(row.calls) == 0:
        return None
    last = row.calls[-1]
    if not isinstance(last, Returned) or last.fuel < 0:
        return None
    used = case.budget - last.fuel
    if budget == used and (_calls(again), again.memory) != (_calls(row), row.memory):
        return f"a budget of exactly the {used} fuel it burns changes the run: {_calls(row)} and {_calls(again)}"
    if budget == used - 1 and outcome(again) not in ("OUT_OF_FUEL", "ended by an import"):
        return f"one fuel less than the {used} it burns is not OUT_OF_FUEL but {outcome(again)}"
    return None


def _metered(row: Row) -> bool:
    return any(
        (isinstance(call, Trapped) and call.trap in METERED) or (isinstance(call, Returned) and call.fuel < 0)
        for call in row.calls
    )


def _calls(row: Row) -> list[object]:
    return [call.results if isinstance(call, Returned) else call for call in row.calls]


def _host_calls(row: Row) -> list[tuple[str, tuple[str, ...]]]:
    last = len(row.host.first) if row.ended is None else row.ended + 1
    return [(name, arguments) for name, arguments, _, _ in row.host.first[:last]]
