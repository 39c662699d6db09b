"""How the guests of workers reach the world: answered in the parent."""

from __future__ import annotations

from typing import Protocol

from executor.errors import ExecutorError, HostFault
from executor.vm import Response


class AsyncCapabilities(Protocol):
    """Answers the calls of one observe run, in the parent: see `executor.vm.Capabilities`."""

    async def call(self, operation: str, request: bytes) -> Response:
        """The response to one call."""
        ...


class Recorded:
    """The world of one observe run and its second try.

    A worker can die after its guest has made calls. The same guest makes the same calls again; they are answered with
    what was answered the first time, so that no call goes out twice. What differs goes to the world.
    """

    def __init__(self, world: AsyncCapabilities) -> None:
        self._world = world
        self._kept: list[tuple[str, bytes, Response]] = []
        self._next = 0

    def rewind(self) -> None:
        """The run starts again."""
        self._next = 0

    async def call(self, operation: str, request: bytes) -> Response:
        """The kept response, or the world's; what the world raises is our fault."""
        number, self._next = self._next, self._next + 1
        if number < len(self._kept) and self._kept[number][:2] == (operation, request):
            return self._kept[number][2]
        try:
            response = await self._world.call(operation, request)
        except ExecutorError:
            raise
        except Exception as error:
            raise HostFault(f"the capability {operation} failed: {type(error).__name__}: {error}") from error
        self._kept[number:] = [(operation, request, response)]
        return response
