"""Chain events on their way to the machine: what is open is journaled, what lacks its function waits for it.

Rule 1. A request's record stays until no reorganisation that is followed can bring the request back; a request that
        comes back, or whose delivery is undone, goes on under its record (P2).
Rule 2. A request that was closed for good stays closed, whatever an endpoint says later: its record is gone.
Rule 3. What nobody can deliver any more, by the chain's own time, is closed without an event of its own.

The journal's kinds: `request` from the event on; `record` is the machine's; `closed` and `vanished` hold the block at
which that happened, `closing` where it did (chain_memory.py). All but `closed` are deleted once that block is
KEPT_BLOCKS deep.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from executor.chain.logs import Closed, Dropped, Seen, SeenDelivery, SeenExpiry, SeenRequest
from executor.chain.watcher import KEPT_BLOCKS, ChainEvent, Mark, Scanned, Vanished
from executor.errors import ChainError, InvalidReceipt
from executor.model.billing import Charge, Quote
from executor.model.codec import Natural, decode, encode
from executor.model.function import Function
from executor.model.ids import FunctionId, RequestId
from executor.model.receipt import Bill, ChainLocation
from executor.model.request import Request
from executor.node.chain_memory import CURSOR, load_closings, load_marks, save_closing, save_scanned
from executor.node.driver import Driver
from executor.node.functions import FunctionStore
from executor.node.receipts import ReceiptFiles
from executor.protocol.effects import Attested
from executor.store.events import EventLog
from executor.store.journal import Journal

MAX_RECORD_BYTES = 1_048_576
MAX_ACTIVE = 10_000  # requests the machine works on; more wait in the journal
REREAD_BLOCKS = 64  # read again after a restart of a node whose journal has no marks to compare with
OVERDUE_S = 3_600  # of chain time after a request's deadline: far beyond what a reorganisation moves timestamps


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A request from its event until its delivery, as journaled."""

    request: Request
    requested: ChainLocation
    deadline: Natural
    quote: Quote


class LoadBill(Protocol):
    """How the book learns what a delivered request cost (executor/chain/subscriptions.py)."""

    async def __call__(self, subscription: int, quote: Quote, charge: Charge, block: int, /) -> Bill:
        """The bill of a request delivered in a block; raises ChainError."""


