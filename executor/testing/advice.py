"""What to change in a function whose nodes do not agree: told from what they saw, never certain, always concrete."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, Final

from executor.model.spec import Fields, Strategy
from executor.testing.json_text import parse_json

_TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?|\b1[5-9]\d{8}\b"  # ISO 8601, seconds since 1970
    r"|(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"
)
_ERRORS: Final = MappingProxyType(
    {
        "http-host-not-allowed": "list the host in [capabilities.http] hosts of function.toml",
        "http-method-not-allowed": "list the method in [capabilities.http] methods of function.toml",
        "not-granted": "grant the capability in function.toml",
        "out-of-fuel": "raise limits.observe_fuel in function.toml, or do less inside observe",
        "bad-value": "what the look returns does not fit the strategy: `median` takes numbers, `union` and its like "
        "arrays of strings, `identical` and `mode` text or bytes",
        "invalid-value": "what is proposed does not fit the strategy: `median` takes decimals of at most 78 digits, "
        "`union` and its like canonical JSON arrays of strings",
        "no-proposal": "the run returned inside observe without a proposal",
        "nested-observe": "observe must not be called inside observe",
        "threw": "the look throws: catch what an API may answer, or give the error a `code`",
    }
)


def on_errors(codes: Sequence[str], missing: Sequence[str]) -> str:
    """What to do when too many nodes saw errors."""
    if missing:
        return f"no reply is given for {missing[0]}: add it to `replies`"
    code = max(sorted(set(codes)), key=list(codes).count)
    return _ERRORS.get(code, f"handle what the nodes met: the error `{code}`")


def on_values(aggregate: Strategy | Fields, values: Sequence[bytes]) -> str:
    """What to do when values that should be equal are not."""
    different = list(dict.fromkeys(values))
    if isinstance(aggregate, Fields):
        return _on_fields(aggregate, different)
    texts = [value.decode("utf-8", "replace") for value in different]
    if len(texts) < 2:
        return "an honest node's value was outvoted by lies: use `median` for numbers, or a larger committee"
    for matches, advice in _FORMS:
        if (said := matches(texts)) is not None:
            return advice.format(strategy=aggregate.value, said=said)
    return f"nodes saw {_both(texts)} under `{aggregate.value}`: observe only what every node sees alike"


def _on_fields(aggregate: Fields, values: Sequence[bytes]) -> str:
    plain = [parse_json(value) for value in values]
    for name, strategy in aggregate.strategies:
        column = list(dict.fromkeys(each[name] for each in plain))
        if strategy in (Strategy.IDENTICAL, Strategy.MODE) and len(column) > 1:
            return f"field {name}: {on_values(strategy, [text.encode('utf-8') for text in column])}"
    return "an honest node's value was outvoted by lies"


def _both(texts: Sequence[str]) -> str:
    return " and ".join(text if len(text) <= 40 else f"{text[:40]}…" for text in texts[:2])


def _same_number(texts: Sequence[str]) -> str | None:
    numbers = _numbers(texts)
    return _both(texts) if numbers and len(set(numbers)) == 1 else None


def _different_numbers(texts: Sequence[str]) -> str | None:
    return _both(texts) if _numbers(texts) else None


def _numbers(texts: Sequence[str]) -> list[Decimal] | None:
    try:
        numbers = [Decimal(text) for text in texts]
    except InvalidOperation:
        return None
    return numbers if all(number.is_finite() for number in numbers) else None


def _same_json(texts: Sequence[str]) -> str | None:
    plain = _json(texts)
    return "" if plain and all(each == plain[0] for each in plain) else None


def _json_fields(texts: Sequence[str]) -> str | None:
    """The names whose values differ, of JSON objects that differ in some."""
    plain = _json(texts)
    if not plain or not all(isinstance(each, dict) for each in plain):
        return None
    names = [name for name in plain[0] if any(each.get(name) != plain[0][name] for each in plain)]
    numeric = [name for name in names if _numbers([str(each.get(name)) for each in plain])]
    if not names:
        return None
    pairs = ", ".join(f"{name}: {'median' if name in numeric else 'mode'}" for name in names)
    return f"{', '.join(names)} differ; observe single values, as fields({{ {pairs} }})"


def _json(texts: Sequence[str]) -> list[Any] | None:
    try:
        plain = [parse_json(text) for text in texts]
    except (ValueError, RecursionError):
        return None
    return plain if all(isinstance(each, dict | list) for each in plain) else None


def _times(texts: Sequence[str]) -> str | None:
    without = {_TIME.sub("", text) for text in texts}
    return _both(texts) if len(without) == 1 and any(_TIME.search(text) for text in texts) else None


_FORMS: Final[tuple[tuple[Callable[[Sequence[str]], str | None], str], ...]] = (
    (_times, "nodes saw times of their own, {said}: leave the time out, or use the request's block timestamp"),
    (_same_number, "nodes saw one number written as {said}: observe it as a number under `median`"),
    (_different_numbers, "nodes saw {said} under `{strategy}`: use `median`"),
    (
        _same_json,
        "nodes saw the same JSON in another order of fields or with other white space{said}: parse it and observe the "
        "values you need, or write it canonically",
    ),
    (_json_fields, "nodes saw JSON in which {said}"),
)
"""How values may differ, most telling first; the first that matches is said."""
