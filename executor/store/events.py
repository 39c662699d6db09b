"""What a node tells people: a bounded, numbered log of events, kept in memory and appended to a file."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEPT = 4_096  # events a reader can still ask for: about 200 requests at 20 events each
MAX_FILE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `fields` is plain JSON."""

    number: int
    time_s: float
    kind: str
    request_id: str
    fields: dict[str, Any]

    def plain(self) -> dict[str, Any]:
        """The event as one JSON object."""
        head = {"number": self.number, "time": round(self.time_s, 4), "kind": self.kind, "request_id": self.request_id}
        return {**self.fields, **head}


class EventLog:
    """Appends events; readers wait for those after a number."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._events: deque[Event] = deque(maxlen=KEPT)
        self._number = 0
        self._added = asyncio.Event()

    def add(self, kind: str, request_id: object = "", /, **fields: Any) -> None:
        """Record one event now."""
        self._number += 1
        event = Event(self._number, time.time(), kind, str(request_id), fields)
        self._events.append(event)
        self._append(event)
        self._added.set()
        self._added = asyncio.Event()

    def after(self, number: int) -> list[Event]:
        """The kept events numbered above `number`, oldest first."""
        return [event for event in self._events if event.number > number]

    async def wait_after(self, number: int, timeout_s: float) -> list[Event]:
        """Like `after`, but waits up to `timeout_s` for the first."""
        added = self._added
        if not (found := self.after(number)):
            try:
                await asyncio.wait_for(added.wait(), timeout_s)
            except TimeoutError:
                return []
            found = self.after(number)
        return found

    def _append(self, event: Event) -> None:
        if self._path.exists() and self._path.stat().st_size > MAX_FILE_BYTES:
            self._path.replace(self._path.with_suffix(".1.jsonl"))
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(event.plain(), separators=(",", ":")) + "\n")
