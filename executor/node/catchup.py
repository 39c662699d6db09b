"""Receipts this node missed: asked of the other members, checked in full, kept as its own.

Rule 1. Nothing is trusted: a receipt counts only when it is of this epoch as registered and of this request as seen on
        chain, when every signature and hash in it holds, when a run in this node's own workers gives its outcome, and
        when the chain says that this outcome's status was delivered.
Rule 2. Nothing follows from it: no lock, no vote and no record is touched by what was fetched; it is for people.
Rule 3. One ask at a time, with a pause between; a bounded number waits and each is tried a bounded number of times.
        What is wanted is journaled, so that a restart loses nothing.
Rule 4. Where the deliveries stand and what they cost is this node's own knowledge, not the other member's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final as Constant

import aiohttp

from executor.chain.logs import SeenDelivery
from executor.crypto.digests import make_report, payload
from executor.errors import ExecutorError, InvalidReceipt, StoreError, VerificationFailed
from executor.model.codec import decode, encode
from executor.model.ids import RequestId
from executor.model.outcome import Awaiting
from executor.model.receipt import MAX_RECEIPT_BYTES, Receipt
from executor.node.driver_needs import Runs
from executor.node.functions import FunctionStore
from executor.node.receipts import ReceiptFiles
from executor.node.requests import RequestBook
from executor.node.sessions import Session, Sessions
from executor.node.standing import OpenRequest
from executor.receipts import all_passed, function_of
from executor.receipts.files import parse_receipt
from executor.receipts.replay import own_report, view_of
from executor.receipts.verify import verify_statements
from executor.store.events import EventLog
from executor.store.journal import Journal
from executor.transport.bodies import read_whole

KIND: Constant = "missed"  # of the journal: the delivery whose receipt is wanted
MAX_WANTED: Constant = 1_024  # an hour away at a request every four seconds
MAX_ENTRY_BYTES: Constant = 65_536
PASSES: Constant = 3  # over all members; whoever has the receipt has it at the first
ASK_TIMEOUT_S: Constant = 30.0  # 64 MiB at 17 Mbit/s
PAUSE_S: Constant = 0.25  # between two asks: four a second, shared by all members
FIRST_DELAY_S: Constant = 4.0  # the attestation may be on its way still
ROOM_BYTES: Constant = 8 * 1024 * 1024  # of a receipt beside its function


@dataclass(frozen=True, slots=True)
class Wanted:
    """A delivery without its receipt; not before `due`, by the loop's clock."""

    delivery: SeenDelivery
    due: float
    passes: int = 0


