"""Other contents of a JSON reply: whole numbers that moved, numbers at an edge, longer lists and words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final

from executor.testing.json_text import parse_json
from executor.testing.replies import Reply

EDGES: Final = (0, 1, -1, 1000, 2**31, 2**53, 10**18, None)
"""Values at which code breaks; None is JSON's null."""

MAX_GROWN_BYTES: Final = 1_000_000  # what a node takes of one reply is a MiB (capabilities/http.py)

_MEASURED: Final = frozenset(
    {"amount", "ask", "average", "balance", "bid", "block", "close", "count", "eur", "height", "high", "last", "low"}
    | {"mid", "price", "rate", "supply", "temperature", "total", "usd", "value", "volume"}
)
"""Words in names of whole numbers that move from look to look."""
_STILL: Final = frozenset({"address", "code", "decimal", "digit", "hash", "id", "max", "min", "scale", "version"})
"""Words in names of those that do not."""
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_WHOLE: Final = re.compile(r"-?[0-9]+")


@dataclass(frozen=True, slots=True)
class Drift:
    """Whole numbers that are measured have moved by so many."""

    steps: int

    def __str__(self) -> str:
        return f"whole numbers that are measured {self.steps:+d}"


@dataclass(frozen=True, slots=True)
class Edge:
    """The `place`-th number of a JSON reply is another one, the same on every node."""

    place: int
    value: int | None

    def __str__(self) -> str:
        return f"number {self.place} of the reply is {'null' if self.value is None else self.value}"


@dataclass(frozen=True, slots=True)
class Grown:
    """Lists and words of a JSON reply are so many times as long; a reply that is no JSON as a whole."""

    times: int

    def __str__(self) -> str:
        return f"lists and words {self.times} times as long"


def numbers_in(reply: Reply) -> int:
    """How many numbers an `Edge` can replace."""
    return sum(1 for _ in _numbers(_parsed(reply)))


def drifts(reply: Reply) -> bool:
    """Whether a reply has whole numbers that are measured."""
    return drifted(reply, Drift(1), frozenset()) != reply


def drifted(reply: Reply, drift: Drift, steady: frozenset[str]) -> Reply:
    """The reply with its measured whole numbers moved; fields named in `steady` stay."""

    def move(name: str, node: Any) -> Any:
        match node:
            case dict():
                return {key: item if key in steady else move(key, item) for key, item in node.items()}
            case list():
                return [move(name, item) for item in node]
            case bool() | None | float():
                return node
        if not _is_measured(name):
            return node
        if isinstance(node, str):
            return str(int(node) + drift.steps) if _WHOLE.fullmatch(node) and len(node) < 80 else node
        return node + drift.steps

    parsed = _parsed(reply)
    moved = move("", parsed)
    return reply if moved == parsed else replace(reply, body=_text(moved))


def _is_measured(name: str) -> bool:
    words = {word.lower().removesuffix("s") for word in _WORD.findall(name)}
    return bool(words & _MEASURED) and not words & _STILL


def edged(reply: Reply, edge: Edge) -> Reply:
    """The reply with one number replaced, in the form it had: a number or text."""
    places = count()

    def change(node: Any) -> Any:
        match node:
            case dict() | list():
                return _map(node, change)
            case bool() | None:
                return node
            case str() if not _is_number(node):
                return node
        if next(places) != edge.place:
            return node
        return str(edge.value) if isinstance(node, str) and edge.value is not None else edge.value

    return replace(reply, body=_text(change(_parsed(reply))))


def grown(reply: Reply, growth: Grown) -> Reply:
    """Each list repeated, or each word outside of lists: never both, so that growth does not multiply."""
    times = max(1, min(growth.times, MAX_GROWN_BYTES // max(1, len(reply.body))))

    def grow(node: Any) -> Any:
        match node:
            case list():
                return node * times
            case dict():
                return _map(node, grow)
            case str() if not _is_number(node):
                return node * times
            case _:
                return node

    parsed = _parsed(reply)
    return replace(reply, body=reply.body * times if parsed is None else _text(grow(parsed)))


def _parsed(reply: Reply) -> Any:
    try:
        return parse_json(reply.body)
    except (ValueError, RecursionError):
        return None


def _numbers(value: Any) -> Iterator[Any]:
    match value:
        case bool() | None:
            return
        case int() | float():
            yield value
        case str() if _is_number(value):
            yield value
        case list():
            for item in value:
                yield from _numbers(item)
        case dict():
            for item in value.values():
                yield from _numbers(item)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _map(value: dict[str, Any] | list[Any], change: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {key: change(item) for key, item in value.items()}
    return [change(item) for item in value]


def _text(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
