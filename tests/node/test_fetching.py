"""Getting a missing function from members and URLs that may lie, stall or flood."""

import asyncio
import contextlib

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from executor.capabilities.member_networks import MemberNetworks
from executor.crypto.digests import function_id
from executor.errors import DownloadFailed, InvalidModule, StoreError
from executor.model.function import Function
from executor.node import fetching
from executor.node.fetching import MAX_NAMED, FunctionFetcher
from executor.node.functions import pack_function
from executor.store.events import EventLog

WANTED = Function(b"\0asm\x01\0\0\0", source=b"wanted")
OTHER = Function(b"\0asm\x01\0\0\0", source=b"other")
IDENTITY = function_id(WANTED)
URI = "https://functions.example/wanted.json"


class Member:
    """A member's server; `answer` is what it does when asked."""

    def __init__(self, answer):
        self.answer, self.asked = answer, 0
        app = web.Application()
        app.router.add_get("/v1/functions/{id}", self._serve)
        app.router.add_get("/elsewhere", self._elsewhere)
        self.server = TestServer(app)

    async def _serve(self, request):
        self.asked += 1
        return await self.answer(request)

    async def _elsewhere(self, _request):
        return web.Response(body=pack_function(WANTED))


async def honest(_request):
    return web.Response(body=pack_function(WANTED))


async def lying(_request):
    return web.Response(body=pack_function(OTHER))


async def lacking(_request):
    return web.json_response({"error": "not here"}, status=404)


async def garbled(_request):
    return web.Response(body=b"{" * 1_000)


async def redirecting(_request):
    raise web.HTTPFound("/elsewhere")


async def stalling(_request):
    await asyncio.sleep(30)


async def flooding(request):
    response = web.StreamResponse()
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        for _ in range(64):
            await response.write(b"x" * 65_536)
    return response


class InOrder:
    """The order of a bad day: whoever has it is asked last."""

    def shuffle(self, members):
        pass


class Bench:
    """A fetcher among these members, with everything it asks for and tells."""

    def __init__(self, folder, *members, published=()):
        self.members = members
        self.published = dict(published)
        self.downloaded, self.kept, self.needed = [], [], []
        self.missing, self.refusal = [], None
        self.events = EventLog(folder / "events.jsonl")

    async def __aenter__(self):
        for member in self.members:
            await member.server.start_server()
        self.urls = {index: str(member.server.make_url("/")) for index, member in enumerate(self.members)}
        self.fetcher = FunctionFetcher(
            members=lambda: self.urls,
            missing=lambda: self.missing,
            uris=lambda function: list(self.published) if function == IDENTITY else [],
            download=self.download,
            holds=lambda function: function in [function_id(each) for each in self.kept],
            add=self.add,
            events=self.events,
            connector=MemberNetworks(["127.0.0.0/8"]).connector,
            first_pause_s=0.01,
            member_timeout_s=0.5,
        )
        self.task = asyncio.create_task(self.fetcher.run())
        return self

    async def __aexit__(self, *_):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        for member in self.members:
            await member.server.close()

    async def download(self, uri):
        self.downloaded.append(uri)
        if isinstance(self.published[uri], Exception):
            raise self.published[uri]
        return self.published[uri]

    async def add(self, function, needed):
        if self.refusal is not None:
            raise self.refusal
        self.kept.append(function)
        self.needed.append(needed)
        self.missing = []

    def told(self, kind):
        return [event.plain() for event in self.events.after(0) if event.kind == kind]

    async def until(self, done):
        async with asyncio.timeout(10):
            while not done():  # noqa: ASYNC110 # any condition
                await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Looks often, and takes little."""
    monkeypatch.setattr(fetching, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(fetching, "MAX_UPLOAD_BYTES", 1_048_576)


async def test_what_a_request_waits_for_comes_from_a_member_that_has_it(tmp_path):
    """Whatever the others do: lie, garble, redirect, flood, lack it, stall, or be away."""
    answers = (lying, lacking, garbled, redirecting, flooding, stalling, honest)
    away = Member(honest)
    async with Bench(tmp_path, *(Member(answer) for answer in answers)) as bench:
        bench.fetcher._order = InOrder()
        await away.server.start_server()
        bench.urls = {9: str(away.server.make_url("/")), **bench.urls}
        await away.server.close()
        bench.missing = [IDENTITY]
        await bench.until(lambda: bench.kept)
        assert bench.kept == [WANTED]
        assert bench.needed == [True]
        assert bench.told("function-fetched")[0]["source"] == "member 6"
        assert [member.asked for member in bench.members] == [1] * 7


async def test_a_published_url_is_asked_when_no_member_has_it(tmp_path):
    """Newest first; what gives other bytes is passed over."""
    published = {
        "https://a.example": DownloadFailed("http-address-refused"),
        "https://b.example": pack_function(OTHER),
        URI: pack_function(WANTED),
    }
    async with Bench(tmp_path, Member(lacking), published=published) as bench:
        bench.missing = [IDENTITY]
        await bench.until(lambda: bench.kept)
        assert bench.downloaded == ["https://a.example", "https://b.example", URI]
        assert bench.told("function-fetched")[0]["source"] == URI


async def test_what_nobody_gives_is_told_once_and_asked_for_again(tmp_path):
    """With everybody's reason; and it is had when somebody has it."""
    member = Member(lying)
    async with Bench(tmp_path, member, published={URI: DownloadFailed("http-timeout")}) as bench:
        bench.missing = [IDENTITY]
        await bench.until(lambda: member.asked >= 3)
        (told,) = bench.told("function-unavailable")
        assert f"member 0: gave function {function_id(OTHER)}, asked for {IDENTITY}" in told["reason"]
        assert "http-timeout" in told["reason"]
        member.answer = honest
        await bench.until(lambda: bench.kept)


