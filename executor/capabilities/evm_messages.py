"""The bytes of evm@1 messages (docs/wire.md §10).

Rule 1. A request is one JSON object; a key it does not know, or one that stands twice, is refused by name.
Rule 2. A response is what Solidity's `abi.encode` makes of it, so every ABI decoder reads it; that of `evm.call` is the
        call's own return data.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias, TypeVar
from typing import Final as Constant

from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from executor.capabilities.errors import CallRefused
from executor.model.codec import MAX_INTEGER, check_nesting
from executor.model.evm import Call, CallResult, Header, Log, LogFilter
from executor.model.ids import Address, Digest

MAX_CALLS: Constant = 128  # of one evm.call_many
MAX_ADDRESSES: Constant = 16  # of one evm.logs, as of one place of its topics
MAX_TOPICS: Constant = 4
HEADER_TYPES: Constant = ("uint256", "bytes32", "bytes32", "uint256", "uint256")
RESULTS_TYPE: Constant = "(bool,bytes)[]"
LOGS_TYPE: Constant = "(address,bytes32[],bytes,uint256,bytes32,bytes32,uint256)[]"

Finalized: TypeAlias = Literal["finalized"]
Block: TypeAlias = int | Digest | Finalized | None
"""A number, a hash, the last final block, or (None) the request's own."""
R = TypeVar("R", bound="_Request")

_Number: TypeAlias = Annotated[int, Field(ge=0, le=MAX_INTEGER)]
_Address: TypeAlias = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]
_Word: TypeAlias = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{64}$")]
_Data: TypeAlias = Annotated[str, Field(pattern=r"^0x([0-9a-fA-F]{2})*$")]


@dataclass(frozen=True, slots=True)
class Place:
    """Where to read; None is the home chain, and the request's own block."""

    chain: int | None
    block: Block


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Request(_Table):
    chain: Annotated[int, Field(ge=1, le=MAX_INTEGER)] | None = None


class _BlockRequest(_Request):
    block: _Number | _Word | Finalized | None = None

    @property
    def place(self) -> Place:
        """Where to read."""
        match self.block:
            case "finalized":
                return Place(self.chain, "finalized")
            case str():
                return Place(self.chain, Digest.from_hex(self.block))
            case number:
                return Place(self.chain, number)


class _StateRequest(_Request):
    block: _Number | _Word | None = None

    @property
    def place(self) -> Place:
        """Where to read."""
        return Place(self.chain, Digest.from_hex(self.block) if isinstance(self.block, str) else self.block)


class _OneCall(_Table):
    to: _Address
    data: _Data

    @property
    def call(self) -> Call:
        """What is called."""
        return Call(Address.from_hex(self.to), bytes.fromhex(self.data[2:]))


class _CallRequest(_StateRequest):
    to: _Address
    data: _Data


class _CallsRequest(_StateRequest):
    calls: Annotated[list[_OneCall], Field(min_length=1)]


class _BalanceRequest(_StateRequest):
    address: _Address


class _LogsRequest(_Request):
    block: _Number | None = None
    from_block: _Number | None = None
    addresses: Annotated[list[_Address], Field(min_length=1, max_length=MAX_ADDRESSES)]
    topics: Annotated[
        list[Annotated[list[_Word], Field(max_length=MAX_ADDRESSES)] | None], Field(max_length=MAX_TOPICS)
    ] = []


def decode_call(message: bytes) -> tuple[Place, Call]:
    """The request of `evm.call`; this and its siblings raise CallRefused("evm-bad-request") naming what is wrong."""
    found = _parse(_CallRequest, message)
    return found.place, Call(Address.from_hex(found.to), bytes.fromhex(found.data[2:]))


def decode_calls(message: bytes) -> tuple[Place, tuple[Call, ...]]:
    """The request of `evm.call_many`; raises CallRefused("evm-too-many") for more than MAX_CALLS."""
    found = _parse(_CallsRequest, message)
    if len(found.calls) > MAX_CALLS:
        raise CallRefused("evm-too-many", f"{len(found.calls)} calls in one, {MAX_CALLS} are allowed")
    return found.place, tuple(each.call for each in found.calls)


def decode_balance(message: bytes) -> tuple[Place, Address]:
    """The request of `evm.balance`."""
    found = _parse(_BalanceRequest, message)
    return found.place, Address.from_hex(found.address)


def decode_block(message: bytes) -> Place:
    """The request of `evm.block`."""
    return _parse(_BlockRequest, message).place


def decode_logs(message: bytes) -> tuple[Place, int | None, LogFilter]:
    """The request of `evm.logs`: its last block, its first (None: the same), and which logs."""
    found = _parse(_LogsRequest, message)
    wanted = LogFilter(
        tuple(Address.from_hex(each) for each in found.addresses),
        tuple(tuple(Digest.from_hex(each) for each in place or ()) for place in found.topics),
    )
    return Place(found.chain, found.block), found.from_block, wanted


def encode_request(**fields: Any) -> bytes:
    """A request of any operation, as a guest writes it."""
    return json.dumps(fields, separators=(",", ":")).encode("utf-8")


def encode_balance(wei: int) -> bytes:
    """A balance: one word."""
    return wei.to_bytes(32, "big")


def encode_header(header: Header) -> bytes:
    """A block: HEADER_TYPES, five words."""
    fields = (header.number, header.hash, header.parent_hash, header.timestamp, header.base_fee_wei)
    return abi_encode(HEADER_TYPES, fields)


def decode_header(data: bytes) -> Header:
    """The block in a response."""
    number, hash, parent, timestamp, fee = abi_decode(HEADER_TYPES, data)
    return Header(number, Digest(hash), Digest(parent), timestamp, fee)


def encode_results(results: Sequence[CallResult]) -> bytes:
    """What the calls of `evm.call_many` gave, in their order."""
    return abi_encode([RESULTS_TYPE], [[(each.succeeded, each.data) for each in results]])


def decode_results(data: bytes) -> list[CallResult]:
    """The results in a response."""
    (found,) = abi_decode([RESULTS_TYPE], data)
    return [CallResult(*each) for each in found]


def encode_logs(logs: Sequence[Log]) -> bytes:
    """Logs, in the chain's order."""
    plain = [
        (str(log.address), list(log.topics), log.data, log.block_number, log.block_hash, log.transaction, log.index)
        for log in logs
    ]
    return abi_encode([LOGS_TYPE], [plain])


def decode_logs_response(data: bytes) -> list[Log]:
    """The logs in a response."""
    (found,) = abi_decode([LOGS_TYPE], data)
    return [
        Log(Address.from_hex(address), tuple(map(Digest, topics)), raw, number, Digest(block), Digest(tx), index)
        for address, topics, raw, number, block, tx, index in found
    ]


def _parse(kind: type[R], message: bytes) -> R:
    try:
        text = message.decode("utf-8")
        check_nesting(text, 8)
        return kind.model_validate(json.loads(text, object_pairs_hook=_unique))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise CallRefused("evm-bad-request", f"{where}: {first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise CallRefused("evm-bad-request", f"not JSON: {error}") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) != len(pairs):
        raise ValueError("a key appears twice")
    return plain
