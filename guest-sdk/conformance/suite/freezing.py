"""Cases are only added: what each of a version is, by its digest (cases/version_1.json)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import cache
from typing import Final

from suite.cases import CASES_VERSION, FOLDER, Case, all_cases

FILE: Final = FOLDER / f"version_{CASES_VERSION}.json"


def digests() -> dict[str, str]:
    """The digest of each case, by name; what people read of it is free to change."""
    return {case.name: _digest(case) for case in sorted(all_cases(), key=lambda case: case.name)}


@cache
def frozen() -> dict[str, str]:
    """What FILE has."""
    kept: dict[str, str] = json.loads(FILE.read_text(encoding="utf-8"))
    return kept


def changed() -> list[str]:
    """Frozen cases that are gone or no longer what they were."""
    now = digests()
    return [name for name, digest in frozen().items() if now.get(name) != digest]


def freeze() -> None:
    """Add the cases that are new; raises ValueError where a frozen one has changed."""
    if FILE.exists() and (broken := changed()):
        raise ValueError(f"cases are only added, these have changed: {', '.join(broken)}")
    FILE.write_text(json.dumps(digests(), indent=0) + "\n", encoding="utf-8")


def _digest(case: Case) -> str:
    plain = {key: value for key, value in asdict(case).items() if key != "about"}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]