class RequestBook:
    """The open requests of one node."""

    def __init__(
        self,
        *,
        epoch_number: int,
        journal: Journal,
        functions: FunctionStore,
        driver: Driver,
        events: EventLog,
        receipts: ReceiptFiles,
        load_bill: LoadBill,
        max_active: int = MAX_ACTIVE,
    ) -> None:
        self._epoch_number = epoch_number
        self._journal = journal
        self._functions = functions
        self._driver = driver
        self._events = events
        self._receipts = receipts
        self._load_bill = load_bill
        self._max_active = max_active
        self._deadlines: dict[RequestId, int] = {}  # of everything open
        self._active: dict[RequestId, OpenRequest] = {}  # what the driver has
        self._waiting: dict[FunctionId, dict[RequestId, None]] = {}  # for their function
        self._queued: dict[RequestId, None] = {}  # for a place among the active
        self._settled: dict[RequestId, int] = {}  # closed or vanished at this block, and not yet for good
        self._chain_time = 0

    @property
    def open_count(self) -> int:
        """Requests seen and not yet closed."""
        return len(self._deadlines)

    def cursor(self, start_block: int) -> int:
        """The block to read next: some before the journaled one, or `start_block` on a first start."""
        kept = self._journal.find(CURSOR, "cursor")
        return start_block if kept is None else max(start_block, int(kept) - REREAD_BLOCKS)

    def marks(self) -> tuple[Mark, ...]:
        """Blocks that were canonical when they were read, for a watcher to begin with."""
        return load_marks(self._journal)

    def seen(self) -> Iterator[Seen | Closed]:
        """What a reorganisation while this node was down may have undone: requests first."""
        for key, value in self._journal.load("request"):
            if self._journal.find(key, "vanished") is None:
                opened: OpenRequest = decode(OpenRequest, value, limit=MAX_RECORD_BYTES)
                yield SeenRequest(opened.request, key, opened.requested, opened.deadline, opened.quote)
        yield from load_closings(self._journal)

    async def restore(self) -> None:
        """Take up what was open before a restart; to be called once the driver runs."""
        for key, value in self._journal.load("request"):
            settled = self._journal.find(key, "closed") or self._journal.find(key, "vanished")
            if settled is None:
                await self._take_up(key, decode(OpenRequest, value, limit=MAX_RECORD_BYTES), "restored")
            else:
                self._settled[key] = int(settled)

    async def take(self, event: ChainEvent) -> None:
        """Act on one event of the router."""
        match event:
            case Scanned(next_block):
                await self._close_overdue(next_block)
                self._forget_settled(next_block - KEPT_BLOCKS)
                save_scanned(self._journal, event)
            case SeenRequest():
                await self._see(event)
            case SeenDelivery() | SeenExpiry() if self._is_closed_at(event.request_id, event.location.block_number):
                pass  # read again
            case SeenDelivery(request_id, status, success, transmitter, location, charge):
                self._complete_receipt(request_id, location, await self._bill(event))
                save_closing(self._journal, request_id, location)
                self._settle(request_id, "closed", location.block_number)
                self._events.add(
                    "delivered",
                    request_id,
                    status=status,
                    callback_succeeded=success,
                    transmitter=str(transmitter),
                    transaction=str(location.transaction),
                    block=location.block_number,
                    work=hex(charge.work),
                    gas_cost=hex(charge.gas_cost),
                    refund=hex(charge.refund),
                )
                await self._driver.delivered(request_id)
                await self._refill()
            case SeenExpiry(request_id, location, _):
                save_closing(self._journal, request_id, location)
                await self._expire(request_id, "expired", location.block_number)
            case Dropped(reason, location):
                self._events.add("dropped", "", reason=reason, block=location.block_number)
            case Vanished(seen):
                await self._vanish(seen)

    async def function_added(self, function: FunctionId) -> None:
        """Release the requests that waited for these bytes."""
        for request_id in self._waiting.pop(function, {}):
            await self._take_up_again(request_id, "seen")

    def missing_functions(self) -> list[FunctionId]:
        """Functions that open requests wait for."""
        return list(self._waiting)

    def open_functions(self) -> set[FunctionId]:
        """Functions that open requests name, whether they run, wait for their bytes, or wait for a place."""
        queued = (self._journal.find(request_id, "request") for request_id in self._queued)
        opened: list[OpenRequest] = [decode(OpenRequest, value, limit=MAX_RECORD_BYTES) for value in queued if value]
        return {each.request.function_id for each in (*self._active.values(), *opened)} | set(self._waiting)

    def attested(self, attested: Attested) -> None:
        """Write the receipt of an attested request."""
        opened = self._active.get(attested.request_id)
        function = self._functions.load(attested.report.function_id)
        if opened is None or function is None:
            return
        self._receipts.attested(attested, opened.request, function, opened.requested)
        self._events.add(
            "attested",
            attested.request_id,
            scheme=attested.attestation.scheme.value,
            votes=[vote.member for vote in attested.votes],
            round=attested.report.round,
            receipt=str(self._receipts.path(attested.request_id)),
        )

    def _is_closed_at(self, request_id: RequestId, block: int) -> bool:
        return self._journal.find(request_id, "closed") == str(block).encode()

    async def _see(self, event: SeenRequest) -> None:
        request_id, find = event.request_id, self._journal.find
        self._chain_time = max(self._chain_time, event.request.block_timestamp)
        back = find(request_id, "vanished") is not None
        if find(request_id, "closed") is not None or (find(request_id, "request") is not None and not back):
            return  # Rule 2, or known
        opened = OpenRequest(event.request, event.location, event.deadline, event.quote)
        with self._journal.transaction():
            self._journal.save(request_id, "request", encode(opened))
            self._journal.delete(request_id, "vanished")
        self._settled.pop(request_id, None)
        await self._take_up(request_id, opened, "restored" if back else "seen")

    async def _take_up_again(self, request_id: RequestId, why: str) -> None:
        """Go on with a request as it stands in the journal, unless it is closed or vanished."""
        find = self._journal.find
        value = find(request_id, "request")
        if value is not None and find(request_id, "closed") is None and find(request_id, "vanished") is None:
            await self._take_up(request_id, decode(OpenRequest, value, limit=MAX_RECORD_BYTES), why)

    async def _take_up(self, request_id: RequestId, opened: OpenRequest, why: str) -> None:
        request = opened.request
        self._deadlines[request_id] = opened.deadline
        if request.epoch != self._epoch_number:
            self._events.add("other-epoch", request_id, epoch=request.epoch)
            return
        function = self._functions.load(request.function_id)
        if function is None:
            self._waiting.setdefault(request.function_id, {})[request_id] = None
            self._events.add("function-missing", request_id, function_id=str(request.function_id))
            return
        if len(self._active) >= self._max_active:
            self._queued[request_id] = None
            return
        self._active[request_id] = opened
        self._tell(request_id, opened, function, why)
        await self._driver.seen(request_id, request, function)

    def _tell(self, request_id: RequestId, opened: OpenRequest, function: Function, why: str) -> None:
        self._events.add(
            why,
            request_id,
            function_id=str(opened.request.function_id),
            block=opened.requested.block_number,
            input_bytes=len(opened.request.input),
            source_bytes=len(function.source),
        )

    async def _vanish(self, seen: object) -> None:
        """A reorganisation took the event's block: a request goes, an undone delivery makes its request open again."""
        match seen:
            case SeenRequest(request_id=request_id, location=location):
                if self._journal.find(request_id, "request") is None:
                    return
                self._settle(request_id, "vanished", location.block_number)
                self._events.add("vanished", request_id, what="request")
                await self._driver.expired(request_id)
                await self._refill()
            case SeenDelivery(request_id=key) | SeenExpiry(request_id=key) | Closed(request_id=key):
                request_id = key
                if request_id not in self._settled:
                    return  # closed for good (Rule 2)
                self._journal.delete(request_id, "closed")
                self._journal.delete(request_id, "closing")
                if self._journal.find(request_id, "vanished") is None:
                    del self._settled[request_id]
                self._complete_receipt(request_id, None, None)
                self._events.add("vanished", request_id, what="delivery")
                await self._take_up_again(request_id, "restored")
            case _:
                pass

    async def _bill(self, event: SeenDelivery) -> Bill | None:
        """What a delivered request cost, unless this node never saw it made or no endpoint can tell."""
        value = self._journal.find(event.request_id, "request")
        if value is None or not self._receipts.path(event.request_id).exists():
            return None
        opened: OpenRequest = decode(OpenRequest, value, limit=MAX_RECORD_BYTES)
        block = event.location.block_number
        try:
            return await self._load_bill(opened.request.subscription, opened.quote, event.charge, block)
        except ChainError as error:
            self._events.add("bill-unknown", event.request_id, reason=str(error))
            return None

    def _complete_receipt(self, request_id: RequestId, delivered: ChainLocation | None, bill: Bill | None) -> None:
        try:
            self._receipts.complete(request_id, delivered, bill)
        except InvalidReceipt as error:  # damaged on disk: evidence for people, and nothing rests on it
            self._events.add("receipt-damaged", request_id, reason=str(error))

    async def _expire(self, request_id: RequestId, kind: str, block: int) -> None:
        self._settle(request_id, "closed", block)
        self._events.add(kind, request_id, block=block)
        await self._driver.expired(request_id)
        await self._refill()

    def _settle(self, request_id: RequestId, kind: str, block: int) -> None:
        """Closed or vanished: out of the machine, but with everything still in the journal (Rule 1)."""
        self._journal.save(request_id, kind, str(block).encode())
        self._settled[request_id] = block
        self._deadlines.pop(request_id, None)
        self._active.pop(request_id, None)
        self._queued.pop(request_id, None)
        for function in [function for function, waiting in self._waiting.items() if request_id in waiting]:
            del self._waiting[function][request_id]
            if not self._waiting[function]:
                del self._waiting[function]

    async def _refill(self) -> None:
        while self._queued and len(self._active) < self._max_active:
            request_id = next(iter(self._queued))
            del self._queued[request_id]
            await self._take_up_again(request_id, "seen")

    async def _close_overdue(self, block: int) -> None:
        """Rule 3."""
        overdue = [key for key, deadline in self._deadlines.items() if deadline + OVERDUE_S < self._chain_time]
        for request_id in overdue:
            await self._expire(request_id, "overdue", block)

    def _forget_settled(self, floor: int) -> None:
        """Rules 1 and 2: beyond any reorganisation that is followed, only the mark that it is closed stays."""
        for request_id in [key for key, block in self._settled.items() if block < floor]:
            with self._journal.transaction():
                self._journal.save(request_id, "closed", str(self._settled.pop(request_id)).encode())
                for kind in ("request", "record", "vanished", "closing"):
                    self._journal.delete(request_id, kind)
