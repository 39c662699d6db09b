"""What a node tells people: a bounded, numbered log of events, kept in memory and appended to a file."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEPT = 4_096  # events a reader can still ask for: about 200 requests at 20 events each
KEPT_BYTES = 16 * 1024 * 1024  # of them, as JSON: an agreement of 67 large observations is 4 MB
MAX_FILE_BYTES = 16 * 1024 * 1024

log = logging.getLogger(__name__)


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
    """Appends events; readers wait for those after a number. Numbers begin at 1 in every process.

    A file that cannot be written costs the file's copy and nothing else: nobody rests on it.
    """

    def __init__(self, path: Path, *, kept_bytes: int = KEPT_BYTES, max_file_bytes: int = MAX_FILE_BYTES) -> None:
        self._path = path
        self._kept_bytes = kept_bytes
        self._max_file_bytes = max_file_bytes
        self._file_bytes = 0  # as of the last event
        self._events: deque[tuple[Event, str]] = deque()
        self._size_bytes = 0
        self._number = 0
        self._listeners: list[Callable[[Event], None]] = []
        self._added = asyncio.Event()

    def add(self, kind: str, request_id: object = "", /, **fields: Any) -> None:
        """Record one event now."""
        self._number += 1
        event = Event(self._number, time.time(), kind, str(request_id), fields)
        line = json.dumps(event.plain(), separators=(",", ":"))
        self._events.append((event, line))
        self._size_bytes += len(line)
        while len(self._events) > KEPT or (self._size_bytes > self._kept_bytes and len(self._events) > 1):
            self._size_bytes -= len(self._events.popleft()[1])
        self._append(line)
        for tell in self._listeners:
            tell(event)
        self._added.set()
        self._added = asyncio.Event()

    @property
    def last(self) -> int:
        """The newest event's number; 0 before the first."""
        return self._number

    def subscribe(self, tell: Callable[[Event], None]) -> None:
        """Have `tell` called with every later event, in order; it must be quick and may not raise."""
        self._listeners.append(tell)

    def after(self, number: int) -> list[Event]:
        """The kept events numbered above `number`, oldest first."""
        return [event for event, _ in self._kept_after(number)]

    def lines_after(self, number: int, limit_bytes: int) -> list[str]:
        """The same events as JSON, the oldest that fit into `limit_bytes`, and one at least."""
        lines: list[str] = []
        for _, line in self._kept_after(number):
            limit_bytes -= len(line)
            if lines and limit_bytes < 0:
                break
            lines.append(line)
        return lines

    async def wait(self, number: int, timeout_s: float) -> None:
        """Return once an event above `number` is there, or after `timeout_s`.

        Whoever waits costs next to nothing with each event, however many are kept: strangers wait.
        """
        deadline = asyncio.get_running_loop().time() + timeout_s
        while self._number <= number:
            added, left_s = self._added, deadline - asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout(left_s):
                    await added.wait()
            except TimeoutError:
                return

    async def wait_after(self, number: int, timeout_s: float) -> list[Event]:
        """Like `after`, but waits up to `timeout_s` for the first."""
        await self.wait(number, timeout_s)
        return self.after(number)

    def _kept_after(self, number: int) -> Iterator[tuple[Event, str]]:
        """From the newest back: numbers have no gaps."""
        wanted = min(max(self._number - number, 0), len(self._events))
        return itertools.islice(self._events, len(self._events) - wanted, None)

    def _append(self, line: str) -> None:
        try:
            if self._file_bytes > self._max_file_bytes:
                self._path.replace(self._path.with_suffix(".1.jsonl"))
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
                self._file_bytes = file.tell()
        except OSError as error:
            log.error("event %s is in memory only: %s", self._number, error)
