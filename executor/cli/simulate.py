"""executor simulate"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from executor.cli._exits import FAILED
from executor.cli._load import load_kept as load
from executor.cli._load import tested
from executor.cli._local import ended_badly
from executor.cli._secrets import read_secrets
from executor.cli._show import as_json, fact, readable, waiting
from executor.cli.run import read_input
from executor.crypto.digests import payload
from executor.errors import InvalidConfig
from executor.model.codec import Json
from executor.model.observation import Kind
from executor.model.outcome import Failed, Returned, Trapped
from executor.projects import function_of, load_project, positions_of
from executor.testing.checking.plan import read_plan
from executor.testing.mixtures import varied_worlds
from executor.testing.rendering import shown_observation
from executor.testing.replies import START_S, World
from executor.testing.replies_file import read_replies
from executor.testing.simulate_result import Simulated, Slot, drawn_in_simulation
from executor.testing.simulating import FAULT_NAMES, simulate


def command(
    path: Annotated[Path, typer.Argument(help="Directory with function.toml, or the file itself.")] = Path(),
    input_text: Annotated[str, typer.Option("--input", help="Text, 0x-hex, or @FILE.")] = "",
    nodes: Annotated[int, typer.Option("--nodes", "-n", min=1, max=31, help="Members of the committee.")] = 4,
    replies: Annotated[
        list[Path] | None,
        typer.Option(help="JSON file with replies by URL, else check.toml's; given n times, one for each node."),
    ] = None,
    exact: Annotated[bool, typer.Option("--exact", help="Every node is answered the same; nothing is varied.")] = False,
    faults: Annotated[
        list[str] | None, typer.Option("--fault", help="NODE=NAME, such as 3=lying-observation; repeat it.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed, other differences and another schedule.")] = 0,
    secrets: Annotated[
        list[str] | None,
        typer.Option("--secret", help="NAME (its environment variable), NAME=env:VARIABLE or NAME=@FILE."),
    ] = None,
    timestamp: Annotated[int, typer.Option(help="The request's block timestamp.")] = int(START_S),
    subscription: Annotated[int, typer.Option(min=0, help="Who pays, as the context says.")] = 0,
    triggered: Annotated[
        bool, typer.Option("--triggered", help="The input is a triggered run's (docs/triggers.md).")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Run one request through a committee in memory, whose members are answered differently as by real APIs."""
    project = load_project(path)
    function = function_of(project)
    plan = read_plan(project.directory)
    given = read_secrets(secrets or [], function.terms)
    worlds = _worlds(replies or [], plan.replies or {}, nodes, seed, exact, plan.steady)
    data, struck = read_input(input_text), _faults(faults or [], nodes)
    tested()
    program = load(function)
    with waiting(f"a committee of {nodes} at work"):
        ended = simulate(
            program,
            input=data,
            n=nodes,
            replies=worlds,
            secrets=given or None,
            faults=struck,
            seed=seed,
            block_timestamp=timestamp,
            triggered=triggered,
            subscription=subscription,
        )
    done, place = replace(ended, positions=positions_of(project)), ""
    if isinstance(done.outcome, Failed | Trapped) and done.request is not None:
        reason, place = ended_badly(program, project, done.request, done.transcript)
        done = replace(done, reason=done.reason or reason)
    if json_output:
        as_json({"function_id": str(program.function_id), **_plain(done, worlds), "place": place})
    else:
        fact("function", program.function_id)
        _print(done, worlds)
        if place:
            fact("place", place)
    if not isinstance(done.outcome, Returned):
        raise typer.Exit(FAILED)


def _worlds(
    files: list[Path], examples: World, nodes: int, seed: int, exact: bool, steady: frozenset[str]
) -> list[World]:
    if len(files) > 1:
        if len(files) != nodes:
            raise InvalidConfig(f"--replies: {len(files)} files for {nodes} nodes; give one for each, or one for all")
        return [read_replies(file) for file in files]
    plain = read_replies(files[0]) if files else examples
    return [plain] * nodes if exact else varied_worlds(plain, nodes, seed=seed, steady=steady)


