"""One chain as functions read it: at blocks named by hash, through endpoints of its own that agree (agreement.py).

Rule 1. State is asked of a block's hash (EIP-1898): an endpoint on another fork has no answer, rather than another one.
Rule 2. Every call has the same gas and no sender, so that no endpoint's own limits decide what it gives.
Rule 3. Logs that were not asked for are no answer. One block's are asked of its hash; that there are none, where its
        bloom says that there may be some, is believed only once the whole block was looked at, and when that is empty,
        only after some times. Of a range the last blocks are looked at like that, and its last is looked up again
        afterwards: what was read stands on it.
Rule 4. What a node refuses it is asked once more: behind one URL may be machines that are a block apart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias
from typing import Final as Constant

from executor.chain.agreement import Panel
from executor.chain.bloom import bloom_of, may_hold
from executor.chain.dates import Dates
from executor.chain.polling import Refusal
from executor.chain.provider import RpcProvider
from executor.chain.quantity import data, parse_data, parse_quantity, quantity
from executor.chain.readings import read
from executor.errors import ChainError, ChainUnavailable, ReplyTooLarge, RpcRefused
from executor.model.codec import from_plain
from executor.model.evm import Call, CallResult, Header, Log, LogFilter
from executor.model.ids import Address, Digest

Json = Any
Tag: TypeAlias = Literal["finalized", "latest"]

CALL_GAS: Constant = 16_777_216  # the most a transaction may have (EIP-7825), and less than any provider allows a call
TIMEOUT_S: Constant = 4.0  # one question to one endpoint
ATTEMPTS: Constant = 2
MAX_REPLY_BYTES: Constant = 2 * 1024 * 1024  # a thousand logs of a kilobyte
UNDER_WAY: Constant = 16  # questions at a time: what public endpoints bear
PAUSE_S: Constant = 0.3  # Rule 4
DOUBTED_TIMES: Constant = 10  # then endpoints are believed, as by the watcher: some chains have blooms of their own
MAX_DOUBTS: Constant = 64  # blocks of which that is counted, the latest
LOOKED_AT: Constant = 16  # blocks at a range's end: indexes lag by a few, and a header each is what a query may cost


class ChainReader:
    """Reads one chain for functions. Close it. `answered` and `failed` count its questions."""

    def __init__(self, rpc_urls: Sequence[str], chain_id: int, *, dates: Dates | None = None, **options: Any) -> None:
        kept = {"timeout_s": TIMEOUT_S, "attempts": ATTEMPTS, "max_reply_bytes": MAX_REPLY_BYTES} | options
        self._rpc = RpcProvider(rpc_urls, chain_id, **kept)
        self._places = asyncio.Semaphore(UNDER_WAY)
        self._doubts: dict[str, int] = {}  # by block hash: how often its emptiness was not believed
        self.chain_id = chain_id
        self._dates = dates
        self.answered = 0
        self.failed = 0

    @property
    def panel(self) -> Panel:
        """What each endpoint did."""
        return self._rpc.panel

    async def close(self) -> None:
        """Close the connections."""
        await self._rpc.close()

    async def header(self, block: int | Digest | Tag) -> Header | None:
        """The canonical block of a number or tag, or that of a hash; None where there is none."""
        found = await self._block(block)
        if found is None:
            return None
        header = _header(found)
        if self._dates is not None:
            self._dates.check(self.chain_id, header.number, header.timestamp)
        return header

    async def call(self, block: Digest, call: Call) -> CallResult:
        """What a call gives at the end of a block: a revert is a result."""
        plain = {"to": str(call.to), "data": data(call.data), "gas": quantity(CALL_GAS)}
        try:
            return CallResult(True, parse_data(await self._ask("eth_call", plain, {"blockHash": str(block)})))
        except RpcRefused as error:
            if Refusal(error).reverted:
                return CallResult(False, error.data)
            raise

    async def call_many(self, block: Digest, calls: Sequence[Call]) -> list[CallResult]:
        """What each of several calls gives at the end of a block; the first failure ends them all."""
        async with _Together() as group:
            tasks = [group.create_task(self.call(block, call)) for call in calls]
        return [task.result() for task in tasks]

    async def balance(self, block: Digest, address: Address) -> int:
        """The balance in wei at the end of a block."""
        return parse_quantity(await self._ask("eth_getBalance", str(address), {"blockHash": str(block)}))

    async def logs(self, block: Header, wanted: LogFilter) -> list[Log]:
        """The logs of one block."""
        found = await self._logs({"blockHash": str(block.hash)}, block.number, block, wanted)
        return found or await self._looked_at_whole(await self._block(block.hash), wanted)

    async def log_range(self, first: int, last: Header, wanted: LogFilter) -> list[Log]:
        """The logs of the blocks from `first` to `last`; raises ChainUnavailable where the chain changed meanwhile."""
        bounds = {"fromBlock": quantity(first), "toBlock": quantity(last.number)}
        found = await self._logs(bounds, first, last, wanted)
        found += await self._left_out(range(max(first, last.number + 1 - LOOKED_AT), last.number + 1), found, wanted)
        if (again := await self.header(last.number)) is None or again.hash != last.hash:
            raise ChainUnavailable(f"block {last.number} is no longer {last.hash}")
        return sorted(found, key=lambda log: (log.block_number, log.index))

    async def _block(self, block: int | Digest | Tag) -> Json:
        match block:
            case Digest():
                return await self._ask("eth_getBlockByHash", str(block), False)
            case int():
                return await self._ask("eth_getBlockByNumber", quantity(block), False)
            case tag:
                return await self._ask("eth_getBlockByNumber", tag, False)

    async def _logs(self, where: Json, first: int, last: Header, wanted: LogFilter) -> list[Log]:
        asked = {
            **where,
            "address": [str(address) for address in wanted.addresses],
            "topics": [[str(topic) for topic in place] or None for place in wanted.topics],
        }
        found = [_log(each) for each in await self._ask("eth_getLogs", asked)]
        for log in found:
            misplaced = log.block_number == last.number and log.block_hash != last.hash
            if misplaced or not first <= log.block_number <= last.number or not wanted.takes(log.address, log.topics):
                raise ChainUnavailable("eth_getLogs: a log that was not asked for")
        return found

    async def _left_out(self, numbers: range, found: Sequence[Log], wanted: LogFilter) -> list[Log]:
        """Rule 3 at a range's end: what its blocks have, and its answer does not."""
        has_some = {log.block_number for log in found}
        async with _Together() as group:
            asked = [group.create_task(self._block(number)) for number in numbers if number not in has_some]
        blocks = [task.result() for task in asked]
        return [log for block in blocks for log in await self._looked_at_whole(block, wanted)]

    async def _looked_at_whole(self, block: Json | None, wanted: LogFilter) -> list[Log]:
        """Rule 3. A log index can lag behind its own head; some chains keep blooms of their own, and are believed."""
        if block is None:
            return []
        bloom = parse_data(block["logsBloom"])
        topics = [topic for place in wanted.topics[:1] for topic in place]
        if not any(_may_hold(bloom, address, topics) for address in wanted.addresses):
            return []
        whole = [_log(each) for each in await self._ask("eth_getLogs", {"blockHash": block["hash"]})]
        if bloom_of((log.address, log.topics) for log in whole) != bloom and not whole:
            self._doubt(block["hash"])
        return [log for log in whole if wanted.takes(log.address, log.topics)]

    def _doubt(self, block: str) -> None:
        """Raises ChainUnavailable for a block without the logs that its bloom names, some times."""
        times = self._doubts.pop(block, 0) + 1
        self._doubts[block] = times
        if len(self._doubts) > MAX_DOUBTS:
            del self._doubts[next(iter(self._doubts))]
        if times <= DOUBTED_TIMES:
            raise ChainUnavailable(f"block {block}: its logs are not there yet, its bloom names some")

    async def _ask(self, method: str, *params: Json) -> Json:
        """The reading of an answer; a single endpoint's is read here, those of several are already."""
        try:
            async with self._places:
                answer = await self._asked(method, params)
            reading = read(method, params, answer)
        except ChainError as error:
            reverted = isinstance(error, RpcRefused) and Refusal(error).reverted
            self.answered += reverted
            self.failed += not reverted
            raise
        self.answered += 1
        return reading

    async def _asked(self, method: str, params: Sequence[Json]) -> Json:
        """Rule 4."""
        try:
            return await self._rpc.call(method, *params)
        except RpcRefused as error:
            if Refusal(error).reverted:
                raise
            if method == "eth_getLogs" and "blockHash" not in params[0]:
                raise ReplyTooLarge(f"the endpoints refuse the range: {error}") from error
            await asyncio.sleep(PAUSE_S)
            return await self._rpc.call(method, *params)


class _Together(asyncio.TaskGroup):
    """A task group that raises the first failure itself: one refusal is as good as another."""

    async def __aexit__(self, *details: Any) -> None:
        try:
            await super().__aexit__(*details)
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures


def _may_hold(bloom: bytes, address: bytes, topics: Sequence[bytes]) -> bool:
    return may_hold(bloom, address, topics or (address,))


def _header(raw: Json) -> Header:
    return Header(
        number=parse_quantity(raw["number"]),
        hash=Digest.from_hex(raw["hash"]),
        parent_hash=Digest.from_hex(raw["parentHash"]),
        timestamp=parse_quantity(raw["timestamp"]),
        base_fee_wei=parse_quantity(raw["baseFeePerGas"]),
    )


def _log(raw: Json) -> Log:
    return Log(
        address=Address.from_hex(raw["address"]),
        topics=from_plain(tuple[Digest, ...], raw["topics"]),
        data=parse_data(raw["data"]),
        block_number=parse_quantity(raw["blockNumber"]),
        block_hash=Digest.from_hex(raw["blockHash"]),
        transaction=Digest.from_hex(raw["transactionHash"]),
        index=parse_quantity(raw["logIndex"]),
    )
