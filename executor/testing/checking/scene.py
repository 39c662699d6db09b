"""A scene: the input, and what each of a few nodes gets as replies. Small values, so that a counterexample shrinks.

Every node starts from the same example replies; a twist changes one reply of one node. Variations are how honest nodes
differ any day (testing/variations.py); outages, edges and growth are what a day may bring.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias, assert_never

from executor.testing.checking import chains
from executor.testing.checking.contents import Drift, Edge, Grown, drifted, edged, grown
from executor.testing.evm_replies import is_chain
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

ANYWHERE: Final = "http*"
"""The key of a world that answers every URL."""

Twist: TypeAlias = Variation | Drift | Outage | Edge | Grown
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
        return all(isinstance(twist, Variation | Drift) for row in self.twists for _, twist in row)

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


def _words(url: str, twist: Twist) -> str:
    what = twist.value if isinstance(twist, Outage) else str(twist)
    return what if url == ANYWHERE else f"{url}: {what}"


def _twisted(base: World, twists: Twists, steady: frozenset[str]) -> World:
    changes = dict(twists)
    replies = {url: _apply(url, reply, changes.get(url, Variation()), steady) for url, reply in base.items()}
    queries = {f"{url.partition('?')[0]}*": reply for url, reply in replies.items() if not url.endswith("*")}
    return {**queries, **replies}


def _apply(url: str, reply: Reply, twist: Twist, steady: frozenset[str]) -> Reply:
    if is_chain(url):
        return chains.twisted(url, reply, twist)
    match twist:
        case Variation():
            return vary(reply, twist, steady=steady)
        case Outage():
            return strike(reply, twist)
        case Drift():
            return drifted(vary(reply, Variation(), steady=steady), twist, steady)
        case Edge():
            return edged(reply, twist)
        case Grown():
            return grown(reply, twist)
        case _:
            assert_never(twist)
