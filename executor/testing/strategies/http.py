"""Replies of servers and chains that differ node to node the way real ones do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from hypothesis import strategies as st

from executor.errors import InvalidValue
from executor.testing.evm_replies import is_chain
from executor.testing.evm_variations import strike_chain, vary_chain
from executor.testing.outages import Outage, strike
from executor.testing.replies import Reply, World, world
from executor.testing.variations import Digits, Order, Space, Variation, vary

MAX_ULPS: Final = 9  # last digits are this far apart at most
MAX_SECONDS: Final = 30  # so are clocks


def variations() -> st.SearchStrategy[Variation]:
    """Ways to answer the same thing; the simplest is the example itself."""
    return st.builds(
        Variation,
        ulps=st.integers(-MAX_ULPS, MAX_ULPS),
        order=st.sampled_from(Order),
        space=st.sampled_from(Space),
        digits=st.sampled_from(Digits),
        seconds=st.integers(0, MAX_SECONDS),
        request=st.integers(0, 2**16),
    )


def replies(example: Any, *, steady: Collection[str] = ()) -> st.SearchStrategy[Reply]:
    """Replies that mean what `example` (a Reply, JSON, text or bytes) means; fields named in `steady` never vary."""
    reply = Reply.of(example)
    return variations().map(lambda variation: vary(reply, variation, steady=steady))


def replies_for(
    example: Any, n: int, *, failing: int = 0, steady: Collection[str] = ()
) -> st.SearchStrategy[tuple[Reply, ...]]:
    """One reply for each of n nodes; up to `failing` nodes meet an outage instead."""
    return worlds({"*": example}, n, failing=failing, steady=steady).map(
        lambda every: tuple(each["*"] for each in every)
    )


def worlds(
    examples: Mapping[str, Any], n: int, *, failing: int = 0, steady: Collection[str] = ()
) -> st.SearchStrategy[tuple[World, ...]]:
    """For each of n nodes a reply by URL; up to `failing` nodes meet an outage at one or more URLs."""
    if not 0 <= failing <= n or n < 1:
        raise InvalidValue(f"{failing} of {n} nodes cannot fail")
    return _worlds(world(examples), n, failing, frozenset(steady))


@st.composite
def _worlds(
    draw: st.DrawFn, plain: World, n: int, failing: int, steady: frozenset[str]
) -> tuple[dict[str, Reply], ...]:
    every = [{url: _varied(url, reply, draw(variations()), steady) for url, reply in plain.items()} for _ in range(n)]
    for _ in range(draw(st.integers(0, failing)) if plain else 0):
        struck = every[draw(st.integers(0, n - 1))]
        for url in draw(st.lists(st.sampled_from(list(plain)), min_size=1, max_size=len(plain), unique=True)):
            outage = draw(st.sampled_from(Outage))
            struck[url] = strike_chain(outage) if is_chain(url) else strike(plain[url], outage)
    return tuple(every)


def _varied(url: str, reply: Reply, variation: Variation, steady: frozenset[str]) -> Reply:
    return vary_chain(url, reply, variation) if is_chain(url) else vary(reply, variation, steady=steady)
