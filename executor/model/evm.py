"""What functions read of EVM chains: blocks, calls, logs."""

from __future__ import annotations

from dataclasses import dataclass

from executor.model.codec import Hex
from executor.model.ids import Address, Digest
from executor.model.transaction import Quantity


@dataclass(frozen=True, slots=True)
class Header:
    """What is told of a block."""

    number: Quantity
    hash: Digest
    parent_hash: Digest
    timestamp: Quantity
    base_fee_wei: Quantity


@dataclass(frozen=True, slots=True)
class Call:
    """A contract and what it is called with."""

    to: Address
    data: Hex


@dataclass(frozen=True, slots=True)
class CallResult:
    """What a call gave: its return data, or the data it was reverted with."""

    succeeded: bool
    data: Hex


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Logs of any of these addresses, whose topics are each one of those listed for its place; none listed: any."""

    addresses: tuple[Address, ...]
    topics: tuple[tuple[Digest, ...], ...] = ()

    def takes(self, address: Address, topics: tuple[Digest, ...]) -> bool:
        """Whether a log is one of these."""
        return (
            address in self.addresses
            and len(topics) >= len(self.topics)
            and all(not wanted or topic in wanted for topic, wanted in zip(topics, self.topics, strict=False))
        )


@dataclass(frozen=True, slots=True)
class Log:
    """One log and where it stands; `index` counts in the block."""

    address: Address
    topics: tuple[Digest, ...]
    data: Hex
    block_number: Quantity
    block_hash: Digest
    transaction: Digest
    index: Quantity
