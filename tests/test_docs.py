"""What docs/determinism.md names exists: files, the names in them, and the tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
IDS = [*(f"D{number}" for number in range(1, 14)), *(f"P{number}" for number in range(1, 6)), "K1"]


def rows() -> dict[str, list[str]]:
    """The cells of each invariant's row, by its id."""
    lines = (ROOT / "docs" / "determinism.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if re.match(r"\| [DPK]\d", line)]
    return {row[0]: row[1:] for row in cells}


def path_of(name: str) -> Path:
    """Where a named file or folder must be: below the root, or for code below executor/."""
    top = name.split("/", 1)[0]
    return ROOT / name if top in ("tests", "contracts", "docs", "executor") else ROOT / "executor" / name


def references(cell: str) -> Iterator[tuple[str, str]]:
    """(file, name in it) for each name in code style, ("", file) first for each file."""
    file = ""
    for token in re.findall(r"`([^`]+)`", cell):
        if "/" in token:
            file = token
            yield file, ""
        elif re.fullmatch(r"\w+", token):
            yield file, token


def test_every_invariant_has_a_row() -> None:
    """D1 to D13, P1 to P5 and K1, each with invariant, holder and test."""
    assert list(rows()) == IDS
    assert all(len(cells) == 3 and all(cells) for cells in rows().values())


@pytest.mark.parametrize("invariant", IDS)
def test_what_a_row_names_exists(invariant: str) -> None:
    """Each file is there, and what stands in parentheses after it is in it; a test is defined in it."""
    _, held, tried = rows()[invariant]
    assert re.search(r"`(tests|contracts/test)/[^`]+`", tried)
    for cell in (held, tried):
        for file, name in references(cell):
            assert path_of(file).exists(), file
            if name.startswith("test"):
                assert re.search(rf"(def|function) {name}\(", path_of(file).read_text(encoding="utf-8")), name
            elif name and cell is held:
                assert name in path_of(file).read_text(encoding="utf-8"), f"{name} in {file}"


def test_the_documents_named_in_documents_exist() -> None:
    """No page sends its reader to a file of docs/ that is not there."""
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for name in re.findall(r"docs/[\w/.-]+\.(?:md|json)", page.read_text(encoding="utf-8")):
            assert (ROOT / name).exists(), f"{page.name} names {name}"
