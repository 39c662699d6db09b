"""The languages that take part: each folder beside this one that has a language.toml.

name = "C"                    # as people write it
suffix = ".wasm"              # a module's file is NAME + suffix, in this folder or in `folder`
folder = "built"              # optional
engine = "javascript"         # only where the files are source text for an engine of this release

[cannot]                      # cases (or beginnings of them with *) that the language has no way to express
"basics/trap" = "nothing in the language traps"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Final

from executor.model.function import Function
from executor.model.manifest import Terms
from executor.receipts import engine_for
from executor.receipts.loader import Loader, user_cache
from executor.vm import Program

HERE: Final = Path(__file__).resolve().parents[1]
KEYS: Final = frozenset({"name", "suffix", "folder", "engine", "tested", "cannot"})
load: Final = Loader(modules=5, directory=user_cache())  # one language's at a time


@dataclass(frozen=True, slots=True)
class Language:
    """One column."""

    id: str
    name: str
    directory: Path
    suffix: str
    engine: str | None
    folder: str
    tested: tuple[str, ...] | None
    cannot: Mapping[str, str]

    def file(self, module: str) -> Path:
        """What a module is made of."""
        return self.directory / self.folder / f"{module}{self.suffix}"

    def why_not(self, case: str) -> str | None:
        """The reason why the language cannot express a case, if it says so."""
        return next((reason for pattern, reason in self.cannot.items() if fnmatchcase(case, pattern)), None)

    def function(self, module: str, terms: Terms) -> Function:
        """A module as a function."""
        code = self.file(module).read_bytes()
        return Function(code, terms) if self.engine is None else Function(engine_for(self.engine), terms, code)

    def program(self, module: str, terms: Terms) -> Program:
        """The same, compiled; its code is compiled once a process."""
        return _program(self.id, module, terms.canonical())


@lru_cache(maxsize=1)
def languages() -> Mapping[str, Language]:
    """All, by the names of their folders."""
    return {file.parent.name: _read(file) for file in sorted(HERE.glob("*/language.toml"))}


@lru_cache(maxsize=64)
def _program(language: str, module: str, terms: bytes) -> Program:
    return load(languages()[language].function(module, Terms.model_validate_json(terms)))


def _read(file: Path) -> Language:
    plain = tomllib.loads(file.read_text(encoding="utf-8"))
    if unknown := sorted(set(plain) - KEYS):
        raise ValueError(f"{file}: unknown key {unknown[0]}")
    return Language(
        id=file.parent.name,
        name=plain["name"],
        directory=file.parent,
        suffix=plain["suffix"],
        engine=plain.get("engine"),
        folder=plain.get("folder", "."),
        tested=tuple(plain["tested"]) if "tested" in plain else None,
        cannot=plain.get("cannot", {}),
    )
