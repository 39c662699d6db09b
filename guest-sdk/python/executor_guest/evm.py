"""EVM chains from inside observe, at explicit blocks; the wire format is docs/wire.md §10. Nothing here writes.

`chain` is a chain id that the manifest lists, the home chain if left out; `block` a number (also as agreed on) or a
hash, by default the request's own block, on the home chain only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from executor_guest._abi_decode import decode_tuple
from executor_guest._abi_encode import encode_tuple
from executor_guest._abi_types import Type, parse_types, split_top_level
from executor_guest._bytes import Bytes, from_hex, kind_of, require_bytes
from executor_guest._calls import live
from executor_guest._crypto import keccak256
from executor_guest._decimals import scaled
from executor_guest._errors import CapabilityError
from executor_guest._observe import observe
from executor_guest._strategies import median

Block: TypeAlias = int | Decimal | str
Topic: TypeAlias = Bytes | str | int
_HEADER = parse_types(["uint256", "bytes32", "bytes32", "uint256", "uint256"])
_RESULTS = parse_types(["(bool,bytes)[]"])
_LOGS = parse_types(["(address,bytes32[],bytes,uint256,bytes32,bytes32,uint256)[]"])
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_HASH = re.compile(r"0x[0-9a-fA-F]{64}")
_SIGNATURE = re.compile(r"\s*([A-Za-z_$][\w$]*)\s*(\(.*\))\s*", re.ASCII | re.DOTALL)
_MAX_BLOCK = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Result:
    """A call of call_many: `value` where it went well, the revert's `data` where it did not."""

    ok: bool
    value: Any = None
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Header:
    """A block."""

    number: int
    hash: str
    parent_hash: str
    timestamp: int
    base_fee: int


@dataclass(frozen=True, slots=True)
class Log:
    """A log."""

    address: str
    topics: tuple[str, ...]
    data: bytes
    block_number: int
    block_hash: str
    transaction_hash: str
    index: int


def call(
    to: str,
    abi: str | None = None,
    args: Sequence[Any] = (),
    *,
    data: Bytes | str | None = None,
    chain: int | None = None,
    block: Block | None = None,
) -> Any:
    """What a contract's view returns: with abi "name(inputs)(outputs)" decoded, one output alone, several as a list.

    A revert raises CapabilityError with code "evm-reverted", no contract there one with "evm-empty".
    """
    message, read = _prepared(to, abi, args, data)
    return read(_ask("evm.call", chain, block, message))


def call_many(
    calls: Iterable[Mapping[str, Any]], *, chain: int | None = None, block: Block | None = None
) -> list[Result]:
    """Many views at one block, in order, each {"to": …, "abi": …, "args": …} or with "data"."""
    prepared = [_prepared(**_known(each)) for each in calls]
    answer = _ask("evm.call_many", chain, block, {"calls": [message for message, _ in prepared]})
    (results,) = decode_tuple(_RESULTS, answer, 0)
    return [
        Result(True, value=read(data)) if ok else Result(False, data=data)
        for (ok, data), (_, read) in zip(results, prepared, strict=True)
    ]


def balance(address: str, *, chain: int | None = None, block: Block | None = None) -> int:
    """An account's balance in wei."""
    return int.from_bytes(_ask("evm.balance", chain, block, {"address": _address(address)}), "big")


def block(*, chain: int | None = None, block: Block | None = None) -> Header:
    """A block. Only here `block` may be "finalized"."""
    number, own, parent, timestamp, base_fee = decode_tuple(_HEADER, _ask("evm.block", chain, block, {}), 0)
    return Header(number, _hex(own), _hex(parent), timestamp, base_fee)


def logs(
    address: str | Sequence[str],
    *,
    event: str | None = None,
    topics: Sequence[Topic | Sequence[Topic] | None] = (),
    from_block: Block | None = None,
    chain: int | None = None,
    block: Block | None = None,
) -> list[Log]:
    """The logs of one block, or from from_block to block, of an address or several.

    event "Transfer(address,address,uint256)" is the first topic. A topic is None (any), 32 bytes, an address, an int,
    or a list of those (any of them).
    """
    addresses = [address] if isinstance(address, str) else list(address)
    places: list[list[str] | None] = []
    if event is not None:
        places.append([_hex(keccak256(_signature(event)[0].encode("ascii")))])
    places.extend([_place(topic) for topic in topics])
    message: dict[str, Any] = {"addresses": [_address(each) for each in addresses], "topics": places}
    if from_block is not None:
        message["from_block"] = _block(from_block)
    (found,) = decode_tuple(_LOGS, _ask("evm.logs", chain, block, message), 0)
    return [
        Log(account, tuple(map(_hex, words)), data, number, _hex(in_block), _hex(transaction), index)
        for account, words, data, number, in_block, transaction, index in found
    ]


