"""What a node does about triggers, put together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from executor.capabilities.member_networks import MemberNetworks
from executor.chain.client import ChainClient
from executor.node.config import NodeConfig
from executor.node.triggers.following import TriggerFollower
from executor.node.triggers.foreign import ForeignLogFollower, SourceChain
from executor.node.triggers.forwarding import Forwarder
from executor.node.triggers.logs import STEPS, LogFollower, LogTriggers
from executor.node.triggers.polling import HomeTimes
from executor.node.triggers.registrations import Registrations
from executor.node.triggers.routes import TriggerRoutes
from executor.node.triggers.starting import Book, Starter
from executor.store.events import EventLog
from executor.store.journal import Journal


class Triggers:
    """The registered triggers of one node, and what follows them."""

    def __init__(
        self,
        config: NodeConfig,
        *,
        journal: Journal,
        chain: ChainClient,
        book: Book,
        members: Callable[[], Mapping[int, str]],
        chains: Mapping[int, SourceChain],
        events: EventLog,
    ) -> None:
        self.registrations = Registrations(journal, events)
        self.starter = Starter(chain, book, self.registrations, events)
        logs, poll_s = LogTriggers(chain, self.registrations, self.starter, events), config.chain.poll_interval_s
        self.follower = TriggerFollower(
            chain,
            journal,
            book,
            self.registrations,
            self.starter,
            logs,
            events,
            start_block=config.chain.start_block,
            poll_s=poll_s,
        )
        self._log_followers = [LogFollower(chain, book, logs, step, journal, poll_s=poll_s) for step in STEPS]
        home = HomeTimes(chain)
        self._foreign = [
            ForeignLogFollower(source, depth, home, book, logs, self.starter, journal, events, poll_s=poll_s)
            for chain_id, source in chains.items()
            if chain_id != chain.chain_id
            for depth in ("finalized", *STEPS)
        ]
        self.forwarder = Forwarder(members, events, MemberNetworks(config.http.member_networks).connector)
        self.routes = TriggerRoutes(chain, book, self.registrations, self.starter, self.forwarder)

    async def run(self) -> None:
        """Follow the chain until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.follower.run())
            group.create_task(self.forwarder.run())
            for each in self._log_followers:
                group.create_task(each.run())
            for other in self._foreign:
                group.create_task(other.run())
