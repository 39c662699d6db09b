"""Frames on the signer's socket: a length of 4 big-endian bytes, then that many bytes of canonical JSON."""

from __future__ import annotations

import asyncio

from executor.errors import InvalidEncoding
from executor.keys.messages import MAX_FRAME_BYTES


async def read_frame(reader: asyncio.StreamReader) -> bytes | None:
    """The next frame, or None at the end of the stream between frames.

    Raises InvalidEncoding for an oversized frame, before its bytes are read, and for a frame cut short.
    """
    try:
        header = await reader.readexactly(4)
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise InvalidEncoding("the stream ended within a frame's length") from error
        return None
    size = int.from_bytes(header, "big")
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
