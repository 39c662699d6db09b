"""Hex of JSON-RPC (EIP-1474): quantities have no leading zeros, data has two digits a byte."""

from __future__ import annotations

from executor.errors import InvalidValue

_HEX = frozenset("0123456789abcdefABCDEF")


def quantity(value: int) -> str:
    """0x-prefixed hex of a natural number."""
    return hex(value)


def data(value: bytes) -> str:
    """0x-prefixed hex of bytes."""
    return "0x" + value.hex()


def parse_quantity(value: object, bits: int = 256) -> int:
    """A natural number below 2**bits; raises InvalidValue."""
    if not isinstance(value, str) or not value.startswith("0x") or len(value) < 3 or not _HEX.issuperset(value[2:]):
        raise InvalidValue(f"not a quantity: {_shown(value)}")
    if len(value) > 2 + bits // 4 + 1:
        raise InvalidValue(f"a quantity above {bits} bits: {_shown(value)}")
    number = int(value, 16)
    if number >> bits:
        raise InvalidValue(f"a quantity above {bits} bits: {_shown(value)}")
    return number


def parse_data(value: object, size: int | None = None) -> bytes:
    """Bytes, of exactly `size` if given; raises InvalidValue."""
    if not isinstance(value, str) or not value.startswith("0x") or not _HEX.issuperset(value[2:]):
        raise InvalidValue(f"not hex data: {_shown(value)}")
    if len(value) % 2:
        raise InvalidValue(f"an odd number of hex digits: {_shown(value)}")
    raw = bytes.fromhex(value[2:])
    if size is not None and len(raw) != size:
        raise InvalidValue(f"{len(raw)} bytes where {size} are expected: {_shown(value)}")
    return raw


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
