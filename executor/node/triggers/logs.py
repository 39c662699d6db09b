"""Logs of contracts on the home chain start runs.

Rule 1. A log is taken as deep as its registration says. `confirmations` is rounded up to a step of STEPS, so that the
        chain is read once a step, whatever is registered; waiting longer is always allowed.
Rule 2. A log's id holds its block: where a reorganisation moves it, it is another event. What was begun from a block
        that is gone is closed as vanished, and the blocks in its place are read.
Rule 3. Only blocks after the registration's count; a registration that is new here has them read again from there. A
        restarted node reads on where it was, and again what was not final then: where to go on is journaled with the
        last registration that was followed. What was mined while none was active is nobody's.
Rule 4. A range that an endpoint finds too large is halved; a contract whose logs of one block are too large is told,
        and left out for that block.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final as Constant

from executor.chain.client import ChainClient
from executor.chain.contract_logs import ContractLog, load_logs
from executor.chain.terms import deepest_block
from executor.errors import ChainUnavailable, ReplyTooLarge, RpcRefused
from executor.model.ids import Address, Digest
from executor.model.trigger import LogEvent, TriggerKind
from executor.model.trigger_config import LogConfig
from executor.model.trigger_input import LogData
from executor.node.chain_memory import CURSOR
from executor.node.triggers.polling import poll_for_ever
from executor.node.triggers.registrations import Entry, Registrations
from executor.node.triggers.starting import Book, Starter, home_of
from executor.protocol.triggering import log_end, log_request
from executor.store.events import EventLog
from executor.store.journal import Journal

STEPS: Constant = (0, 1, 2, 3, 5, 8, 12, 20, 32, 64, 128, 256, 512, 1_000)
MAX_RANGE_BLOCKS: Constant = 1_000  # as in watcher.py
MAX_MARKS: Constant = 1_024  # blocks whose hash is remembered while they are not final
ADDRESSES_AT_ONCE: Constant = 100


class LogTriggers:
    """Reads logs in a range and starts what is registered for them."""

    def __init__(self, chain: ChainClient, registrations: Registrations, starter: Starter, events: EventLog) -> None:
        self._chain = chain
        self._registrations = registrations
        self._starter = starter
        self._events = events

    def meant(self, depth: int | str, chain_id: int | None = None) -> list[Entry]:
        """Active registrations for logs of a chain, by default of the home chain, at this depth."""
        wanted = chain_id or self._chain.chain_id
        found = []
        for entry in self._registrations.active(TriggerKind.LOG, None):
            config = entry.config
            here = isinstance(config, LogConfig) and (config.chain_id or self._chain.chain_id) == wanted
            if here and step_of(_config(entry)) == depth:
                found.append(entry)
        return found

    async def read(self, first: int, last: int, entries: Sequence[Entry]) -> None:
        """Start what these blocks' logs ask for; raises ChainError, ReplyTooLarge among them."""
        addresses = sorted({Address.from_hex(each) for entry in entries for each in _config(entry).addresses})
        for at in range(0, len(addresses), ADDRESSES_AT_ONCE):
            for log in await self._load(addresses[at : at + ADDRESSES_AT_ONCE], first, last):
                await self._take(log, entries)

    async def _load(self, addresses: Sequence[Address], first: int, last: int) -> list[ContractLog]:
        try:
            return await load_logs(self._chain, addresses, first, last)
        except (ReplyTooLarge, RpcRefused):
            if first < last:
                raise
        found: list[ContractLog] = []
        for address in addresses:  # Rule 4
            try:
                found += await load_logs(self._chain, [address], first, last)
            except (ReplyTooLarge, RpcRefused) as error:
                self._events.add("logs-unreadable", "", address=str(address), block=first, reason=str(error))
        return sorted(found, key=lambda log: log.index)

    async def _take(self, log: ContractLog, entries: Iterable[Entry]) -> None:
        meant = [entry for entry in entries if _config(entry).matches(log.address, log.topics)]
        meant = [entry for entry in meant if entry.kept.since < log.location.block_number]  # Rule 3
        if not meant:
            return
        block = await self._chain.block_by_hash(log.location.block_hash)
        if block is None or block.number != log.location.block_number:
            raise ChainUnavailable(f"the endpoint has a log of block {log.location.block_hash}, not the block")
        data = LogData(
            chain_id=self._chain.chain_id,
            address=log.address,
            topics=log.topics,
            data=log.data,
            block_hash=block.hash,
            block_number=block.number,
            block_timestamp=block.timestamp,
            transaction_hash=log.location.transaction,
            log_index=log.index,
        )
        home = home_of(block)
        for entry in meant:
            await self._starter.start(
                entry, home, log_end(_config(entry), home), partial(log_request, log=data, home=home)
            )


