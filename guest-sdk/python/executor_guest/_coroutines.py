"""`async def` is accepted: everything answers at once, so a coroutine runs to its end or never will."""

from __future__ import annotations

from types import CoroutineType
from typing import Any


class NeverEnds(RuntimeError):
    """A coroutine awaits something that no run will ever give."""

    code = "never-settles"


def finished(value: Any, what: str) -> Any:
    """The result of a coroutine, or the value as it is."""
    if not isinstance(value, CoroutineType):
        return value
    try:
        value.send(None)
    except StopIteration as stop:
        return stop.value
    value.close()
    raise NeverEnds(f"the {what} awaits something that never ends: there is no event loop here")
