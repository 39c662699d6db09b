"""The logs bloom of a block's header: three of 2,048 bits for each address and topic of its logs (Yellow Paper, 4.3.1).

A bloom without a value's bits proves that no log has it; one with them proves nothing, other values may have set them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from executor.crypto.digests import keccak256

Json = Any

BLOOM_BYTES = 256


def bits(value: bytes) -> int:
    """The three bits of an address or topic."""
    digest = keccak256(value)
    found = 0
    for at in (0, 2, 4):
        found |= 1 << (int.from_bytes(digest[at : at + 2], "big") & 2047)
    return found


def may_hold(bloom: bytes, address: bytes, topics: Iterable[bytes]) -> bool:
    """Whether a log of this address with one of these topics may be in the block."""
    kept = int.from_bytes(bloom, "big")
    wanted = bits(address)
    return kept & wanted == wanted and any(kept & bits(topic) == bits(topic) for topic in topics)


def bloom_of(logs: Iterable[tuple[bytes, Iterable[bytes]]]) -> bytes:
    """The bloom of logs, each its address and topics."""
    found = 0
    for address, topics in logs:
        for value in (address, *topics):
            found |= bits(value)
    return found.to_bytes(BLOOM_BYTES, "big")
