"""Which scenes the gate tries, in order: the likeliest faults first, and one difference at a time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

from executor.testing.checking import chains
from executor.testing.checking.contents import EDGES, Drift, Edge, Grown, drifts, numbers_in
from executor.testing.checking.inputs import boundary_inputs, random_input
from executor.testing.checking.scene import NODES, Scene, Twists, alike
from executor.testing.evm_replies import is_chain
from executor.testing.evm_variations import moves
from executor.testing.outages import Outage
from executor.testing.replies import World
from executor.testing.variations import Digits, Order, Space, Variation

EXAMPLES: Final = "examples"
"""The sort that is always played, however little time there is."""
MAX_EDGED_NUMBERS: Final = 24  # numbers of one reply that are put to their edges, one by one
GROWTHS: Final = (40, 1000)
_AXES: Final[tuple[tuple[Variation, ...], ...]] = (
    tuple(Variation(ulps=ulps) for ulps in (0, 1, 2, -1)),
    tuple(Variation(ulps=ulps) for ulps in (0, 7, -13, 104)),
    tuple(Variation(seconds=seconds) for seconds in (0, 1, 2, 3)),
    tuple(Variation(seconds=seconds) for seconds in (0, 61, 3_600, 90_000)),
    tuple(Variation(request=request) for request in range(NODES)),
    tuple(Variation(order=order) for order in (*Order, Order.REVERSED)),
    tuple(Variation(space=space) for space in (*Space, Space.NONE)),
    tuple(Variation(digits=digits) for digits in (*Digits, Digits.PADDED)),
)
"""How nodes differ in one respect, a variation for each node."""


def scenes(examples: tuple[bytes, ...], base: World, seed: int) -> Iterator[tuple[str, Scene]]:
    """What to try and what it is called in the report; without end, unless there is nothing more to vary."""
    urls = sorted(base)
    for example in examples:
        yield EXAMPLES, Scene(example)
    for example in examples[:3]:
        yield from _one_difference(example, urls)
        if moving := [url for url in urls if moves(url) or drifts(base[url])]:
            rows = (tuple((url, Drift(steps)) for url in moving if steps) for steps in (0, 1, 2, -1))
            yield "differing replies", Scene(example, tuple(rows))
    for example in examples[:1]:
        yield from _bad_days(example, urls)
        yield from _growth(example, urls)
    for data in boundary_inputs(examples):
        yield "inputs", Scene(data)
    for example in examples[:1]:
        yield from _edges(example, base)
    source = random.Random(seed)  # noqa: S311  # a reproducible search, not a secret
    while True:
        data = source.choice(examples) if source.random() < 0.5 else random_input(examples, source)
        yield "mixtures" if urls else "inputs", Scene(data, tuple(_mixed(urls, source) for _ in range(NODES)))


def _one_difference(example: bytes, urls: list[str]) -> Iterator[tuple[str, Scene]]:
    for axis in _AXES if urls else ():
        yield "differing replies", Scene(example, tuple(tuple((url, one) for url in urls) for one in axis))


def _bad_days(example: bytes, urls: list[str]) -> Iterator[tuple[str, Scene]]:
    for outage in Outage if urls else ():
        everywhere: Twists = tuple((url, outage) for url in urls)
        yield "outages", alike(example, everywhere)
        yield "outages", Scene(example, (*((),) * (NODES - 1), everywhere))
    for url in urls if len(urls) > 1 else ():
        yield "outages", alike(example, ((url, Outage.UNAVAILABLE),))
    for turn in range(len(Outage)) if urls else ():
        kinds = [*Outage][turn:] + [*Outage][:turn]
        yield "outages", Scene(example, tuple(tuple((url, kind) for url in urls) for kind in kinds[:NODES]))


def _growth(example: bytes, urls: list[str]) -> Iterator[tuple[str, Scene]]:
    for times in GROWTHS if urls else ():
        yield "large replies", alike(example, tuple((url, Grown(times)) for url in urls))


def _edges(example: bytes, base: World) -> Iterator[tuple[str, Scene]]:
    for url, reply in sorted(base.items()):
        edges = chains.words_in(reply) if is_chain(url) else numbers_in(reply)
        for place in range(min(edges, MAX_EDGED_NUMBERS)):
            for value in EDGES:
                yield "extreme replies", alike(example, ((url, Edge(place, value)),))


def _mixed(urls: list[str], source: random.Random) -> Twists:
    return tuple((url, _any_variation(source)) for url in urls)


def _any_variation(source: random.Random) -> Variation:
    return Variation(
        ulps=source.choice((0, 0, 1, -1, 5, -20)),
        order=source.choice([*Order]),
        space=source.choice([*Space]),
        digits=source.choice([*Digits]),
        seconds=source.choice((0, 0, 1, 5, 3_600)),
        request=source.randrange(4),
    )
