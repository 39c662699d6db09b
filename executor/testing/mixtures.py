"""What each of n nodes is told by the same APIs at one moment: other bytes, the same meaning; by a seed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from random import Random
from typing import Any, Final

from executor.errors import InvalidValue
from executor.testing.replies import Reply, World, world
from executor.testing.variations import Digits, Order, Space, Variation, vary

MAX_ULPS: Final = 9  # last digits are this far apart at most, and clocks MAX_SECONDS: strategies/http.py
MAX_SECONDS: Final = 30
MAX_NODES: Final = 100  # Committee.MAX_MEMBERS


def varied_worlds(examples: Mapping[str, Any], n: int, *, seed: int = 0, steady: Collection[str] = ()) -> list[World]:
    """For each of n nodes its own variation of each example; the first node's are as given.

    Fields and headers named in `steady` never vary. Pure. Raises InvalidValue.
    """
    if not 1 <= n <= MAX_NODES:
        raise InvalidValue(f"{n} nodes: a committee has 1 to {MAX_NODES}")
    plain = world(examples)
    return [
        {
            url: reply if node == 0 else _varied(url, reply, f"{seed} {node} {place}", steady)
            for place, (url, reply) in enumerate(sorted(plain.items()))
        }
        for node in range(n)
    ]


def _varied(url: str, reply: Reply, key: str, steady: Collection[str]) -> Reply:
    chance = Random(key)  # noqa: S311 - the same mixture again for the same seed, and no secret
    variation = Variation(
        ulps=chance.randint(-MAX_ULPS, MAX_ULPS),
        order=chance.choice(list(Order)),
        space=chance.choice(list(Space)),
        digits=chance.choice(list(Digits)),
        seconds=chance.randint(0, MAX_SECONDS),
        request=chance.randint(1, 2**16),
    )
    if not url.startswith("evm."):
        return vary(reply, variation, steady=steady)
    from executor.testing.evm_variations import vary_chain  # the ABI's codecs take a while to import

    return vary_chain(url, reply, variation)
