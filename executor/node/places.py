"""Requests at work, requests that wait for one of the few places, and those whose time is over.

Rule 1. A line for each function, first come, first served; lines take turns (lines.py).
Rule 2. A place is held for a bounded time while others wait; who leaves it goes to the end of the line.
Rule 3. Who is too late for the router gets no place and gives up the one it has, and who has little time left waits
        behind everybody who has more: a committee that is behind would work on nothing else, and end none of it. Time
        is the chain's, so that members choose alike; should it go back, who was late waits again.
"""

from __future__ import annotations

import time
from typing import Final as Constant

from executor.model.ids import FunctionId, RequestId
from executor.node.lines import Lines
from executor.node.standing import OpenRequest, Standing
from executor.store.events import EventLog

LITTLE: Constant = 2  # half of what it had when it began to wait: many times what work takes that is not behind


class Places:
    """Few places, their lines, and the chain's time."""

    def __init__(self, events: EventLog, most: int, turn_s: float) -> None:
        self._events = events
        self._most = most
        self._turn_s = turn_s
        self.now = 0
        self.active: dict[RequestId, OpenRequest] = {}  # longest first
        self._ample = Lines[FunctionId]()
        self._pressed = Lines[FunctionId]()
        self._waiting: dict[RequestId, tuple[FunctionId, int]] = {}  # and when its time is little
        self._late: dict[RequestId, None] = {}

    @property
    def counts(self) -> dict[str, int]:
        """Requests by state."""
        return {"active": len(self.active), "queued": len(self._waiting), "too-late": len(self._late)}

    def find(self, request_id: RequestId, standing: Standing) -> bool:
        """Whether there is a place; where not, it waits or is over, and is told."""
        if self._is_late(standing):
            self.put_off(request_id, standing)
        elif len(self.active) >= self._most:
            self._wait(request_id, standing)
            self._events.add("shed", request_id, reason=f"{self._most} requests are under way; it waits its turn")
        else:
            return True
        return False

    def take(self, request_id: RequestId, standing: Standing, opened: OpenRequest) -> None:
        """Have the place that was found."""
        standing.state, standing.since = "active", time.monotonic()
        self.active[request_id] = opened

    def leave(self, request_id: RequestId, standing: Standing) -> None:
        """Out of the places and the lines; who is in none is no error."""
        self.active.pop(request_id, None)
        self._late.pop(request_id, None)
        if self._waiting.pop(request_id, None) is not None:
            self._ample.discard(standing.function, request_id)
            self._pressed.discard(standing.function, request_id)

    def next(self) -> RequestId | None:
        """Whose turn it is if a place is free, out of the lines now."""
        if len(self.active) >= self._most:
            return None
        while (request_id := self._ample.next()) is not None:
            function, little = self._waiting[request_id]
            if self.now < little:
                break
            self._pressed.add(function, request_id)
        request_id = request_id or self._pressed.next()
        if request_id is not None:
            del self._waiting[request_id]
        return request_id

    def longest(self) -> list[RequestId]:
        """Of those at work, as many as wait: who leaves first, first (Rule 2)."""
        return list(self.active)[: len(self._waiting)]

    def has_had_turn(self, standing: Standing) -> bool:
        """Whether it held its place for as long as it may while others wait."""
        return standing.since <= time.monotonic() - self._turn_s

    def park(self, request_id: RequestId, standing: Standing) -> None:
        """Wait once more, after a turn."""
        self._wait(request_id, standing)
        self._events.add("parked", request_id, reason=f"others waited while it had {self._turn_s:g} s")

    def pass_time(self, now: int, open: dict[RequestId, Standing]) -> tuple[list[RequestId], list[RequestId]]:
        """The chain's time: who is at work and too late now, and who was too late and has time again."""
        back, self.now = now < self.now, now
        late = [request_id for request_id in self.active if self._is_late(open[request_id])]
        again = [request_id for request_id in self._late if not self._is_late(open[request_id])] if back else []
        return late, again

    def put_off(self, request_id: RequestId, standing: Standing) -> None:
        """Too late (Rule 3)."""
        standing.state = "too-late"
        self._late[request_id] = None
        self._events.add("too-late", request_id, reason=f"the router takes no answer from {standing.deadline} s on")

    def _is_late(self, standing: Standing) -> bool:
        return standing.deadline <= self.now and not standing.lasting

    def _wait(self, request_id: RequestId, standing: Standing) -> None:
        standing.state = "queued"
        if request_id not in self._waiting:
            little = standing.deadline - (standing.deadline - self.now) // LITTLE
            self._waiting[request_id] = (standing.function, little)
            self._ample.add(standing.function, request_id)
