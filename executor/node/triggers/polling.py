"""What all followers of a chain do alike: ask again and again, and find blocks by their time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final as Constant

from executor.chain.client import Block, ChainClient
from executor.errors import ChainError, ChainUnavailable

RETRY_S: Constant = 1.0
MAX_KEPT: Constant = 1_024  # headers of the home chain


async def poll_for_ever(poll: Callable[[], Awaitable[bool]], rest_s: Callable[[], float]) -> None:
    """Poll until cancelled, with a rest after nothing new; an endpoint that is down is tried again.

    The watcher of requests tells of it.
    """
    while True:
        try:
            read = await poll()
        except ChainError:
            await asyncio.sleep(RETRY_S)
            continue
        if not read:
            await asyncio.sleep(rest_s())


class HomeTimes:
    """The home chain's final blocks by time."""

    def __init__(self, chain: ChainClient) -> None:
        self._chain = chain
        self._kept: dict[int, Block] = {}

    async def first_at(self, time_s: int, first: int, last: int) -> Block:
        """The first block at or after a time; block `last`, which is final, is."""
        while first < last:
            middle = (first + last) // 2
            if (await self.block(middle)).timestamp >= time_s:
                last = middle
            else:
                first = middle + 1
        return await self.block(last)

    async def block(self, number: int) -> Block:
        """A final block."""
        found = self._kept.get(number) or await self._chain.block(number)
        if found is None:
            raise ChainUnavailable(f"the endpoint has no block {number}")
        self.keep(found)
        return found

    def keep(self, block: Block) -> None:
        """Keep a final block that is known, not to ask for it."""
        if len(self._kept) >= MAX_KEPT:
            self._kept.clear()
        self._kept[block.number] = block
