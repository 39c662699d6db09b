"""What the documents name exists, and what is on the wire is in them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from executor.model.observation import SignedObservation
from executor.model.report import Attestation, Report, Vote
from executor.model.transcript import Entry
from executor.model.view import Certificate, Prepare, View
from executor.protocol.dealings import KeyMessage
from executor.protocol.messages import Message
from executor.protocol.releases import Release
from executor.testing.draw_faults import DRAW_FAULTS
from executor.testing.faults import FAULTS
from executor.testing.simulator import FAULTS as SIMULATED
from executor.transport.envelope import Envelope

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


@pytest.mark.parametrize("page", ["randomness", "lottery"])
def test_every_attempt_names_a_test_that_exists(page: str) -> None:
    """The last cell of each row of its tables of attempts: a file, or a test of ours by its name."""
    sources = [*(ROOT / "tests").rglob("test_*.py"), *(ROOT / "contracts" / "test").rglob("*.t.sol")]
    files = {source.name for source in sources}
    defined = re.findall(r"(?:def|function) (\w+)\(", "\n".join(each.read_text(encoding="utf-8") for each in sources))
    names = {re.sub(r"^test(Fuzz)?_", "", name) for name in defined}
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    tables = re.findall(r"^\| attempt \|.*\n\| --- .*\n((?:\|.*\n)+)", text, re.MULTILINE)
    cells = [row.strip("| ").rsplit(" | ", 1)[1] for table in tables for row in table.splitlines()]
    assert cells
    for cell in cells:
        tokens = re.findall(r"`([^`]+)`", cell)
        assert tokens or cell.startswith("same") or re.search(r"docs/|in the vectors", cell), cell
        for token in tokens:
            if token.endswith((".py", ".sol")):
                assert token.rsplit("/", 1)[-1] in files, token
            elif re.fullmatch(r"\w+_\w+…?", token):
                begun = re.sub(r"^test(Fuzz)?_", "", token).rstrip("…")
                assert begun in names or (token.endswith("…") and any(name.startswith(begun) for name in names)), token


def section(name: str) -> str:
    """One numbered section of docs/wire.md."""
    text = (ROOT / "docs" / "wire.md").read_text(encoding="utf-8")
    return text.split(f"\n## {name}", 1)[1].split("\n## ", 1)[0]


def first_cells(text: str) -> dict[str, str]:
    """The rows of all tables, by their first cell."""
    found = re.findall(r"^\| `?([^|`]+)`? \| (.*) \|$", text, re.MULTILINE)
    return {name: rest for name, rest in found if name not in ("type", "value", "field", "code", "---")}


def kinds_of_messages() -> dict[str, type]:
    """The classes of messages by their `type`."""
    return by_type(Message)


def by_type(union: object) -> dict[str, type]:
    """The classes of a tagged union."""
    kinds = get_args(get_args(union)[0])
    return {str(field.default): kind for kind in kinds for field in fields(kind) if field.name == "type"}


VALUES = {
    "view": View,
    "prepare": Prepare,
    "certificate": Certificate,
    "transcript": Entry,
    "signed observation": SignedObservation,
    "release": Release,
    "report": Report,
    "vote": Vote,
    "attestation": Attestation,
}


def test_every_message_is_in_the_wire_format() -> None:
    """Each type of message and each value in it, with all its fields, and the envelope's."""
    messages, values = section("8. ").split("| value | fields |")
    of_keys = (by_type(KeyMessage), first_cells(section("12. ")))
    for kinds, rows in ((kinds_of_messages(), first_cells(messages)), (VALUES, first_cells(values)), of_keys):
        assert set(kinds) == set(rows)
        for name, kind in kinds.items():
            missing = {field.name for field in fields(kind)} - set(re.findall(r"`(\w+)`", rows[name])) - {"type"}
            assert not missing, name
    assert {field.name for field in fields(Envelope)} <= set(first_cells(section("7. ")))


def test_every_refusal_of_the_transport_is_in_the_wire_format() -> None:
    """The stable codes, no more and no less, each with its status."""
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "executor" / "transport").glob("*.py"))
    named = set(re.findall(r'Refusal\(\s*"([a-z-]+)"', code))
    shown = {name for name, rest in first_cells(section("7. ")).items() if re.match(r"[45]\d\d ", rest)}
    assert shown == named


def test_every_named_fault_is_in_the_threat_model() -> None:
    """What each can and cannot do."""
    text = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
    assert {*FAULTS, *DRAW_FAULTS, *SIMULATED} == set(
        first_cells(text.split("## Named faults", 1)[1].split("\n## ", 1)[0])
    ) - {"name"}


def test_no_two_test_files_have_one_name() -> None:
    """Folders of tests are no packages, unless they say so: of two files with one name pytest would find one."""
    names = Counter(file.name for file in (ROOT / "tests").rglob("*.py") if not (file.parent / "__init__.py").exists())
    assert {name for name, count in names.items() if count > 1} <= {"conftest.py"}
