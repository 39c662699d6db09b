"""executor build"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from executor.cli._building import check_source, make, write_facts
from executor.cli._editor import write_types
from executor.cli._esbuild import fetch_esbuild
from executor.cli._freeze import WORTH_FUEL
from executor.cli._load import load_kept as load
from executor.cli._show import as_json, fact, waiting
from executor.errors import HostFault
from executor.model.codec import Json
from executor.projects import Project, load_project


def command(
    path: Annotated[Path, typer.Argument(help="Directory with function.toml, or the file itself.")] = Path(),
    fetch_bundler: Annotated[
        bool, typer.Option("--fetch-bundler", help="Install the bundler of TypeScript and packages first, with npm.")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
) -> None:
    """Check a function, compile, bundle or freeze it where it needs that, and print its ids."""
    if fetch_bundler:
        with waiting("installing the bundler with npm"):
            folder = fetch_esbuild()
        typer.echo(f"bundler installed in {folder}", err=True)
    project = load_project(path)
    try:
        write_types(project)
        facts = _built(project)
    except OSError as error:
        raise HostFault(f"{error.filename or project.build_folder}: cannot be written: {error.strerror}") from error
    if json_output:
        as_json(facts)
        return
    for key in ("name", "language", "function_id", "module_id", "manifest_hash"):
        fact(key.replace("_", " "), facts[key])
    _print_start(facts)
    fact("written", project.facts_path)


def _built(project: Project) -> dict[str, Json]:
    """What was built, once it is known to load."""
    try:
        function, facts = make(project)
        program = load(function)  # raises InvalidModule for whatever a node would refuse
        if function.source:
            facts["start_fuel"] = check_source(project, program)
    except BaseException:
        with suppress(OSError):
            project.facts_path.unlink(missing_ok=True)  # else it would count as built
            project.build_folder.rmdir()  # when there is nothing in it
        raise
    write_facts(project, facts)
    return facts


def _print_start(facts: dict[str, Json]) -> None:
    if "start" in facts:
        for form in ("source", "snapshot"):
            cost = facts["start"][f"as_{form}"]
            fact(f"as {form}", f"{cost['fuel']:,} fuel before the input, {cost['bytes']:,} bytes")
        used = "snapshot" if facts["form"] == "module" else "source"
        better = "" if facts["start"]["better"] == used else f", though {facts['start']['better']} is better"
        fact("built as", f"{used}{better}")
    elif facts.get("start_fuel", 0) >= WORTH_FUEL:
        advice = 'build.snapshot = "auto" in function.toml may save most of it'
        fact("start", f"{facts['start_fuel']:,} fuel before the input, in every run: {advice}")
