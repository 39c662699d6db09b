"""Reading a body of unknown length."""

from __future__ import annotations

from typing import Final

from aiohttp import StreamReader

PIECE_BYTES: Final = 65_536


async def read_whole(content: StreamReader, limit: int) -> bytes | None:
    """All of a body; None, the rest unread, where it is longer than `limit` bytes."""
    data = bytearray()
    async for piece in content.iter_chunked(PIECE_BYTES):
        data += piece
        if len(data) > limit:
            return None
    return bytes(data)
