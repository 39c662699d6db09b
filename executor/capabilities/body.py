"""Reading a response body under a cap that counts what comes out of decompression, never more than that in memory."""

from __future__ import annotations

import zlib

import aiohttp

from executor.capabilities.errors import CallRefused

_CHUNK = 65_536
_GZIP = 16 + zlib.MAX_WBITS


async def read_body(response: aiohttp.ClientResponse, *, limit: int) -> bytes:
    """The decoded body of at most `limit` bytes; raises CallRefused("http-too-large" or "http-malformed")."""
    if response.method == "HEAD":  # its length and encoding describe what a GET would send
        return b""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise CallRefused("http-malformed", f"content-encoding {encoding!r} was not asked for")
    if (response.content_length or 0) > limit:
        raise CallRefused("http-too-large", f"the body announces {response.content_length} bytes, the limit is {limit}")
    body = bytearray()
    decoder = None if encoding == "identity" else zlib.decompressobj(_GZIP)
    async for chunk in response.content.iter_chunked(_CHUNK):
        # One byte over the limit is enough to know, so a bomb never unfolds.
        body += chunk if decoder is None else _inflate(decoder, chunk, limit + 1 - len(body))
        if len(body) > limit:
            raise CallRefused("http-too-large", f"the body has more than {limit} bytes")
        if decoder is not None and decoder.eof:
            break
    if body and decoder is not None and not decoder.eof:
        raise CallRefused("http-malformed", "the gzip body ends early")
    return bytes(body)


def _inflate(decoder: zlib._Decompress, chunk: bytes, room: int) -> bytes:
    try:
        return decoder.decompress(chunk, room)
    except zlib.error as error:
        raise CallRefused("http-malformed", f"the body is not gzip: {error}") from error
