"""Solidity ABI decoding, strict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from executor_guest._abi_types import Type

_WORD = 32


def decode_tuple(parts: Sequence[Type], data: bytes, base: int) -> list[Any]:
    """Heads stand one after the other from base; offsets count from base. Raises ValueError."""
    at, values = base, []
    for part in parts:
        values.append(_decode(part, data, base + _small(data, at) if part.dynamic else at))
        at += part.size
    return values


def _decode(kind: Type, data: bytes, at: int) -> Any:
    match kind.kind:
        case "uint":
            value = int.from_bytes(_take(data, at, _WORD), "big")
            if value >> kind.width:
                raise ValueError(f"uint{kind.width} out of range at byte {at}")
            return value
        case "int":
            value = int.from_bytes(_take(data, at, _WORD), "big", signed=True)
            if not -(1 << kind.width - 1) <= value < 1 << kind.width - 1:
                raise ValueError(f"int{kind.width} out of range at byte {at}")
            return value
        case "address":
            word = _take(data, at, _WORD)
            _require_zero(word[:12], at)
            return "0x" + word[12:].hex()
        case "bool":
            value = int.from_bytes(_take(data, at, _WORD), "big")
            if value > 1:
                raise ValueError(f"not a bool at byte {at}")
            return value == 1
        case "fixed":
            word = _take(data, at, _WORD)
            _require_zero(word[kind.width :], at)
            return word[: kind.width]
        case "bytes":
            return _with_length(data, at)
        case "string":
            return _with_length(data, at).decode("utf-8")
        case "array":
            return _array(kind, data, at)
        case _:
            return decode_tuple(kind.parts, data, at)


def _array(kind: Type, data: bytes, at: int) -> list[Any]:
    assert kind.element is not None
    count, base = (_small(data, at), at + _WORD) if kind.count is None else (kind.count, at)
    # Every element has a head of its own: a count beyond the data is refused before anything is allocated for it.
    if count * kind.element.size > len(data) - base:
        raise ValueError(f"array of {count} elements at byte {at} leaves the data")
    return decode_tuple((kind.element,) * count, data, base)


def _take(data: bytes, at: int, length: int) -> bytes:
    if at + length > len(data):
        raise ValueError(f"byte {at} + {length} leaves the data ({len(data)} bytes)")
    return data[at : at + length]


def _small(data: bytes, at: int) -> int:
    """An offset or length: anything beyond the data is refused by who uses it."""
    value = int.from_bytes(_take(data, at, _WORD), "big")
    if value > len(data):
        raise ValueError(f"offset or length {value} at byte {at} leaves the data")
    return value


def _with_length(data: bytes, at: int) -> bytes:
    length = _small(data, at)
    found = _take(data, at + _WORD, length)
    _require_zero(_take(data, at + _WORD + length, -length % _WORD), at)
    return found


def _require_zero(padding: bytes, at: int) -> None:
    if padding.strip(b"\0"):
        raise ValueError(f"padding at byte {at} is not zero")
