"""What a node serves over HTTP: every route, every refusal."""

import asyncio
import json
import socket

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from node_bench import FUNCTION

from executor.crypto.digests import function_id
from executor.errors import ChainUnavailable, HostFault, InvalidModule, UploadRefused
from executor.model.ids import Address, FunctionId
from executor.node import api as api_module
from executor.node.api import EACH, LAST_EVENT, MAX_DOWNLOADS, MAX_EVENTS_BYTES, MAX_UPLOADS, MAX_WAITERS, Api
from executor.node.functions import MAX_UPLOAD_BYTES, FunctionStore, pack_function, unpack_function
from executor.node.uploads import HEADER, UploadClaim
from executor.store.blobs import Blobs
from executor.store.events import EventLog
from executor.store.journal import Journal

ABSENT = "0x" + "00" * 32


class Holding:
    """What a node holds: nothing yet; `gate` holds uploads back while it is not set, `refusal` refuses them."""

    def __init__(self, store):
        self.store = store
        self.error = self.refusal = self.claim = None
        self.headers, self.accounts = [], []
        self.wanted = []
        self.gate = asyncio.Event()
        self.gate.set()

    def missing(self):
        return self.wanted

    async def check_upload(self, header):
        self.headers.append(header)
        if self.refusal is not None:
            raise self.refusal
        return self.claim

    async def add(self, function, account):
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        self.accounts.append(account)
        return self.store.add(function, account)


class Served:
    """The API of a node."""

    def __init__(self, folder):
        self.events = EventLog(folder / "events.jsonl")
        self.journal = Journal(folder / "journal.sqlite3")
        self.functions = FunctionStore(self.journal, Blobs(folder / "blobs"), max_functions=2, max_bytes=1_000)
        self.holding = Holding(self.functions)
        self.blobs = folder / "blobs"
        self.receipts = folder / "receipts"
        self.receipts.mkdir()
        self.app = web.Application()
        self.api = Api(
            health=lambda: {"member": 0},
            events=self.events,
            holding=self.holding,
            receipts=self.receipts,
            upload_timeout_s=0.5,
        )
        self.api.register(self.app.router)


@pytest.fixture
async def served(tmp_path):
    node = Served(tmp_path)
    yield node
    node.journal.close()


@pytest.fixture
async def client(served):
    async with TestClient(TestServer(served.app)) as client:
        yield client


async def test_health(client):
    async with client.get("/v1/health") as answer:
        assert (answer.status, await answer.json()) == (200, {"member": 0})


async def test_events_after_a_number(client, served):
    for kind in ("one", "two", "three"):
        served.events.add(kind, "0x01", more=kind)
    async with client.get("/v1/events", params={"after": "1"}) as answer:
        events = await answer.json()
    assert [(event["number"], event["kind"], event["more"]) for event in events] == [
        (2, "two", "two"),
        (3, "three", "three"),
    ]


async def test_events_are_waited_for(client, served):
    asyncio.get_running_loop().call_later(0.05, served.events.add, "late")
    async with client.get("/v1/events", params={"wait": "5"}) as answer:
        assert [event["kind"] for event in await answer.json()] == ["late"]
    async with client.get("/v1/events", params={"after": "1", "wait": "0.05"}) as answer:
        assert await answer.json() == []


async def test_an_answer_has_so_many_bytes_and_says_which_event_is_the_newest(client, served):
    """A reader asks again after the last it got; who only wants the newest number gets no event."""
    for _ in range(40):
        served.events.add("large", text="x" * 50_000)
    read, sizes = [], []
    while not read or read[-1]["number"] < 40:
        after = read[-1]["number"] if read else 0
        async with client.get("/v1/events", params={"after": str(after)}) as answer:
            assert answer.headers[LAST_EVENT] == "40"
            sizes.append(len(await answer.read()))
            read += await answer.json()
    assert [event["number"] for event in read] == list(range(1, 41))
    assert max(sizes) < MAX_EVENTS_BYTES + 1_000
    served.events.add("larger than an answer", text="x" * 2 * MAX_EVENTS_BYTES)
    async with client.get("/v1/events", params={"after": "40"}) as answer:
        assert len(await answer.json()) == 1


@pytest.mark.parametrize("query", ["after=x", "after=1.5", "wait=x", "wait=nan", "wait=inf", "after=" + "9" * 5_000])
async def test_a_malformed_wait_is_refused(client, query):
    """A timer that compares to nothing would disturb all the others of the process."""
    async with client.get(f"/v1/events?{query}") as answer:
        assert answer.status == 400


