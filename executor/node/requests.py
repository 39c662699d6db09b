"""Chain events on their way to the machine: what is open is journaled, what lacks its function waits for it."""

from __future__ import annotations

from dataclasses import dataclass

from executor.chain.logs import Dropped, SeenDelivery, SeenExpiry, SeenRequest
from executor.chain.watcher import ChainEvent, Scanned, Vanished
from executor.model.codec import Natural, decode, encode
from executor.model.function import Function
from executor.model.ids import FunctionId, RequestId
from executor.model.receipt import ChainLocation
from executor.model.request import Request
from executor.node.driver import Driver
from executor.node.functions import FunctionStore
from executor.node.receipts import ReceiptFiles
from executor.protocol.effects import Attested
from executor.store.events import EventLog
from executor.store.journal import Journal

CURSOR = RequestId(bytes(32))  # the journal's key for where to go on reading the chain
MAX_RECORD_BYTES = 1_048_576
MAX_OPEN = 10_000  # requests under way; more wait on chain, and the cursor with them


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A request from its event until its delivery, as journaled."""

    request: Request
    requested: ChainLocation
    deadline: Natural


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
    ) -> None:
        self._epoch_number = epoch_number
        self._journal = journal
        self._functions = functions
        self._driver = driver
        self._events = events
        self._receipts = receipts
        self._open: dict[RequestId, OpenRequest] = {}
        self._waiting: dict[FunctionId, list[RequestId]] = {}

    @property
    def open_count(self) -> int:
        """Requests seen and not yet closed."""
        return len(self._open)

    def cursor(self, start_block: int) -> int:
        """The block to read next: the journaled one, or `start_block` on a first start."""
        kept = self._journal.find(CURSOR, "cursor")
        return start_block if kept is None else max(start_block, int(kept))

    async def restore(self) -> None:
        """Take up what was open before a restart; to be called once the driver runs."""
        for key, value in list(self._journal.load("request")):
            opened: OpenRequest = decode(OpenRequest, value, limit=MAX_RECORD_BYTES)
            await self._take_up(RequestId(key), opened, restored=True)

    async def take(self, event: ChainEvent) -> None:
        """Act on one event of the router."""
        match event:
            case Scanned(next_block):
                self._journal.save(CURSOR, "cursor", str(next_block).encode())
            case SeenRequest(request, request_id, location, deadline):
                if request_id not in self._open and self._journal.find(request_id, "closed") is None:
                    opened = OpenRequest(request, location, deadline)
                    self._journal.save(request_id, "request", encode(opened))
                    await self._take_up(request_id, opened, restored=False)
            case SeenDelivery(request_id, status, success, transmitter, location):
                self._receipts.delivered(request_id, location)
                self._close(request_id)
                self._events.add(
                    "delivered",
                    request_id,
                    status=status,
                    callback_succeeded=success,
                    transmitter=str(transmitter),
                    transaction=str(location.transaction),
                    block=location.block_number,
                )
                await self._driver.delivered(request_id)
            case SeenExpiry(request_id, location):
                self._close(request_id)
                self._events.add("expired", request_id, block=location.block_number)
                await self._driver.expired(request_id)
            case Dropped(reason, location):
                self._events.add("dropped", "", reason=reason, block=location.block_number)
            case Vanished(seen):
                await self._vanish(seen)

    async def function_added(self, function: FunctionId) -> None:
        """Release the requests that waited for these bytes."""
        for request_id in self._waiting.pop(function, []):
            if (opened := self._open.get(request_id)) is not None:
                await self._take_up(request_id, opened, restored=False)

    def attested(self, attested: Attested) -> None:
        """Write the receipt of an attested request."""
        opened = self._open.get(attested.request_id)
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

    async def _take_up(self, request_id: RequestId, opened: OpenRequest, *, restored: bool) -> None:
        request = opened.request
        self._open[request_id] = opened
        if request.epoch != self._epoch_number:
            self._events.add("other-epoch", request_id, epoch=request.epoch)
            return
        function = self._functions.load(request.function_id)
        if function is None:
            self._waiting.setdefault(request.function_id, []).append(request_id)
            self._events.add("function-missing", request_id, function_id=str(request.function_id))
            return
        self._tell(request_id, opened, function, restored)
        record = self._journal.find(request_id, "record")
        await self._driver.seen(request_id, request, function, record)

    def _tell(self, request_id: RequestId, opened: OpenRequest, function: Function, restored: bool) -> None:
        self._events.add(
            "restored" if restored else "seen",
            request_id,
            function_id=str(opened.request.function_id),
            block=opened.requested.block_number,
            input_bytes=len(opened.request.input),
            source_bytes=len(function.source),
        )

    async def _vanish(self, seen: object) -> None:
        """A reorganisation took the event's block: a request goes, an undone delivery makes its request open again."""
        match seen:
            case SeenRequest(request_id=request_id):
                self._close(request_id)
                self._events.add("vanished", request_id, what="request")
                await self._driver.expired(request_id)
            case SeenDelivery(request_id=request_id) | SeenExpiry(request_id=request_id):
                self._journal.delete(request_id, "closed")
                self._events.add("vanished", request_id, what="delivery")
            case _:
                pass

    def _close(self, request_id: RequestId) -> None:
        self._open.pop(request_id, None)
        with self._journal.transaction():
            self._journal.delete(request_id)
            self._journal.save(request_id, "closed", b"1")
