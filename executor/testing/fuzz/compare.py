"""When two answers agree: engine with engine, line for line; original with instrumented, in what both can know."""

from __future__ import annotations

from typing import Final

from executor.testing.engines import Case, Returned, Row, TrapClass, Trapped

METERED: Final = frozenset({TrapClass.OUT_OF_FUEL, TrapClass.STACK, TrapClass.HOST, TrapClass.NATIVE_STACK})
"""Stops that an original does not know or does not reach at the same place."""


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


def is_whole(row: Row) -> bool:
    """Whether neither the meter nor an import ended the case: then the original must do the very same."""
    return row.instance == "ok" and row.ended is None and outcome(row) not in METERED


def with_original(metered: Row, original: Row) -> str | None:
    """How instrumentation changed the meaning of a case that `is_whole`; None when it did not."""
    if overflowed(original):
        return None
    for what, mine, other in (
        ("instance", metered.instance, original.instance),
        ("calls", _calls(metered), _calls(original)),
        ("host calls", _host_calls(metered), _host_calls(original)),
        ("pages", metered.pages, original.pages),
        ("memory", metered.memory, original.memory),
        ("globals", metered.globals, original.globals),
    ):
        if mine != other:
            return f"{what}: {mine} and {other}"[:1_200]
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


def _calls(row: Row) -> list[object]:
    return [call.results if isinstance(call, Returned) else call for call in row.calls]


def _host_calls(row: Row) -> tuple[int, list[tuple[str, tuple[str, ...]]]]:
    return row.host.count, [(name, arguments) for name, arguments, _, _ in row.host.first]
