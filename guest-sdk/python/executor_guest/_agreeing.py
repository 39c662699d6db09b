"""What makes agreement likely: parts of replies instead of whole ones, each in one form."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from executor_guest._bytes import kind_of
from executor_guest._canonical import canonical, code_units
from executor_guest._decimals import plain

_STEP = re.compile(r'\.?([^.\[\]]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]')
_MAX_STEPS = 32


class MissingPath(LookupError):
    """A path leads nowhere; proposed as the error "missing-path"."""

    code = "missing-path"


def at(value: Any, path: str) -> Any:
    """The part of a JSON value at a path such as `data.rates[0]["a.b"]`; raises MissingPath where there is none."""
    part = value
    for step in _steps(path):
        if isinstance(part, Mapping) and step in part:
            part = part[step]
        elif (
            _is_list(part) and step.isascii() and step.isdecimal() and str(int(step)) == step and int(step) < len(part)
        ):
            part = part[int(step)]
        else:
            raise MissingPath(f"{path}: there is no {json.dumps(step)} in {kind_of(part)}")
    return part


def project(value: Any, paths: Mapping[str, str]) -> dict[str, Any]:
    """Parts of a JSON value by name: project(reply.json(), {"price": "data.price"}), as `fields` takes them."""
    return {name: at(value, path) for name, path in paths.items()}


def stable(value: Any) -> str:
    """One text for one JSON value, whatever the order of its keys; numbers as their decimal strings."""
    if value is None:
        return "null"
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return f'"{plain(value)}"'
    if _is_list(value):
        return f"[{','.join(map(stable, value))}]"
    if not isinstance(value, Mapping):
        return canonical(value)
    keys = sorted(value, key=code_units)
    return "{" + ",".join(f"{canonical(key)}:{stable(value[key])}" for key in keys) + "}"


def only(headers: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """The headers named; of all others servers write something else each time."""
    wanted = {name.lower() for name in names}
    return {name: value for name, value in headers.items() if name.lower() in wanted}


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray, memoryview))


def _steps(path: str) -> list[str]:
    if not isinstance(path, str):
        raise TypeError("a path is text such as data.rates[0]")
    steps: list[str] = []
    place = 1 if path.startswith("$") else 0
    while place < len(path):
        match = _STEP.match(path, place)
        if match is None or len(steps) == _MAX_STEPS:
            raise TypeError(f"not a path of at most {_MAX_STEPS} steps: {path}")
        name, index, quoted = match.groups()
        steps.append(name or index or json.loads(f'"{quoted or ""}"'))
        place = match.end()
    return steps
