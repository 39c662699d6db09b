"""executor new"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from executor.cli._show import as_json, fact
from executor.projects import load_project
from executor.templates import languages, make_project


def _completed(incomplete: str) -> list[str]:
    return [language for language in languages() if language.startswith(incomplete)]


def command(
    name: Annotated[Path, typer.Argument(help="The function's name; its folder is made here.")],
    language: Annotated[
        str, typer.Option("--lang", "-l", help=f"One of {', '.join(languages())}.", autocompletion=_completed)
    ] = "javascript",
    json_output: Annotated[bool, typer.Option("--json", help="Print the files as JSON.")] = False,
) -> None:
    """Make a new function: a folder with manifest, source, replies and a test."""
    files = make_project(name, language)
    if json_output:
        as_json({"folder": str(name), "language": language, "files": [str(each) for each in files]})
        return
    for each in files:
        fact("written", each)
    project = load_project(name)
    build = f"executor build {name} && " if project.is_made(project.read_source()) else ""
    typer.echo(f"Next: {build}executor simulate {name}")
