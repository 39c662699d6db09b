"""The messages of evm@1 against fixtures/vectors/evm.json."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from vector_files import rows, unhex

from executor.capabilities.evm import EvmCapability, EvmSettings
from executor.model.evm import Call, CallResult, Header, Log, LogFilter
from executor.model.ids import Address, Digest, FunctionId
from executor.model.manifest import EvmCapability as EvmTerms
from executor.model.request import Request
from executor.vm.capabilities import Answer, Refusal

BLOCK = Header(7, Digest(b"\x07" * 32), Digest(bytes(32)), 0, 0)
REQUEST = replace(Request.local(FunctionId(bytes(32))), chain_id=1, block_number=7)


@dataclass
class Given:
    """A chain that answers what a vector says."""

    values: Any

    async def header(self, block: int | Digest | str) -> Header:
        """The vector's, or one that reads need."""
        if len(self.values) == 5:
            number, hash, parent, timestamp, fee = self.values
            return Header(int(number), Digest(unhex(hash)), Digest(unhex(parent)), int(timestamp), int(fee))
        return replace(BLOCK, number=block) if isinstance(block, int) else BLOCK

    async def call(self, _block: Digest, call: Call) -> CallResult:
        """The bytes alone, or the result that stands in the call's place."""
        if isinstance(self.values[0], str):
            return CallResult(True, unhex(self.values[0]))
        succeeded, data = self.values[0][0 if call.data else 1]
        return CallResult(succeeded, unhex(data))

    async def call_many(self, block: Digest, calls: Sequence[Call]) -> list[CallResult]:
        """One by one."""
        return [await self.call(block, call) for call in calls]

    async def balance(self, _block: Digest, _address: Address) -> int:
        """The number."""
        return int(self.values[0])

    async def logs(self, _block: Header, _wanted: LogFilter) -> Sequence[Log]:
        """All of them."""
        return [
            Log(
                address=Address(unhex(address)),
                topics=tuple(Digest(unhex(topic)) for topic in topics),
                data=unhex(data),
                block_number=int(number),
                block_hash=Digest(unhex(block)),
                transaction=Digest(unhex(transaction)),
                index=int(index),
            )
            for address, topics, data, number, block, transaction, index in self.values[0]
        ]

    async def log_range(self, _first: int, last: Header, wanted: LogFilter) -> Sequence[Log]:
        """The same."""
        return await self.logs(last, wanted)


def capability(values: Any) -> EvmCapability:
    """Over two chains that answer alike, for a request whose block nothing contradicts."""
    number = int(values[0]) if len(values) == 5 else 7
    parent, time = (Digest(unhex(values[2])), int(values[3])) if len(values) == 5 else (Digest(bytes(32)), 0)
    request = replace(REQUEST, block_number=number, parent_hash=parent, block_timestamp=time)
    given = Given(values)
    return EvmCapability(EvmTerms(chains=[1, 8453]), request, EvmSettings({1: given, 8453: given}))


@pytest.mark.parametrize("row", rows("evm", "valid"))
async def test_a_request_is_answered_with_these_bytes(row: dict[str, Any]) -> None:
    """Whatever is read, the response is its encoding."""
    answered = await capability(row["values"]).call(row["operation"], row["request"].encode())
    assert answered == Answer(unhex(row["response"]))


@pytest.mark.parametrize("row", rows("evm", "invalid"))
async def test_what_is_no_request_is_refused(row: dict[str, Any]) -> None:
    """By the one code."""
    assert await capability([0]).call(row["operation"], row["request"].encode()) == Refusal("evm-bad-request")
