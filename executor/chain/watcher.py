"""Follows the router's events, deep enough and in order, through restarts and reorganisations.

Rule 1. A block is read once it has `confirmations` blocks on top, or is finalized.
Rule 2. Everything up to a `Scanned(next_block)` has been yielded: whoever journals it resumes there and loses nothing;
        what was yielded after the last journaled one comes again (ids make that harmless).
Rule 3. After each range its last block's hash is kept. When that block is no longer canonical, the watcher goes back to
        the last kept block that is, yields `Vanished` for what is gone, and reads on from there.
        A restarted watcher is given the hashes and what was seen (`marks`, `seen`), and begins by comparing.
        Only the last kept block is compared, so each must stand on the one before: a range's last block is asked for
        first, the kept one is compared then, and the logs are read at the end.
Rule 4. Log and header must agree, and a request's id is recomputed (logs.py).
Rule 5. A block that is read alone, has none of our logs, and whose bloom says that it may: all its logs must add up to
        the bloom, or the answer is not believed for some polls.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Final as Constant
from typing import Literal, TypeAlias

from eth_typing import BlockNumber
from hexbytes import HexBytes
from web3.types import FilterParams

from executor.chain.bloom import bloom_of, may_hold
from executor.chain.client import Block, ChainClient, checksum, well_formed
from executor.chain.logs import TOPICS, Closed, RouterLog, Seen, decode
from executor.errors import ChainUnavailable, InvalidConfig, ReplyTooLarge, RpcRefused
from executor.model.codec import Natural
from executor.model.ids import Address, Digest

MAX_RANGE_BLOCKS: Constant = 1_000  # a common provider limit for eth_getLogs
KEPT_BLOCKS: Constant = 1_024  # how deep a reorganisation is followed; Ethereum finalizes within some 64 blocks
POLL_S: Constant = 1.0

DOUBTED_POLLS: Constant = 10  # then the endpoints are believed: there are chains whose blooms are not Ethereum's

Depth: TypeAlias = int | Literal["finalized"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A block that was canonical when it was read."""

    number: Natural
    hash: Digest


@dataclass(frozen=True, slots=True)
class Vanished:
    """A reorganisation removed the block of something seen."""

    seen: Seen | Closed


@dataclass(frozen=True, slots=True)
class Scanned:
    """Everything before this block has been yielded; `marks` are blocks to compare with after a restart.

    `time_s` is the time of the last block read; 0 after a reorganisation, until the next is read.
    """

    next_block: int
    marks: tuple[Mark, ...] = ()
    time_s: int = 0


ChainEvent: TypeAlias = Seen | Vanished | Scanned