@pytest.mark.parametrize("query", ["after=-1", "wait=-5", "after=99999999999999999999"])
async def test_numbers_out_of_range_are_only_useless(client, query):
    async with client.get(f"/v1/events?{query}") as answer:
        assert (answer.status, await answer.json()) == (200, [])


async def test_more_waiters_than_the_limit_are_refused_and_places_come_back(client, served):
    """Every event wakes every waiter; one address holds half of the places."""
    waiting = [asyncio.create_task(client.get("/v1/events?wait=30")) for _ in range(MAX_WAITERS // EACH)]
    await asyncio.sleep(0.3)
    async with client.get("/v1/events?wait=30") as answer:
        assert answer.status == 503
    served.events.add("now")
    for answer in await asyncio.gather(*waiting):
        assert answer.status == 200
        await answer.release()
    async with client.get("/v1/events") as answer:
        assert answer.status == 200


async def test_a_function_is_uploaded_listed_and_given_back(client):
    packed, identity = pack_function(FUNCTION), str(function_id(FUNCTION))
    for _ in range(2):
        async with client.put("/v1/functions", data=packed) as answer:
            assert (answer.status, await answer.json()) == (200, {"function_id": identity})
    async with client.get("/v1/functions") as answer:
        assert await answer.json() == [identity]
    async with client.get(f"/v1/functions/{identity}") as answer:
        assert unpack_function(await answer.read()) == FUNCTION


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[" * 100_000, b"\xff", b'{"module":"0x","source":"0x","terms":{"x":1}}']
)
async def test_a_malformed_upload_is_refused(client, body):
    async with client.put("/v1/functions", data=body) as answer:
        assert answer.status == 422
        assert "error" in await answer.json()


@pytest.mark.parametrize(
    ("error", "status"), [(InvalidModule("no such export"), 422), (HostFault("the pool is closed"), 503)]
)
async def test_a_function_that_cannot_be_loaded_is_refused(client, served, error, status):
    served.holding.error = error
    async with client.put("/v1/functions", data=pack_function(FUNCTION)) as answer:
        assert (answer.status, await answer.json()) == (status, {"error": str(error)})


async def test_an_upload_that_may_not_be_made_is_refused_before_its_body_is_read(client, served):
    """The answer comes while nothing of the body was sent."""
    served.holding.refusal = UploadRefused("the upload's signature expired 5 s ago by this node's clock")
    with socket.create_connection((client.host, client.port)) as connection:
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        head = f"PUT /v1/functions HTTP/1.1\r\nHost: x\r\n{HEADER}: claim\r\nContent-Length: {MAX_UPLOAD_BYTES}\r\n\r\n"
        await loop.sock_sendall(connection, head.encode())
        answer = await loop.sock_recv(connection, 4_000)
    assert answer.startswith(b"HTTP/1.1 403")
    assert b"expired 5 s ago" in answer
    assert served.holding.headers == ["claim"]


async def test_a_chain_that_cannot_be_asked_about_an_uploader_is_no_refusal(client, served):
    served.holding.refusal = ChainUnavailable("no endpoint answers")
    async with client.put("/v1/functions", data=pack_function(FUNCTION)) as answer:
        assert (answer.status, await answer.json()) == (503, {"error": "no endpoint answers"})


async def test_a_signature_over_another_function_does_not_carry_this_one(client, served):
    """And what is kept counts against the account that signed."""
    account, other = Address(b"\x05" * 20), FunctionId(bytes(32))
    served.holding.claim = UploadClaim(account, 0, other, b"", 0)
    async with client.put("/v1/functions", data=pack_function(FUNCTION)) as answer:
        assert answer.status == 422
        assert f"the signature is over {other}" in (await answer.json())["error"]
    assert served.functions.ids() == []
    served.holding.claim = UploadClaim(account, 0, function_id(FUNCTION), b"", 0)
    async with client.put("/v1/functions", data=pack_function(FUNCTION)) as answer:
        assert answer.status == 200
    assert served.holding.accounts == [account]


async def test_a_function_that_is_being_fetched_is_said_to_be(client, served):
    served.holding.wanted = [FunctionId(bytes(32))]
    async with client.get(f"/v1/functions/{ABSENT}") as answer:
        assert answer.status == 404
        assert (await answer.json())["error"].endswith("and is fetching it")


async def test_a_damaged_blob_is_not_given_out(client, served):
    """It is named, with what to do."""
    identity = served.functions.add(FUNCTION)
    for path in served.blobs.iterdir():
        path.write_bytes(b"damaged")
    async with client.get(f"/v1/functions/{identity}") as answer:
        assert answer.status == 503
        assert "is damaged" in (await answer.json())["error"]


async def test_more_downloads_than_the_limit_are_refused_and_places_come_back(client, served):
    """Who reads slowly holds a place, not memory without end."""
    identity, downloads = served.functions.add(FUNCTION), served.api._downloads
    places = [downloads.take("127.0.0.1") for _ in range(MAX_DOWNLOADS // EACH)]
    async with client.get(f"/v1/functions/{identity}") as answer:
        assert answer.status == 503
    others = [downloads.take("192.0.2.1") for _ in range(MAX_DOWNLOADS - len(places))]
    downloads.give_back(places.pop())
    async with client.get(f"/v1/functions/{identity}") as answer:
        assert answer.status == 200
    for place in places + others:
        downloads.give_back(place)
    for _ in range(2 * MAX_DOWNLOADS):
        async with client.get(f"/v1/functions/{identity}") as answer:
            assert answer.status == 200


async def test_an_upload_over_the_limit_is_refused_by_its_announced_length(client):
    with socket.create_connection((client.host, client.port)) as connection:
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        head = f"PUT /v1/functions HTTP/1.1\r\nHost: x\r\nContent-Length: {MAX_UPLOAD_BYTES + 1}\r\n\r\n"
        await loop.sock_sendall(connection, head.encode())
        assert (await loop.sock_recv(connection, 100)).startswith(b"HTTP/1.1 413")


async def test_an_upload_over_the_limit_without_a_length_is_cut_off(client, monkeypatch):
    monkeypatch.setattr(api_module, "MAX_UPLOAD_BYTES", 100_000)

    async def chunks():
        for _ in range(4):
            yield b"x" * 50_000

    async with client.put("/v1/functions", data=chunks()) as answer:
        assert answer.status == 413


async def test_a_body_that_trickles_is_cut_off(client):
    """And its place is free again."""
    for _ in range(2):
        with socket.create_connection((client.host, client.port)) as connection:
            connection.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(connection, b"PUT /v1/functions HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
            assert (await loop.sock_recv(connection, 100)).startswith(b"HTTP/1.1 408")


async def test_more_uploads_than_the_limit_are_refused_and_places_come_back(client, served):
    """Each may hold tens of megabytes."""
    served.holding.gate.clear()
    uploads = [
        asyncio.create_task(client.put("/v1/functions", data=pack_function(FUNCTION)))
        for _ in range(MAX_UPLOADS // EACH)
    ]
    await asyncio.sleep(0.2)
    async with client.put("/v1/functions", data=pack_function(FUNCTION)) as answer:
        assert answer.status == 503
    served.holding.gate.set()
    for answer in await asyncio.gather(*uploads):
        assert answer.status == 200
        await answer.release()
    async with client.put("/v1/functions", data=pack_function(FUNCTION)) as answer:
        assert answer.status == 200


async def test_a_receipt_is_served_as_it_stands(client, served):
    (served.receipts / f"{ABSENT}.json").write_bytes(b'{"a":1}\n')
    async with client.get(f"/v1/receipts/{ABSENT}") as answer:
        assert (answer.status, await answer.read()) == (200, b'{"a":1}\n')
        assert answer.content_type == "application/json"


@pytest.mark.parametrize("route", ["functions", "receipts"])
@pytest.mark.parametrize(
    ("identity", "status"),
    [
        (ABSENT, 404),
        ("0x00", 400),
        ("x", 400),
        (ABSENT + "00", 400),
        ("..%2F..%2Fjournal.sqlite3", 400),
        ("%00", 400),
        ("..%2f" + ABSENT, 400),
    ],
)
async def test_a_wrong_id_is_refused_and_paths_lead_nowhere(client, route, identity, status):
    with socket.create_connection((client.host, client.port)) as connection:  # clients tidy paths before sending
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(connection, f"GET /v1/{route}/{identity} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        answer = await loop.sock_recv(connection, 4_000)
    assert answer.startswith(f"HTTP/1.1 {status}".encode())
    assert "error" in json.loads(answer.split(b"\r\n\r\n", 1)[1])
