"""A body of unknown length is read up to a limit, and no further."""

import asyncio

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from executor.transport.bodies import PIECE_BYTES, read_whole

LIMIT = 3 * PIECE_BYTES


async def read_by_server(body):
    """What a server reads of a body that says no length, and whether it was sent to its end."""
    read, sent = [], []

    async def take(request):
        read.append(await read_whole(request.content, LIMIT))
        return web.Response()

    async def pieces():
        for piece in body:
            sent.append(len(piece))
            yield piece
            await asyncio.sleep(0)

    app = web.Application()
    app.router.add_post("/", take)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        try:
            async with session.post(server.make_url("/"), data=pieces()):
                pass
        except aiohttp.ClientError:
            pass
    return read[0], sum(sent)


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES + 1, LIMIT])
async def test_a_body_within_the_limit_is_read_whole(size):
    """To the byte."""
    read, _ = await read_by_server([bytes(size)])
    assert bytes(size) == read


@pytest.mark.parametrize("pieces", [2, 10_000])
async def test_a_longer_body_is_none_and_its_rest_is_not_read(pieces):
    """One byte more, or half a gigabyte: nobody waits for its end."""
    read, sent = await read_by_server(bytes(LIMIT // 2 + 1) for _ in range(pieces))
    assert read is None
    assert sent < 40 * LIMIT
