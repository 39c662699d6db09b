"""New functions' folders: one folder a language, laid over `common`.

Rule 1. `@name@` in files and their names is the function's name, `@name_@` the same as an identifier.
Rule 2. The suffix `.template` is dropped: it keeps this repository's own tools away from files that are no part of it.
        `gitignore` gets its dot.
Rule 3. A folder is a language: whoever adds one adds a function.toml, the source and a README.md here, and no code.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from executor.errors import InvalidConfig

FOLDER: Final = Path(__file__).parent
COMMON: Final = "common"
SUFFIX: Final = ".template"
NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")  # FunctionSection.name


def languages() -> list[str]:
    """The languages that there are templates of."""
    return sorted(each.parent.name for each in FOLDER.glob("*/function.toml"))


def make_project(folder: Path, language: str) -> list[Path]:
    """A new function of the folder's name in that folder; the files made.

    Raises InvalidConfig for a folder that exists, a bad name or an unknown language; then nothing was made.
    """
    _check(folder, language)
    name = folder.name
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{name}-") as temporary:
            made = Path(temporary) / name
            files = [_write(made, relative, source, name) for relative, source in _sources(language)]
            made.rename(folder)
    except OSError as error:
        raise InvalidConfig(f"{folder}: cannot be made: {error.strerror}") from error
    return sorted(folder / file for file in files)


def _check(folder: Path, language: str) -> None:
    known = languages()
    if language not in known:
        near = get_close_matches(language.lower(), known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        raise InvalidConfig(f"--lang {language}: no such template; {hint}")
    if not NAME.fullmatch(folder.name):
        near_name = re.sub(r"[^a-z0-9]+", "-", folder.name.lower()).strip("-")[:64]
        hint = f"; did you mean {near_name}?" if near_name else ""
        raise InvalidConfig(
            f"{folder.name!r} is no name: 1 to 64 lower-case letters, digits and dashes, no dash first{hint}"
        )
    if folder.exists() or folder.is_symlink():
        raise InvalidConfig(f"{folder} exists already; nothing is overwritten: choose another name")


def _sources(language: str) -> Iterator[tuple[Path, Path]]:
    """What is written from what: the language's file where both have one."""
    found = {
        path.relative_to(FOLDER / part): path
        for part in (COMMON, language)
        for path in sorted((FOLDER / part).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    yield from found.items()


def _write(made: Path, relative: Path, source: Path, name: str) -> Path:
    target = Path(_named(str(relative).removesuffix(SUFFIX), name))
    if target.name == "gitignore":
        target = target.with_name(".gitignore")
    (made / target).parent.mkdir(parents=True, exist_ok=True)
    (made / target).write_text(_named(source.read_text(encoding="utf-8"), name), encoding="utf-8")
    return target


def _named(text: str, name: str) -> str:
    return text.replace("@name@", name).replace("@name_@", name.replace("-", "_"))
