"""executor verify-build"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from executor.cli._building import make
from executor.cli._exits import FAILED
from executor.cli._ids import parse_id
from executor.cli._show import as_json, fact, verdict
from executor.crypto.digests import function_id, keccak256, manifest_hash, module_id
from executor.errors import InvalidConfig
from executor.model.codec import Json
from executor.model.function import Function
from executor.model.ids import FunctionId
from executor.projects import Project, facts_of, load_project

_LABELS = {"module_id": "module", "source_hash": "source", "manifest_hash": "manifest"}


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not what it was."""

    part: str
    expected: str
    rebuilt: str


def command(
    path: Annotated[Path, typer.Argument(help="The function's source: directory with function.toml, or the file.")],
    identity: Annotated[
        str | None, typer.Argument(metavar="[FUNCTION_ID]", help="The id to compare with; else build/function.json's.")
    ] = None,
    node: Annotated[
        str | None, typer.Option(help="URL of a node that keeps the function: says which part of it differs.")
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Build a function again in a folder of its own, and compare it with its id."""
    project = load_project(path)
    recorded = facts_of(project)
    text = identity or str(recorded.get("function_id", ""))
    if not text:
        raise InvalidConfig(f"nothing to compare with: give a function id, or `executor build {project.directory}`")
    expected = parse_id(FunctionId, text, "FUNCTION_ID")
    if recorded.get("function_id") != str(expected):
        recorded = {}  # of another version
    with tempfile.TemporaryDirectory(prefix="executor-verify-") as folder:
        again = replace(project, built_in=Path(folder) / "build")
        function, facts = make(again)
        known = {**recorded, **(_parts(_kept(node, expected)) if node is not None else {})}
        differences = _differences(str(expected), known, facts)
        if identity is None:
            differences += _changed_files(project, again, str(facts["form"]))
    same = function_id(function) == expected and not differences
    if json_output:
        plain = [{"part": each.part, "expected": each.expected, "rebuilt": each.rebuilt} for each in differences]
        as_json({"same": same, "expected": str(expected), "rebuilt": facts["function_id"], "differences": plain})
    else:
        _print(same, facts, differences, bool(known))
    if not same:
        raise typer.Exit(FAILED)


def _differences(expected: str, known: dict[str, Json], facts: dict[str, Json]) -> list[Difference]:
    """What of the id, its parts and what they were made of is another; parts that nobody knows are left out."""
    found = [] if facts["function_id"] == expected else [Difference("function id", expected, facts["function_id"])]
    labels = {**_LABELS, "module_id": "engine"} if facts["source_bytes"] else _LABELS
    for key, label in labels.items():
        if key in known and known[key] != facts[key]:
            found.append(Difference(label, str(known[key]), str(facts[key])))
    if not found:
        return []
    for key, label in (("toolchain", "tool"), ("inputs", "file")):
        was, now = known.get(key), facts.get(key, {})
        if isinstance(was, dict):
            for name in sorted({*was, *now}):
                if was.get(name) != now.get(name):
                    found.append(Difference(f"{label} {name}", str(was.get(name, "none")), str(now.get(name, "none"))))
    if "source_digest" in known and known["source_digest"] != facts["source_digest"]:
        found.append(Difference("source file", str(known["source_digest"]), str(facts["source_digest"])))
    return found


def _changed_files(project: Project, again: Project, form: str) -> list[Difference]:
    """The file in build/ that runs, when it is not what its source builds."""
    if form == "source":
        return []
    pairs = {"module": (project.module_path, again.module_path), "bundle": (project.bundle_path, again.bundle_path)}
    built, rebuilt = pairs[form]
    was = str(keccak256(built.read_bytes())) if built.exists() else "missing"
    now = str(keccak256(rebuilt.read_bytes()))
    return [] if was == now else [Difference(str(built), was, now)]


def _parts(function: Function) -> dict[str, Json]:
    return {
        "module_id": str(module_id(function.module)),
        "source_hash": str(keccak256(function.source)),
        "manifest_hash": str(manifest_hash(function.terms)),
    }


def _kept(node: str, identity: FunctionId) -> Function:
    from executor.cli._kept import kept_function

    return asyncio.run(kept_function(node, identity))


def _print(same: bool, facts: dict[str, Json], differences: list[Difference], is_known: bool) -> None:
    verdict(same, "same" if same else "differs", str(facts["function_id"]))
    for each in differences:
        fact(each.part, f"{each.rebuilt}, expected {each.expected}")
    if not same and not is_known:
        fact("which part", "unknown: give --node URL of a node that keeps the function, or the build/ it came from")
    if any(each.part == "engine" for each in differences):
        fact("advice", f"this release ({version('executor')}) has another engine: build with the one it was made with")
    for name, identity in facts.get("toolchain", {}).items():
        fact("built with", f"{name} {identity}")
