"""Requests that wait, in a line for each key: first come, first served within a line, one turn a line between them."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

from executor.model.ids import RequestId

Key = TypeVar("Key")


class Lines(Generic[Key]):
    """Lines of requests by function or epoch; whoever fills them bounds how many there are."""

    def __init__(self) -> None:
        self._lines: OrderedDict[Key, dict[RequestId, None]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def keys(self) -> list[Key]:
        """What is waited for."""
        return list(self._lines)

    def add(self, key: Key, request_id: RequestId) -> None:
        """Wait at the end of a line; who waits there already keeps the place."""
        line = self._lines.setdefault(key, {})
        self._count += request_id not in line
        line[request_id] = None

    def discard(self, key: Key, request_id: RequestId) -> None:
        """Wait no more; who did not wait is no error."""
        line = self._lines.get(key)
        if line is not None and request_id in line:
            del line[request_id]
            self._count -= 1
            if not line:
                del self._lines[key]

    def take(self, key: Key) -> list[RequestId]:
        """A whole line, out of it now."""
        line = self._lines.pop(key, {})
        self._count -= len(line)
        return list(line)

    def next(self) -> RequestId | None:
        """The first of the line whose turn it is, out of it now; that line then waits for the others."""
        if not self._lines:
            return None
        key = next(iter(self._lines))
        request_id = next(iter(self._lines[key]))
        self._lines.move_to_end(key)
        self.discard(key, request_id)
        return request_id
