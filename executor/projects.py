"""A function on disk: `function.toml`, its source, and for compiled languages what `executor build` made.

Theory of operation. Python, and JavaScript that imports nothing but `executor`, need no build: the engine of this
release and the source text are the function. TypeScript and what imports other files is bundled to build/NAME.js, with
its source map; frozen start-ups and compiled languages are modules, build/NAME.wasm. build/function.json says from
which files; one edited since is noticed, so that what runs is what was read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from executor.crypto.digests import keccak256
from executor.errors import InvalidEncoding, InvalidManifest
from executor.javascript import Positions, stands_alone
from executor.model.codec import Json, check_nesting
from executor.model.function import Function
from executor.model.manifest import MAX_MANIFEST_BYTES, Manifest, parse_manifest
from executor.model.profile import PROFILE

MANIFEST_FILE = "function.toml"
COMPILED = ("assemblyscript", "c", "go", "rust", "zig")
"""Languages whose sources become modules; a module built elsewhere may stand for the source of any."""
MAX_INPUTS = 10_000  # files of one bundle; the ceiling on source text leaves about a hundred bytes for each
MAX_FACTS_BYTES = 4_194_304  # so many inputs with their digests
MAX_MAP_BYTES = 33_554_432  # a map is two to four times its bundle
ENGINE_LANGUAGES = frozenset({"javascript", "python"})
"""Whose functions are source text, run by an engine of this release."""


@dataclass(frozen=True, slots=True)
class Project:
    """A function's directory and manifest. `built_in` is where what was built stands: build/, if left out."""

    directory: Path
    manifest: Manifest
    built_in: Path | None = None

    @property
    def source_path(self) -> Path:
        """The file the manifest names."""
        return self.directory / self.manifest.function.source

    @property
    def build_folder(self) -> Path:
        """Where `executor build` writes."""
        return self.built_in or self.directory / "build"

    @property
    def module_path(self) -> Path:
        """Where a compiled module or a frozen start-up stands."""
        return self.build_folder / f"{self.manifest.function.name}.wasm"

    @property
    def bundle_path(self) -> Path:
        """Where a bundle stands; its source map has the same name and `.map` behind it."""
        return self.build_folder / f"{self.manifest.function.name}.js"

    @property
    def facts_path(self) -> Path:
        """Where `executor build` writes what it built from what."""
        return self.build_folder / "function.json"

    @property
    def is_compiled(self) -> bool:
        """Whether the source has to be compiled to a module first."""
        return self.manifest.function.language in COMPILED and self.source_path.suffix != ".wasm"

    def is_bundled(self, source: bytes) -> bool:
        """Whether this source is JavaScript or TypeScript that has to be bundled first."""
        return self.manifest.function.language == "javascript" and not stands_alone(source, self.source_path.suffix)

    def is_made(self, source: bytes) -> bool:
        """Whether `executor build` has to make something of this source before it runs."""
        freezes = self.manifest.function.language == "javascript" and self.manifest.build.snapshot != "never"
        return self.is_compiled or freezes or self.is_bundled(source)

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
    language = project.manifest.function.language
    if language in ENGINE_LANGUAGES and not source:
        raise InvalidManifest(f"function.source: {project.manifest.function.source} is empty")
    form = _form(project, source)
    if form == "module":
        return Function(_read(project.module_path, PROFILE.ceilings.module_bytes, "the module"), terms)
    if form == "bundle":
        source = _read(project.bundle_path, PROFILE.ceilings.source_bytes, "the bundle")
    return Function(engine_for(language), terms, source) if language in ENGINE_LANGUAGES else Function(source, terms)


def positions_of(project: Project) -> Positions:
    """What turns the engine's places into the user's own."""
    if project.manifest.function.language not in ENGINE_LANGUAGES:
        return Positions()
    name, map_path = project.manifest.function.source, map_of(project.bundle_path)
    if not project.is_bundled(project.read_source()) or not map_path.exists():
        return Positions(name)
    return Positions(name, _read(map_path, MAX_MAP_BYTES, "the source map"), project.build_folder.name)


def map_of(bundle: Path) -> Path:
    """Where the source map of a bundle stands."""
    return bundle.with_name(f"{bundle.name}.map")


def facts_of(project: Project) -> dict[str, Json]:
    """What build/function.json says; empty when there is none of use."""
    try:
        text = _read(project.facts_path, MAX_FACTS_BYTES, "the facts").decode("utf-8")
        check_nesting(text)
        plain: Json = json.loads(text)
    except (InvalidManifest, InvalidEncoding, ValueError, RecursionError):
        return {}  # as good as not built
    return plain if isinstance(plain, dict) else {}


def _form(project: Project, source: bytes) -> str:
    """`source`, `bundle` or `module`; raises InvalidManifest when it has to be built first."""
    if not project.is_made(source):
        return "source"
    facts = facts_of(project)
    form = str(facts.get("form", "module"))
    artifact = project.module_path if form == "module" else project.bundle_path
    is_built = isinstance(facts.get("source_digest"), str) and (form == "source" or artifact.exists())
    if not is_built or not _is_fresh(project, source, facts):
        what = "has changed since it was built" if is_built else "is not built yet"
        raise InvalidManifest(f"{project.source_path} {what}: run `executor build {project.directory}`")
    return form


def _is_fresh(project: Project, source: bytes, facts: dict[str, Json]) -> bool:
    if facts["source_digest"] != str(keccak256(source)):
        return False
    inputs = facts.get("inputs", {} if project.is_compiled else None)
    is_javascript = project.manifest.function.language == "javascript"
    if (is_javascript and facts.get("build") != project.manifest.build.model_dump()) or not isinstance(inputs, dict):
        return False
    return len(inputs) <= MAX_INPUTS and all(digest_of(project, name) == digest for name, digest in inputs.items())


def digest_of(project: Project, name: str) -> str | None:
    """The digest of one of a bundle's files, named from the project's directory on; None for one that is gone."""
    try:
        return str(keccak256(_read(project.directory / name, PROFILE.ceilings.module_bytes, "the input")))
    except InvalidManifest:
        return None


def _read(path: Path, limit: int, what: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise InvalidManifest(f"{what}: {path}: {error.strerror}") from error
    if len(data) > limit:
        raise InvalidManifest(f"{what}: {path} has more than {limit} bytes")
    return data
