"""What a case came to in one language: compared with what is recorded, it shows what is not deterministic.

Fuel is recorded for agreed runs: an observe run's is no part of anything that members agree on.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from executor.model.observation import Kind, Observation
from executor.model.outcome import Failed, Returned, Trapped
from suite.cases import Case, all_cases
from suite.languages import Language
from suite.running import Ending, mismatch, run


def record(ending: Ending) -> dict[str, Any]:
    """What differs from language to language, and may not from run to run."""
    match ending.outcome:
        case Failed(error=error, fuel_used=fuel):
            return {"fuel": fuel, "failed": error.decode("utf-8", "replace")}
        case Returned(fuel_used=fuel) | Trapped(fuel_used=fuel):
            return {"fuel": fuel}
        case Observation(kind=Kind.ERROR, value=value):
            return {"error": value.decode("ascii")}
    return {}


def cases_of(language: Language) -> list[Case]:
    """Those that the language can express."""
    return [case for case in all_cases() if language.why_not(case.name) is None]


def record_all(language: Language) -> tuple[dict[str, Any], dict[str, str]]:
    """What is to be recorded of the cases that conform, and what is wrong with the others."""
    rows, wrong = {}, {}
    for case in cases_of(language):
        ending = run(case, language)
        if problem := mismatch(case, ending):
            wrong[case.name] = problem
        else:
            rows[case.name] = record(ending)
    return rows, wrong


def changes(language: Language, rows: dict[str, Any]) -> dict[str, str]:
    """What is not as it was recorded."""
    kept = recorded_of(language)
    return {name: f"recorded {kept.get(name)}, now {row}" for name, row in rows.items() if row != kept.get(name)}


def recorded_of(language: Language) -> dict[str, Any]:
    """What is recorded."""
    plain: dict[str, Any] = json.loads(_file(language).read_text(encoding="utf-8"))
    return plain


def write(language: Language, rows: dict[str, Any]) -> None:
    """One line a case."""
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(row, ensure_ascii=False)}" for name, row in rows.items())
    _file(language).write_text("{\n" + lines + "\n}\n", encoding="utf-8")


def _file(language: Language) -> Path:
    return language.directory / "recorded.json"
