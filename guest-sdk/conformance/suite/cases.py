"""The cases as cases/*.json has them.

Rule 1. Bytes are written as text (its UTF-8), {"hex": …}, {"repeat": BYTES, "times": N}, or a list of these, joined.
        In what is expected also {"request": FIELD}, a field of the request as 0x-hex, and {"draw": ORDINAL,
        "proof": HEX}, what that draw is worth: both differ from function to function.
Rule 2. `limits` are changes to LIMITS; `capabilities` are all there are.
Rule 3. What is expected is one of FORMS; with `observe` the run is an observe run, else an agreed one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from executor.crypto.digests import request_id
from executor.crypto.draws import draw_value
from executor.model.request import Request

FOLDER: Final = Path(__file__).resolve().parents[1] / "cases"
MODULES: Final = ("basics", "values", "observations", "world", "prices")
CASES_VERSION: Final = 1
LIMITS: Final = {"fuel": 2_000_000_000, "observe_fuel": 2_000_000_000}
FORMS: Final = ("returned", "failed", "trapped", "awaiting", "awaiting_draw", "value", "error", "any")
KEYS: Final = frozenset(
    {"name", "about", "input", "expect", "limits", "capabilities", "transcript", "observe", "replies", "asks"}
    | {"secrets", "logs"}
)


@dataclass(frozen=True, slots=True)
class Case:
    """One run of a module and what must come of it."""

    name: str
    about: str
    input: Any
    expect: Mapping[str, Any]
    limits: Mapping[str, int] = field(default_factory=dict)
    capabilities: Mapping[str, Any] = field(default_factory=dict)
    transcript: tuple[Mapping[str, Any], ...] = ()
    observe: bool = False
    replies: Mapping[str, Any] = field(default_factory=dict)
    asks: list[Mapping[str, Any]] | None = None
    secrets: Mapping[str, Any] = field(default_factory=dict)
    logs: Any = None

    @property
    def module(self) -> str:
        """The module that it is a case of."""
        return self.name.split("/")[0]


@dataclass(frozen=True, slots=True)
class Group:
    """The cases of one module, and what it is to do."""

    module: str
    about: str
    commands: Mapping[str, str]
    cases: tuple[Case, ...]


@lru_cache(maxsize=1)
def groups() -> tuple[Group, ...]:
    """Every module's, in the order of MODULES; raises ValueError naming what is malformed."""
    return tuple(_group(json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))) for name in MODULES)


@lru_cache(maxsize=1)
def all_cases() -> tuple[Case, ...]:
    """All, in order."""
    return tuple(case for group in groups() for case in group.cases)


def data(written: Any, request: Request | None = None) -> bytes:
    """The bytes that are written (Rule 1)."""
    match written:
        case str():
            return written.encode("utf-8")
        case list():
            return b"".join(data(part, request) for part in written)
        case {"hex": str(digits)}:
            return bytes.fromhex(digits)
        case {"repeat": part, "times": int(times)}:
            return data(part, request) * times
        case {"request": "request_id"} if request is not None:
            return str(request_id(request)).encode("ascii")
        case {"request": "function_id"} if request is not None:
            return str(request.function_id).encode("ascii")
        case {"draw": int(ordinal), "proof": str(proof)} if request is not None:
            return draw_value(request, ordinal, bytes.fromhex(proof))
    raise ValueError(f"no notation of bytes: {json.dumps(written)[:80]}")


def _group(plain: dict[str, Any]) -> Group:
    if plain.pop("version") != CASES_VERSION:
        raise ValueError(f"{plain['module']}: this suite reads version {CASES_VERSION}")
    return Group(**{**plain, "cases": tuple(_case(plain["module"], each) for each in plain["cases"])})


def _case(module: str, plain: dict[str, Any]) -> Case:
    if unknown := sorted(set(plain) - KEYS):
        raise ValueError(f"{plain.get('name')}: unknown key {unknown[0]}")
    if not plain["name"].startswith(f"{module}/"):
        raise ValueError(f"{plain['name']} stands among the cases of {module}")
    for form in plain["expect"].get("any", [plain["expect"]]):
        if len(form) != 1 or next(iter(form)) not in FORMS:
            raise ValueError(f"{plain['name']}: what is expected is one of {', '.join(FORMS)}")
    return Case(**{**plain, "transcript": tuple(plain.get("transcript", ()))})
