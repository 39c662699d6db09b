"""Reads finalized blocks for triggers: what is registered, its finalized logs, and which clocks and blocks strike.

Rule 1. Blocks are read in order and once, from the node's first block on; where to go on is journaled after what was
        read was acted on, so that a crash repeats some of it, and ids make that harmless.
Rule 2. A range is cut at every change of a registration: up to its block the old state holds, from the next the new.
Rule 3. What is over by the chain's finalized block is not begun; that ticks were missed is told once a range.
"""

from __future__ import annotations

from functools import partial
from typing import Final as Constant

from executor.chain.client import Block, ChainClient
from executor.chain.triggers import load_changes, load_triggers
from executor.errors import ReplyTooLarge, RpcRefused
from executor.model.ids import Address
from executor.model.trigger import TriggerKind
from executor.model.trigger_config import BlockConfig, CronConfig
from executor.node.chain_memory import CURSOR
from executor.node.triggers.logs import LogTriggers
from executor.node.triggers.polling import HomeTimes, poll_for_ever
from executor.node.triggers.registrations import Entry, Registrations
from executor.node.triggers.starting import Book, Starter, home_of
from executor.protocol.triggering import block_end, block_request, clock_end, clock_request, due_blocks, ticks_due
from executor.store.events import EventLog
from executor.store.journal import Journal

MAX_RANGE_BLOCKS: Constant = 1_000  # as in watcher.py
IDLE_POLLS: Constant = 5  # of the requests' polls to one of ours while nothing is registered
LEAST_IDLE_S: Constant = 1.0  # a first registration waits to be final anyway, and each look costs half a millisecond
CURSOR_KIND: Constant = "trigger-cursor"


class TriggerFollower:
    """Follows the home chain's finalized blocks until cancelled."""

    def __init__(
        self,
        chain: ChainClient,
        journal: Journal,
        book: Book,
        registrations: Registrations,
        starter: Starter,
        logs: LogTriggers,
        events: EventLog,
        *,
        start_block: int,
        poll_s: float,
        max_range: int = MAX_RANGE_BLOCKS,
    ) -> None:
        self._chain = chain
        self._journal = journal
        self._book = book
        self._registrations = registrations
        self._starter = starter
        self._logs = logs
        self._events = events
        self._poll_s = poll_s
        self._max_range = self._range = max_range
        self._triggers: Address | None = None
        self._home = HomeTimes(chain)
        kept = journal.find(CURSOR, CURSOR_KIND)
        self.next_block = start_block if kept is None else int(kept)

    async def run(self) -> None:
        """Follow for ever."""
        idle_s = max(IDLE_POLLS * self._poll_s, LEAST_IDLE_S)
        await poll_for_ever(self.poll, lambda: self._poll_s if len(self._registrations) else idle_s)

    async def poll(self) -> bool:
        """Read one range; False when there is no new block. Raises ChainError, having changed nothing that matters."""
        if self._triggers is None:
            self._triggers = await load_triggers(self._chain)
        final = await self._chain.head("finalized")
        await self._book.finalized(final.timestamp, final.number)
        last = min(final.number, self.next_block + self._range - 1)
        if self._triggers is None or last < self.next_block:
            return False
        self._home.keep(final)
        try:
            changes = await load_changes(self._chain, self._triggers, self.next_block, last)
            first = self.next_block
            for upto in sorted({change.block for change in changes} | {last}):  # Rule 2
                await self._strike(first, upto, final)
                for change in changes:
                    if change.block == upto:
                        self._registrations.apply(change)
                first = upto + 1
        except (ReplyTooLarge, RpcRefused):  # what was acted on comes again with a smaller range
            if self._range == 1:
                raise
            self._range = max(1, (last - self.next_block + 1) // 2)
            return True
        self._range = min(self._max_range, self._range * 2)
        self.next_block = last + 1
        with self._journal.soon():
            self._journal.save(CURSOR, CURSOR_KIND, str(self.next_block).encode())  # Rule 1
        return True

    async def _strike(self, first: int, upto: int, final: Block) -> None:
        """Start what logs, clocks and block triggers ask for in these blocks."""
        if first > upto:
            return
        if finalized := [entry for entry in self._logs.meant("finalized") if entry.kept.since < upto]:
            await self._logs.read(first, upto, finalized)
        for entry in self._registrations.active(TriggerKind.CRON, first):
            await self._tick(entry, first, upto, final)
        for entry in self._registrations.active(TriggerKind.BLOCK, first):
            await self._pass(entry, first, upto, final)

    async def _tick(self, entry: Entry, first: int, upto: int, final: Block) -> None:
        config = entry.config
        assert isinstance(config, CronConfig), "a clock's"
        after = (await self._home.block(first - 1)).timestamp if first else 0
        until, schedule = (await self._home.block(upto)).timestamp, config.times
        due = ticks_due(config, schedule, after, until, final.timestamp)
        oldest = due[0] if due else until + 1
        if (missed := schedule.next_after(after)) < oldest:
            self._tell_missed(entry, missed, oldest - 1)
        for time_s in due:
            home = home_of(await self._home.first_at(time_s, first, upto))
            make = partial(clock_request, scheduled_time=time_s, home=home)
            await self._starter.start(entry, home, clock_end(config, schedule, time_s), make)

    async def _pass(self, entry: Entry, first: int, upto: int, final: Block) -> None:
        config = entry.config
        assert isinstance(config, BlockConfig), "a block trigger's"
        missed: list[int] = []
        late = (await self._home.block(upto)).timestamp + config.lifetime_s <= final.timestamp
        for number in due_blocks(config, first, upto):
            if late and number + config.catch_up * config.every <= final.number:
                missed.append(number)  # without its header
                continue
            home = home_of(await self._home.block(number))
            end = block_end(config, home)
            if end.is_past(final.timestamp, final.number):
                missed.append(number)
            else:
                await self._starter.start(entry, home, end, partial(block_request, home=home))
        if missed:
            self._tell_missed(entry, missed[0], missed[-1])

    def _tell_missed(self, entry: Entry, first: int, last: int) -> None:
        """Rule 3: times of a clock, numbers of blocks."""
        self._events.add("ticks-missed", "", registration=str(entry.registration_id), first=first, last=last)
