"""Inputs of functions: JSON shaped by an example or a JSON Schema, as the bytes a request carries."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, Final

from hypothesis import strategies as st

from executor.errors import InvalidValue
from executor.model.profile import PROFILE
from executor.testing.strategies.schema import from_schema

MAX_ITEMS: Final = 5  # of a list that the example shows with fewer
_DECIMAL: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_HEX: Final = re.compile(r"0x([0-9a-fA-F]{2})+")
_MISSING: Final = object()


def inputs(*, example: Any = _MISSING, schema: Any = _MISSING) -> st.SearchStrategy[bytes]:
    """Input bytes like `example` (JSON with the same fields and types, bytes, or text), or JSON that a schema allows.

    Without either: any bytes. Nothing is longer than a request's input may be.
    Raises InvalidValue for both at once, or a schema with a keyword that docs/testing.md does not list.
    """
    if example is not _MISSING and schema is not _MISSING:
        raise InvalidValue("an input has the shape of an example or of a schema, not of both")
    if schema is not _MISSING:
        made = from_schema(schema).map(_encode)
    elif example is _MISSING or isinstance(example, bytes):
        made = st.binary(max_size=max(64, 2 * len(example) if isinstance(example, bytes) else 64))
    else:
        made = like(example).map(_encode)
    return made.filter(lambda data: len(data) <= PROFILE.ceilings.input_bytes)


def like(example: Any) -> st.SearchStrategy[Any]:
    """JSON values of an example's shape: same fields and types, lists of other lengths; decimal text stays decimal."""
    match example:
        case None:
            return st.none()
        case bool():
            return st.booleans()
        case int():
            bound = max(1_000, 2 * abs(example))
            return st.integers(-bound if example < 0 else 0, bound)
        case float():
            largest = max(1_000.0, 2 * abs(example))
            return st.floats(-largest if example < 0 else 0.0, largest, allow_nan=False)
        case str():
            return _text(example)
        case list():
            shapes = [like(item) for item in example] or [st.none()]
            return st.lists(st.one_of(shapes), max_size=max(MAX_ITEMS, 2 * len(example)))
        case dict():
            return st.fixed_dictionaries({str(name): like(value) for name, value in example.items()})
        case _:
            raise InvalidValue(f"an example is JSON, bytes or text, not {type(example).__name__}")


def _text(example: str) -> st.SearchStrategy[str]:
    if _HEX.fullmatch(example):
        size = len(example) // 2 - 1
        return st.binary(min_size=size, max_size=size).map(lambda data: f"0x{data.hex()}")
    if _DECIMAL.fullmatch(example):
        number = Decimal(example)
        exponent = number.as_tuple().exponent
        largest = max(Decimal(1_000), 2 * abs(number))
        places = -exponent if isinstance(exponent, int) else 0
        return st.decimals(-largest if number < 0 else 0, largest, places=places).map(lambda value: f"{value:f}")
    return st.text(st.characters(exclude_categories=["Cs"]), max_size=max(20, 2 * len(example)))


def _encode(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
