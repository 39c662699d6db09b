"""A member's process put together: adapters in, one task group running them, a clean stop.

The parts that need another layer (the transmitter of aggregator/) come in through the constructor; executor/compose.py
builds them.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from executor.chain.client import ChainClient
from executor.chain.subscriptions import load_bill
from executor.chain.watcher import RequestWatcher
from executor.crypto.digests import profile_id
from executor.errors import ChainDisagreement, ChainError, InvalidConfig, WrongChain
from executor.model.committee import Epoch
from executor.model.function import Function
from executor.model.profile import PROFILE
from executor.node.api import Api
from executor.node.config import NodeConfig
from executor.node.continuity import check_continuity
from executor.node.driver import Driver, Runs, Signs
from executor.node.holding import FunctionHolding
from executor.node.metrics.meters import Meters
from executor.node.metrics.readings import read_queues
from executor.node.metrics.timed import TimedJournal
from executor.node.receipts import ReceiptFiles
from executor.node.requests import RequestBook
from executor.protocol.admission import check_admission
from executor.protocol.effects import Transmit
from executor.protocol.member import Member
from executor.protocol.settings import Settings
from executor.store.events import EventLog
from executor.store.journal import Journal
from executor.transport.http import HttpTransport
from executor.transport.interface import MessageSigner

CHAIN_RETRY_S = 1.0
MISSING_SHOWN = 32  # functions that the health names


class Node:
    """One member of one epoch. `run` returns when it is cancelled, after everything was closed."""

    def __init__(
        self,
        config: NodeConfig,
        *,
        epoch: Epoch,
        index: int,
        chain: ChainClient,
        signer: Signs,
        message_signer: MessageSigner,
        runs: Runs,
        load: Callable[[Function], Awaitable[None]],
        transmit: Callable[[Transmit], Coroutine[Any, Any, None]],
        events: EventLog,
        settings: Settings,
        record_counter: int,
        meters: Meters | None = None,
    ) -> None:
        if epoch.profile_id != profile_id(PROFILE):
            raise InvalidConfig(
                f"epoch {epoch.number} runs profile {epoch.profile_id}; this release has {profile_id(PROFILE)}"
            )
        meters = meters or Meters()
        self._config = config
        self._epoch = epoch
        self._index = index
        self._chain = chain
        self._events = events
        self._load = load
        self._started_at = time.time()
        self._journal = Journal(config.data / "journal.sqlite3")
        check_continuity(self._journal, record_counter)
        self._holding = FunctionHolding(
            config,
            journal=self._journal,
            chain=chain,
            members={member.index: member.endpoint for member in epoch.members if member.index != index},
            book=lambda: self._book,
            admit=self._admit,
            events=events,
        )
        receipts = ReceiptFiles(config.data / "receipts", epoch)
        self._driver = Driver(
            Member(epoch, index, settings),
            journal=TimedJournal(self._journal, meters.instruments),
            signer=signer,
            runs=runs,
            events=events,
            on_attested=lambda attested: self._book.attested(attested),
            transmit=transmit,
            traffic=meters.traffic,
        )
        self._book = RequestBook(
            epoch_number=epoch.number,
            journal=self._journal,
            functions=self._holding.store,
            driver=self._driver,
            events=events,
            receipts=receipts,
            load_bill=partial(load_bill, chain),
        )
        self._transport = HttpTransport(
            epoch, index, message_signer, self._driver.received, host=config.http.host, port=config.http.port
        )
        Api(
            health=self._health,
            events=events,
            holding=self._holding,
            receipts=receipts.directory,
        ).register(self._transport.app.router)
        meters.watch_http(self._transport.app)
        meters.read(partial(read_queues, self))
        self._driver.attach(self._transport)

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve until cancelled; `ready` is called once messages and requests are taken."""
        await self._transport.start()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._driver.run())
                await self._book.restore()
                group.create_task(self._watch())
                group.create_task(self._holding.run())
                self._events.add("started", "", member=self._index, epoch=self._epoch.number)
                ready()
        finally:
            await self._transport.close()
            self._journal.close()

    def waiting(self) -> dict[str, int]:
        """Queue lengths by the queue's name, for metrics."""
        return {"inbox": self._driver.backlog, "requests": self._book.open_count}

    def outboxes(self) -> dict[int, tuple[int, int]]:
        """(messages waiting, messages dropped) by the member they are for, for metrics."""
        return self._transport.outboxes()

    async def _watch(self) -> None:
        """Follow the chain for ever; an endpoint that is down is tried again."""
        config = self._config
        watcher = RequestWatcher(
            self._chain,
            self._book.cursor(config.chain.start_block),
            confirmations=config.chain.confirmations,
            poll_s=config.chain.poll_interval_s,
            marks=self._book.marks(),
            seen=self._book.seen(),
        )
        while True:
            try:
                async for event in watcher.follow():
                    await self._book.take(event)
            except ChainError as error:
                self._events.add(_kind(error), "", reason=str(error))
                await asyncio.sleep(CHAIN_RETRY_S)

    async def _admit(self, function: Function) -> None:
        """Raises for a function that does not fit the epoch, or whose module does not load."""
        check_admission(self._epoch, function.terms)
        await self._load(function)

    def _health(self) -> dict[str, object]:
        return {
            "member": self._index,
            "epoch": self._epoch.number,
            "members": self._epoch.n,
            "quorum": self._epoch.quorum,
            "chain_id": self._epoch.chain_id,
            "router": str(self._epoch.router),
            "functions": len(self._holding.store.ids()),
            "missing_functions": [str(function) for function in self._holding.missing()[:MISSING_SHOWN]],
            "open_requests": self._book.open_count,
            "uptime_s": round(time.time() - self._started_at, 1),
            "time": round(time.time(), 3),
        }


def _kind(error: ChainError) -> str:
    match error:
        case WrongChain():
            return "wrong-chain"
        case ChainDisagreement():
            return "chain-disagreement"
        case _:
            return "chain-unavailable"


async def run_until_stopped(node: Node, stopped: asyncio.Event, ready: Callable[[], None]) -> None:
    """Run a node until `stopped` is set; raises what ended it otherwise."""
    running = asyncio.create_task(node.run(ready))
    stopping = asyncio.create_task(stopped.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not running.done():
        running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
