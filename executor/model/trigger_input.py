"""What the guest of a triggered run is given: canonical JSON of the event and of the registration's own input.

Rule 1. Everything in it is known alike to every member: from the chain, or from the bytes that a signer signed.
Rule 2. An event that with its registration's input is over MAX_INPUT_BYTES starts nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal
from typing import Final as Constant

from pydantic import Field

from executor.errors import InvalidTrigger
from executor.model.codec import Hex, Natural, Uint32, decode, encode
from executor.model.ids import Address, Digest

MAX_INPUT_BYTES: Constant = 65_536  # what a guest takes (docs/abi.md)


@dataclass(frozen=True, slots=True)
class LogData:
    """The log, and the block it stands in."""

    chain_id: Natural
    address: Address
    topics: tuple[Digest, ...]
    data: Hex
    block_hash: Digest
    block_number: Natural
    block_timestamp: Natural
    transaction_hash: Digest
    log_index: Uint32


@dataclass(frozen=True, slots=True)
class CronData:
    """The time that was scheduled."""

    scheduled_time: Natural


@dataclass(frozen=True, slots=True)
class BlockData:
    """The block's number."""

    number: Natural


@dataclass(frozen=True, slots=True)
class HttpData:
    """The POST's body, who signed it, and what else the signature covers."""

    body: Hex
    signer: Address
    nonce: Natural
    expires: Natural


@dataclass(frozen=True, slots=True)
class LogInput:
    """Of a log trigger's run."""

    event: LogData
    input: Hex
    kind: Literal["log"] = "log"


@dataclass(frozen=True, slots=True)
class CronInput:
    """Of a clock's."""

    event: CronData
    input: Hex
    kind: Literal["cron"] = "cron"


@dataclass(frozen=True, slots=True)
class BlockInput:
    """Of a block trigger's."""

    event: BlockData
    input: Hex
    kind: Literal["block"] = "block"


@dataclass(frozen=True, slots=True)
class HttpInput:
    """Of a POST's."""

    event: HttpData
    input: Hex
    kind: Literal["http"] = "http"


TriggerInput = Annotated[LogInput | CronInput | BlockInput | HttpInput, Field(discriminator="kind")]


def encode_input(value: LogInput | CronInput | BlockInput | HttpInput) -> bytes:
    """The bytes the guest gets; raises InvalidTrigger for an event that is too large."""
    data = encode(value)
    if len(data) > MAX_INPUT_BYTES:
        raise InvalidTrigger(f"the event makes an input of {len(data)} bytes, a guest takes {MAX_INPUT_BYTES}")
    return data


def decode_input(data: bytes) -> LogInput | CronInput | BlockInput | HttpInput:
    """What such bytes say; raises InvalidEncoding."""
    value: LogInput | CronInput | BlockInput | HttpInput = decode(TriggerInput, data, limit=MAX_INPUT_BYTES)
    return value
