"""Bytes and text."""

from __future__ import annotations

import re
from typing import TypeAlias

Bytes: TypeAlias = bytes | bytearray | memoryview
_HEX = re.compile(r"(0x)?([0-9a-fA-F]{2})*")


def bytes_of(value: object) -> bytes | None:
    """The bytes of anything that is bytes, else None."""
    return bytes(value) if isinstance(value, (bytes, bytearray, memoryview)) else None


def require_bytes(value: object, what: str) -> bytes:
    """The bytes of an argument; raises TypeError naming it."""
    found = bytes_of(value)
    if found is None:
        raise TypeError(f"{what} must be bytes, not {kind_of(value)}")
    return found


def kind_of(value: object) -> str:
    """How an error message calls a value."""
    return "None" if value is None else type(value).__name__


def encode_text(text: str) -> bytes:
    """UTF-8; raises TypeError for a lone surrogate, which has none."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise TypeError("the text has a lone surrogate and so no UTF-8 form") from None


def to_hex(data: Bytes) -> str:
    """Lower case, with 0x."""
    return "0x" + require_bytes(data, "to_hex's argument").hex()


def from_hex(text: str) -> bytes:
    """With or without 0x, any case, an even number of digits."""
    if not isinstance(text, str) or not _HEX.fullmatch(text):
        raise ValueError("not a hex string")
    return bytes.fromhex(text.removeprefix("0x"))
