"""Who may hold how many of a node's connections. Time is an argument.

Rule 1. A connection is a member's once a message that a member signed came over it, or came lately from its site;
        until then it is a stranger's. Strangers hold a part of the places at most, one site a part of that.
Rule 2. Where strangers' places are full, the site that holds most of them loses its oldest, so that a member that
        connects for the first time finds a place unless its own site holds as many as any other.
Rule 3. Where all places are full, a member's connection takes a stranger's, and a stranger's is closed at once.
Rule 4. Whoever does not read what it asked for holds its place and our memory for a bounded time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final as Constant
from typing import Protocol

MAX_CONNECTIONS: Constant = 512  # half of the usual limit of open files; a committee of 100 makes 200
STRANGERS: Constant = 256  # of these
EACH: Constant = 64  # of one site: browsers, tools, a committee that starts behind one address
MEMBER_S: Constant = 3_600.0  # how long a site is a member's after its last message
MEMBER_SITES: Constant = 1_024  # ten for each of a hundred members
SLOW_S: Constant = 60.0  # 16 MiB at 2 Mbit/s; what is read no faster than that is given up


class Wire(Protocol):
    """A connection, as asyncio's transports are."""

    def close(self) -> None:
        """End it once what was written has left."""

    def abort(self) -> None:
        """End it at once."""

    def is_closing(self) -> bool:
        """Whether it has ended or is about to."""

    def get_write_buffer_size(self) -> int:
        """Bytes that wait to be read by the other side."""


@dataclass(slots=True)
class _Place:
    site: str
    member: bool
    stuck_since: float | None = None


class Connections:
    """The connections others hold."""

    def __init__(self, most: int = MAX_CONNECTIONS, strangers: int = STRANGERS, each: int = EACH) -> None:
        self._most, self._strangers, self._each = most, strangers, each
        self._places: OrderedDict[Wire, _Place] = OrderedDict()
        self._members: OrderedDict[str, float] = OrderedDict()  # site -> its last message
        self.refused = 0

    def __len__(self) -> int:
        return len(self._places)

    def enter(self, wire: Wire, site: str, now: float) -> bool:
        """Give a new connection a place, another's if need be (Rules 1 to 3); else close it and say False."""
        self._forget_closed()
        member = self._is_members(site, now)
        strangers = [held for held, place in self._places.items() if not place.member]
        if not member and sum(self._places[held].site == site for held in strangers) >= self._each:
            return self._refuse(wire)
        if not member and len(strangers) >= self._strangers:  # Rule 2
            self._drop(strangers)
        if len(self._places) >= self._most:  # Rule 3
            if not member or not strangers:
                return self._refuse(wire)
            self._drop(strangers)
        self._places[wire] = _Place(site, member)
        return True

    def vouch(self, wire: Wire | None, site: str, now: float) -> None:
        """A member's message came over this connection."""
        self._members[site] = now
        self._members.move_to_end(site)
        if len(self._members) > MEMBER_SITES:
            self._members.popitem(last=False)
        if wire is not None and (place := self._places.get(wire)) is not None:
            place.member = True

    def end_slow(self, now: float) -> int:
        """End those that have not read all that waits for them for SLOW_S; how many (Rule 4)."""
        self._forget_closed()
        slow: list[Wire] = []
        for wire, place in self._places.items():
            if not wire.get_write_buffer_size():
                place.stuck_since = None
            elif place.stuck_since is None:
                place.stuck_since = now
            elif now - place.stuck_since >= SLOW_S:
                slow.append(wire)
        for wire in slow:
            del self._places[wire]
            wire.abort()
        return len(slow)

    def _is_members(self, site: str, now: float) -> bool:
        return now - self._members.get(site, float("-inf")) <= MEMBER_S

    def _drop(self, strangers: Iterable[Wire]) -> None:
        """Rule 2."""
        by_site: dict[str, list[Wire]] = {}
        for wire in strangers:
            by_site.setdefault(self._places[wire].site, []).append(wire)
        oldest = max(by_site.values(), key=len)[0]
        del self._places[oldest]
        self.refused += 1
        oldest.abort()

    def _refuse(self, wire: Wire) -> bool:
        self.refused += 1
        wire.abort()
        return False

    def _forget_closed(self) -> None:
        for wire in [wire for wire in self._places if wire.is_closing()]:
            del self._places[wire]
