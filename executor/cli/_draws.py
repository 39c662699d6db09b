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
from executor.testing.replies import Reply, World, look_up

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
    relays: Sequence[str] | None,
    settings: Callable[[], HttpSettings],
    replied: World | None,
    keep: Callable[[str, Reply], None] | None = None,
) -> Callable[[Draw], bytes]:
    """Proofs from these relays or the public ones, each answer told to `keep`; from replies where a file has them."""
    fetch = _fetched(replied) if replied is not None else None if keep is None else _kept(settings, keep)

    def draw(asked: Draw) -> bytes:
        if isinstance(asked, CommitteeDraw):
            return development_proof(asked)
        if (early_s := asked.published_at - time.time()) > 0:
            raise InvalidConfig(f"round {asked.round} is published in {early_s:.0f} s: give an earlier --timestamp")
        from executor.capabilities.drand import PASSES, RELAYS, DrandRelays  # aiohttp takes a while to import

        passes = PASSES if replied is None else 1
        return asyncio.run(DrandRelays(relays or RELAYS, settings(), fetch=fetch, passes=passes).obtain(asked))

    return draw


def _kept(
    settings: Callable[[], HttpSettings], keep: Callable[[str, Reply], None]
) -> Callable[[str], Awaitable[bytes]]:
    async def fetch(url: str) -> bytes:
        from executor.capabilities.download import download
        from executor.capabilities.drand import MAX_REPLY_BYTES, TIMEOUT_S

        body = await download(url, limit=MAX_REPLY_BYTES, settings=settings(), timeout_s=TIMEOUT_S)
        keep(url, Reply(body=body))
        return body

    return fetch


def _fetched(replies: World) -> Callable[[str], Awaitable[bytes]]:
    async def fetch(url: str) -> bytes:
        if (reply := look_up(replies, url)) is None or reply.error:
            raise DownloadFailed(f"{url}: no reply in the file")
        return reply.body

    return fetch
