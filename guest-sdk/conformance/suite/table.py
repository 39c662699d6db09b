"""The generated part of README.md: what the modules do, and which language conforms in which case."""

from __future__ import annotations

from typing import Final

from suite.cases import Group, all_cases, groups
from suite.languages import HERE, Language, languages
from suite.recording import recorded_of

FILE: Final = HERE / "README.md"
BEGIN: Final = "<!-- generated: conformance.py table -->"


def write() -> None:
    """Replace everything after the mark."""
    FILE.write_text(whole(FILE.read_text(encoding="utf-8")), encoding="utf-8")


def whole(readme: str) -> str:
    """README.md as it must be."""
    return f"{readme.split(BEGIN)[0]}{BEGIN}\n{generated()}"


def generated() -> str:
    """Modules, then the table, then why a language cannot."""
    columns, notes = list(languages().values()), _Notes()
    parts = ["\n## Modules\n", *(_module(group) for group in groups())]
    parts += [f"\n## {len(all_cases())} cases\n"]
    parts += ["yes: conforms. A number: the language cannot express the case; why, stands below.\n"]
    parts += ["| case | " + " | ".join(language.name for language in columns) + " |"]
    parts += ["| --- |" + " --- |" * len(columns)]
    recorded = {language.id: recorded_of(language) for language in columns}
    for case in all_cases():
        cells = [_cell(language, case.name, case.name in recorded[language.id], notes) for language in columns]
        parts.append(f"| `{case.name}` {case.about} | " + " | ".join(cells) + " |")
    return "\n".join([*parts, notes.text()])


class _Notes:
    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, reason: str) -> int:
        """The number of a reason."""
        return self._numbers.setdefault(reason, len(self._numbers) + 1)

    def text(self) -> str:
        """All of them."""
        return "\n" + "".join(f"{number}. {reason}\n" for reason, number in self._numbers.items())


def _module(group: Group) -> str:
    lines = [f"**`{group.module}`** {group.about}\n"]
    lines += [f"* `{command}`: {about}" for command, about in group.commands.items()]
    return "\n".join([*lines, ""])


def _cell(language: Language, case: str, conforms: bool, notes: _Notes) -> str:
    if reason := language.why_not(case):
        return str(notes.number(f"{language.name}: {reason}."))
    return "yes" if conforms else "no"
