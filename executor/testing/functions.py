"""What the testing tools take as a function, and the compiled program behind it, kept for the next example."""

from __future__ import annotations

import tomllib
from collections import OrderedDict
from os import PathLike
from pathlib import Path
from threading import Lock
from typing import Final, TypeAlias, TypeVar

from executor.crypto.digests import function_id
from executor.errors import InvalidManifest
from executor.javascript import Positions
from executor.model.function import Function
from executor.model.ids import FunctionId
from executor.model.manifest import Terms, parse_manifest, parse_terms
from executor.projects import function_of, load_project, positions_of
from executor.receipts import engine_for
from executor.receipts.loader import Loader, user_cache
from executor.vm import Program

FunctionLike: TypeAlias = str | PathLike[str] | Function | Program
"""A folder with function.toml (or the file itself), a function's bytes and terms, or a loaded program."""
MAX_KEPT: Final = 32
Kept = TypeVar("Kept")

_kept: OrderedDict[FunctionId, Program] = OrderedDict()
_positions: OrderedDict[FunctionId, Positions] = OrderedDict()  # of the latest that came from a folder
_lock: Final = Lock()
_load: Final = Loader(modules=4, directory=user_cache())  # compiled engines take 4 to 30 MB


def function_of_source(source: str, manifest: str | Terms = "", *, language: str = "javascript") -> Function:
    """Source text under a manifest, run by the engine of this release: a function without files.

    `manifest` is TOML as in function.toml, where [function] may be left out. Raises InvalidManifest.
    """
    return Function(engine_for(language), _terms(manifest), source.encode("utf-8"))


def program_of(function: FunctionLike) -> Program:
    """The function, checked and compiled once a process. Raises InvalidManifest, InvalidModule."""
    if isinstance(function, Program):
        return function
    positions = None
    if not isinstance(function, Function):
        project = load_project(Path(function))
        function, positions = function_of(project), positions_of(project)
    key = function_id(function)
    with _lock:
        program = _kept.get(key)
    if program is None:
        program = _load(function)
    _keep(_kept, key, program)
    if positions is not None:
        _keep(_positions, key, positions)
    return program


def positions_for(program: Program) -> Positions:
    """The user's own lines behind those of a program that came from a folder; of others the engine's."""
    return _positions.get(program.function_id, Positions())


def _keep(kept: OrderedDict[FunctionId, Kept], key: FunctionId, value: Kept) -> None:
    with _lock:
        kept[key] = value
        kept.move_to_end(key)
        while len(kept) > MAX_KEPT:
            kept.popitem(last=False)


def _terms(manifest: str | Terms) -> Terms:
    if isinstance(manifest, Terms):
        return manifest
    try:
        plain = tomllib.loads(manifest)
    except tomllib.TOMLDecodeError as error:
        raise InvalidManifest(f"not TOML: {error}") from error
    return parse_manifest(manifest).terms if "function" in plain else parse_terms(plain)
