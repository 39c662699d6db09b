"""Asks the signer now and then whether it would sign, so that an idle node notices before a request does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final as Constant

from executor.errors import SignerUnavailable
from executor.node.conditions import Conditions
from executor.store.events import EventLog

ASK_EVERY_S: Constant = 5.0  # one small frame over a local socket
TELL_AGAIN_S: Constant = 300.0  # while it stays away
LOCKED: Constant = "the signer is locked: `executor keys unlock` makes it sign again"


class SignerWatch:
    """`is_locked`: the signer's own word, or SignerUnavailable."""

    def __init__(self, is_locked: Callable[[], Awaitable[bool]], events: EventLog, conditions: Conditions) -> None:
        self._is_locked = is_locked
        self._events = events
        self._conditions = conditions

    async def run(self, *, every_s: float = ASK_EVERY_S, again_s: float = TELL_AGAIN_S) -> None:
        """Tell until cancelled: readiness at once, people when it goes, each `again_s` while it is away, and when it is
        back."""
        away_since, told_at = 0.0, 0.0
        while True:
            trouble, now = await self._trouble(), time.monotonic()
            if trouble:
                self._conditions.fails("signer", trouble)
                if not away_since or now - told_at >= again_s:
                    away_since, told_at = away_since or now, now
                    self._events.add("signer-unavailable", "", reason=trouble, seconds=round(now - away_since))
            else:
                self._conditions.works("signer")
                if away_since:
                    self._events.add("signer-back", "", seconds=round(now - away_since))
                away_since = 0.0
            await asyncio.sleep(every_s)

    async def _trouble(self) -> str:
        try:
            return LOCKED if await self._is_locked() else ""
        except SignerUnavailable as error:
            return str(error)