def _faults(texts: list[str], nodes: int) -> dict[int, str]:
    struck: dict[int, str] = {}
    for text in texts:
        node, separator, name = text.partition("=")
        if not separator or not node.isdecimal() or int(node[:3]) >= nodes:
            raise InvalidConfig(f"--fault {text}: it is NODE=NAME, with a NODE from 0 to {nodes - 1}")
        if name not in FAULT_NAMES:
            raise InvalidConfig(f"--fault {text}: the names are {', '.join(FAULT_NAMES)}")
        struck[int(node)] = name
    return struck


def _print(done: Simulated, worlds: list[World]) -> None:
    for slot in done.slots:
        fact("observation", f"{slot.index} {slot.spec.label!r} under {slot.strategy}")
        _side_by_side(done, slot, worlds)
        if slot.entry is None:
            fact("agreed", "nothing")
        else:
            kind = "" if slot.entry.kind is Kind.VALUE else f"{slot.entry.kind.name.lower()} "
            fact("agreed", f"{kind}{readable(slot.entry.value)}")
        for name, values in slot.distinct() if slot.disagreed else ():
            fact(
                "they differ",
                f"{len(values)} values{f' of {name}' if name else ''}: {', '.join(map(readable, values))}",
            )
    for draw in done.draws:
        fact("draw", f"{draw.ordinal} {drawn_in_simulation(draw)}")
    for asked in sorted(done.unanswered):
        fact("no reply for", asked)
    if done.outcome is None:
        fact("outcome", f"nothing attested after {done.seconds:.1f} s of simulated time")
    else:
        what = f"trapped: {done.outcome.code.name}" if isinstance(done.outcome, Trapped) else _name(done)
        fact("outcome", f"{what}, attested in round {done.rounds} after {done.seconds:.2f} s of simulated time")
        if not isinstance(done.outcome, Trapped):
            text = done.positions.told(readable(payload(done.outcome)))
            fact("output" if isinstance(done.outcome, Returned) else "error", text)
        fact("fuel", f"{done.outcome.fuel_used:,}")
    if done.reason:
        fact("reason", done.positions.told(done.reason))


def _side_by_side(done: Simulated, slot: Slot, worlds: list[World]) -> None:
    agreed = slot.entry.value if slot.entry is not None and slot.entry.kind is Kind.VALUE else None
    shown = {node: shown_observation(seen, beside=agreed) for node, seen in sorted(slot.seen.items())}
    width = max(map(len, shown.values()), default=0)
    for node, text in shown.items():
        fact(f"  node {node}", f"{text:<{width}}  {done.faults.get(node) or _about(worlds[node])}")


def _about(world: World) -> str:
    """How a node's replies differ from the example, if all of them differ in one way."""
    said = sorted({reply.about for reply in world.values() if reply.about})
    return "; ".join(said[:2]) + (" …" if len(said) > 2 else "") if said else "as given"


def _name(done: Simulated) -> str:
    return type(done.outcome).__name__.lower()


def _error(done: Simulated) -> str:
    if not isinstance(done.outcome, Failed):
        return ""
    return done.positions.told(done.outcome.error.decode("utf-8", "replace"))


def _plain(done: Simulated, worlds: list[World]) -> dict[str, Json]:
    ended = done.outcome
    return {
        "nodes": done.n,
        "f": done.f,
        "attested": done.attested,
        "outcome": None if ended is None else _name(done),
        "payload": None if ended is None else f"0x{payload(ended).hex()}",
        "error": _error(done),
        "fuel_used": None if ended is None else ended.fuel_used,
        "rounds": done.rounds,
        "simulated_seconds": round(done.seconds, 3),
        "reason": done.reason,
        "faults": {str(node): name for node, name in sorted(done.faults.items())},
        "unanswered": sorted(done.unanswered),
        "observations": [_plain_slot(slot, worlds) for slot in done.slots],
    }


def _plain_slot(slot: Slot, worlds: list[World]) -> dict[str, Json]:
    entry = slot.entry
    return {
        "slot": slot.index,
        "label": slot.spec.label,
        "strategy": slot.strategy,
        "agreed": None if entry is None else {"kind": entry.kind.name.lower(), "value": f"0x{entry.value.hex()}"},
        "disagreed": slot.disagreed,
        "nodes": [
            {
                "node": node,
                "replies": _about(worlds[node]),
                "kind": seen.kind.name.lower(),
                "value": f"0x{seen.value.hex()}",
            }
            for node, seen in sorted(slot.seen.items())
        ],
    }
