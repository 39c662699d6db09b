"""A block from the future: a lone endpoint may say so, and nothing follows from it."""

from __future__ import annotations

import time

import pytest

from executor.chain.client import ChainClient
from executor.chain.dates import Dates
from executor.chain.reader import ChainReader
from executor.chain.watcher import RequestWatcher
from executor.errors import ChainUnavailable

from .conftest import make_chain
from .support import Scene

AHEAD_S = 900.0
CENTURY_S = 100 * 365 * 86_400


async def test_what_is_dated_in_another_century_is_not_read() -> None:
    """Neither head nor events, by either client: the one invented date would close requests and end triggers."""
    with make_chain("embedded") as chain:
        scene = await Scene.open(chain)
        await scene.request()
        client = ChainClient([chain.url], chain.chain_id, scene.client.router, dates=Dates(AHEAD_S))
        reader = ChainReader([chain.url], chain.chain_id, dates=Dates(AHEAD_S))
        watcher = RequestWatcher(client, 0)
        try:
            before = await client.head()
            assert (await reader.header(before.number)) is not None
            await scene.client.rpc.call("evm_setNextBlockTimestamp", int(time.time()) + CENTURY_S)
            await scene.request()
            for question in (client.head(), client.block(before.number + 1), reader.header("latest"), watcher.poll()):
                with pytest.raises(ChainUnavailable, match=r"ahead of this machine's clock, believed are 900 s"):
                    await question
            assert watcher.next_block == 0
            assert (await client.block(before.number)) == before
            assert (await scene.client.head()).timestamp > time.time() + CENTURY_S - 60
        finally:
            await client.close()
            await reader.close()
            await scene.client.close()


def test_a_machines_clock_may_be_a_little_behind() -> None:
    """And a chain may pause for years."""
    dates = Dates(15, clock=lambda: 1_000_000.0)
    dates.check(1, 7, 1_000_015)
    dates.check(1, 7, 0)
    with pytest.raises(ChainUnavailable, match="block 7 of chain 1 is dated 16 s ahead"):
        dates.check(1, 7, 1_000_016)