class RequestWatcher:
    """Yields the router's events from a block on, or from the last of `marks` on; counters are for metrics."""

    def __init__(
        self,
        client: ChainClient,
        from_block: int,
        *,
        confirmations: Depth = 1,
        max_range: int = MAX_RANGE_BLOCKS,
        poll_s: float = POLL_S,
        marks: Sequence[Mark] = (),
        seen: Iterable[Seen | Closed] = (),
    ) -> None:
        if from_block < 0 or max_range < 1 or (confirmations != "finalized" and confirmations < 0):
            raise InvalidConfig("a watcher starts at a block, reads at least one at a time, and waits for zero or more")
        self._client = client
        self.next_block = marks[-1].number + 1 if marks else from_block
        self.head = 0  # of the last poll, as deep as it reads
        self.reorganisations = 0
        self.vanished = 0
        self.doubted = 0  # answers that a header's bloom contradicts
        self._confirmations = confirmations
        self._max_range = max_range
        self._range = max_range
        self._poll_s = poll_s
        self._idle_at: Digest | None = None  # the head at which there was nothing to read, and no reorganisation
        self._doubts = 0  # polls in which the next block's logs were not believed
        self._checkpoints: deque[Mark] = deque(marks)
        # By block hash and log index; what is remembered from before a restart has a place of its own.
        self._seen: dict[tuple[Digest, int], Seen | Closed] = {
            (each.location.block_hash, -1 - place): each for place, each in enumerate(seen)
        }

    async def follow(self) -> AsyncIterator[ChainEvent]:
        """Events for ever; pauses while there is nothing new. Raises ChainUnavailable and may be called again."""
        while True:
            idle = True
            for event in await self.poll():
                idle = False
                yield event
            if idle:
                await asyncio.sleep(self._poll_s)

    async def poll(self) -> list[ChainEvent]:
        """The events of one range, `Scanned` last; empty when nothing is deep enough. Raises ChainUnavailable."""
        head = await self._client.head(*(["finalized"] if self._confirmations == "finalized" else []))
        if head.hash == self._idle_at:
            return []
        end, deepest = None, self._deepest(head)
        if deepest is not None and deepest >= self.next_block:
            self.head = deepest
            last = min(deepest, self.next_block + self._range - 1)
            end = head if head.number == last else await self._client.block(last)
        gone = await self._rewind(end)  # after `end` was asked for: one of another chain than the kept is found out
        if gone or end is None:
            self._idle_at = None if gone or (deepest or 0) >= self.next_block else head.hash
            return gone
        last = end.number
        self._check_stands(end)
        try:
            logs = await self._logs(self.next_block, last)
        except (ReplyTooLarge, RpcRefused) as error:
            if self._range == 1:
                raise ChainUnavailable(f"the logs of block {last} alone: {error}") from error
            self._range = max(1, min(self._range, last - self.next_block + 1) // 2)
            return []
        if not logs and last == self.next_block:
            await self._check_complete(end)
        fresh = await self._decode(logs)
        self._range = min(self._max_range, self._range * 2)
        self.next_block = last + 1
        self._doubts = 0
        self._checkpoints.append(Mark(end.number, end.hash))
        self._forget()
        return [*fresh, self._scanned(end.timestamp)]

    def _deepest(self, head: Block) -> int | None:
        if self._confirmations == "finalized":
            return head.number
        return head.number - self._confirmations if head.number >= self._confirmations else None

    async def _rewind(self, end: Block | None) -> list[ChainEvent]:
        """Go back to the last checkpoint that is still canonical; what stood in vanished blocks, newest first."""
        kept = list(self._checkpoints)
        if end is not None and kept and (kept[-1].number + 1, kept[-1].hash) == (end.number, end.parent_hash):
            return []  # the header itself says so
        while kept and not await self._is_canonical(kept[-1].number, kept[-1].hash):
            kept.pop()
        if len(kept) == len(self._checkpoints):
            return []
        if kept:
            resume = kept[-1].number + 1
        else:  # deeper than anything kept: all that this watcher remembers is in question
            seen_at = [seen.location.block_number for seen in self._seen.values()]
            resume = min([self._checkpoints[0].number, *seen_at])
        blocks = {
            (seen.location.block_number, seen.location.block_hash)
            for seen in self._seen.values()
            if seen.location.block_number >= resume
        }
        lost = {hash for number, hash in sorted(blocks) if not await self._is_canonical(number, hash)}
        gone = {key: seen for key, seen in self._seen.items() if seen.location.block_hash in lost}
        # Nothing is changed before every answer is in, so that a failure half-way loses nothing.
        self.next_block = resume
        self._checkpoints = deque(kept)
        for key in gone:
            del self._seen[key]
        self.reorganisations += 1
        self.vanished += len(gone)
        in_order = sorted(gone.values(), key=lambda seen: seen.location.block_number)
        return [*map(Vanished, reversed(in_order)), self._scanned()]

    def _scanned(self, time_s: int = 0) -> Scanned:
        """Marks at distances of 1, 2, 4 ... blocks: few to keep, and a reorganisation is read again twice at most."""
        marks: list[Mark] = []
        distance = 1
        for mark in reversed(self._checkpoints):
            if not marks or marks[0].number - mark.number >= distance:
                distance = 1 if not marks else distance * 2
                marks.insert(0, mark)
        return Scanned(self.next_block, tuple(marks), time_s)

    def _check_stands(self, end: Block) -> None:
        """Rule 3, where headers show it; raises ChainUnavailable for an endpoint whose answers are of two chains."""
        kept = self._checkpoints[-1] if self._checkpoints else None
        if kept is not None and kept.number + 1 == end.number and kept.hash != end.parent_hash:
            raise ChainUnavailable(
                f"block {end.number} stands on {end.parent_hash}, and {kept.hash} is given as block {kept.number}"
            )

    async def _is_canonical(self, number: int, hash: Digest) -> bool:
        """Whether the block still stands; an endpoint that lags behind it says nothing against it."""
        now = await self._client.block(number)
        return now is None or now.hash == hash

    async def _logs(self, first: int, last: int) -> list[RouterLog]:
        wanted = FilterParams(
            address=checksum(self._client.router),
            topics=[[HexBytes(topic) for topic in TOPICS]],
            fromBlock=BlockNumber(first),
            toBlock=BlockNumber(last),
        )
        with well_formed():
            logs = [RouterLog.parse(each, self._client.router) for each in await self._client.w3.eth.get_logs(wanted)]
        if not all(first <= log.location.block_number <= last for log in logs):
            raise ChainUnavailable("eth_getLogs: a log outside the range asked for")
        return sorted(logs, key=lambda log: (log.location.block_number, log.index))

    async def _check_complete(self, block: Block) -> None:
        """Rule 5; raises ChainUnavailable when logs are kept from us."""
        if self._doubts >= DOUBTED_POLLS or not may_hold(block.logs_bloom, self._client.router, TOPICS):
            return
        with well_formed():
            whole = await self._client.w3.eth.get_logs(FilterParams(blockHash=HexBytes(block.hash)))
            ours = any(Address.from_hex(log["address"]) == self._client.router for log in whole)
            found = bloom_of((HexBytes(log["address"]), map(HexBytes, log["topics"])) for log in whole)
        if ours or found != block.logs_bloom:
            self.doubted += 1
            self._doubts += 1
            raise ChainUnavailable(f"block {block.number}: logs are missing, its bloom names some of the router's kind")

    async def _decode(self, logs: list[RouterLog]) -> list[Seen]:
        blocks: dict[Digest, Block] = {}
        fresh: dict[tuple[Digest, int], Seen] = {}
        for log in logs:
            key = (log.location.block_hash, log.index)
            if key in self._seen:
                continue
            block = blocks.get(log.location.block_hash) or await self._client.block_by_hash(log.location.block_hash)
            if block is None or block.number != log.location.block_number:
                raise ChainUnavailable(f"the endpoint has a log of block {log.location.block_hash}, not the block")
            blocks[block.hash] = block
            fresh[key] = decode(log, block, self._client.chain_id, self._client.router)
        self._seen.update(fresh)
        return list(fresh.values())

    def _forget(self) -> None:
        """Drop what lies deeper than any reorganisation we follow; one checkpoint always stays."""
        floor = self.next_block - KEPT_BLOCKS
        while len(self._checkpoints) > 1 and self._checkpoints[0].number < floor:
            self._checkpoints.popleft()
        for key in [key for key, seen in self._seen.items() if seen.location.block_number < floor]:
            del self._seen[key]