def agree_on_block(chain: int, **options: Any) -> int:
    """A height of another chain to read at: the median of the last final blocks, an observation of its own."""
    named = {"label": f"block of chain {chain}", **options}
    return scaled(observe(median, lambda: block(chain=chain, block="finalized").number, **named), 0)


def _ask(operation: str, chain: int | None, at: Block | None, message: dict[str, Any]) -> bytes:
    if chain is not None:
        message["chain"] = chain
    if at is not None:
        message["block"] = _block(at)
    return live(operation, json.dumps(message, separators=(",", ":")).encode("ascii"))


def _prepared(
    to: str, abi: str | None = None, args: Sequence[Any] = (), data: Bytes | str | None = None
) -> tuple[dict[str, str], Callable[[bytes], Any]]:
    """What is sent for a call, and how its return data is read."""
    if (abi is None) == (data is None):
        raise TypeError('a call has either abi, such as "balanceOf(address)(uint256)", and args, or data')
    target = _address(to)
    if abi is None:
        return {"to": target, "data": _hex(_some_bytes(data))}, lambda returned: returned
    name, inputs, outputs = _signature(abi)
    selector = keccak256(name.encode("ascii"))[:4]

    def read(returned: bytes) -> Any:
        if not outputs:
            return None
        if not returned:  # no contract there, or not this one
            raise CapabilityError(f"{name} of {target}", "evm-empty")
        values = decode_tuple(outputs, returned, 0)
        return values[0] if len(values) == 1 else values

    return {"to": target, "data": _hex(selector + encode_tuple(inputs, args, "args"))}, read


def _known(asked: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(asked, Mapping):
        raise TypeError(f"a call of evm.call_many is a dict, not {kind_of(asked)}")
    if unknown := [name for name in asked if name not in ("to", "abi", "args", "data")]:
        raise TypeError(f"a call of evm.call_many has no option {unknown[0]!r} (to, abi, args, data)")
    return dict(asked)


def _signature(text: str) -> tuple[str, tuple[Type, ...], tuple[Type, ...]]:
    """Name, inputs and outputs of "balanceOf(address)(uint256)"; the name is the canonical "balanceOf(address)"."""
    match = _SIGNATURE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise TypeError('a signature is text such as "balanceOf(address)(uint256)"')
    inputs, *rest = _groups(match[2])
    if len(rest) > 1:
        raise TypeError(f'"{text}" has more than inputs and outputs')
    types = parse_types(inputs)
    return f"{match[1]}({','.join([each.name for each in types])})", types, parse_types(rest[0] if rest else [])


def _groups(text: str) -> list[list[str]]:
    """The types of each "(a,b)" that stands beside the others."""
    found, depth, start = [], 0, 0
    for place, character in enumerate(text):
        if character == "(":
            if depth == 0:
                start = place + 1
            depth += 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                found.append(split_top_level(text[start:place]))
        elif depth == 0 and character != " ":
            raise TypeError(f'"{text}" has "{character}" between inputs and outputs')
        if depth < 0:
            break
    if depth:
        raise TypeError(f'"{text}" has parentheses that do not match')
    return found


def _address(value: Any) -> str:
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise TypeError(
            f"an address is 0x and 40 hex digits, not {value if isinstance(value, str) else kind_of(value)}"
        )
    return value.lower()


def _block(value: Block) -> int | str:
    """A hash as it is, "finalized", or a number: what agree_on_block gives, or any integer."""
    if isinstance(value, str) and (value == "finalized" or _HASH.fullmatch(value)):
        return value
    number = scaled(value, 0, "exact")
    if not 0 <= number <= _MAX_BLOCK:
        raise ValueError(f"block {value} is no block")
    return number


def _place(value: Topic | Sequence[Topic] | None) -> list[str] | None:
    if value is None:
        return None
    return [_word(each) for each in value] if isinstance(value, (list, tuple)) else [_word(value)]


def _word(value: Any) -> str:
    """A word: 32 bytes, an address, or an integer."""
    if isinstance(value, int) and not isinstance(value, bool):
        return _hex(encode_tuple(parse_types(["uint256"]), [value], "topics"))
    found = _some_bytes(value)
    if len(found) not in (20, 32):
        raise TypeError(f"a topic has 32 bytes, or 20 of an address, not {len(found)}")
    return _hex(found.rjust(32, b"\0"))


def _some_bytes(value: Any) -> bytes:
    return from_hex(value) if isinstance(value, str) else require_bytes(value, "data")


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
