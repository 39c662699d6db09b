"""Canonical JSON (RFC 8785 over strings, safe integers, booleans, lists and dicts): docs/wire.md §4."""

from __future__ import annotations

import json
from collections.abc import Mapping

_SAFE = 2**53 - 1


def canonical(value: object) -> str:
    """One text for one value; raises TypeError for what has none."""
    if isinstance(value, str):
        if not value.isascii():
            _refuse_surrogates(value)
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and -_SAFE <= value <= _SAFE:
        return str(value)
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(canonical, value))}]"
    if isinstance(value, Mapping):
        keys = sorted(value, key=code_units)
        return "{" + ",".join(f"{canonical(key)}:{canonical(value[key])}" for key in keys) + "}"
    raise TypeError("canonical JSON holds strings, integers, booleans, lists and dicts only")


def code_units(text: object) -> bytes:
    """What RFC 8785 sorts by: UTF-16 code units."""
    if not isinstance(text, str):
        raise TypeError("the keys of canonical JSON are strings")
    return text.encode("utf-16-be", "surrogatepass")


def _refuse_surrogates(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise TypeError("canonical JSON cannot hold a lone surrogate") from None
