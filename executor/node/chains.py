"""The chains that functions read: endpoints and connections of their own, so that guests do not slow the node down."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

from executor.chain.dates import Dates
from executor.chain.news import News
from executor.chain.reader import ChainReader
from executor.node.config import NodeConfig
from executor.node.metrics.chains import read_chains
from executor.node.metrics.meters import Meters
from executor.store.events import EventLog


@asynccontextmanager
async def open_chains(config: NodeConfig, events: EventLog, meters: Meters) -> AsyncIterator[Mapping[int, ChainReader]]:
    """A reader of each configured chain, by id, while inside; what endpoints do is told and measured."""
    readers = {
        chain_id: ChainReader(urls, chain_id, dates=Dates(config.chain.ahead_s))
        for chain_id, urls in config.endpoints.items()
    }
    for reader in readers.values():
        reader.panel.report = partial(_tell, events, reader.chain_id)
    meters.read(partial(read_chains, tuple(readers.values())))
    try:
        yield readers
    finally:
        for reader in readers.values():
            await reader.close()


def _tell(events: EventLog, chain_id: int, news: News) -> None:
    events.add(news.kind, "", chain=chain_id, **news.fields())
