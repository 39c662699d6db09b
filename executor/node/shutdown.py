"""Signals that end a process: the first asks, the second ends it at once.

What a node keeps is safe at every step against being killed, so a second signal needs no politeness.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Coroutine
from typing import Any
from typing import Final as Constant

SIGNALS: Constant = (signal.SIGTERM, signal.SIGINT)
ENDED_AT_ONCE: Constant = 130  # what shells say of a program that was interrupted


class Shutdown:
    """`asked` is set by the first signal; create one in the running loop."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        for number in SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self._signalled)

    async def run(self, work: Coroutine[Any, Any, None], timeout_s: float) -> None:
        """Run `work`, which watches `asked`, to its end, or cut it off when that takes too long; raises its error."""
        running, asked = asyncio.create_task(work), asyncio.create_task(self.asked.wait())
        try:
            await asyncio.wait({running, asked}, return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                await asyncio.wait({running}, timeout=timeout_s)
        finally:
            asked.cancel()
            if not running.done():
                running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    def _signalled(self) -> None:
        if self.asked.is_set():
            os._exit(ENDED_AT_ONCE)
        self.asked.set()