class LogFollower:
    """Follows the home chain at one number of confirmations, until cancelled."""

    def __init__(
        self,
        chain: ChainClient,
        book: Book,
        logs: LogTriggers,
        confirmations: int,
        journal: Journal,
        *,
        poll_s: float,
        max_range: int = MAX_RANGE_BLOCKS,
    ) -> None:
        self._chain = chain
        self._book = book
        self._logs = logs
        self._confirmations = confirmations
        self._poll_s = poll_s
        self._max_range = self._range = max_range
        self._marks: deque[tuple[int, Digest]] = deque(maxlen=MAX_MARKS)
        self._next: int | None = None
        self._seen = 0  # the block of the newest registration followed
        self._journal = journal
        self._kind = f"log-cursor-{confirmations}"

    async def run(self) -> None:
        """Follow for ever."""
        await poll_for_ever(self.poll, lambda: self._poll_s)

    async def poll(self) -> bool:
        """Read one range; False when there is nothing new. Raises ChainError."""
        final = self._book.triggered.block
        entries = self._logs.meant(self._confirmations)
        if not final or not entries:
            self._next = None if self._next is None else final + 1  # Rule 3
            return False
        if self._next is None:
            await self._restore()
        first = self._begin(entries, final)
        deepest = await deepest_block(self._chain, self._confirmations)
        if await self._rewind() or deepest is None or deepest.number < first:
            return False
        last = min(deepest.number, first + self._range - 1)
        end = deepest if last == deepest.number else await self._chain.block(last)
        if end is None:
            raise ChainUnavailable(f"the endpoint has no block {last}")
        try:
            await self._logs.read(first, last, entries)
        except (ReplyTooLarge, RpcRefused):
            if self._range == 1:
                raise
            self._range = max(1, (last - first + 1) // 2)
            return True
        self._range = min(self._max_range, self._range * 2)
        self._marks.append((end.number, end.hash))
        self._next = last + 1
        with self._journal.soon():
            self._journal.save(CURSOR, self._kind, f"{min(self._next, final + 1)} {self._seen}".encode())
        return True

    async def _restore(self) -> None:
        """Rule 3, after a restart."""
        if (kept := self._journal.find(CURSOR, self._kind)) is not None:
            resume, self._seen = map(int, kept.split())
            await self._vanish(resume)
            self._next = resume

    def _begin(self, entries: Sequence[Entry], final: int) -> int:
        """Rule 3: where to read on."""
        fresh = [entry.kept.since + 1 for entry in entries if entry.kept.since > self._seen]
        self._seen = max(self._seen, *(entry.kept.since for entry in entries))
        goes_on = len(fresh) < len(entries)
        if self._next is None or not goes_on:
            self._next = min(fresh, default=final + 1)
        else:
            self._next = min([self._next, *fresh])
        return self._next

    async def _rewind(self) -> bool:
        """Rule 2: go back to the last block read that still stands; whether any had gone."""
        gone = False
        while self._marks and not await self._stands(*self._marks[-1]):
            self._marks.pop()
            gone = True
        if not gone:
            return False
        resume = self._marks[-1][0] + 1 if self._marks else self._book.triggered.block + 1
        self._next = resume if self._next is None else min(self._next, resume)
        await self._vanish(resume)
        return True

    async def _stands(self, number: int, hash: Digest) -> bool:
        """Whether a block is canonical; an endpoint that lags behind it says nothing against it."""
        now = await self._chain.block(number)
        return now is None or now.hash == hash

    async def _vanish(self, resume: int) -> None:
        """Close what logs of vanished blocks began."""
        stands: dict[Digest, bool] = {}
        for request_id in self._book.triggered.open_from(resume):
            opened = self._book.find(request_id)
            event = None if opened is None or opened.request.origin is None else opened.request.origin.event
            if opened is None or not isinstance(event, LogEvent) or event.source_chain_id != self._chain.chain_id:
                continue
            number = opened.request.block_number
            if event.block_hash not in stands:
                stands[event.block_hash] = await self._stands(number, event.block_hash)
            if not stands[event.block_hash]:
                await self._book.untrigger(request_id, number)


def step_of(config: LogConfig) -> int | str:
    """Rule 1."""
    if config.confirmations == "finalized":
        return "finalized"
    return next(step for step in STEPS if step >= config.confirmations)


def _config(entry: Entry) -> LogConfig:
    assert isinstance(entry.config, LogConfig), "a log trigger's"
    return entry.config
