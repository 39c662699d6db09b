"""A failure that a person understands: the smallest case, who saw what, why it does not agree, what to change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from executor.javascript import Positions
from executor.model.observation import Kind
from executor.model.outcome import Failed, TrapCode, Trapped
from executor.model.spec import Fields, Strategy, parse_spec
from executor.testing import advice
from executor.testing.agreeing import NO_VALUE, OUT_OF_BOUND, EndProblem, Problem, SlotProblem, Told
from executor.testing.differences import Difference, first_difference
from executor.testing.looking import Look
from executor.testing.rendering import WIDTH, shown_bytes, shown_end, shown_observation, shown_slot
from executor.testing.replies import World
from executor.testing.runs import Trace

MAX_LOGS: Final = 5
_ENGINES: Final = Positions()  # the engine's own words stay


class DoesNotAgree(AssertionError):
    """A committee does not agree on a function, or its run ends as it must not; `problem` has the details."""

    def __init__(
        self, problem: Problem, input: bytes, worlds: Sequence[World], f: int, positions: Positions = _ENGINES
    ) -> None:
        self.problem, self.input, self.worlds, self.f = problem, input, tuple(worlds), f
        super().__init__(positions.told(render(problem, input, self.worlds, f)))


class NotDeterministic(AssertionError):
    """Two runs of one request over one transcript differ; `difference` is where they part."""

    def __init__(
        self,
        difference: Difference,
        names: tuple[str, str],
        input: bytes,
        world: World,
        positions: Positions = _ENGINES,
    ) -> None:
        self.difference, self.names, self.input, self.world = difference, names, input, world
        lines = ["one request has two outcomes", "", *_circumstances(input, [world]), difference.render(*names)]
        super().__init__(positions.told("\n".join(lines)))


def render(problem: Problem, input: bytes, worlds: Sequence[World], f: int) -> str:
    """The whole report."""
    told = _slot_report(problem, f) if isinstance(problem, SlotProblem) else _end_report(problem)
    return "\n".join(line.rstrip() for line in [*told, *_circumstances(input, worlds), *_parting(problem)])


def _slot_report(problem: SlotProblem, f: int) -> list[str]:
    where = shown_slot(problem.slot, problem.spec)
    head = f"agreed beyond the bound on {where}" if problem.kind == OUT_OF_BOUND else f"no agreement on {where}"
    return [head, "", *_table(problem.told), "", f"why      {_why(problem, f)}", f"advice   {_advice(problem)}"]


def _end_report(problem: EndProblem) -> list[str]:
    lines = [f"the run {shown_end(problem.trace.end)}", ""]
    lines += [f"slot {slot}   agreed {shown_bytes(entry.value)}" for slot, entry in enumerate(problem.transcript)]
    lines += [f"log      {line.text}" for line in problem.trace.logs[-MAX_LOGS:]]
    return [*lines, f"why      {_end_reason(problem.trace)}"]


def _end_reason(trace: Trace) -> str:
    match trace.end:
        case Trapped(TrapCode.OUT_OF_FUEL):
            return "out of fuel: a loop that does not end on this input, or limits.fuel in function.toml is too low"
        case Failed() | Trapped():
            return trace.message.partition("\n")[0] or "the guest was stopped"
        case _:
            return "this end is not among those the caller allows"


def _table(told: Told) -> list[str]:
    rows = [("node", "its replies", "what it saw")]
    first = next((each.seen.value for each in told.looks if each.seen.kind is Kind.VALUE), None)
    for each in told.looks:
        saw = shown_observation(each.seen, beside=first)
        if each.node in told.lies:
            saw = f"says {shown_observation(told.lies[each.node])} (a lie: {told.lie})"
        rows.append((str(each.node), _replies(each.world), saw))
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return [f"    {row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}" for row in rows]


def _replies(world: World) -> str:
    """What is special about a node's replies; where there are many, by host."""
    said = {url: reply.about or "given" for url, reply in world.items()}
    if len(set(said.values())) <= 1:
        return next(iter(said.values()), "none")
    return "; ".join(
        f"{url.split('//')[-1].split('/')[0]}: {about}" for url, about in said.items() if about != "as given"
    )


def _why(problem: SlotProblem, f: int) -> str:
    told, n = problem.told, len(problem.told.looks)
    q, aggregate = n - f, parse_spec(problem.spec).aggregate
    if problem.kind not in (NO_VALUE, OUT_OF_BOUND):
        return f"{q} of {n} nodes have to see a value, and {len(problem.chosen)} saw an error"
    chosen = ", ".join(map(str, problem.chosen))
    if problem.kind == OUT_OF_BOUND:
        value = shown_bytes(problem.agreed[1]) if problem.agreed else "(nothing)"
        return f"over nodes {chosen} the committee agrees on {value}, which no honest node stands for"
    values = [told.observation(node).value for node in problem.chosen]
    most = max(values.count(value) for value in values)
    if isinstance(aggregate, Fields):
        return f"over nodes {chosen} one field does not agree, and one is enough; nodes lie about every field at once"
    if aggregate not in (Strategy.IDENTICAL, Strategy.MODE):
        agreed = problem.agreed[1] if problem.agreed else b""
        return f"over nodes {chosen} the committee agrees on {shown_bytes(agreed, width=2 * WIDTH)}"
    needed = q - f if aggregate is Strategy.IDENTICAL else f + 1
    return f"over nodes {chosen} `{aggregate}` needs {needed} equal values of {q}; at most {most} are equal"


def _advice(problem: SlotProblem) -> str:
    looks, spec = problem.told.looks, parse_spec(problem.spec)
    if problem.kind in (NO_VALUE, OUT_OF_BOUND):
        honest = [each.seen.value for each in _honest(problem.told) if each.seen.kind is Kind.VALUE]
        return advice.on_values(spec.aggregate, honest)
    codes = [looks[node].seen.value.decode("ascii") for node in problem.chosen]
    missing = sorted(url for each in looks for url in each.missing)
    return advice.on_errors(codes, missing)


def _honest(told: Told) -> list[Look]:
    return [each for each in told.looks if each.node not in told.lies]


def _circumstances(input: bytes, worlds: Sequence[World]) -> list[str]:
    lines = [f"input    {shown_bytes(input, width=200)}"]
    for url, reply in worlds[0].items() if worlds else ():
        shown = f"error {reply.error}" if reply.error else f"{reply.status} {shown_bytes(reply.body, width=200)}"
        lines.append(f"reply    {url}  {shown}  (node 0)")
    return lines


def _parting(problem: Problem) -> list[str]:
    """Where the runs of the first two honest nodes that saw different things part, or why the first one failed."""
    if isinstance(problem, EndProblem):
        return []
    honest = _honest(problem.told)
    other = next((each for each in honest if each.seen != honest[0].seen), None)
    if other is not None and (difference := first_difference(honest[0].trace, other.trace)) is not None:
        return ["", difference.render(f"node {honest[0].node}", f"node {other.node}")]
    return [f"log      {line.text}" for line in honest[0].trace.logs[-MAX_LOGS:]]
