"""What starts a run without a request, one value a kind, and the home chain's block that gives it its context."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias, assert_never

from executor.model.codec import Hex, Natural, Uint32
from executor.model.ids import Address, Digest, FunctionId, RegistrationId


class TriggerKind(IntEnum):
    """As in contracts/src/interfaces/ITriggers.sol."""

    LOG = 0
    CRON = 1
    BLOCK = 2
    HTTP = 3


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


@dataclass(frozen=True, slots=True)
class Origin:
    """What a triggered request comes from: the registration and the event."""

    registration: RegistrationId
    event: TriggerEvent


@dataclass(frozen=True, slots=True)
class Registration:
    """A registered trigger as the chain keeps it; it never changes. `receiver` is None where nobody is told."""

    registration_id: RegistrationId
    owner: Address
    kind: TriggerKind
    function_id: FunctionId
    receiver: Address | None
    subscription: Natural
    callback_gas_limit: Uint32
    name: Hex
    config: Hex
    input: Hex


def kind_of(event: TriggerEvent) -> TriggerKind:
    """The kind of trigger that such an event is of."""
    match event:
        case LogEvent():
            return TriggerKind.LOG
        case ClockTick():
            return TriggerKind.CRON
        case BlockTick():
            return TriggerKind.BLOCK
        case HttpCall():
            return TriggerKind.HTTP
        case _ as unreachable:
            assert_never(unreachable)
