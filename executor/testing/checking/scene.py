"""A scene: the input, and what each of a few nodes gets as replies. Small values, so that a counterexample shrinks.

Every node starts from the same example replies; a twist changes one reply of one node. Variations are how honest nodes
differ any day (testing/variations.py); outages, edges and growth are what a day may bring.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final, TypeAlias

from executor.testing.outages import Outage, strike
from executor.testing.replies import Reply, World
from executor.testing.variations import Variation, vary

NODES: Final = 4
"""The smallest committee that bears a fault; what differs between two nodes shows among four."""

HARD_OUTAGES: Final = frozenset(
    {
        Outage.RATE_LIMITED,
        Outage.SERVER_ERROR,
        Outage.UNAVAILABLE,
        Outage.TIMEOUT,
        Outage.REFUSED,
        Outage.BAD_CERTIFICATE,
    }
)
"""Those that say themselves that they are no answer."""

EDGES: Final = (0, 1, -1, 1000, 2**31, 2**53, 10**18, None)
"""Values at which code breaks; None is JSON's null."""

ANYWHERE: Final = "http*"
"""The key of a world that answers every URL."""

MAX_GROWN_BYTES: Final = 1_000_000  # what a node takes of one reply is a MiB (capabilities/http.py)


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


Twist: TypeAlias = Variation | Outage | Edge | Grown
Twists: TypeAlias = tuple[tuple[str, Twist], ...]
"""What is changed for one node, by URL."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What one run of a committee starts from; `twists` has a row for each node."""

    input: bytes
    twists: tuple[Twists, ...] = ((),) * NODES

    @property
    def pristine(self) -> bool:
        """Nothing is changed."""
        return not any(self.twists)

    @property
    def ordinary(self) -> bool:
        """Every change is one that honest nodes see any day."""
        return all(isinstance(twist, Variation) for row in self.twists for _, twist in row)

    def dead(self, urls: frozenset[str]) -> bool:
        """Whether no node gets an answer from anywhere."""
        rows = [{url for url, twist in row if twist in HARD_OUTAGES} for row in self.twists]
        return bool(urls) and all(urls <= row for row in rows)

    def worlds(self, base: World, steady: frozenset[str]) -> list[World]:
        """The replies of each node; an example also answers its URL with another query, as made from the input."""
        return [_twisted(base, row, steady) for row in self.twists]

    def changes(self) -> tuple[str, ...]:
        """The changes, for people; one line where all nodes have the same."""
        if len(set(self.twists)) == 1:
            return tuple(f"all nodes: {_words(url, twist)}" for url, twist in self.twists[0])
        return tuple(f"node {node}: {_words(url, twist)}" for node, row in enumerate(self.twists) for url, twist in row)


def alike(input: bytes, twists: Twists) -> Scene:
    """The scene in which every node gets the same."""
    return Scene(input, (twists,) * NODES)


def numbers_in(reply: Reply) -> int:
    """How many numbers an `Edge` can replace."""
    return sum(1 for _ in _numbers(_parsed(reply)))


def _words(url: str, twist: Twist) -> str:
    what = twist.value if isinstance(twist, Outage) else str(twist)
    return what if url == ANYWHERE else f"{url}: {what}"


def _twisted(base: World, twists: Twists, steady: frozenset[str]) -> World:
    changes = dict(twists)
    replies = {url: _apply(reply, changes.get(url, Variation()), steady) for url, reply in base.items()}
    queries = {f"{url.partition('?')[0]}*": reply for url, reply in replies.items() if not url.endswith("*")}
    return {**queries, **replies}


def _apply(reply: Reply, twist: Twist, steady: frozenset[str]) -> Reply:
    match twist:
        case Variation():
            return vary(reply, twist, steady=steady)
        case Outage():
            return strike(reply, twist)
        case Edge(place, value):
            return _edged(reply, place, value)
        case Grown(times):
            return _grown(reply, times)


def _parsed(reply: Reply) -> Any:
    try:
        return json.loads(reply.body)
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


def _edged(reply: Reply, place: int, value: int | None) -> Reply:
    places = count()

    def edge(node: Any) -> Any:
        match node:
            case dict() | list():
                return _map(node, edge)
            case bool() | None:
                return node
            case str() if not _is_number(node):
                return node
        if next(places) != place:
            return node
        return str(value) if isinstance(node, str) and value is not None else value

    return replace(reply, body=_text(edge(_parsed(reply))))


def _grown(reply: Reply, times: int) -> Reply:
    """Each list repeated, or each word outside of lists: never both, so that growth does not multiply."""
    times = max(1, min(times, MAX_GROWN_BYTES // max(1, len(reply.body))))

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


def _map(value: dict[str, Any] | list[Any], change: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {key: change(item) for key, item in value.items()}
    return [change(item) for item in value]


def _text(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
