"""Capabilities: one operation, bytes in, bytes out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from executor_guest import _native
from executor_guest._errors import CapabilityError

T = TypeVar("T")
_looking = False


def look(closure: Callable[[], T]) -> T:
    """Run a closure as the part of an observe run that may look at the world. The run ends with a proposal."""
    global _looking
    _looking = True
    return closure()


def pure(operation: str, request: bytes = b"") -> bytes:
    """An operation that gives the same answer everywhere; allowed in every run."""
    status, answer = _native.call(operation, request)
    if status != 0:
        raise CapabilityError(operation, answer.decode("utf-8", "replace"))
    return answer


def require_agreed(operation: str) -> None:
    """Draws are agreed: one made while looking would be this node's alone."""
    if _looking:
        raise RuntimeError(f"{operation} works only outside observe(...): draws come after all observations")


def live(operation: str, request: bytes = b"") -> bytes:
    """An operation of this node's own, only inside observe. Outside it would end the run without a word."""
    if not _looking:
        raise RuntimeError(f"{operation} works only inside observe(...): nodes must agree on what it answers")
    return pure(operation, request)