async def test_what_the_registry_only_named_is_asked_of_members_and_given_up(tmp_path, monkeypatch):
    """A URL is not fetched for it: publishing one is cheap, and whose server it names is anybody's."""
    monkeypatch.setattr(fetching, "NAMED_ATTEMPTS", 3)
    member = Member(lacking)
    async with Bench(tmp_path, member, published={URI: pack_function(WANTED)}) as bench:
        bench.fetcher.name(IDENTITY)
        await bench.until(lambda: member.asked >= 3)
        await asyncio.sleep(0.1)
        assert member.asked == 3
        assert bench.downloaded == []
        member.answer = honest
        bench.fetcher.name(IDENTITY)
        await bench.until(lambda: bench.kept)
        assert bench.needed == [False]


async def test_more_named_functions_than_the_limit_are_left_until_asked_for(tmp_path):
    async with Bench(tmp_path, Member(stalling)) as bench:
        for number in range(MAX_NAMED + 10):
            bench.fetcher.name(function_id(Function(b"", source=b"%d" % number)))
        assert len(bench.fetcher._named) == MAX_NAMED


async def test_few_are_fetched_at_a_time(tmp_path):
    member = Member(stalling)
    async with Bench(tmp_path, member) as bench:
        bench.missing = [function_id(Function(b"", source=b"%d" % number)) for number in range(9)]
        await bench.until(lambda: member.asked)
        await asyncio.sleep(0.2)
        assert member.asked == fetching.AT_A_TIME


async def test_a_module_that_does_not_load_here_is_told_and_ends_nothing(tmp_path):
    member = Member(honest)
    async with Bench(tmp_path, member) as bench:
        bench.refusal = InvalidModule("no such export")
        bench.missing = [IDENTITY]
        await bench.until(lambda: member.asked >= 2)
        assert "cannot be kept: no such export" in bench.told("function-unavailable")[0]["reason"]
        assert not bench.task.done()


async def test_a_disk_that_fails_ends_the_node(tmp_path):
    async with Bench(tmp_path, Member(honest)) as bench:
        bench.refusal = StoreError("the journal: the disk is full")
        bench.missing = [IDENTITY]
        await bench.until(bench.task.done)
        assert bench.task.exception().split(StoreError)[1] is None
