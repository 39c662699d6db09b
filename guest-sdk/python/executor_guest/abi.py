"""Solidity's abi.encode and abi.decode: uintN, intN, address, bool, bytes, bytesN, string, T[], T[k], (T1,T2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from executor_guest._abi_decode import decode_tuple
from executor_guest._abi_encode import encode_tuple
from executor_guest._abi_types import parse_types
from executor_guest._bytes import Bytes, require_bytes


def encode(types: Sequence[str], values: Sequence[Any]) -> bytes:
    """encode(["uint256", "string"], [1, "one"]): ints, bool, text, bytes or 0x hex, lists or tuples of them."""
    return encode_tuple(parse_types(types), values, "values")


def decode(types: Sequence[str], data: Bytes) -> list[Any]:
    """decode(["uint256", "string"], data): addresses as 0x hex, bytes as bytes, arrays and tuples as lists.

    Strict: offsets and lengths stay inside the data, padding is zero, a bool is 0 or 1. Raises ValueError.
    """
    return decode_tuple(parse_types(types), require_bytes(data, "abi.decode's data"), 0)
