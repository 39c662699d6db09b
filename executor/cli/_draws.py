"""Draws of a local run: real rounds of drand, from relays or from the file with replies.

A committee's draws are made by the development key, as there is no committee here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from executor.errors import DownloadFailed, InvalidConfig
from executor.model.draw import CommitteeDraw, Draw
from executor.model.manifest import DrandRandom, Terms
from executor.testing.development_draws import development_proof
from executor.testing.replies import World, look_up

if TYPE_CHECKING:
    from executor.capabilities import HttpSettings

RELAY_LAG_S = 2  # a round reaches the relays about a second after its time


def timestamp_for(terms: Terms) -> int:
    """Now; for a draw as late as its round is published already, so that nobody waits for it."""
    now, drawing = int(time.time()), terms.capabilities.random
    if not isinstance(drawing, DrandRandom):
        return now
    return now - RELAY_LAG_S - drawing.delay_s - drawing.drand.period_s


def drawing(
    relays: Sequence[str] | None, settings: Callable[[], HttpSettings], replied: World | None
) -> Callable[[Draw], bytes]:
    """Proofs from these relays or the public ones; from the file with replies alone where one is given."""
    fetch = None if replied is None else _fetched(replied)

    def draw(asked: Draw) -> bytes:
        if isinstance(asked, CommitteeDraw):
            return development_proof(asked)
        if (early_s := asked.published_at - time.time()) > 0:
            raise InvalidConfig(f"round {asked.round} is published in {early_s:.0f} s: give an earlier --timestamp")
        from executor.capabilities.drand import PASSES, RELAYS, DrandRelays  # aiohttp takes a while to import

        passes = PASSES if fetch is None else 1
        return asyncio.run(DrandRelays(relays or RELAYS, settings(), fetch=fetch, passes=passes).obtain(asked))

    return draw


def _fetched(replies: World) -> Callable[[str], Awaitable[bytes]]:
    async def fetch(url: str) -> bytes:
        if (reply := look_up(replies, url)) is None or reply.error:
            raise DownloadFailed(f"{url}: no reply in the file")
        return reply.body

    return fetch
