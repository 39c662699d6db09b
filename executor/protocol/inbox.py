"""Messages about requests this member has not seen on chain yet: kept, bounded, and read when it has (P4).

Rule 1. Each sender has a budget of its own, in messages and bytes; its oldest go first, so that no member's flood
        costs another member's messages.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from executor.model.ids import RequestId
from executor.protocol.messages import MAX_MESSAGE_BYTES, Message, encode_message, request_ids

MAX_EARLY = 256  # messages a sender; a burst of 100 requests seen late sends two or three each
MAX_AHEAD = 2048  # messages a sender for the next round: a node's machine works on so many requests at most
MAX_EARLY_BYTES = MAX_MESSAGE_BYTES  # a sender; one message of the largest size still fits


@dataclass(frozen=True, slots=True)
class Early:
    """A message that waits, and the requests it is about: every request that opens or closes is looked for."""

    size_bytes: int
    message: Message
    requests: frozenset[RequestId]


class Inbox:
    """Early messages by sender, at most `messages` of each."""

    def __init__(self, n: int, messages: int = MAX_EARLY) -> None:
        self._messages = messages
        self._queues: list[deque[Early]] = [deque() for _ in range(n)]
        self._sizes = [0] * n

    def keep(self, sender: int, message: Message) -> None:
        """Keep an early message, dropping the sender's oldest beyond its budget (Rule 1)."""
        size = len(encode_message(message))
        queue = self._queues[sender]
        queue.append(Early(size, message, frozenset(request_ids(message))))
        self._sizes[sender] += size
        while len(queue) > self._messages or self._sizes[sender] > MAX_EARLY_BYTES:
            self._sizes[sender] -= queue.popleft().size_bytes

    def claim(self, request_id: RequestId) -> list[tuple[int, Message]]:
        """Take out the messages about a request, with their senders, oldest first for each."""
        claimed: list[tuple[int, Message]] = []
        for sender, queue in enumerate(self._queues):
            mine = [early for early in queue if request_id in early.requests]
            if not mine:
                continue
            others = [early for early in queue if request_id not in early.requests]
            queue.clear()
            queue.extend(others)
            self._sizes[sender] -= sum(early.size_bytes for early in mine)
            claimed += [(sender, early.message) for early in mine]
        return claimed

    def drain(self) -> list[tuple[int, Message]]:
        """Take out everything, oldest first for each sender."""
        drained = [(sender, early.message) for sender, queue in enumerate(self._queues) for early in queue]
        for queue in self._queues:
            queue.clear()
        self._sizes = [0] * len(self._queues)
        return drained

    def size_bytes(self, sender: int) -> int:
        """What is kept of a sender."""
        return self._sizes[sender]
