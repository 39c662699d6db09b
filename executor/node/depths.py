"""Requests whose functions ask for more blocks over them than this node waits for with all (protocol.md, step 1).

Rule 1. A node may read deeper than a function asks, never less deep; finalized is deeper than any number.
Rule 2. Who waits is released by the blocks that come. A reorganisation ends a wait as it ends everything of a request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

from executor.chain.watcher import Depth
from executor.errors import ChainError
from executor.model.ids import RequestId


async def nothing_more() -> int:
    """Of a node that reads finalized blocks only: nothing waits."""
    return 0


class Depths:
    """Who waits for which depth; `read` is how deep this node reads, `finalized` asks for the finalized head."""

    def __init__(self, read: Depth = "finalized", finalized: Callable[[], Awaitable[int]] = nothing_more) -> None:
        self._read = read
        self._finalized = finalized
        self._last_read = self._last_finalized = -1
        self._waiting: dict[RequestId, tuple[int, Depth]] = {}  # as many as are open, at most

    def __len__(self) -> int:
        return len(self._waiting)

    def is_deep(self, block: int, asked: Depth | None) -> bool:
        """Whether a block that was read stands as deep as asked."""
        if asked is None or self._read == "finalized" or block <= self._last_finalized:
            return True
        return asked != "finalized" and self._last_read - block + self._read >= asked

    def hold(self, request_id: RequestId, block: int, asked: Depth | None) -> bool:
        """Whether the request is to wait, until `reached` names it."""
        if asked is None or self.is_deep(block, asked):
            return False
        self._waiting[request_id] = (block, asked)
        return True

    def discard(self, request_id: RequestId) -> None:
        """Wait no more; who did not wait is no error."""
        self._waiting.pop(request_id, None)

    async def reached(self, last_read: int) -> list[RequestId]:
        """The requests that stand deep enough now that blocks up to this one were read; they wait no more."""
        self._last_read = last_read
        if any(asked == "finalized" for _, asked in self._waiting.values()):
            with suppress(ChainError):  # asked again with the next block; the watcher tells of endpoints that fail
                self._last_finalized = max(self._last_finalized, await self._finalized())
        deep = [key for key, (block, asked) in self._waiting.items() if self.is_deep(block, asked)]
        for key in deep:
            del self._waiting[key]
        return deep
