"""Making what a function runs as, in whatever language it is written: for `build`, and again for `verify-build`."""

from __future__ import annotations

import json

from executor.cli._bundle import bundle
from executor.cli._compile import compile_module
from executor.cli._freeze import frozen
from executor.crypto.digests import function_id, keccak256, manifest_hash, module_id
from executor.errors import InvalidManifest
from executor.model.codec import Json
from executor.model.function import Function
from executor.model.manifest import BuildSection
from executor.model.outcome import Failed, TrapCode, Trapped
from executor.model.request import Request
from executor.projects import Project, function_of, positions_of
from executor.receipts.modules import engine_for
from executor.vm import Diagnostics, Program, execute


def make(project: Project) -> tuple[Function, dict[str, Json]]:
    """Build a project into its folder for that; the function, and what build/function.json is to say of it.

    Raises InvalidManifest and InvalidModule for what is wrong with it, InvalidConfig for a tool that is missing.
    """
    source, settings = project.read_source(), project.manifest.build
    if project.manifest.function.language != "javascript" and settings != BuildSection():
        raise InvalidManifest("build: these settings are for JavaScript and TypeScript; leave the section out")
    made = _made(project, source)
    if project.is_made(source):
        write_facts(project, {"source_digest": str(keccak256(source)), **made})  # without which nothing is built
    function = function_of(project)
    return function, {**_described(project, function), **made}


def check_source(project: Project, program: Program) -> int:
    """Load an engine function's source once; the fuel that takes.

    Raises InvalidManifest when no run could ever get past that.
    """
    if not program.function.source:
        return 0
    seen, name = Diagnostics(), project.manifest.function.source
    outcome = execute(program, Request.local(program.function_id), diagnostics=seen)
    if isinstance(outcome, Failed) and not seen.loaded:
        error = positions_of(project).told(outcome.error.decode("utf-8", "backslashreplace"))
        raise InvalidManifest(f"function.source: {name}: {error}")
    if isinstance(outcome, Trapped) and not seen.loaded:
        if outcome.code is not TrapCode.OUT_OF_FUEL:
            raise InvalidManifest(f"function.source: {name}: its top level traps: {seen.message}")
        fuel = project.manifest.limits.fuel
        raise InvalidManifest(
            f"function.source: {name}: its top level takes more than limits.fuel = {fuel}: "
            'raise that, or freeze it with build.snapshot = "auto"'
        )
    return seen.start_fuel


def write_facts(project: Project, facts: dict[str, Json]) -> None:
    """What was built from what, for `run` and all others."""
    project.build_folder.mkdir(parents=True, exist_ok=True)
    project.facts_path.write_text(json.dumps(facts, indent=2) + "\n")


def _made(project: Project, source: bytes) -> dict[str, Json]:
    """Writes bundle or module; what they were made of and by."""
    if project.is_compiled:
        language = project.manifest.function.language
        own = project.built_in is not None
        made = compile_module(language, project.source_path, project.module_path, project.directory, own=own)
        return {"form": "module", **made}
    if project.manifest.function.language != "javascript" or not project.is_made(source):
        return {"form": "source"}
    return _made_javascript(project, source)


def _made_javascript(project: Project, source: bytes) -> dict[str, Json]:
    settings, name = project.manifest.build, project.manifest.function.source
    facts: dict[str, Json] = {"form": "source", "build": settings.model_dump(), "inputs": {}, "toolchain": {}}
    if not source:
        raise InvalidManifest(f"function.source: {name} is empty")
    if project.is_bundled(source):
        bundled = bundle(project)
        facts |= {"form": "bundle", "inputs": dict(bundled.inputs), "toolchain": dict(bundled.toolchain)}
        source = project.bundle_path.read_bytes()
    if settings.snapshot != "never":
        engine = engine_for("javascript")
        module, start = frozen(project, Function(engine, project.manifest.terms, source))
        facts |= {"start": start.plain()}
        if settings.snapshot == "always" or start.is_worth_it:
            project.build_folder.mkdir(parents=True, exist_ok=True)
            project.module_path.write_bytes(module)
            toolchain = {**facts["toolchain"], "engine": str(module_id(engine))}
            facts |= {"form": "module", "toolchain": toolchain}
    return facts


def _described(project: Project, function: Function) -> dict[str, Json]:
    return {
        "name": project.manifest.function.name,
        "language": project.manifest.function.language,
        "function_id": str(function_id(function)),
        "module_id": str(module_id(function.module)),
        "source_hash": str(keccak256(function.source)),
        "manifest_hash": str(manifest_hash(function.terms)),
        "source_digest": str(keccak256(project.read_source())),
        "module_bytes": len(function.module),
        "source_bytes": len(function.source),
    }
