"""Three local score feeds of one match list, and the referee's device that moves matches on: for the dynamic NFT.

Each feed has its own shape and words, as real ones do, and answers every caller a little differently: the minute, the
order of fields, headers, white space, letters in another Unicode form; feed-b shows what was a second ago.

PUT /matches/ID at the referee's sets what is given of a match: `status`, `minute`, `home_score`, `away_score`, `home`,
`away`. PUT /faults/FEED sets what is wrong with a feed: "" or "lying", another score for each caller.
"""

from __future__ import annotations

import json
import random
import secrets
import time
import unicodedata
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web

REFEREE: Final = "referee.test"
FEED_A, FEED_B, FEED_C = FEEDS = ("feed-a.test", "feed-b.test", "feed-c.test")
MAX_MATCHES: Final = 64  # known at a time; the oldest goes
MAX_STATES: Final = 32  # of one match, kept for the feed that is behind
BEHIND_S: Final = 1.0  # how far feed-b is: what content networks keep an answer for
STATUSES: Final = ("scheduled", "live", "break", "finished", "cancelled")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a match stands, since when (of this process's clock)."""

    status: str = "scheduled"
    minute: int = 0
    home_score: int = 0
    away_score: int = 0
    home: str = "Home"
    away: str = "Away"
    since: float = 0.0

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ValueError(f"status: {self.status}, one of {', '.join(STATUSES)}")


def _shape_a(identity: int, now: Standing) -> Json:
    words = dict(zip(STATUSES, ("TIMED", "IN_PLAY", "PAUSED", "FINISHED", "CANCELLED"), strict=True))
    return {
        "match": {
            "id": identity,
            "status": words[now.status],
            "minute": now.minute,
            "score": {"home": now.home_score, "away": now.away_score},
            "homeTeam": {"name": now.home},
            "awayTeam": {"name": now.away},
            "lastUpdated": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
    }


def _shape_b(identity: int, now: Standing) -> Json:
    words = dict(zip(STATUSES, ("NS", "1H" if now.minute <= 45 else "2H", "HT", "FT", "CANC"), strict=True))
    fixture = {
        "id": identity,
        "update": int(time.time()),
        "status": {"short": words[now.status], "elapsed": now.minute},
    }
    teams = {"home": {"name": unicodedata.normalize("NFD", now.home)}, "away": {"name": f"{now.away} "}}
    return {
        "response": [{"fixture": fixture, "teams": teams, "goals": {"home": now.home_score, "away": now.away_score}}]
    }


def _shape_c(identity: int, now: Standing) -> Json:
    words = dict(zip(STATUSES, ("soon", "live", "pause", "over", "off"), strict=True))
    minute = f"45+{now.minute - 45}'" if now.status == "break" and now.minute > 45 else f"{now.minute}'"
    score = f"{now.home_score}-{now.away_score}"
    named = {"t1": now.home, "t2": now.away.replace(" ", "  ")}
    return {
        "data": {
            "id": f"m{identity}",
            "st": words[now.status],
            "ss": score,
            "tm": minute,
            "ts": _milliseconds(),
            **named,
        }
    }


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000


SHAPES: Final[Mapping[str, Callable[[int, Standing], Json]]] = {FEED_A: _shape_a, FEED_B: _shape_b, FEED_C: _shape_c}


class Stadium:
    """The matches as they really stand, and what is wrong with the feeds."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - noise for a demonstration, not secrets
        self._matches: OrderedDict[int, deque[Standing]] = OrderedDict()
        self._faults: dict[str, str] = {}

    def move(self, identity: int, changes: Json) -> None:
        """Set what is given of a match; raises TypeError or ValueError for what matches do not have."""
        states = self._matches.setdefault(identity, deque(maxlen=MAX_STATES))
        states.append(replace(states[-1] if states else Standing(), **{**changes, "since": time.monotonic()}))
        while len(self._matches) > MAX_MATCHES:
            self._matches.popitem(last=False)

    def spoil(self, feed: str, fault: str) -> None:
        """Have a feed lie, or be right again; raises ValueError."""
        if feed not in FEEDS or fault not in ("", "lying"):
            raise ValueError(f"{feed}: {fault}")
        self._faults[feed] = fault

    def read(self, feed: str, identity: int) -> Standing | None:
        """What a feed shows this caller of a match; None of one it does not know."""
        states = self._matches.get(identity)
        if not states:
            return None
        shown = states[-1]
        if feed == FEED_B:
            old = [each for each in states if each.since <= time.monotonic() - BEHIND_S]
            shown = old[-1] if old else states[0]
        if self._faults.get(feed):
            return replace(shown, home_score=shown.home_score + self._random.randint(1, 9))
        return replace(shown, minute=shown.minute + self._random.randint(0, 1)) if shown.status == "live" else shown

    def written(self, value: Json) -> str:
        """JSON with its fields in any order, and white space or none."""
        return json.dumps(self._shuffled(value), ensure_ascii=False, indent=self._random.choice((None, 2)))

    def _shuffled(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._shuffled(each) for each in value]
        if not isinstance(value, dict):
            return value
        items = list(value.items())
        self._random.shuffle(items)
        return {name: self._shuffled(each) for name, each in items}


def feed_application(feed: str, stadium: Stadium) -> web.Application:
    """One feed."""

    async def show(request: web.Request) -> web.Response:
        text = request.match_info.get("id") or request.query.get("id", "")
        identity = int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else 0
        now = stadium.read(feed, identity)
        headers = {"x-request-id": secrets.token_hex(8)}
        if now is None:
            return web.json_response({"error": "no such match"}, status=404, headers=headers)
        body = stadium.written(SHAPES[feed](identity, now))
        return web.Response(text=body, content_type="application/json", headers=headers)

    app = web.Application()
    app.router.add_get({FEED_A: "/v2/matches/{id}", FEED_B: "/fixtures", FEED_C: "/livescore/{id}.json"}[feed], show)
    return app


def referee_application(stadium: Stadium) -> web.Application:
    """The referee's device; functions' manifests do not list it."""

    async def move(request: web.Request) -> web.Response:
        try:
            stadium.move(int(request.match_info["id"]), await request.json())
        except (TypeError, ValueError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({})

    async def spoil(request: web.Request) -> web.Response:
        try:
            stadium.spoil(request.match_info["feed"], str(await request.json()))
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({})

    app = web.Application()
    app.router.add_put("/matches/{id}", move)
    app.router.add_put("/faults/{feed}", spoil)
    return app


def applications(seed: int) -> dict[str, web.Application]:
    """All of them by host name."""
    stadium = Stadium(seed)
    return {REFEREE: referee_application(stadium)} | {feed: feed_application(feed, stadium) for feed in FEEDS}
