"""From an event to an open request: epoch, limits, and whether the subscription could pay.

Rule 1. Id, context and input are the same on every member (executor/protocol/triggering.py); whether this member takes
        part is its own decision, and no part of agreement: a quorum that does is enough.
Rule 2. It takes part when the subscription's free balance covers the most that this push can cost beside the most that
        every other of its requests can that is open here, each by its own registration, at the head's prices. Nothing
        is reserved on chain: the router charges at delivery, and skips what is not covered.
Rule 3. What an endpoint cannot tell now is asked again: an event is not lost by it, and counts once.
Rule 4. It takes no part in a committee's draw for a log of another chain that its registration does not want final:
        whoever can move the log could draw again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from enum import Enum
from typing import Final as Constant
from typing import Protocol

from executor.chain.client import Block, ChainClient
from executor.chain.epoch_at import EpochStarts
from executor.chain.subscriptions import estimate_cost, load_subscription
from executor.crypto.digests import request_id
from executor.errors import ChainError, ChainUnavailable, InvalidManifest, InvalidTrigger
from executor.model.billing import Asset
from executor.model.ids import Digest, FunctionId, RequestId
from executor.model.manifest import CommitteeRandom, Terms
from executor.model.request import Request
from executor.model.trigger import HomeBlock, Registration
from executor.node.standing import OpenRequest
from executor.node.triggered import Triggered
from executor.node.triggers.registrations import Entry, Registrations
from executor.protocol.triggering import End, Place
from executor.store.events import EventLog

MAX_HOMES: Constant = 1_024  # home blocks whose epoch is remembered

Make = Callable[[Place, Registration], Request]


class Verdict(Enum):
    """What became of an event."""

    STARTED = "started"
    KNOWN = "known"
    OVER = "over"
    LIMITED = "limited"
    UNFUNDED = "unfunded"
    REFUSED = "refused"
    FULL = "full"


class Book(Protocol):
    """The request book, as far as triggers need it."""

    @property
    def triggered(self) -> Triggered:
        """The triggered requests within their time."""

    def knows(self, request_id: RequestId, /) -> bool:
        """Whether it was taken up here before."""

    async def trigger(self, request: Request, end: End, /) -> bool:
        """Take a request up."""

    def find(self, request_id: RequestId, /) -> OpenRequest | None:
        """A request as it was taken up."""

    async def untrigger(self, request_id: RequestId, block: int, /) -> None:
        """The block of its event is gone."""

    async def finalized(self, time_s: int, block: int, /) -> None:
        """The finalized block moved on."""


class Starter:
    """Starts runs of registered triggers."""

    def __init__(self, chain: ChainClient, book: Book, registrations: Registrations, events: EventLog) -> None:
        self._chain = chain
        self._book = book
        self._registrations = registrations
        self._events = events
        self._epochs = EpochStarts(chain)
        self._epoch_of: dict[int, int] = {}
        self._costs: dict[tuple[FunctionId, int, Asset], int] = {}
        self._priced_at: Digest | None = None

    async def start(self, entry: Entry, home: HomeBlock, end: End, make: Make) -> tuple[Verdict, RequestId | None]:
        """Begin the run that an event asks for, unless it is over, known, over a limit or not paid for.

        Raises ChainUnavailable (Rule 3).
        """
        if self._book.triggered.is_past(end):
            return Verdict.OVER, None
        try:
            place = Place(self._chain.chain_id, self._chain.router, await self._epoch(home.number))
            request = make(place, self._registrations.whole(entry))
        except InvalidTrigger as error:
            return self._drop(entry, None, str(error)), None
        except ChainUnavailable:
            raise
        except ChainError as error:  # no epoch had begun
            return self._drop(entry, None, str(error)), None
        identity = request_id(request)
        if self._book.knows(identity):
            return Verdict.KNOWN, identity
        if not self._registrations.spend(entry, home.timestamp):
            return Verdict.LIMITED, identity
        try:
            lack = await self._lack(entry)
        except ChainUnavailable:
            self._registrations.give_back(entry, home.timestamp)  # Rule 3
            raise
        if lack is not None:
            entry.unfunded += 1
            self._events.add("trigger-unfunded", identity, registration=str(entry.registration_id), reason=lack)
            return Verdict.UNFUNDED, identity
        if not await self._book.trigger(request, end):  # it counts as open before anything waits
            return (Verdict.KNOWN if self._book.knows(identity) else Verdict.FULL), identity  # twice at once
        kind = entry.kept.registration.kind.name.lower()
        told = {"registration": str(entry.registration_id), "trigger": kind, "block": home.number}
        self._events.add("triggered", identity, **told)
        return Verdict.STARTED, identity

    def check_finality(self, terms: Terms, request_id: RequestId) -> None:
        """Raises InvalidManifest where a committee's draw hangs on another chain's log that may still move (Rule 4)."""
        if not isinstance(terms.capabilities.random, CommitteeRandom):
            return
        opened = self._book.find(request_id)
        if opened is not None and not self._registrations.stands_for_good(opened.request):
            raise InvalidManifest(
                'capabilities.random.source = "committee": draws are of final requests only, and this one comes of a '
                'log of another chain that is not; register the trigger with confirmations = "finalized"'
            )

    def _drop(self, entry: Entry, identity: RequestId | None, reason: str) -> Verdict:
        self._events.add("trigger-dropped", identity or "", registration=str(entry.registration_id), reason=reason)
        return Verdict.REFUSED

    async def _epoch(self, block: int) -> int:
        if block > self._book.triggered.block:  # a reorganisation may still change it
            return await self._epochs.of_block(block, final=False)
        epoch = self._epoch_of.get(block)
        if epoch is None:
            epoch = await self._epochs.of_block(block)
            if len(self._epoch_of) >= MAX_HOMES:
                del self._epoch_of[next(iter(self._epoch_of))]
            self._epoch_of[block] = epoch
        return epoch

    async def _lack(self, entry: Entry) -> str | None:
        """Rule 2: why the subscription cannot pay, or None."""
        own = entry.kept.registration
        before = self._in_flight(own.subscription)
        try:
            account = await load_subscription(self._chain, own.subscription)
            head = await self._chain.head()
            costs = {each: await self._cost(each, account.asset, head) for each in {own, *before}}
        except ChainUnavailable:
            raise
        except ChainError as error:
            return str(error)
        now = self._in_flight(own.subscription)  # what began or was pushed meanwhile counts, too
        dearest = max(costs.values())
        owed = sum(max(before[each], now[each]) * costs.get(each, dearest) for each in {*before, *now})
        if account.balance >= owed + costs[own]:
            return None
        waiting = f"{max(before.total(), now.total())} pushes that are open may cost {owed} together"
        return f"subscription {own.subscription} has {account.balance} free, {waiting}, this one {costs[own]}"

    def _in_flight(self, subscription: int) -> Counter[Registration]:
        """Open requests of a subscription by registration."""
        found: Counter[Registration] = Counter()
        for each in self._registrations:
            key, registration = each.registration_id, each.kept.registration
            if registration.subscription == subscription:
                found[registration] = self._book.triggered.open[key]
        return +found

    async def _cost(self, registration: Registration, asset: Asset, head: Block) -> int:
        """The most that a push can cost at the head; asked once a block for each function and gas."""
        if head.hash != self._priced_at:
            self._costs, self._priced_at = {}, head.hash
        key = (registration.function_id, registration.callback_gas_limit, asset)
        if (known := self._costs.get(key)) is not None:
            return known
        cost = await estimate_cost(self._chain, *key, base_fee_wei=head.base_fee_wei)
        if head.hash == self._priced_at:  # nobody saw a later one meanwhile
            self._costs[key] = cost
        return cost


def home_of(block: Block) -> HomeBlock:
    """The part of a header that a run may see."""
    return HomeBlock(block.number, block.timestamp, block.parent_hash)
