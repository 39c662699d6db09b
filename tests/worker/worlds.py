"""Worlds that answer worker runs in memory."""

from __future__ import annotations

import asyncio

from executor.vm import Answer, Response


class World:
    """Answers every call with the request reversed."""

    def __init__(self, delay_s: float = 0) -> None:
        self.asked: list[tuple[str, bytes]] = []
        self._delay_s = delay_s

    async def call(self, operation: str, request: bytes) -> Response:
        """The response to one call."""
        self.asked.append((operation, request))
        await asyncio.sleep(self._delay_s)
        return Answer(request[::-1])


class Broken:
    """An adapter with a bug."""

    async def call(self, operation: str, request: bytes) -> Response:
        """Raises what no adapter should."""
        raise ZeroDivisionError("an adapter's bug")
