"""The function: what `@function` marks, what it is called with, what it returns."""

from __future__ import annotations

import json
from builtins import bytes as _bytes
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias, TypeVar

from executor_guest._bytes import Bytes, bytes_of, encode_text, kind_of
from executor_guest._context import Context, context
from executor_guest._coroutines import finished

Output: TypeAlias = Bytes | str | None
F = TypeVar("F", bound="Callable[[Request], Output | Coroutine[Any, Any, Output]]")
_marked: list[Callable[[Any], Any]] = []


class Request:
    """What a function is called with."""

    __slots__ = ("bytes",)

    bytes: _bytes
    """The input."""

    def __init__(self, data: _bytes) -> None:
        self.bytes = data

    def text(self) -> str:
        """The input as UTF-8; raises UnicodeDecodeError if it is not."""
        return self.bytes.decode("utf-8")

    def json(self) -> Any:
        """The input as JSON."""
        return json.loads(self.text())

    @property
    def context(self) -> Context:
        """What the request commits to besides its input."""
        return context


def function(marked: F) -> F:
    """Mark the one function of a file. It takes the request and returns bytes, text (as UTF-8) or None."""
    if not callable(marked):
        raise TypeError(f"@function marks a function, not {kind_of(marked)}")
    _marked.append(marked)
    return marked


def check_marked() -> None:
    """After the file's top level has run; raises TypeError unless there is exactly one function."""
    if len(_marked) != 1:
        raise TypeError(
            "function.py must mark one function with @function: from executor_guest import function"
            if not _marked
            else f"function.py marks {len(_marked)} functions with @function: only one can be run"
        )


def call(data: _bytes) -> _bytes:
    """The function's output for an input."""
    value = finished(_marked[0](Request(data)), "function")
    if value is None:
        return b""
    if isinstance(value, str):
        return encode_text(value)
    output = bytes_of(value)
    if output is None:
        raise TypeError(
            f"a function returns bytes or text, not {kind_of(value)}: encode it, with json.dumps or abi.encode"
        )
    return output
