"""Logs of contracts on other chains that the node's configuration names start runs.

Rule 1. A log's home block is the first block of the home chain at or after the time of the log's own, and final: a
        source chain is read up to the home chain's finalized time, whichever of the two is ahead.
Rule 2. Blocks whose time is after that of the registration's block count. After a restart some are read again: ids make
        that harmless.
Rule 3. What was begun from a block that a reorganisation took is closed as vanished, as on the home chain (logs.py).
Rule 4. A chain that nobody configured here is not read: other members may, and a quorum that does is enough.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Final as Constant
from typing import Protocol

from executor.chain.reader import Tag
from executor.errors import ChainUnavailable, InvalidEncoding, ReplyTooLarge, RpcRefused
from executor.model.evm import Header, Log, LogFilter
from executor.model.ids import Address, Digest, RegistrationId, RequestId
from executor.model.trigger import LogEvent
from executor.model.trigger_config import LogConfig
from executor.model.trigger_input import LogData, LogInput, decode_input
from executor.node.chain_memory import CURSOR
from executor.node.triggers.logs import ADDRESSES_AT_ONCE, MAX_MARKS, LogTriggers
from executor.node.triggers.polling import HomeTimes, poll_for_ever
from executor.node.triggers.registrations import Entry
from executor.node.triggers.starting import Book, Starter, home_of
from executor.protocol.triggering import log_end, log_request
from executor.store.events import EventLog
from executor.store.journal import Journal

MAX_RANGE_BLOCKS: Constant = 500  # a reply of functions' readers has 2 MiB at most
REREAD_BLOCKS: Constant = 64  # after a restart


class SourceChain(Protocol):
    """A chain as functions read it (executor/chain/reader.py)."""

    chain_id: int

    async def header(self, block: int | Digest | Tag, /) -> Header | None:
        """A block of a number, hash or tag."""

    async def log_range(self, first: int, last: Header, wanted: LogFilter, /) -> Sequence[Log]:
        """Logs of a range."""


class ForeignLogFollower:
    """Follows one chain at one depth until cancelled."""

    def __init__(
        self,
        source: SourceChain,
        depth: int | str,
        home: HomeTimes,
        book: Book,
        logs: LogTriggers,
        starter: Starter,
        journal: Journal,
        events: EventLog,
        *,
        poll_s: float,
    ) -> None:
        self._source = source
        self._depth = depth
        self._home = home
        self._book = book
        self._logs = logs
        self._starter = starter
        self._journal = journal
        self._events = events
        self._poll_s = poll_s
        self._range = MAX_RANGE_BLOCKS
        self._marks: deque[tuple[int, Digest]] = deque(maxlen=MAX_MARKS)
        self._known: set[RegistrationId] | None = None
        self._next: int | None = None
        self._kind = f"log-cursor-{source.chain_id}-{depth}"

    async def run(self) -> None:
        """Follow for ever."""
        await poll_for_ever(self.poll, lambda: self._poll_s)

    async def poll(self) -> bool:
        """Read one range; False when there is nothing new. Raises ChainError."""
        entries = self._logs.meant(self._depth, self._source.chain_id)
        deepest = await self._deepest() if entries and self._book.triggered.block else None
        if deepest is None or await self._rewind():
            return False
        first = await self._begin(entries, deepest)
        end = await self._last_until(first, min(deepest.number, first + self._range - 1))
        if end is None:
            return False
        addresses = sorted({Address.from_hex(each) for entry in entries for each in config_of(entry).addresses})
        try:
            for at in range(0, len(addresses), ADDRESSES_AT_ONCE):
                wanted = LogFilter(tuple(addresses[at : at + ADDRESSES_AT_ONCE]))
                for log in await self._source.log_range(first, end, wanted):
                    await self._take(log, entries)
        except (ReplyTooLarge, RpcRefused) as error:
            if first < end.number:
                self._range = max(1, (end.number - first + 1) // 2)
                return True
            told = {"chain": self._source.chain_id, "block": first, "reason": str(error)}
            self._events.add("logs-unreadable", "", **told)
        self._range = min(MAX_RANGE_BLOCKS, self._range * 2)
        self._marks.append((end.number, end.hash))
        self._go_on(end.number + 1)
        return True

    async def _deepest(self) -> Header | None:
        if isinstance(self._depth, str):
            return await self._source.header("finalized")
        head = await self._source.header("latest")
        return (
            None if head is None or head.number < self._depth else await self._source.header(head.number - self._depth)
        )

    async def _begin(self, entries: Sequence[Entry], deepest: Header) -> int:
        """Rule 2: where to read on."""
        keys = {entry.registration_id for entry in entries}
        if self._known is None:
            kept = self._journal.find(CURSOR, self._kind)
            self._known, self._next = (set(), None) if kept is None else (keys, max(0, int(kept) - REREAD_BLOCKS))
        for entry in entries:
            if entry.registration_id not in self._known:
                since = (await self._home.block(entry.kept.since)).timestamp
                start = await self._first_after(since, deepest.number)
                self._next = start if self._next is None else min(self._next, start)
        self._known = keys
        assert self._next is not None, "there are entries"
        return self._next

    async def _first_after(self, time_s: int, last: int) -> int:
        """The first block of the source chain after a time, or the one after `last`."""
        first, last = 0, last + 1
        while first < last:
            middle = (first + last) // 2
            if (await self._header(middle)).timestamp > time_s:
                last = middle
            else:
                first = middle + 1
        return first

    async def _last_until(self, first: int, last: int) -> Header | None:
        """Rule 1: the last of these blocks that is not after the home chain's finalized time."""
        final_s = self._book.triggered.time_s
        found: Header | None = None
        while first <= last:
            middle = last if found is None and last - first < 2 else (first + last + 1) // 2
            header = await self._header(middle)
            if header.timestamp <= final_s:
                found, first = header, middle + 1
            else:
                last = middle - 1
        return found

    async def _take(self, log: Log, entries: Sequence[Entry]) -> None:
        meant = [entry for entry in entries if config_of(entry).matches(log.address, log.topics)]
        if not meant:
            return
        block = await self._source.header(log.block_hash)
        if block is None or block.number != log.block_number:
            raise ChainUnavailable(f"the endpoint has a log of block {log.block_hash}, not the block")
        data = LogData(
            chain_id=self._source.chain_id,
            address=log.address,
            topics=log.topics,
            data=log.data,
            block_hash=block.hash,
            block_number=block.number,
            block_timestamp=block.timestamp,
            transaction_hash=log.transaction,
            log_index=log.index,
        )
        for entry in meant:
            if (await self._home.block(entry.kept.since)).timestamp >= block.timestamp:
                continue  # Rule 2
            final = self._book.triggered.block
            home = home_of(await self._home.first_at(block.timestamp, entry.kept.since + 1, final))
            end = log_end(config_of(entry), home)
            await self._starter.start(entry, home, end, partial(log_request, log=data, home=home))

    async def _rewind(self) -> bool:
        """Rule 3: go back to the last block read that still stands; whether any had gone."""
        gone = False
        while self._marks and not await self._stands(*self._marks[-1]):
            number, _ = self._marks.pop()
            self._go_on(max(0, number - REREAD_BLOCKS) if not self._marks else self._marks[-1][0] + 1)
            gone = True
        if gone:
            for request_id in self._book.triggered.open_from(0):
                await self._vanish(request_id)
        return gone

    async def _vanish(self, request_id: RequestId) -> None:
        opened = self._book.find(request_id)
        if opened is None or opened.request.origin is None:
            return
        event = opened.request.origin.event
        if not isinstance(event, LogEvent) or event.source_chain_id != self._source.chain_id:
            return
        try:
            given = decode_input(opened.request.input)
        except InvalidEncoding:
            return
        if isinstance(given, LogInput) and not await self._stands(given.event.block_number, event.block_hash):
            await self._book.untrigger(request_id, opened.request.block_number)

    async def _stands(self, number: int, hash: Digest) -> bool:
        """Whether a block is canonical; an endpoint that lags behind it says nothing against it."""
        now = await self._source.header(number)
        return now is None or now.hash == hash

    async def _header(self, number: int) -> Header:
        found = await self._source.header(number)
        if found is None:
            raise ChainUnavailable(f"chain {self._source.chain_id}: no endpoint has block {number}")
        return found

    def _go_on(self, block: int) -> None:
        self._next = block
        with self._journal.soon():
            self._journal.save(CURSOR, self._kind, str(block).encode())


def config_of(entry: Entry) -> LogConfig:
    """A log trigger's config."""
    assert isinstance(entry.config, LogConfig), "a log trigger's"
    return entry.config
