"""Passes POSTs that this node took on to the other members, who check them for themselves.

Rule 1. A POST is passed on by the node that it came to; a bounded number waits, and what finds no room is told: its
        sender may post to another member. What waits is in memory alone: who posts again, after a restart too, has it
        passed on again while its request is open, unless every member took it or it is being passed on.
Rule 2. A member that does not answer, or has not got the block yet, is asked again a few times; then it is left out.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final as Constant

import aiohttp

from executor.model.ids import RequestId
from executor.node.triggers.posting import FORWARDED, HEADER
from executor.store.events import EventLog

MAX_WAITING: Constant = 256  # of 16 kB at most
MAX_TAKEN: Constant = 4_096  # remembered, so that posting again costs the other members nothing
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
        self._under_way: set[RequestId] = set()  # waiting, or being sent
        self._taken: OrderedDict[RequestId, None] = OrderedDict()  # by every member there was

    @property
    def under_way(self) -> int:
        """Posts that wait, or are being sent."""
        return len(self._under_way)

    def forward(self, post: Post) -> None:
        """Pass it on; never waits (Rule 1)."""
        if post.request_id in self._under_way or post.request_id in self._taken:
            return
        try:
            self._waiting.put_nowait(post)
        except asyncio.QueueFull:
            self._events.add("trigger-not-forwarded", post.request_id, reason=f"{MAX_WAITING} others wait")
        else:
            self._under_way.add(post.request_id)

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
            try:
                await self._pass_on(session, post)
            finally:
                self._under_way.discard(post.request_id)

    async def _pass_on(self, session: aiohttp.ClientSession, post: Post) -> None:
        members = self._members()
        taken = await asyncio.gather(*(self._send(session, url, post) for url in members.values()))
        refused = [index for index, was in zip(members, taken, strict=True) if not was]
        self._events.add("trigger-forwarded", post.request_id, members=len(members), refused=refused)
        if not refused:
            self._taken[post.request_id] = None
            if len(self._taken) > MAX_TAKEN:
                self._taken.popitem(last=False)

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
