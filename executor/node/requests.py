"""Chain events on their way to the machines: what is open is journaled first, then taken up or told why not.

Rule 1. A request is journaled the moment it is seen, at the latest with what its machine journals first, and its record
        stays until no reorganisation that is followed can bring the request back; one that comes back, or whose
        delivery is undone, goes on under its record (P2). What is read from the chain reaches the disk together at the
        end of a range of blocks: after a crash it is read again.
Rule 2. A request that was closed for good stays closed, whatever an endpoint says later (settled.py).
Rule 3. What nobody can deliver any more, by the chain's own time, is closed without an event of its own.
Rule 4. A request goes to the session of its own epoch and to no other; it waits for that, for its function's bytes, for
        as many blocks as its function asks for, and for one of few places. Nobody who waits is forgotten: every waiting
        has its event, its line and its end.
Rule 5. Places are few and shared out by function and turn (places.py).
Rule 6. Beyond MAX_OPEN open requests no more are journaled: where the first was left out is kept, and the chain is read
        again from there when half of them are closed.
Rule 7. What triggers made is treated alike, but for its end and what is remembered of it (triggered.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from executor.chain.logs import Closed, Dropped, Seen, SeenDelivery, SeenExpiry, SeenRequest
from executor.chain.watcher import ChainEvent, Mark, Scanned, Vanished
from executor.crypto.digests import request_id as request_id_of
from executor.errors import ChainError, InvalidManifest, InvalidReceipt
from executor.model.codec import decode, encode
from executor.model.committee import Epoch
from executor.model.ids import FunctionId, RequestId
from executor.model.manifest import Terms
from executor.model.receipt import Bill, ChainLocation
from executor.model.request import Request
from executor.node.book_needs import LoadBill, Misses
from executor.node.chain_memory import load_closings, load_cursor, load_marks, save_scanned
from executor.node.depths import Depths
from executor.node.functions import FunctionStore
from executor.node.left_out import LeftOut
from executor.node.lines import Lines
from executor.node.places import Places
from executor.node.receipts import ReceiptFiles
from executor.node.sessions import Sessions
from executor.node.settled import Settled
from executor.node.standing import MAX_RECORD_BYTES, OpenRequest, Standing
from executor.node.triggered import Triggered
from executor.protocol.admission import check_admission
from executor.protocol.effects import Attested
from executor.protocol.triggering import End
from executor.store.events import EventLog
from executor.store.journal import Journal

MAX_OPEN = 100_000  # requests known to be open: 30 MB of memory, and on disk what their inputs take
MAX_ACTIVE = 128  # requests the machines work on: a member says something of each in every round
TURN_S = 60.0  # a place is kept for so long while others wait: fifteen rounds of 4 s
OVERDUE_S = 3_600  # of chain time after a request's deadline: far beyond what a reorganisation moves timestamps


class RequestBook:
    """The open requests of one node, of every epoch."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        journal: Journal,
        functions: FunctionStore,
        events: EventLog,
        receipts: ReceiptFiles,
        load_bill: LoadBill,
        misses: Misses | None = None,
        depths: Depths | None = None,
        check_terms: Callable[[Epoch, Terms, RequestId], None] = lambda epoch, terms, _: check_admission(epoch, terms),
        max_open: int = MAX_OPEN,
        max_active: int = MAX_ACTIVE,
        turn_s: float = TURN_S,
    ) -> None:
        self._sessions = sessions
        self._journal = journal
        self._functions = functions
        self._events = events
        self._receipts = receipts
        self._load_bill = load_bill
        self._misses = misses
        self._depths = Depths() if depths is None else depths
        self._check_terms = check_terms  # raises InvalidManifest
        self._max_open = max_open
        self._places = Places(events, max_active, turn_s)
        self._settled = Settled(journal)
        self.triggered = Triggered(journal)
        self._open: dict[RequestId, Standing] = {}
        self._for_function = Lines[FunctionId]()
        self._for_epoch = Lines[int]()
        self._left_out = LeftOut(journal)

    # What others look at.

    @property
    def open_count(self) -> int:
        """Requests seen and not yet closed."""
        return len(self._open)

    @property
    def counts(self) -> dict[str, int]:
        """Open requests by state, and what is kept of closed ones."""
        return {
            **self._places.counts,
            "function-missing": len(self._for_function),
            "epoch-not-served": len(self._for_epoch),
            "not-deep-enough": len(self._depths),
            "settled": len(self._settled),
        }

    @property
    def missing_functions(self) -> list[FunctionId]:
        """Functions that open requests wait for."""
        return self._for_function.keys()

    def open_functions(self) -> set[FunctionId]:
        """Functions that open requests name."""
        return {standing.function for standing in self._open.values()}

    @property
    def shed_from(self) -> int | None:
        """The block from which requests were left out and are still to be read."""
        return self._left_out.since

    def open_in(self, epoch: int) -> int:
        """Open requests of an epoch."""
        return sum(standing.epoch == epoch for standing in self._open.values())

    def standing(self, request_id: RequestId) -> Standing | None:
        """How an open request stands."""
        return self._open.get(request_id)

    def standings(self, limit: int) -> list[tuple[RequestId, Standing]]:
        """Open requests, oldest first."""
        return [item for item, _ in zip(self._open.items(), range(limit), strict=False)]

    def find(self, request_id: RequestId) -> OpenRequest | None:
        """A request as it was seen, open or closed not long ago."""
        value = self._journal.find(request_id, "request")
        return None if value is None else decode(OpenRequest, value, limit=MAX_RECORD_BYTES)

    def knows(self, request_id: RequestId) -> bool:
        """Whether it was taken up, is remembered, and did not vanish."""
        return self._journal.find(request_id, "request") is not None and not self._settled.is_vanished(request_id)

    def is_closed_at(self, request_id: RequestId, location: ChainLocation) -> bool:
        """Whether this closing still stands."""
        return self._settled.is_closed_at(request_id, location.block_number)

    def cursor(self, start_block: int) -> int:
        """The block to read next (chain_memory.py)."""
        return load_cursor(self._journal, start_block)

    def marks(self) -> tuple[Mark, ...]:
        """Blocks that were canonical when they were read, for a watcher to begin with."""
        return load_marks(self._journal)

    def seen(self) -> Iterator[Seen | Closed]:
        """What a reorganisation while this node was down may have undone: requests first."""
        for key, opened in self._journaled():
            if opened.requested is not None and opened.quote is not None and not self._settled.is_vanished(key):
                yield SeenRequest(opened.request, key, opened.requested, opened.deadline, opened.quote)
        yield from load_closings(self._journal)

    def _journaled(self) -> Iterator[tuple[RequestId, OpenRequest]]:
        for key, value in self._journal.load("request"):
            yield key, decode(OpenRequest, value, limit=MAX_RECORD_BYTES)

    def reread_from(self) -> int | None:
        """Where to read the chain again, now that there is room for what was left out (Rule 6)."""
        return None if len(self._open) > self._max_open // 2 else self._left_out.forget()

    # What happens.

    async def restore(self) -> None:
        """Take up what was open before a restart; to be called once the sessions run."""
        for key, opened in self._journaled():
            self.triggered.restore(key, opened)
            if key not in self._settled:
                self._journal_open(key, opened)
        for request_id in list(self._open):
            await self._place(request_id, "restored")

    async def take(self, event: ChainEvent) -> None:
        """Act on one event of the router."""
        match event:
            case Scanned(next_block, _, time_s):
                await self._pass_time(time_s or self._places.now)
                await self._close_overdue(next_block)
                self._settled.forget(next_block, self._left_out.since, self.triggered)
                save_scanned(self._journal, event)
                self._journal.flush()
                await self._take_turns(await self._depths.reached(next_block - 1))
            case SeenRequest():
                await self._see(event)
            case SeenDelivery() | SeenExpiry() if self._is_known(event):
                pass  # read again
            case SeenDelivery():
                await self._deliver(event)
            case SeenExpiry(request_id, location, _):
                await self._expire(request_id, "expired", location.block_number, location)
            case Dropped(reason, location):
                self._events.add("dropped", "", reason=reason, block=location.block_number)
            case Vanished(seen):
                await self._vanish(seen)

    async def trigger(self, request: Request, end: End) -> bool:
        """Take up what a trigger started; False when it was before, is over, or finds no room (told)."""
        request_id, origin = request_id_of(request), request.origin
        assert origin is not None, "a trigger made it"
        if self.triggered.is_past(end) or self.knows(request_id):
            return False
        if full := self.triggered.full(origin.registration, room=self._max_open - len(self._open)):
            self._events.add("shed", request_id, reason=full)
            return False
        opened = OpenRequest(request, None, end.time_s, None, end.block)
        with self._journal.transaction():
            self._journal.save(request_id, "request", encode(opened))
            if self._settled.is_vanished(request_id):
                self._settled.come_back(request_id)
        self.triggered.add(request_id, end, origin.registration)
        if (early := self.triggered.early(request_id)) is not None:
            self._miss(early)
        elif not self._settled.is_closed(request_id):
            self._journal_open(request_id, opened)
            await self._place_again(request_id)
        return True

    async def untrigger(self, request_id: RequestId, block: int) -> None:
        """A reorganisation took the block of its event; should it come back, it goes on under its record."""
        standing = self._settle_open(request_id)
        self._settled.vanish(request_id, block)
        self._events.add("vanished", request_id, what="request")
        await self._close_life(request_id, standing)

    async def finalized(self, time_s: int, block: int) -> None:
        """The chain's finalized block moved on: what triggers made and is past its end is closed."""
        for request_id in self.triggered.finalized(time_s, block):
            if request_id in self._open:
                await self._expire(request_id, "overdue", block)

    async def function_added(self, function: FunctionId) -> None:
        """Release the requests that waited for these bytes."""
        for request_id in self._for_function.take(function):
            await self._place(request_id, "seen")

    async def epoch_opened(self, number: int) -> None:
        """Release the requests that waited for this epoch's session."""
        for request_id in self._for_epoch.take(number):
            await self._place_again(request_id)

    def epoch_closed(self, number: int) -> None:
        """The session is gone: what is open of its epoch waits, for a new one or its end."""
        for request_id, standing in self._open.items():
            if standing.epoch == number:
                self._leave(request_id, standing)
                self._wait_for_epoch(request_id, standing)

    def attested(self, epoch: Epoch, attested: Attested) -> None:
        """Write the receipt of an attested request."""
        opened = self._places.active.get(attested.request_id)
        function = self._functions.load(attested.report.function_id)
        if opened is None or function is None:
            return
        self._receipts.attested(epoch, attested, opened.request, function, opened.requested)
        self._events.add(
            "attested",
            attested.request_id,
            scheme=attested.attestation.scheme.value,
            votes=[vote.member for vote in attested.votes],
            round=attested.report.round,
            receipt=str(self._receipts.path(attested.request_id)),
        )

    async def bill(self, opened: OpenRequest, delivery: SeenDelivery) -> Bill | None:
        """What a delivered request cost, or None, told, when no endpoint can tell."""
        block = delivery.location.block_number
        try:
            return await self._load_bill(opened.request, opened.quote, delivery.charge, block)
        except ChainError as error:
            self._events.add("bill-unknown", delivery.request_id, reason=str(error))
            return None

    # Inside: seeing and placing.

    async def _see(self, event: SeenRequest) -> None:
        request_id, block = event.request_id, event.location.block_number
        self._places.now = max(self._places.now, event.request.block_timestamp)
        back = self._settled.is_vanished(request_id)
        known = request_id in self._open or request_id in self._settled
        if self._settled.is_closed(request_id) or (known and not back):
            return  # Rule 2, or known
        if not known and block < self._settled.horizon:
            return  # Rule 2: closed and forgotten
        if len(self._open) >= self._max_open:
            self._leave_out(request_id, block)
            return
        opened = OpenRequest(event.request, event.location, event.deadline, event.quote)
        with self._journal.soon():  # Rule 1: whatever follows from it is kept after it or with it
            self._journal.save(request_id, "request", encode(opened))
            self._settled.come_back(request_id)
        self._journal_open(request_id, opened)
        await self._place(request_id, "restored" if back else "seen", opened)

    def _leave_out(self, request_id: RequestId, block: int) -> None:
        """Rule 6."""
        self._left_out.note(block)
        self._events.add("shed", request_id, reason=f"{self._max_open} requests are open; read again when half are")

    def _journal_open(self, request_id: RequestId, opened: OpenRequest) -> None:
        self.triggered.opened(request_id, request := opened.request)
        known = (request.epoch, request.function_id, opened.deadline)
        self._open[request_id] = Standing(*known, "queued", request.block_number, request.origin is not None)

    async def _place(self, request_id: RequestId, why: str, opened: OpenRequest | None = None) -> None:
        """Rule 4: give the request to its session, or tell what it waits for."""
        standing = self._open.get(request_id)
        if standing is None or standing.state == "active":
            return
        session = self._sessions.of(standing.epoch)
        if session is None:
            self._wait_for_epoch(request_id, standing)
            return
        function = self._functions.load(standing.function)
        if function is None:
            standing.state = "function-missing"
            self._for_function.add(standing.function, request_id)
            self._events.add("function-missing", request_id, function_id=str(standing.function))
            return
        try:
            self._check_terms(session.epoch, function.terms, request_id)
        except InvalidManifest as error:
            standing.state = "not-admitted"  # its timeout ends it, or members that are otherwise configured
            self._events.add("abstained", request_id, reason=str(error))
            return
        if self._depths.hold(request_id, standing.block, asked := function.terms.confirmations):
            standing.state = "not-deep-enough"
            self._events.add("not-deep-enough", request_id, block=standing.block, confirmations=asked)
            return
        if not self._places.find(request_id, standing):
            return
        opened = opened or self.find(request_id)
        assert opened is not None, "what is open is journaled"
        self._places.take(request_id, standing, opened)
        self._events.add(
            why,
            request_id,
            epoch=standing.epoch,
            function_id=str(standing.function),
            block=opened.request.block_number,
            input_bytes=len(opened.request.input),
            source_bytes=len(function.source),
        )
        await session.driver.seen(request_id, opened.request, function)

    def _wait_for_epoch(self, request_id: RequestId, standing: Standing) -> None:
        standing.state = "epoch-not-served"
        self._for_epoch.add(standing.epoch, request_id)
        self._events.add("other-epoch", request_id, epoch=standing.epoch)

    async def _refill(self) -> None:
        while (request_id := self._places.next()) is not None:
            await self._place_again(request_id)

    async def _take_turns(self, deep: list[RequestId]) -> None:
        """As many as wait may take the places of those who had theirs longest."""
        for request_id in deep:
            await self._place_again(request_id)
        await self._refill()
        for request_id in self._places.longest():
            standing = self._open[request_id]
            if not self._places.has_had_turn(standing):
                break
            await self._stop(request_id, standing)
            self._places.park(request_id, standing)
        await self._refill()

    async def _pass_time(self, now: int) -> None:
        late, again = self._places.pass_time(now, self._open)
        for request_id in late:
            await self._stop(request_id, standing := self._open[request_id])
            self._places.put_off(request_id, standing)
        for request_id in again:
            self._places.leave(request_id, self._open[request_id])
            await self._place_again(request_id)

    async def _stop(self, request_id: RequestId, standing: Standing) -> None:
        self._leave(request_id, standing)
        if (session := self._sessions.of(standing.epoch)) is not None:
            await session.driver.parked(request_id)

    async def _place_again(self, request_id: RequestId) -> None:
        await self._place(request_id, "restored" if self._journal.find(request_id, "record") else "seen")

    def _leave(self, request_id: RequestId, standing: Standing) -> None:
        """Out of the machine's places and out of every line."""
        self._places.leave(request_id, standing)
        self._for_function.discard(standing.function, request_id)
        self._for_epoch.discard(standing.epoch, request_id)
        self._depths.discard(request_id)

    # Inside: closing.

    def _is_known(self, event: SeenDelivery | SeenExpiry) -> bool:
        """Whether this closing was seen before, or is of a request closed for good (Rule 2)."""
        request_id, block = event.request_id, event.location.block_number
        if self._settled.is_closed_at(request_id, block):
            return True
        return block < self._settled.horizon and self._journal.find(request_id, "request") is None

    async def _deliver(self, event: SeenDelivery) -> None:
        request_id, block = event.request_id, event.location.block_number
        if self._receipts.path(request_id).exists():
            opened = self._places.active.get(request_id) or self.find(request_id)
            bill = None if opened is None else await self.bill(opened, event)
            await self._complete_receipt(request_id, event.location, bill)
        else:
            self._miss(event)
        self.triggered.keep_early(event)
        standing = self._settle_open(request_id)
        self._settled.close(request_id, block, event.location)
        self._events.add(
            "delivered",
            request_id,
            status=event.status,
            callback_succeeded=event.success,
            transmitter=str(event.transmitter),
            transaction=str(event.location.transaction),
            block=block,
            work=hex(event.charge.work),
            gas_cost=hex(event.charge.gas_cost),
            refund=hex(event.charge.refund),
        )
        if standing is not None and (session := self._sessions.of(standing.epoch)) is not None:
            await session.driver.delivered(request_id)
        await self._refill()

    def _miss(self, event: SeenDelivery) -> None:
        if self._misses is not None and not self._receipts.path(event.request_id).exists():
            self._misses.miss(event)

    async def _expire(
        self, request_id: RequestId, kind: str, block: int, location: ChainLocation | None = None
    ) -> None:
        standing = self._settle_open(request_id)
        self._settled.close(request_id, block, location)
        self._events.add(kind, request_id, block=block)
        await self._close_life(request_id, standing)

    async def _close_life(self, request_id: RequestId, standing: Standing | None) -> None:
        if standing is not None and (session := self._sessions.of(standing.epoch)) is not None:
            await session.driver.expired(request_id)
        await self._refill()

    def _settle_open(self, request_id: RequestId) -> Standing | None:
        """No more open, with everything still in the journal (Rule 1)."""
        standing = self._open.pop(request_id, None)
        if standing is not None:
            self._leave(request_id, standing)
            self.triggered.settle(request_id)
        return standing

    async def _vanish(self, seen: object) -> None:
        """A reorganisation took the event's block: a request goes, an undone delivery makes its request open again."""
        match seen:
            case SeenRequest(request_id=request_id, location=location):
                if self._journal.find(request_id, "request") is None:
                    return
                standing = self._settle_open(request_id)
                self._settled.vanish(request_id, location.block_number)
                self._events.add("vanished", request_id, what="request")
                await self._close_life(request_id, standing)
            case SeenDelivery(request_id=key) | SeenExpiry(request_id=key) | Closed(request_id=key):
                request_id = key
                if request_id not in self._settled:
                    return  # closed for good (Rule 2)
                self._settled.reopen(request_id)
                await self._complete_receipt(request_id, None, None)
                self._events.add("vanished", request_id, what="delivery")
                opened = self.find(request_id)
                if opened is not None and request_id not in self._settled:
                    self._journal_open(request_id, opened)
                    await self._place(request_id, "restored")
            case _:
                pass

    async def _complete_receipt(
        self, request_id: RequestId, delivered: ChainLocation | None, bill: Bill | None
    ) -> None:
        try:
            await asyncio.to_thread(self._receipts.complete, request_id, delivered, bill)
        except InvalidReceipt as error:  # damaged on disk: evidence for people, and nothing rests on it
            self._events.add("receipt-damaged", request_id, reason=str(error))

    async def _close_overdue(self, block: int) -> None:
        """Rule 3."""
        floor, mine = self._places.now - OVERDUE_S, self.triggered
        for request_id in [key for key, each in self._open.items() if key not in mine and each.deadline < floor]:
            await self._expire(request_id, "overdue", block)
