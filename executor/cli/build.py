"""executor build"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from executor.cli._compile import compile_c
from executor.cli._load import load_kept as load
from executor.cli._show import as_json, fact
from executor.crypto.digests import function_id, keccak256, manifest_hash, module_id
from executor.errors import InvalidManifest
from executor.model.codec import Json
from executor.model.function import Function
from executor.model.outcome import Failed
from executor.model.request import Request
from executor.projects import Project, function_of, load_project
from executor.vm import Diagnostics, Program, execute


def command(
    path: Annotated[Path, typer.Argument(help="Directory with function.toml, or the file itself.")] = Path(),
    json_output: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
) -> None:
    """Check a function, compile it where it needs that, and print its ids."""
    project = load_project(path)
    if project.is_compiled:
        compile_c(project.source_path, project.module_path)
        _write(project, {"source_digest": str(keccak256(project.read_source()))})
    function = function_of(project)
    program = load(function)  # raises InvalidModule for whatever a node would refuse
    if function.source:
        _check_source(project, program)
    facts = describe(project, function)
    _write(project, facts)
    if json_output:
        as_json(facts)
        return
    for key in ("name", "language", "function_id", "module_id", "manifest_hash"):
        fact(key.replace("_", " "), facts[key])
    fact("written", project.facts_path)


def describe(project: Project, function: Function) -> dict[str, Json]:
    """What build/function.json says."""
    return {
        "name": project.manifest.function.name,
        "language": project.manifest.function.language,
        "function_id": str(function_id(function)),
        "module_id": str(module_id(function.module)),
        "manifest_hash": str(manifest_hash(function.terms)),
        "source_digest": str(keccak256(project.read_source())),
        "module_bytes": len(function.module),
        "source_bytes": len(function.source),
    }


def _check_source(project: Project, program: Program) -> None:
    """Load the source in its engine once; raises InvalidManifest when no run could ever get past that."""
    seen = Diagnostics()
    outcome = execute(program, Request.local(program.function_id), diagnostics=seen)
    if isinstance(outcome, Failed) and not seen.loaded:
        error = outcome.error.decode("utf-8", "backslashreplace")
        raise InvalidManifest(f"function.source: {project.manifest.function.source}: {error}")


def _write(project: Project, facts: dict[str, Json]) -> None:
    project.facts_path.parent.mkdir(exist_ok=True)
    project.facts_path.write_text(json.dumps(facts, indent=2) + "\n")
