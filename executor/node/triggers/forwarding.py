"""Passes POSTs that this node took on to the other members, who check them for themselves.

Rule 1. A POST is passed on once, by the node that it came to; a bounded number waits, and what finds no room is told:
        its sender may post to another member.
Rule 2. A member that does not answer, or has not got the block yet, is asked again a few times; then it is left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final as Constant

import aiohttp

from executor.model.ids import RequestId
from executor.node.triggers.posting import FORWARDED, HEADER
from executor.store.events import EventLog

MAX_WAITING: Constant = 256  # of 16 kB at most
AT_A_TIME: Constant = 8
MAX_CONNECTIONS: Constant = 64
TIMEOUT_S: Constant = 5.0
PAUSES_S: Constant = (0.0, 1.0, 4.0, 10.0)  # a member that polls once a second, or was restarting
AGAIN: Constant = frozenset({409, 429, 503})


@dataclass(frozen=True, slots=True)
class Post:
    """As it came."""

    request_id: RequestId
    path: str
    header: str
    body: bytes


class Forwarder:
    """Sends until cancelled; `members` gives the other members' URLs by index."""

    def __init__(
        self,
        members: Callable[[], Mapping[int, str]],
        events: EventLog,
        connector: Callable[..., aiohttp.TCPConnector],
    ) -> None:
        self._members = members
        self._connector = connector
        self._events = events
        self._waiting: asyncio.Queue[Post] = asyncio.Queue(MAX_WAITING)

    def forward(self, post: Post) -> None:
        """Pass it on; never waits (Rule 1)."""
        try:
            self._waiting.put_nowait(post)
        except asyncio.QueueFull:
            self._events.add("trigger-not-forwarded", post.request_id, reason=f"{MAX_WAITING} others wait")

    async def run(self) -> None:
        """Send what waits."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        connector = self._connector(limit=MAX_CONNECTIONS)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session, asyncio.TaskGroup() as group:
            for _ in range(AT_A_TIME):
                group.create_task(self._work(session))

    async def _work(self, session: aiohttp.ClientSession) -> None:
        while True:
            post = await self._waiting.get()
            members = self._members()
            taken = await asyncio.gather(*(self._send(session, url, post) for url in members.values()))
            refused = [index for index, was in zip(members, taken, strict=True) if not was]
            self._events.add("trigger-forwarded", post.request_id, members=len(members), refused=refused)

    async def _send(self, session: aiohttp.ClientSession, url: str, post: Post) -> bool:
        """Rule 2; whether the member took it."""
        headers = {HEADER: post.header, FORWARDED: "1"}
        for pause_s in PAUSES_S:
            await asyncio.sleep(pause_s)
            try:
                async with session.post(
                    f"{url.rstrip('/')}{post.path}", data=post.body, headers=headers, allow_redirects=False
                ) as answer:
                    if answer.status not in AGAIN:
                        return answer.status < 300
            except (aiohttp.ClientError, TimeoutError, OSError):
                continue
        return False
