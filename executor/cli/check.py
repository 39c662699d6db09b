"""executor check"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from executor.cli._building import check_source
from executor.cli._exits import FAILED, INCONCLUSIVE
from executor.cli._show import as_json, waiting
from executor.cli.run import read_input
from executor.javascript import Positions
from executor.projects import function_of, load_project, positions_of
from executor.testing.checking import Plan, Report, check, read_plan
from executor.testing.checking.findings import Finding
from executor.testing.checking.gate import Progress
from executor.testing.functions import program_of
from executor.testing.replies_file import read_replies
from executor.testing.variants import Here, elsewhere
from executor.vm import self_test


def command(
    path: Annotated[Path, typer.Argument(help="Directory with function.toml, or the file itself.")] = Path(),
    inputs: Annotated[
        list[str] | None, typer.Option("--input", help="An example input: text, 0x-hex, or @FILE; may be repeated.")
    ] = None,
    replies: Annotated[Path | None, typer.Option(help="JSON file with an example reply for each URL.")] = None,
    examples: Annotated[int, typer.Option(min=1, help="How many scenes to try.")] = 300,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long to try.")] = 10.0,
    seed: Annotated[int, typer.Option(help="Another seed tries other mixtures.")] = 0,
    engines: Annotated[bool, typer.Option(help="Repeat runs on other engine configurations.")] = True,
    json_output: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Hunt for inputs and replies on which nodes would not agree, or the function traps."""
    project = load_project(path)
    plan = replace(read_plan(project.directory), seed=seed, examples=examples, seconds=seconds)
    if inputs:
        plan = replace(plan, inputs=tuple(read_input(text) for text in inputs))
    if replies is not None:
        plan = replace(plan, replies=read_replies(replies))
    with waiting("compiling, for other engine configurations, too" if engines else "compiling"):
        self_test()  # D11
        program = program_of(function_of(project))
        check_source(project, program)  # else every run fails alike, and nothing would be found
        places = (Here(), *elsewhere(program)) if engines else (Here(),)
    with _progress() as progress:
        report = _told(check(program, plan, places=places, progress=progress), positions_of(project))
    if json_output:
        as_json({"function_id": str(program.function_id), **report.plain()})
    else:
        _print(project.manifest.function.name, plan, report)
    if report.findings:
        raise typer.Exit(FAILED)
    if not report.passed:
        raise typer.Exit(INCONCLUSIVE)


def _told(report: Report, positions: Positions) -> Report:
    """The report in words about the user's own lines."""

    def told(finding: Finding) -> Finding:
        nodes, changes = (tuple(map(positions.told, lines)) for lines in (finding.nodes, finding.changes))
        summary, committee = positions.told(finding.summary), positions.told(finding.committee)
        return replace(finding, summary=summary, committee=committee, nodes=nodes, changes=changes)

    found, allowed = tuple(map(told, report.findings)), tuple(map(told, report.allowed))
    return replace(report, findings=found, allowed=allowed, notes=tuple(map(positions.told, report.notes)))


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """A bar on a terminal, on stderr; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("checking", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _print(name: str, plan: Plan, report: Report) -> None:
    for finding in report.findings:
        first, *rest = finding.lines()
        kind, _, summary = first.partition(": ")
        typer.echo(f"{typer.style('✗', fg='red', bold=True)} {typer.style(kind, bold=True)}: {summary}")
        typer.echo("\n".join(rest) + "\n")
    for finding in report.allowed:
        typer.echo(f"  allowed  {finding.kind}: {finding.summary}")
    for note in report.notes:
        typer.echo(f"  note     {note}")
    mark = typer.style("✓", fg="green") if report.passed else typer.style("✗", fg="red", bold=True)
    typer.echo(f"{mark} {name} {report.summary()} in {report.seconds:.1f} s, seed {plan.seed}")
