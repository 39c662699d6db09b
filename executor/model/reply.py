"""What one node's guest was answered over http@1, kept for people: nothing agreed or signed rests on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final as Constant

from executor.model.codec import Hex, Natural, Uint16, Uint32

MAX_BODY_BYTES: Constant = 65_536  # of a kept body; most replies are below 10 kB, and the rest is told by its length
MAX_RECEIPT_BYTES: Constant = 1_048_576  # of all replies in a receipt


@dataclass(frozen=True, slots=True)
class KeptReply:
    """A response, its body decoded and cut to MAX_BODY_BYTES, or with `error` why there was none.

    `ordinal` is the request's place in its look; `body_bytes` the body's whole length.
    """

    slot: Uint16
    ordinal: Uint32
    method: str
    url: str
    status: Natural
    headers: dict[str, str]
    body: Hex
    body_bytes: Natural
    error: str

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        named = sum(len(name) + len(value) for name, value in self.headers.items())
        return len(self.url) + named + len(self.body) + 128

    def cut(self) -> KeptReply:
        """The same with no more of its body than is kept."""
        return replace(self, body=self.body[:MAX_BODY_BYTES])


def for_receipt(replies: Iterable[KeptReply]) -> tuple[KeptReply, ...]:
    """The first of these that fit into a receipt."""
    taken: list[KeptReply] = []
    left = MAX_RECEIPT_BYTES
    for reply in replies:
        left -= reply.size
        if left < 0:
            break
        taken.append(reply)
    return tuple(taken)
