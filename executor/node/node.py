"""A member's process put together: adapters in, one task group running them, a clean stop.

Rule 1. One signer, one journal, one pool of workers, one account for transmissions and one server; a machine, a driver
        and a transport for each epoch that is served (epochs.py says which).
Rule 2. A node that stops takes nothing new, carries out what it is in the middle of, hands on what it has said already,
        and ends in a bounded time; whatever is cut off then is what a crash cuts off, too.

The parts that need another layer (the transmitter of aggregator/) come in through the constructor; executor/compose.py
builds them.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from executor.capabilities.member_networks import MemberNetworks
from executor.chain.bills import Bills
from executor.chain.client import ChainClient
from executor.chain.epochs import is_final, load_epoch
from executor.chain.terms import deepest_block
from executor.chain.watcher import RequestWatcher, Scanned
from executor.errors import ChainDisagreement, ChainError, SignerUnavailable, SigningBarred, WrongChain
from executor.model.committee import Epoch
from executor.model.committee import Member as Registered
from executor.model.function import Function
from executor.model.ids import Address, RequestId
from executor.model.manifest import Terms
from executor.node.api import Api
from executor.node.catchup import CatchUp
from executor.node.conditions import Conditions
from executor.node.config import NodeConfig
from executor.node.continuity import Continuity
from executor.node.depths import Depths
from executor.node.draw_key.desk import DrawKeys
from executor.node.draw_key.registration import Keys
from executor.node.draw_key.share_signing import ShareSigning
from executor.node.driver import Driver
from executor.node.driver_needs import Draws, Runs
from executor.node.ended import EndedRequests
from executor.node.epochs import EpochFollower
from executor.node.evidence import in_journal
from executor.node.health import Health
from executor.node.holding import FunctionHolding
from executor.node.intake import LARGE_PLACES
from executor.node.metrics.draw_keys import read_draw_keys
from executor.node.metrics.meters import Meters
from executor.node.metrics.readings import count_rounds, read_conditions, read_queues, read_receipts, read_secrets
from executor.node.metrics.timed import TimedJournal
from executor.node.open_requests import OpenRequestRoutes
from executor.node.overload import tell_overload
from executor.node.receipt_keeping import ReceiptKeeping
from executor.node.receipts import ReceiptFiles
from executor.node.requests import RequestBook
from executor.node.secrets.desk import SecretDesk
from executor.node.secrets.routes import SecretRoutes
from executor.node.secrets.store import SecretStore
from executor.node.sessions import Session, Sessions
from executor.node.signer_watch import SignerWatch
from executor.node.signing import ProtocolSigner, SignsAll
from executor.node.status import Status
from executor.node.triggers.foreign import SourceChain
from executor.node.triggers.triggers import Triggers
from executor.protocol.admission import check_admission
from executor.protocol.describing import RequestView
from executor.protocol.effects import Transmit
from executor.protocol.member import Member
from executor.protocol.settings import Settings
from executor.store.events import EventLog
from executor.store.journal import Journal
from executor.transport.http import HttpTransport
from executor.transport.server import HttpServer

CHAIN_RETRY_S = 1.0
EPOCHS_PAUSE_S = 3.0  # between two looks at the committee's epochs, which live for days; each costs 3.5 ms
KEY_MESSAGE = b"{"  # how a message about a draw key begins; a bundle is an array (docs/wire.md §12)
FLUSH_PART = 0.5  # of the time a stop may take: for messages that peers still take


SignerOf: TypeAlias = Callable[[Registered], Awaitable[SignsAll | None]]
"""A client of the keys that the operator registered, or None when no signer at hand holds them."""


Transmissions: TypeAlias = Callable[[Epoch], Callable[[Transmit], Coroutine[Any, Any, None]]]
"""How an epoch's attestations are brought on chain: from one account for all epochs, told in events, never raised."""


@dataclass(frozen=True, slots=True)
class Serving:
    """A session's moving parts."""

    session: Session
    driver: Driver
    transport: HttpTransport
    continuity: Continuity
    running: asyncio.Task[None]
    hearing: asyncio.Task[None]


