"""What starts a run without a request, one value a kind, and the home chain's block that gives it its context."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from executor.model.codec import Natural, Uint32
from executor.model.ids import Digest


@dataclass(frozen=True, slots=True)
class LogEvent:
    """A contract's event on any chain; `log_index` counts in the block."""

    source_chain_id: Natural
    block_hash: Digest
    transaction_hash: Digest
    log_index: Uint32


@dataclass(frozen=True, slots=True)
class ClockTick:
    """A cron trigger's time, in seconds since the Unix epoch, as scheduled and not as noticed."""

    scheduled_time: Natural


@dataclass(frozen=True, slots=True)
class BlockTick:
    """A block trigger's block of the home chain."""

    number: Natural


@dataclass(frozen=True, slots=True)
class HttpCall:
    """A POST; the digest is what its signature covers."""

    payload_digest: Digest


TriggerEvent: TypeAlias = LogEvent | ClockTick | BlockTick | HttpCall


@dataclass(frozen=True, slots=True)
class HomeBlock:
    """The block of the home chain from which a triggered run has its context and its epoch."""

    number: Natural
    timestamp: Natural
    parent_hash: Digest
