"""Hashes, computed by the host: far cheaper than in the guest, and the same everywhere."""

from __future__ import annotations

from executor_guest._bytes import Bytes, require_bytes
from executor_guest._calls import pure


def keccak256(data: Bytes) -> bytes:
    """The 32 bytes of Ethereum's keccak-256. Text must be encoded first: text.encode() or from_hex(text)."""
    return pure("crypto.keccak256", require_bytes(data, "keccak256's argument"))
