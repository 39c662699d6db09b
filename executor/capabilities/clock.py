"""time@1: what this node's clock shows, inside an observation. The agreed time is the request's block timestamp."""

from __future__ import annotations

import time
from collections.abc import Callable

from executor.vm.capabilities import Answer, Refusal, Response


class Clock:
    """The operation `time.now`: seconds since 1970 as a decimal of milliseconds, so that `median` takes it."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock

    async def call(self, operation: str, _request: bytes) -> Response:
        """The response to one call."""
        return self.respond(operation)

    def respond(self, operation: str) -> Response:
        """The same at once."""
        if operation != "time.now":
            return Refusal("unknown-operation")
        return Answer(decimal(self._clock()))


def decimal(seconds: float) -> bytes:
    """Seconds as an agreed decimal, to the millisecond."""
    return f"{seconds:.3f}".encode("ascii")
