"""Records what chains answer a live run, under the names of evm_replies.py.

Rule 1. The first answer to a name stands under the name; another one, at another block, under NAME@NUMBER.
Rule 2. Logs of an address stand together, whatever was asked for: a replay picks by block and topics, as a chain does.
Rule 3. A read that failed is not recorded: in a replay it is refused as `evm-unavailable`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from executor.capabilities.evm import EvmChain
from executor.capabilities.evm_messages import Finalized
from executor.model.evm import Call, CallResult, Header, Log, LogFilter
from executor.model.ids import Address, Digest
from executor.testing.recording import Recording
from executor.testing.replies import Reply


def recorded_chains(live: Mapping[int, EvmChain], recording: Recording) -> dict[int, EvmChain]:
    """These chains, recorded; in the order they have."""
    return {number: RecordedChain(number, chain, recording) for number, chain in live.items()}


class RecordedChain:
    """One chain: the live one answers."""

    def __init__(self, number: int, live: EvmChain, recording: Recording) -> None:
        self._number, self._live, self._recording = number, live, recording
        self._heights: dict[Digest, int] = {}
        self._logs: dict[Address, dict[tuple[int, int], Log]] = {}

    async def header(self, block: int | Digest | Finalized) -> Header | None:
        """Kept by its number, and by what it was asked by."""
        found = await self._live.header(block)
        if found is not None:
            self._heights[found.hash] = found.number
            told = _reply(
                {
                    "number": found.number,
                    "hash": str(found.hash),
                    "parent_hash": str(found.parent_hash),
                    "timestamp": found.timestamp,
                    "base_fee_wei": found.base_fee_wei,
                }
            )
            for name in dict.fromkeys((str(found.number), str(block))):
                self._recording.keep(f"evm.block://{self._number}/{name}", told)
        return found

    async def call(self, block: Digest, call: Call) -> CallResult:
        """Kept, a revert as `evm-reverted`."""
        result = await self._live.call(block, call)
        self._keep_call(block, call, result)
        return result

    async def call_many(self, block: Digest, calls: Sequence[Call]) -> Sequence[CallResult]:
        """Kept one by one."""
        results = await self._live.call_many(block, calls)
        for call, result in zip(calls, results, strict=True):
            self._keep_call(block, call, result)
        return results

    async def balance(self, block: Digest, address: Address) -> int:
        """Kept as a decimal."""
        wei = await self._live.balance(block, address)
        self._keep(f"evm.balance://{self._number}/{address}", block, Reply(body=str(wei).encode()))
        return wei

    async def logs(self, block: Header, wanted: LogFilter) -> Sequence[Log]:
        """Kept by address."""
        found = await self._live.logs(block, wanted)
        self._keep_logs(wanted.addresses, found)
        return found

    async def log_range(self, first: int, last: Header, wanted: LogFilter) -> Sequence[Log]:
        """Kept by address."""
        found = await self._live.log_range(first, last, wanted)
        self._keep_logs(wanted.addresses, found)
        return found

    def _keep_call(self, block: Digest, call: Call, result: CallResult) -> None:
        said = Reply(body=f"0x{result.data.hex()}".encode()) if result.succeeded else Reply(error="evm-reverted")
        self._keep(f"evm.call://{self._number}/{call.to}/0x{call.data.hex()}", block, said)

    def _keep(self, name: str, block: Digest, reply: Reply) -> None:
        """Rule 1."""
        known, height = self._recording.replies.get(name), self._heights.get(block)
        other = known is not None and known != reply and height is not None
        self._recording.keep(f"{name}@{height}" if other else name, reply)

    def _keep_logs(self, addresses: Iterable[Address], found: Sequence[Log]) -> None:
        """Rule 2."""
        for address in addresses:
            known = self._logs.setdefault(address, {})
            known |= {(log.block_number, log.index): log for log in found if log.address == address}
            plain = [_plain(known[place]) for place in sorted(known)]
            self._recording.keep(f"evm.logs://{self._number}/{address}", _reply(plain), grows=True)


def _plain(log: Log) -> dict[str, object]:
    return {
        "topics": [str(topic) for topic in log.topics],
        "data": f"0x{log.data.hex()}",
        "block_number": log.block_number,
        "index": log.index,
        "transaction": str(log.transaction),
    }


def _reply(plain: object) -> Reply:
    return Reply(body=json.dumps(plain).encode())
