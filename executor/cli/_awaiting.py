"""Waiting for a request's end: the chain says how it ended, nodes say how far it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from executor.chain.asking import closing_of
from executor.chain.logs import SeenDelivery, SeenExpiry, SeenRequest
from executor.cli._network import Member, Network
from executor.cli._phases import Phases
from executor.errors import ChainUnavailable
from executor.node.reader import ask

LOOK_S: Final = 0.5  # between looks at the chain
WAIT_S: Final = 2  # that a node holds its answer back for news
ASK_S: Final = 10.0


async def await_closing(
    network: Network, members: list[Member], seen: SeenRequest, timeout_s: float, tell: Callable[[str], None]
) -> SeenDelivery | SeenExpiry | None:
    """How the request was closed, or None when it was not within `timeout_s`; each phase is told as it is reported."""
    phases = Phases(str(seen.request_id), tell)
    followers = [asyncio.create_task(_follow(node, member, phases)) for node, member in enumerate(members)]
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                try:
                    if (closing := await closing_of(network.chain, seen)) is not None:
                        return closing
                except ChainUnavailable:
                    pass  # asked again: an endpoint that fails for a moment ends no wait
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        return None
    finally:
        for each in followers:
            each.cancel()
        await asyncio.gather(*followers, return_exceptions=True)


async def _follow(node: int, member: Member, phases: Phases) -> None:
    after = 0
    while True:
        path = f"/v1/events?after={after}&wait={WAIT_S}"
        answer = await ask(member.url, path, networks=member.networks, timeout_s=ASK_S)
        last = phases.take(node, answer)
        if last <= after:
            await asyncio.sleep(LOOK_S)
        after = max(after, last)
