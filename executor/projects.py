"""A function on disk: `function.toml`, its source, and for compiled languages what `executor build` made.

Theory of operation. JavaScript needs no build: the engine of this release and the source text are the function. C is
compiled to build/NAME.wasm beside the manifest, with build/function.json saying from which source; a source edited
since is noticed, so that what runs is what was read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from executor.crypto.digests import keccak256
from executor.errors import InvalidManifest
from executor.model.codec import Json
from executor.model.function import Function
from executor.model.manifest import MAX_MANIFEST_BYTES, Manifest, parse_manifest
from executor.model.profile import PROFILE

MANIFEST_FILE = "function.toml"


@dataclass(frozen=True, slots=True)
class Project:
    """A function's directory and manifest."""

    directory: Path
    manifest: Manifest

    @property
    def source_path(self) -> Path:
        """The file the manifest names."""
        return self.directory / self.manifest.function.source

    @property
    def module_path(self) -> Path:
        """Where a compiled module stands."""
        return self.directory / "build" / f"{self.manifest.function.name}.wasm"

    @property
    def facts_path(self) -> Path:
        """Where `executor build` writes what it built from what."""
        return self.directory / "build" / "function.json"

    @property
    def is_compiled(self) -> bool:
        """Whether the source has to be compiled to a module first."""
        return self.manifest.function.language == "c" and self.source_path.suffix != ".wasm"

    def read_source(self) -> bytes:
        """The source file; raises InvalidManifest when it is missing, outside the directory or too long."""
        limit = max(PROFILE.ceilings.source_bytes, PROFILE.ceilings.module_bytes)
        if not self.source_path.resolve().is_relative_to(self.directory.resolve()):
            raise InvalidManifest(f"function.source: {self.manifest.function.source} is outside {self.directory}")
        return _read(self.source_path, limit, "function.source")


def load_project(path: Path) -> Project:
    """The project at a directory or function.toml; raises InvalidManifest naming the file and key."""
    file = path / MANIFEST_FILE if path.is_dir() else path
    if not file.exists():
        where = path.parent if path.name == MANIFEST_FILE else path
        raise InvalidManifest(
            f"{MANIFEST_FILE} not found in {where}: give a function's folder, its {MANIFEST_FILE} "
            "or, to run and inspect, a .wasm file"
        )
    text = _read(file, MAX_MANIFEST_BYTES, "the manifest").decode("utf-8", "replace")
    try:
        return Project(file.parent, parse_manifest(text))
    except InvalidManifest as error:
        raise InvalidManifest(f"{file}: {error}") from error


def load_function(path: Path) -> Function:
    """The function of a project, ready for `vm.load`; raises InvalidManifest, also when it has to be built first."""
    return function_of(load_project(path))


def function_of(project: Project) -> Function:
    """The same, of a project at hand."""
    from executor.receipts.modules import engine_for  # reads the engines' folder, which --help does not need

    terms, source = project.manifest.terms, project.read_source()
    if project.manifest.function.language == "javascript":
        if not source:
            raise InvalidManifest(f"function.source: {project.manifest.function.source} is empty")
        return Function(engine_for("javascript"), terms, source)
    if not project.is_compiled:
        return Function(source, terms)
    built = _built_from(project)
    if built != str(keccak256(source)):
        what = "has changed since it was built" if built else "is not built yet"
        raise InvalidManifest(f"{project.source_path} {what}: run `executor build {project.directory}`")
    return Function(_read(project.module_path, PROFILE.ceilings.module_bytes, "the module"), terms)


def _built_from(project: Project) -> str | None:
    try:
        plain: Json = json.loads(project.facts_path.read_bytes())
        digest = plain["source_digest"]
    except (OSError, ValueError, KeyError, TypeError):
        return None  # as good as not built
    return digest if isinstance(digest, str) and project.module_path.exists() else None


def _read(path: Path, limit: int, what: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise InvalidManifest(f"{what}: {path}: {error.strerror}") from error
    if len(data) > limit:
        raise InvalidManifest(f"{what}: {path} has more than {limit} bytes")
    return data
