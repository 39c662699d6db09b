"""Requests that triggers made, as far as the request book treats them differently from those that were asked for.

Rule 1. One is begun once: its end is known with the event, and while it is not past by the chain's finalized block, its
        record stays; when it is, it is never begun again. The journal holds that block, which never falls.
Rule 2. It is over when a push of it is seen, or when its end is past. `Skipped` proves nothing: anyone can cause it.
Rule 3. A push may be seen before this node derived the request: it is kept, so that its receipt can be fetched.
Rule 4. So many may be within their time at once, in all and for each registration; more are not begun, and told.
"""

from __future__ import annotations

from collections import Counter
from typing import Final as Constant

from executor.chain.logs import SeenDelivery
from executor.chain.pushes import PushOrigin
from executor.crypto.digests import event_hash
from executor.model.codec import decode, encode
from executor.model.ids import RegistrationId, RequestId
from executor.model.request import Request
from executor.model.trigger import HomeBlock
from executor.node.chain_memory import CURSOR
from executor.node.standing import OpenRequest
from executor.protocol.triggering import End
from executor.store.journal import Journal

MAX_LASTING: Constant = 20_000  # within their time: six at 3,600 an hour, each for an hour, and their records on disk
MAX_OF_REGISTRATION: Constant = 7_200  # the most an hour allows, for the default lifetime
MAX_EARLY_BYTES: Constant = 4_096


class Triggered:
    """The requests within their time, and the finalized block they are measured by."""

    def __init__(self, journal: Journal, *, most: int = MAX_LASTING, most_of_one: int = MAX_OF_REGISTRATION) -> None:
        self._journal = journal
        self._most = most
        self._most_of_one = most_of_one
        self._ends: dict[RequestId, tuple[End, RegistrationId]] = {}
        self._counts = Counter[RegistrationId]()
        self.open = Counter[RegistrationId]()  # of them, those that nobody pushed yet
        self._open: dict[RequestId, tuple[RegistrationId, int]] = {}  # and their home blocks
        kept = journal.find(CURSOR, "final")
        self._time_s, self._block = (0, 0) if kept is None else map(int, kept.split())

    def __contains__(self, request_id: object) -> bool:
        """Whether it is within its time: its record must stay."""
        return request_id in self._ends

    def __len__(self) -> int:
        return len(self._ends)

    @property
    def time_s(self) -> int:
        """Its time."""
        return self._time_s

    @property
    def block(self) -> int:
        """The finalized block they are measured by."""
        return self._block

    def count(self, registration: RegistrationId) -> int:
        """Requests of a registration that are within their time."""
        return self._counts[registration]

    def is_past(self, end: End) -> bool:
        """Rule 1."""
        return end.is_past(self._time_s, self._block)

    def full(self, registration: RegistrationId, *, room: int) -> str | None:
        """Rule 4, and the book's own: why there is no room for one more."""
        if room <= 0:
            return "as many requests are open as this node holds"
        if len(self._ends) >= self._most:
            return f"{self._most} triggered requests are within their time"
        if self._counts[registration] >= self._most_of_one:
            return f"{self._most_of_one} requests of this registration are within their time"
        return None

    def add(self, request_id: RequestId, end: End, registration: RegistrationId) -> None:
        """It was begun; nothing where its end is past."""
        if not self.is_past(end):
            self._keep(request_id, end, registration)

    def restore(self, request_id: RequestId, opened: OpenRequest) -> None:
        """It was begun before a restart; one that ended meanwhile is closed by the next finalized block."""
        if (origin := opened.request.origin) is not None:
            self._keep(request_id, End(opened.deadline, opened.until_block), origin.registration)

    def finalized(self, time_s: int, block: int) -> list[RequestId]:
        """The chain's finalized block moved on, on disk before anything that follows from it; what ended with it."""
        if block < self._block or (time_s, block) == (self._time_s, self._block):
            return []
        self._time_s, self._block = max(time_s, self._time_s), block
        with self._journal.soon():
            self._journal.save(CURSOR, "final", f"{self._time_s} {self._block}".encode())
        gone = [key for key, (end, _) in self._ends.items() if self.is_past(end)]
        for key in gone:
            _, registration = self._ends.pop(key)
            self._counts[registration] -= 1
            if not self._counts[registration]:
                del self._counts[registration]
        return gone

    def _keep(self, request_id: RequestId, end: End, registration: RegistrationId) -> None:
        if request_id not in self._ends:
            self._ends[request_id] = (end, registration)
            self._counts[registration] += 1

    def opened(self, request_id: RequestId, request: Request) -> None:
        """The book opened it; one that was asked for is left alone."""
        if request.origin is not None and request_id not in self._open:
            self._open[request_id] = (request.origin.registration, request.block_number)
            self.open[request.origin.registration] += 1

    def is_open(self, request_id: RequestId) -> bool:
        """Whether it waits to be run or pushed."""
        return request_id in self._open

    def settle(self, request_id: RequestId) -> None:
        """It is open no more."""
        registration, _ = self._open.pop(request_id, (None, 0))
        if registration is not None:
            self.open[registration] -= 1
            if not self.open[registration]:
                del self.open[registration]

    def open_from(self, block: int) -> list[RequestId]:
        """Open ones with a home block from this one on."""
        return [key for key, (_, home) in self._open.items() if home >= block]

    def keep_early(self, event: SeenDelivery) -> None:
        """Rule 3; forgotten with the push's own block."""
        if self._journal.find(event.request_id, "request") is None:
            self._journal.save(event.request_id, "early", encode(event))

    def early(self, request_id: RequestId) -> SeenDelivery | None:
        """The push that was seen before."""
        kept = self._journal.find(request_id, "early")
        return None if kept is None else decode(SeenDelivery, kept, limit=MAX_EARLY_BYTES)


def push_origin(opened: OpenRequest | None) -> PushOrigin | None:
    """What the router recomputes a triggered request's id from; None for one that was asked for, or is not known."""
    if opened is None or opened.request.origin is None:
        return None
    request, origin = opened.request, opened.request.origin
    home = HomeBlock(request.block_number, request.block_timestamp, request.parent_hash)
    return PushOrigin(origin.registration, event_hash(origin.event, request.input, home))