class Node:
    """One operator's node, in every epoch in which it is a member. `run` returns after everything was closed."""

    def __init__(
        self,
        config: NodeConfig,
        *,
        chain: ChainClient,
        signer_of: SignerOf,
        is_locked: Callable[[], Awaitable[bool]],
        runs: Runs,
        draws: Draws,
        load: Callable[[Function], Awaitable[None]],
        transmit: Transmissions,
        events: EventLog,
        settings: Callable[[Epoch], Settings],
        meters: Meters | None = None,
        chains: Mapping[int, SourceChain] | None = None,
        beacon: Keys | None = None,
    ) -> None:
        self._meters = meters or Meters()
        self._config = config
        self._chain = chain
        self._signer_of = signer_of
        self._is_locked = is_locked
        self._runs = runs
        self._draws = draws
        self._load = load
        self._transmit = transmit
        self._settings = settings
        self.events = events
        self.conditions = Conditions()
        self.conditions.fails("start", "the node is starting")
        self.journal = Journal(config.data / "journal.sqlite3")
        self.draw_keys = DrawKeys(
            beacon, self.journal, events, self._meters.traffic, partial(is_final, chain), partial(load_epoch, chain)
        )
        self.holding = FunctionHolding(
            config,
            journal=self.journal,
            chain=chain,
            members=self._peers,
            book=lambda: self.book,
            admit=self._admit,
            events=events,
            check_terms=self.draw_keys.check,
        )
        self.secrets = SecretDesk(
            SecretStore(
                self.journal,
                total=config.limits.secrets,
                per_account=config.uploads.account_secrets,
                clock=time.time,
            ),
            chain_id=config.chain.id,
            router=Address.from_hex(config.chain.router),
            check_account=self.holding.check_account,
            terms_of=self.holding.terms_of,
            events=events,
            clock=time.time,
        )
        self.receipts = ReceiptFiles(config.data / "receipts")
        self.receipts.draw_key = self.draw_keys.shown
        self._keeping = ReceiptKeeping(
            self.receipts.directory,
            events,
            kept_days=config.receipts.kept_days,
            kept_bytes=config.receipts.kept_bytes,
        )
        self.sessions = Sessions()
        self._bills = Bills(chain)
        self._networks = MemberNetworks(config.http.member_networks)
        self.server = HttpServer(config.http.host, config.http.port, connector=self._networks.connector)
        self.catch_up = CatchUp(
            journal=self.journal,
            sessions=self.sessions,
            functions=self.holding.store,
            receipts=self.receipts,
            runs=runs,
            events=events,
            connector=self._networks.connector,
        )
        self.book = RequestBook(
            sessions=self.sessions,
            journal=self.journal,
            functions=self.holding.store,
            events=events,
            receipts=self.receipts,
            load_bill=self._bills.load,
            misses=self.catch_up,
            depths=Depths(config.chain.confirmations, self._finalized),
            check_terms=self._check_terms,
        )
        self.triggers = Triggers(
            config,
            journal=self.journal,
            chain=chain,
            book=self.book,
            members=self._peers,
            chains=chains or {},
            events=events,
        )
        self.epochs = EpochFollower(Address.from_hex(config.operator), chain, self, events, self.conditions)
        self._health = Health(
            config,
            sessions=self.sessions,
            epochs=self.epochs,
            book=self.book,
            holding=self.holding,
            conditions=self.conditions,
            draw_keys=self.draw_keys,
        )
        self._serving: dict[int, Serving] = {}
        self._large = asyncio.Semaphore(LARGE_PLACES)
        self._counting: asyncio.Task[None] | None = None
        Api(
            health=self.health,
            events=events,
            holding=self.holding,
            receipts=self.receipts.directory,
        ).register(self.server.app.router)
        SecretRoutes(self.secrets).register(self.server.app.router)
        Status(self.conditions).register(self.server.app.router)
        self.triggers.routes.register(self.server.app.router)
        ended = EndedRequests(self.journal, self.receipts.directory, self._member_in)
        routes = OpenRequestRoutes(self.book, self._describe, lambda: in_journal(self.journal), ended)
        routes.register(self.server.app.router)
        self._meters.watch_http(self.server.app)
        self._meters.read(partial(read_queues, self))
        self._meters.read(partial(read_conditions, self.conditions))
        self._meters.read(lambda: read_receipts(self._keeping.kept))
        self._meters.read(partial(read_secrets, self.secrets))
        self._meters.read(lambda: read_draw_keys(self.draw_keys.standings()))

    async def run(self, ready: Callable[[], None], stop: asyncio.Event) -> None:
        """Serve until `stop` is set, or cancelled; `ready` is called once messages and requests are taken."""
        await self.server.start()
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                await self._follow_epochs()
                await self.book.restore()
                self.catch_up.restore()
                beside = [
                    group.create_task(self._watch()),
                    group.create_task(SignerWatch(self._is_locked, self.events, self.conditions).run()),
                    group.create_task(self.catch_up.run(self.book)),
                    group.create_task(self.holding.run()),
                    group.create_task(self._keeping.run()),
                    group.create_task(self.secrets.run(lambda: self.server.session)),
                    group.create_task(self.triggers.run()),
                ]
                self.events.add("started", "", epochs=[session.epoch.number for session in self.sessions.all()])
                self.conditions.works("start")
                ready()
                await stop.wait()
                await self._stop(beside)
        finally:
            for serving in self._serving.values():
                await serving.transport.close()
            await self.server.close()
            self.journal.close()

    # Epochs (the follower's `Opens`).

    async def open_session(self, epoch: Epoch, index: int) -> str | None:
        """Serve an epoch; None, or why not. Raises InvalidValue when there is no room for one more."""
        registered = epoch.members[index]
        try:
            signer = await self._signer_of(registered)
        except SignerUnavailable as error:  # tried again with the next block
            return f"epoch {epoch.number}: {error}"
        if signer is None:
            return (
                f"epoch {epoch.number}: the operator registered signer {registered.signer}, which no signer here holds"
            )
        statements = ProtocolSigner(signer, epoch, index, self.journal, latest_epoch=self.epochs.newest)
        continuity = Continuity(epoch, index, self.journal, statements)
        try:
            await continuity.begin()
        except (SigningBarred, SignerUnavailable) as error:  # tried again with the next block
            return f"epoch {epoch.number}: {error}"
        driver = Driver(
            Member(epoch, index, self._settings(epoch), draw_key=self.draw_keys.known(epoch)),
            journal=statements.counting(TimedJournal(self.journal, self._meters.instruments)),
            signer=continuity,
            runs=self._runs,
            draws=self._draws,
            parts=self.draw_keys.parts(epoch.number),
            events=self.events,
            on_attested=lambda attested: self.book.attested(epoch, attested),
            transmit=self._transmit(epoch),
            traffic=self._meters.traffic,
            conditions=self.conditions,
            large=self._large,
            callback_gas=self.triggers.registrations.callback_gas,
        )
        transport = HttpTransport(self.server, epoch, index, signer, continuity.received)
        driver.attach(transport)

        async def deliver(sender: int, data: bytes) -> None:
            if data.startswith(KEY_MESSAGE):
                await self.draw_keys.received(epoch.number, sender, data)
            else:
                await driver.received(sender, data)

        continuity.attach(transport, deliver)
        await transport.start()
        session = Session(epoch, index, driver)
        running, hearing = self._group.create_task(driver.run()), self._group.create_task(continuity.run())
        self._serving[epoch.number] = Serving(session, driver, transport, continuity, running, hearing)
        self.sessions.add(session)
        self.secrets.serve(epoch, index, signer)
        shares = ShareSigning(signer, epoch, statements, cleared=continuity.wait_cleared, flush=self.journal.flush)
        self.draw_keys.serve(epoch, index, shares=shares, driver=driver, wire=transport, tasks=self._group)
        self.events.add("epoch-served", "", epoch=epoch.number, member=index, members=epoch.n)
        for member in epoch.members:
            if member.index != index and (reason := self._networks.refusal_of_url(member.endpoint)) is not None:
                self.events.add("member-refused", "", epoch=epoch.number, peer=member.index, reason=reason)
        self._count_rounds(session)
        await self.book.epoch_opened(epoch.number)
        return None

    async def close_session(self, number: int) -> None:
        """Serve an epoch no more."""
        self.sessions.remove(number)
        self.secrets.abandon(number)
        await self.draw_keys.abandon(number)
        serving = self._serving.pop(number)
        await serving.transport.close()
        serving.running.cancel()
        serving.hearing.cancel()
        await serving.driver.close()
        self.book.epoch_closed(number)

    def is_done_with(self, number: int) -> bool:
        """Whether nothing of the epoch is open, nor to be read again."""
        return self.book.shed_from is None and self.book.open_in(number) == 0

    def _count_rounds(self, session: Session) -> None:
        """Rounds are counted in the newest epoch."""
        if self._counting is not None:
            self._counting.cancel()
        self._meters.identify(session.index, session.epoch.number)
        self._counting = self._group.create_task(count_rounds(self._meters, session.epoch, session.index))

    # The chain.

    async def _follow_epochs(self) -> None:
        block = await deepest_block(self._chain, self._config.chain.confirmations)
        if block is not None:
            await self.epochs.refresh(block)

    async def _watch(self) -> None:
        """Follow the chain for ever; an endpoint that is down is tried again."""
        config = self._config.chain
        first = self.book.cursor(config.start_block)
        while True:
            watcher = RequestWatcher(
                self._chain,
                first,
                confirmations=config.confirmations,
                marks=self.book.marks(),
                seen=self.book.seen(),
            )
            first = await self._read(watcher)
            self.events.add("reading-again", "", block=first)

    async def _read(self, watcher: RequestWatcher) -> int:
        """Read on until the book wants to read again from an earlier block, which is returned."""
        epochs_at, scanned = 0.0, False
        while True:
            try:
                before, events = watcher.reorganisations, await watcher.poll()
                if watcher.reorganisations > before:
                    self._bills.forget()
                for event in events:
                    await self.book.take(event)
                    if isinstance(event, Scanned):
                        scanned = True
                        block = self.book.reread_from()
                        tell_overload(self.book, self.conditions)
                        if block is not None:
                            return block
                self.conditions.works("chain")
                if scanned and time.monotonic() >= epochs_at:
                    await self._follow_epochs()
                    epochs_at, scanned = time.monotonic() + EPOCHS_PAUSE_S, False
                if not events:
                    await asyncio.sleep(self._config.chain.poll_interval_s)
            except ChainError as error:
                self.events.add(_kind(error), "", reason=str(error))
                self.conditions.fails("chain", str(error))
                await asyncio.sleep(CHAIN_RETRY_S)

    async def _finalized(self) -> int:
        return (await self._chain.head("finalized")).number

    # Functions.

    def _check_terms(self, epoch: Epoch, terms: Terms, request: RequestId) -> None:
        check_admission(epoch, terms)
        self.draw_keys.check(terms)
        self.triggers.starter.check_finality(terms, request)

    async def _admit(self, function: Function) -> None:
        """Raises for a function that does not fit the newest epoch, or whose module does not load."""
        if sessions := self.sessions.all():  # else this is an operator whose epoch is still to come
            check_admission(sessions[-1].epoch, function.terms)  # the newest: no request comes to the others any more
        await self._load(function)

    def _peers(self) -> dict[int, str]:
        """The other members of the newest epoch, and where they serve."""
        newest = self.sessions.all()[-1:]
        return {
            member.index: member.endpoint
            for session in newest
            for member in session.epoch.members
            if member.index != session.index
        }

    # Looking and stopping.

    def health(self) -> dict[str, object]:
        """What the node is, serves and holds now."""
        return self._health.tell()

    def _describe(self, epoch: int, request_id: RequestId) -> RequestView | None:
        serving = self._serving.get(epoch)
        return None if serving is None else serving.driver.describe(request_id)

    def _member_in(self, epoch: int) -> int | None:
        session = self.sessions.of(epoch)
        return None if session is None else session.index

    def waiting(self) -> dict[str, int]:
        """Queue lengths by the queue's name, for metrics."""
        drivers = [serving.driver for serving in self._serving.values()]
        return {
            "inbox": sum(driver.backlog for driver in drivers),
            "under-way": sum(driver.under_way for driver in drivers),
            "requests": self.book.open_count,
            **{f"requests-{state}": count for state, count in self.book.counts.items()},
            "receipts-missed": len(self.catch_up),
            "triggered": len(self.book.triggered),
            "registrations": len(self.triggers.registrations),
            "bodies": self.server.places.taken,
            "connections": self.server.connections,
            "outbox-bytes": self.server.budget.used_bytes,
        }

    def outboxes(self) -> dict[int, tuple[int, int]]:
        """(messages waiting, messages dropped) by the newest epoch's member they are for, for metrics."""
        newest = max(self._serving, default=None)
        return {} if newest is None else self._serving[newest].transport.outboxes()

    async def _stop(self, beside: list[asyncio.Task[None]]) -> None:
        """Rule 2, within `stop_timeout_s`."""
        timeout_s = self._config.stop_timeout_s
        self.conditions.fails("stop", "the node is stopping")
        self.events.add("stopping", "", timeout_s=timeout_s)
        self.server.refuse_messages()
        for task in (*beside, *([] if self._counting is None else [self._counting])):
            task.cancel()
        self.draw_keys.stop()
        running = [serving.running for serving in self._serving.values()]
        for serving in self._serving.values():
            serving.hearing.cancel()
            serving.driver.stop()
            if not serving.continuity.cleared:
                serving.running.cancel()  # it may wait to sign, for members that do not answer
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                flushes = [each.transport.flush(timeout_s * FLUSH_PART) for each in self._serving.values()]
                await asyncio.gather(*flushes)
                if running:
                    await asyncio.wait(running)
        for task in running:
            task.cancel()


def _kind(error: ChainError) -> str:
    match error:
        case WrongChain():
            return "wrong-chain"
        case ChainDisagreement():
            return "chain-disagreement"
        case _:
            return "chain-unavailable"
