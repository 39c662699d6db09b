"""Solidity ABI encoding."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from executor_guest._abi_types import Type
from executor_guest._bytes import bytes_of, encode_text, from_hex, kind_of

_WORD = 32


def encode_tuple(parts: Sequence[Type], values: Sequence[Any], path: str) -> bytes:
    """Heads, then tails; raises TypeError or ValueError naming the place."""
    if not isinstance(values, (list, tuple)):
        raise TypeError(f"{path} must be a list, not {kind_of(values)}")
    if len(values) != len(parts):
        raise TypeError(f"{path} has {len(values)} elements, the types say {len(parts)}")
    offset = sum([part.size for part in parts])
    heads, tails = [], []
    for place, part in enumerate(parts):
        encoded = _encode(part, values[place], f"{path}[{place}]")
        if part.dynamic:
            heads.append(_word(offset))
            tails.append(encoded)
            offset += len(encoded)
        else:
            heads.append(encoded)
    return b"".join(heads + tails)


def _encode(kind: Type, value: Any, path: str) -> bytes:
    match kind.kind:
        case "uint":
            return _integer(value, 0, (1 << kind.width) - 1, path)
        case "int":
            return _integer(value, -(1 << kind.width - 1), (1 << kind.width - 1) - 1, path)
        case "address":
            return _fixed(value, 20, path).rjust(_WORD, b"\0")
        case "bool":
            if not isinstance(value, bool):
                raise TypeError(f"{path} must be True or False, not {kind_of(value)}")
            return _word(int(value))
        case "fixed":
            return _fixed(value, kind.width, path).ljust(_WORD, b"\0")
        case "bytes":
            return _with_length(_some_bytes(value, path))
        case "string":
            if not isinstance(value, str):
                raise TypeError(f"{path} must be text, not {kind_of(value)}")
            return _with_length(encode_text(value))
        case "array":
            return _array(kind, value, path)
        case _:
            return encode_tuple(kind.parts, value, path)


def _array(kind: Type, value: Any, path: str) -> bytes:
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"{path} must be a list, not {kind_of(value)}")
    assert kind.element is not None
    count = len(value) if kind.count is None else kind.count
    body = encode_tuple((kind.element,) * count, value, path)
    return _word(count) + body if kind.count is None else body


def _integer(value: Any, low: int, high: int, path: str) -> bytes:
    if isinstance(value, bool) or not isinstance(value, int):
        hint = ": scaled(value, places) makes one" if isinstance(value, (Decimal, float)) else ""
        raise TypeError(f"{path} must be an int, not {kind_of(value)}{hint}")
    if not low <= value <= high:
        raise ValueError(f"{path} = {value} does not fit its type")
    return value.to_bytes(_WORD, "big", signed=value < 0)


def _word(number: int) -> bytes:
    return number.to_bytes(_WORD, "big")


def _some_bytes(value: Any, path: str) -> bytes:
    if isinstance(value, str) and value.startswith("0x"):
        return from_hex(value)
    found = bytes_of(value)
    if found is None:
        raise TypeError(f"{path} must be bytes or 0x hex, not {kind_of(value)}")
    return found


def _fixed(value: Any, width: int, path: str) -> bytes:
    found = _some_bytes(value, path)
    if len(found) != width:
        raise ValueError(f"{path} has {len(found)} bytes, its type {width}")
    return found


def _with_length(data: bytes) -> bytes:
    return _word(len(data)) + data + bytes(-len(data) % _WORD)
