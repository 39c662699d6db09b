"""evm@1: the guest's way to read EVM chains at blocks that do not change, each through endpoints that agree.

Rule 1. Only chains that the manifest lists and the operator has endpoints for; the home chain is listed like any other.
Rule 2. Everything is read at one block, which is named by its hash: by number the block is found first, and an endpoint
        that has another one there has no answer. Never "latest".
Rule 3. Without a block: the request's own, on the home chain, and only if it stands on the parent and has the time that
        the request commits to. The block before it is the one of the parent's hash.
Rule 4. Time, reads, bytes and ranges of a run are capped; each cap has an error code.
Rule 5. What the guest learns of a failure is a stable code; the words are for the node's log. Nothing here writes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final as Constant
from typing import Protocol

from executor.capabilities.errors import CallRefused
from executor.capabilities.evm_messages import (
    Block,
    Finalized,
    Place,
    decode_balance,
    decode_block,
    decode_call,
    decode_calls,
    decode_logs,
    encode_balance,
    encode_header,
    encode_logs,
    encode_results,
)
from executor.errors import (
    ChainDisagreement,
    ChainError,
    ReplyTooLarge,
    RpcRefused,
)
from executor.model.evm import Call, CallResult, Header, Log, LogFilter
from executor.model.ids import Address, Digest
from executor.model.manifest import EvmCapability as EvmTerms
from executor.model.profile import PROFILE
from executor.model.request import Request
from executor.vm.capabilities import Answer, Refusal, Response

logger = logging.getLogger(__name__)

OPERATIONS: Constant = ("evm.call", "evm.call_many", "evm.balance", "evm.block", "evm.logs")
PAUSE_S: Constant = 0.25  # before a block that is not there yet is asked for again
BLOCK_RANGE: Constant = 1_000  # of one evm.logs: what common providers take in one query
MAX_LOGS: Constant = 1_000  # in one response: 300 bytes each


class EvmChain(Protocol):
    """One chain, as its endpoints agree on it (executor/chain/reader.py). Everything raises ChainError."""

    async def header(self, block: int | Digest | Finalized) -> Header | None:
        """The canonical block of a number or tag, or that of a hash; None where there is none."""
        ...

    async def call(self, block: Digest, call: Call) -> CallResult:
        """What a call gives at the end of a block."""
        ...

    async def call_many(self, block: Digest, calls: Sequence[Call]) -> Sequence[CallResult]:
        """What each of several calls gives at the end of a block."""
        ...

    async def balance(self, block: Digest, address: Address) -> int:
        """The balance in wei at the end of a block."""
        ...

    async def logs(self, block: Header, wanted: LogFilter) -> Sequence[Log]:
        """The logs of one block."""
        ...

    async def log_range(self, first: int, last: Header, wanted: LogFilter) -> Sequence[Log]:
        """The logs of the blocks from `first` to `last`."""
        ...


@dataclass(frozen=True, slots=True)
class EvmSettings:
    """The chains a node reads, by id, and its limits for one run of one function."""

    chains: Mapping[int, EvmChain] = field(default_factory=lambda: MappingProxyType({}))
    timeout_s: float = 5.0  # one operation, however many calls it makes
    run_timeout_s: float = 20.0  # all of a run, from its first: a worker's watchdog comes after 30
    reads: int = 512  # calls, balances, blocks and log queries of one run: "hundreds of positions"
    wait_s: float = 2.0  # for a block that endpoints do not have yet


class EvmCapability:
    """evm@1 for one observe run: it counts that run's reads, and looks each block up once."""

    def __init__(
        self, terms: EvmTerms, request: Request, settings: EvmSettings | None = None, *, quiet: bool = False
    ) -> None:
        self._terms = terms
        self._request = request
        self._settings = settings or EvmSettings()
        self._reads_left = self._settings.reads
        self._ends_at: float | None = None
        self._quiet = quiet  # what the run asks may hold secrets
        self._headers: dict[tuple[int, Block], Header] = {}

    async def call(self, operation: str, request: bytes) -> Response:
        """The answer in time, or a refusal whose reason goes to the log."""
        loop = asyncio.get_running_loop()
        if self._ends_at is None:
            self._ends_at = loop.time() + self._settings.run_timeout_s
        try:
            async with asyncio.timeout_at(min(self._ends_at, loop.time() + self._settings.timeout_s)):
                return await self.respond(operation, request)
        except TimeoutError:
            logger.info("%s: the endpoints did not answer in time", operation)
            return Refusal("evm-timeout")

    async def respond(self, operation: str, request: bytes) -> Response:
        """The same without a clock: it waits for the chain alone, and for blocks where `wait_s` is not zero."""
        try:
            data = await self.answer(operation, request)
        except CallRefused as refused:
            logger.info("%s: %s", operation, refused.code if self._quiet else refused)
            return Refusal(refused.code)
        except ChainError as error:
            code = _code_of(error)
            logger.info("%s: %s", operation, code if self._quiet else error)
            return Refusal(code)
        if len(data) > PROFILE.ceilings.call_response_bytes:
            logger.info("%s: the response has %d bytes", operation, len(data))
            return Refusal("evm-too-large")
        return Answer(data)

    async def answer(self, operation: str, request: bytes) -> bytes:
        """The response bytes of one operation; raises CallRefused with the guest's code, or ChainError."""
        match operation:
            case "evm.call":
                place, call = decode_call(request)
                result = await self._call(place, call)
                if not result.succeeded:
                    raise CallRefused("evm-reverted", f"{call.to} reverted with 0x{result.data[:64].hex()}")
                return result.data
            case "evm.call_many":
                place, calls = decode_calls(request)
                return encode_results(await self._call_many(place, calls))
            case "evm.balance":
                place, address = decode_balance(request)
                chain, header = await self._at(place, reads=1)
                return encode_balance(await chain.balance(header.hash, address))
            case "evm.block":
                _, header = await self._at(decode_block(request), reads=1)
                return encode_header(header)
            case "evm.logs":
                return encode_logs(await self._logs(*decode_logs(request)))
            case _:
                raise CallRefused("unknown-operation", f"{operation} is none of {', '.join(OPERATIONS)}")

    async def _call(self, place: Place, call: Call) -> CallResult:
        chain, header = await self._at(place, reads=1)
        return await chain.call(header.hash, call)

    async def _call_many(self, place: Place, calls: Sequence[Call]) -> Sequence[CallResult]:
        chain, header = await self._at(place, reads=len(calls))
        return await chain.call_many(header.hash, calls)

    async def _logs(self, place: Place, first: int | None, wanted: LogFilter) -> Sequence[Log]:
        chain, last = await self._at(place, reads=1)
        if first is None:
            first = last.number
        if not 0 <= last.number - first < BLOCK_RANGE:
            raise CallRefused("evm-range", f"blocks {first} to {last.number}: 1 to {BLOCK_RANGE} in one query")
        alone = first == last.number
        found = await (chain.logs(last, wanted) if alone else chain.log_range(first, last, wanted))
        if len(found) > MAX_LOGS:
            raise CallRefused("evm-too-large", f"{len(found)} logs, {MAX_LOGS} are allowed: ask for fewer blocks")
        return found

    async def _at(self, place: Place, *, reads: int) -> tuple[EvmChain, Header]:
        """Rules 1 to 4: the chain and the block of a place."""
        chain_id = self._request.chain_id if place.chain is None else place.chain
        if chain_id not in self._terms.chains:
            raise CallRefused("evm-chain-not-granted", f"the manifest does not list chain {chain_id}")
        chain = self._settings.chains.get(chain_id)
        if chain is None:
            raise CallRefused("evm-unknown-chain", f"this node has no endpoints of chain {chain_id}")
        if reads > self._reads_left:
            raise CallRefused("evm-too-many", f"a run makes at most {self._settings.reads} reads")
        self._reads_left -= reads
        key = (chain_id, place.block)
        if key not in self._headers:
            self._headers[key] = await self._header(chain, chain_id, place.block)
        return chain, self._headers[key]

    async def _header(self, chain: EvmChain, chain_id: int, block: Block) -> Header:
        own = self._request
        if block is None:
            if chain_id != own.chain_id:
                raise CallRefused("evm-block-needed", f"chain {chain_id} is not the home chain: name a block")
            block = own.block_number
        header = await self._found(chain, block)
        if chain_id != own.chain_id:
            return header
        if header.number == own.block_number:
            stands = (header.parent_hash, header.timestamp) == (own.parent_hash, own.block_timestamp)
        else:
            stands = header.number != own.block_number - 1 or header.hash == own.parent_hash
        if not stands:  # Rule 3
            raise CallRefused("evm-reorganised", f"block {header.number} is {header.hash}: not the request's chain")
        return header

    async def _found(self, chain: EvmChain, block: int | Digest | Finalized) -> Header:
        """Endpoints may be a moment behind each other, or behind the block that others agreed on."""
        for left in range(int(self._settings.wait_s / PAUSE_S), -1, -1):
            if (header := await chain.header(block)) is not None:
                return header
            if left:
                await asyncio.sleep(PAUSE_S)
        raise CallRefused("evm-no-block", f"the chain has no block {block}")


def _code_of(error: ChainError) -> str:
    match error:
        case ReplyTooLarge():
            return "evm-too-large"
        case ChainDisagreement():
            return "evm-disagreement"
        case RpcRefused():
            return "evm-refused"
        case _:
            return "evm-unavailable"