class CatchUp:
    """Fetches what was missed, until cancelled."""

    def __init__(
        self,
        *,
        journal: Journal,
        sessions: Sessions,
        functions: FunctionStore,
        receipts: ReceiptFiles,
        runs: Runs,
        events: EventLog,
        connector: Callable[..., aiohttp.TCPConnector],
        first_delay_s: float = FIRST_DELAY_S,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._journal = journal
        self._sessions = sessions
        self._functions = functions
        self._receipts = receipts
        self._runs = runs
        self._events = events
        self._connector = connector
        self._first_delay_s = first_delay_s
        self._pause_s = pause_s
        self._wanted: dict[RequestId, Wanted] = {}
        self._added = asyncio.Event()

    def __len__(self) -> int:
        return len(self._wanted)

    def miss(self, delivery: SeenDelivery) -> None:
        """Want the receipt of this delivery; beyond MAX_WANTED it is told and left (Rule 3)."""
        request_id = delivery.request_id
        if self._journal.find(request_id, "request") is None or request_id in self._wanted:
            return  # never seen made: nothing to compare a receipt with
        if len(self._wanted) >= MAX_WANTED:
            self._events.add("receipt-missed", request_id, reason=f"{MAX_WANTED} others are wanted")
            return
        with self._journal.soon():  # as the delivery itself
            self._journal.save(request_id, KIND, encode(delivery))
        self._want(request_id, delivery)

    def restore(self) -> None:
        """Want again what was wanted before a restart."""
        for request_id, value in self._journal.load(KIND):
            if len(self._wanted) < MAX_WANTED:
                self._want(request_id, decode(SeenDelivery, value, limit=MAX_ENTRY_BYTES))

    async def run(self, book: RequestBook) -> None:
        """Ask for one after the other, for ever."""
        timeout = aiohttp.ClientTimeout(total=ASK_TIMEOUT_S)
        connector = self._connector(limit=1)
        async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False, connector=connector) as session:
            while True:
                wait_s = self._wait_s()
                if wait_s > 0:
                    self._added.clear()
                    try:
                        async with asyncio.timeout(wait_s):
                            await self._added.wait()
                    except TimeoutError:
                        pass
                    continue
                request_id = self._first()
                wanted = self._wanted.pop(request_id)
                await self._fetch(session, book, request_id, wanted)

    def _want(self, request_id: RequestId, delivery: SeenDelivery) -> None:
        self._wanted[request_id] = Wanted(delivery, asyncio.get_running_loop().time() + self._first_delay_s)
        self._added.set()

    def _wait_s(self) -> float:
        if not self._wanted:
            return 3600.0
        return self._wanted[self._first()].due - asyncio.get_running_loop().time()

    def _first(self) -> RequestId:
        return min(self._wanted, key=lambda request_id: self._wanted[request_id].due)

    async def _fetch(
        self, session: aiohttp.ClientSession, book: RequestBook, request_id: RequestId, wanted: Wanted
    ) -> None:
        opened = book.find(request_id)
        if opened is None or self._receipts.path(request_id).exists():
            self._journal.delete(request_id, KIND)  # forgotten, or attested after all
            return
        served = self._sessions.of(opened.request.epoch)
        if served is None:
            self._again(request_id, wanted)
            return
        members = served.epoch.members
        for member in (*members[served.index + 1 :], *members[: served.index]):
            await asyncio.sleep(self._pause_s)
            url = f"{member.endpoint.rstrip('/')}/v1/receipts/{request_id}"
            try:
                data = await self._ask(session, url, opened)
                if data is None:
                    continue
                receipt = await self._verified(data, served, opened, wanted.delivery)
            except StoreError:
                raise
            except ExecutorError as error:
                self._events.add("receipt-refused", request_id, member=member.index, reason=str(error)[:500])
                continue
            await self._keep(book, receipt, opened, wanted.delivery)
            self._events.add("caught-up", request_id, member=member.index, receipt=str(self._receipts.path(request_id)))
            return
        self._again(request_id, wanted)

    async def _keep(self, book: RequestBook, receipt: Receipt, opened: OpenRequest, delivery: SeenDelivery) -> None:
        """Rule 4."""
        bill = await book.bill(opened, delivery)
        stands = book.is_closed_at(delivery.request_id, delivery.location)  # a reorganisation may have undone it
        own = replace(
            receipt,
            requested=opened.requested,
            delivered=delivery.location if stands else None,
            bill=bill if stands else None,
        )
        self._receipts.keep(delivery.request_id, own)
        self._journal.delete(delivery.request_id, KIND)

    def _again(self, request_id: RequestId, wanted: Wanted) -> None:
        passes = wanted.passes + 1
        if passes >= PASSES:
            self._journal.delete(request_id, KIND)
            self._events.add("receipt-missed", request_id, reason=f"no member gave a good one in {PASSES} passes")
            return
        due = asyncio.get_running_loop().time() + self._first_delay_s * 10**passes
        self._wanted[request_id] = Wanted(wanted.delivery, due, passes)

    async def _ask(self, session: aiohttp.ClientSession, url: str, opened: OpenRequest) -> bytes | None:
        """The bytes, or None where the member has none or does not answer; raises InvalidReceipt when too long."""
        held = self._functions.load(opened.request.function_id)
        limit = MAX_RECEIPT_BYTES
        if held is not None:
            limit = min(limit, ROOM_BYTES + 2 * (len(held.module) + len(held.source) + len(opened.request.input)))
        try:
            async with session.get(url, allow_redirects=False, headers={"Accept-Encoding": "identity"}) as response:
                if response.status != 200:
                    return None
                data = await read_whole(response.content, limit)
        except (aiohttp.ClientError, TimeoutError, OSError, UnicodeError):
            return None
        if data is None:
            raise InvalidReceipt(f"more than {limit} bytes")
        return data

    async def _verified(self, data: bytes, served: Session, opened: OpenRequest, delivery: SeenDelivery) -> Receipt:
        """Rule 1; raises ExecutorError naming what does not hold."""
        receipt: Receipt = await asyncio.to_thread(parse_receipt, data)
        _require("epoch", receipt.epoch == served.epoch, "it holds another epoch than the registered one")
        _require("request", receipt.request == opened.request, "it is of another request than the one on chain")
        own = own_report(receipt)
        _require("delivery", int(own.status) == delivery.status, f"status {delivery.status} was delivered")
        checks = await asyncio.to_thread(verify_statements, replace(receipt, requested=None, delivered=None, bill=None))
        failed = [check for check in checks if not check.passed]
        _require("statements", all_passed(checks), "; ".join(f"{check.name}: {check.detail}" for check in failed))
        function = self._functions.load(opened.request.function_id) or function_of(receipt)
        outcome = await self._runs.execute(function, opened.request, receipt.transcript)
        if isinstance(outcome, Awaiting):
            raise VerificationFailed("replay", f"the function awaits slot {outcome.slot}")
        made = make_report(own.request_id, own.function_id, own.transcript_hash, outcome, view_of(receipt))
        _require("replay", made == own and payload(outcome) == receipt.payload, "an own run ends otherwise")
        return receipt


def _require(check: str, holds: bool, otherwise: str) -> None:
    if not holds:
        raise VerificationFailed(check, otherwise)
