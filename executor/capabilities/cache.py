"""Replies that a node gives again for a moment, to functions that ask the same: an operator's option, off by default.

Rule 1. Only what asks for nothing private and changes nothing: GET and HEAD, no credentials among the headers, and
        never for a function that reads secrets or private inputs.
Rule 2. Only whole replies of status 200 from the very URL, without a redirect: another function may reach the URL, and
        still not what it leads to. A reply that says `no-store` or `private` is not kept.
Rule 3. Whoever asks is checked against its own allow-list first, whatever is kept.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final as Constant

from executor.capabilities.framing import HttpRequest

MAX_REPLIES: Constant = 4_096  # at a time; the oldest goes
_SAFE: Constant = frozenset({"GET", "HEAD"})
_PRIVATE_HEADERS: Constant = frozenset({"authorization", "cookie", "x-api-key"})
_FORBIDDING: Constant = frozenset({"no-store", "private"})
OK: Constant = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered, decoded. `redirected`: not from the URL that was asked."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    redirected: bool = False

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return len(self.body) + sum(len(name) + len(value) for name, value in self.headers.items())


class ReplyCache:
    """Shared by all runs of a node: replies up to `seconds` old, `max_bytes` of them together."""

    def __init__(self, seconds: float, max_bytes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._max_bytes, self._clock = seconds, max_bytes, clock
        self._kept: OrderedDict[object, tuple[float, Reply]] = OrderedDict()
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, request: HttpRequest) -> Reply | None:
        """A fresh reply to the same request."""
        kept = self._kept.get(_key(request))
        if kept is None:
            return None
        if kept[0] <= self._clock():
            self._drop(_key(request))
            return None
        return kept[1]

    def keep(self, request: HttpRequest, reply: Reply) -> None:
        """Remember a reply, if Rules 1 and 2 allow it."""
        if not _may_be_asked(request) or not _may_be_kept(reply) or reply.size > self._max_bytes:
            return
        key = _key(request)
        if key in self._kept:
            self._drop(key)
        self._kept[key] = (self._clock() + self._seconds, reply)
        self.size_bytes += reply.size
        while self.size_bytes > self._max_bytes or len(self._kept) > MAX_REPLIES:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: object) -> None:
        self.size_bytes -= self._kept.pop(key)[1].size


def _key(request: HttpRequest) -> object:
    return request.method, request.url, tuple(sorted(request.headers.items())), request.body


def _may_be_asked(request: HttpRequest) -> bool:
    return request.method in _SAFE and not request.body and not _PRIVATE_HEADERS & set(request.headers)


def _may_be_kept(reply: Reply) -> bool:
    said = {part.strip().lower() for part in reply.headers.get("cache-control", "").split(",")}
    return reply.status == OK and not reply.redirected and not said & _FORBIDDING
