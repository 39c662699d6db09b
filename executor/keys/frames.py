"""Frames on the signer's socket: a length of 4 big-endian bytes, then that many bytes of canonical JSON."""

from __future__ import annotations

import asyncio

from executor.errors import InvalidEncoding
from executor.keys.messages import MAX_FRAME_BYTES


async def read_frame(reader: asyncio.StreamReader, *, timeout_s: float | None = None) -> bytes | None:
    """The next frame, or None at the end of the stream between frames.

    Raises InvalidEncoding for an oversized frame, before its bytes are read, and for a frame cut short; TimeoutError
    when a frame that has begun is not whole after `timeout_s`.
    """
    try:
        first = await reader.readexactly(1)
    except asyncio.IncompleteReadError:
        return None
    async with asyncio.timeout(timeout_s):
        try:
            size = int.from_bytes(first + await reader.readexactly(3), "big")
        except asyncio.IncompleteReadError as error:
            raise InvalidEncoding("the stream ended within a frame's length") from error
        if size > MAX_FRAME_BYTES:
            raise InvalidEncoding(f"a frame of {size} bytes; the limit is {MAX_FRAME_BYTES}")
        try:
            return await reader.readexactly(size)
        except asyncio.IncompleteReadError as error:
            raise InvalidEncoding("the stream ended within a frame") from error


def frame(data: bytes) -> bytes:
    """`data` as a frame; raises InvalidEncoding when it is oversized."""
    if len(data) > MAX_FRAME_BYTES:
        raise InvalidEncoding(f"a frame of {len(data)} bytes; the limit is {MAX_FRAME_BYTES}")
    return len(data).to_bytes(4, "big") + data
