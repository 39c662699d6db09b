"""Which cases a module is given: arguments, budgets, depths, pages, and what its imports answer.

Rule 1. The first case is generous. What it burned decides the second one's budget: exactly that, or one less.
Rule 2. The third has a budget or a depth that ends it at an odd place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from executor.testing.engines import Answer, Call, Case, Returned, Row
from executor.testing.fuzz.tape import Tape
from executor.vm.binary import read_outline
from executor.vm.metering import instrument

GENEROUS: Final = 1_000_000  # less than a millisecond of native code, tens of Pulley's
INPUT: Final = bytes(range(48))
ANSWERS: Final = (
    Answer(0, b"1842.17"), Answer(1, b"no-answer"), Answer(0, b""), Answer(2, b"0"), Answer(0, bytes(300)),
)  # fmt: skip
PAGES: Final = (1_024, 3, 2, 20)
PRICES: Final = (1_000, 0, 1, 50_000)
DEPTHS: Final = (40_000, 40_000, 40_000, 300, 90, 41, 0)


@dataclass(frozen=True, slots=True)
class Subject:
    """A module that survived, before and after the metering pass."""

    name: str
    original: bytes
    instrumented: bytes
    minimum: int
    maximum: int
    has_initialize: bool

    @classmethod
    def of(cls, name: str, module: bytes) -> Subject:
        """The subject of a module that `load` accepts."""
        outline = read_outline(module)
        memory = outline.memories[0]
        return cls(
            name,
            module,
            instrument(module),
            memory.minimum,
            1 << 16 if memory.maximum is None else memory.maximum,
            any(export.name == "_initialize" for export in outline.exports),
        )


def first_case(subject: Subject, tape: Tape) -> Case:
    """A case with fuel for a while."""
    calls = [Call("_initialize")] if subject.has_initialize else []
    match tape.below(4):
        case 0:
            calls += [Call("run", (4_096, len(INPUT)))]
        case 1:
            calls += [Call("run", (INPUT,))]
        case 2:
            calls += [Call("run", (INPUT[:4],)), Call("run", (0, 1))]
        case _:
            calls += [Call("alloc", (tape.below(1 << 32),)), Call("run", (tape.below(1 << 32), tape.below(64)))]
    pages = max(min(tape.pick(PAGES), subject.maximum), subject.minimum)
    answers = tuple(tape.pick(ANSWERS) for _ in range(tape.below(5)))
    return Case(
        f"{subject.name}/0", subject.instrumented, GENEROUS, tuple(calls),
        depth=tape.pick(DEPTHS), pages=pages, answers=answers, repeat=bool(tape.below(2)), price=tape.pick(PRICES),
    )  # fmt: skip


def further_cases(case: Case, row: Row, tape: Tape) -> list[Case]:
    """More of the same with less: `row` is what the first one answered."""
    used = burned(case, row)
    stem = case.name.rpartition("/")[0]
    exact = used - tape.below(2) if used < case.budget else tape.below(used + 1)
    odd = tape.pick((tape.below(used + 1), 0, 1, 60, tape.below(used + 1), 5_000))
    cases = [replace(case, name=f"{stem}/1", budget=max(exact, 0)), replace(case, name=f"{stem}/2", budget=odd)]
    if tape.below(2):
        cases[1] = replace(cases[1], budget=case.budget, depth=tape.below(600))
    return cases


def burned(case: Case, row: Row) -> int:
    """The fuel of a case whose calls all returned; its budget otherwise."""
    if row.calls and isinstance(last := row.calls[-1], Returned) and len(row.calls) == len(case.calls):
        return max(case.budget - last.fuel, 0)
    return case.budget
