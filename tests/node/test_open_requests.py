"""What a node tells of open requests and evidence: everything it knows, bounded, and what each waits for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from node_bench import MEDIAN, make_request, until

from executor.cli._requests import comparison, overview
from executor.model.codec import encode, from_plain
from executor.model.ids import Digest, FunctionId, RequestId, TranscriptHash
from executor.model.observation import Kind, Observation
from executor.model.report import Report, Status
from executor.model.view import NO_VIEW
from executor.node.ended import EndedRequests
from executor.node.open_requests import BURST, MAX_LISTED, VALUE_BYTES, OpenRequestRoutes, waits_for
from executor.node.standing import OpenRequest, Standing
from executor.protocol.describing import AwaitedDraw, AwaitedSlot, HeardObservation, HeardVotes, RequestView
from executor.protocol.record import OwnObservation, Record, encode_record
from executor.store.journal import Journal

FUNCTION = FunctionId(b"\x11" * 32)
KEY = RequestId(b"\x22" * 32)
STANDING = Standing(epoch=1, function=FUNCTION, deadline=2_000_000_000, state="active")


def seen(member: int, value: bytes = b"7") -> HeardObservation:
    return HeardObservation(member, "value", value, verified=True)


def votes(*members: int) -> HeardVotes:
    return HeardVotes("returned", bytes(32), 5, 1_000, bytes(32), members)  # type: ignore[arg-type]


def view(member: int = 0, **changes) -> RequestView:
    awaited = AwaitedSlot(0, b'{"aggregate":"identical"}', 2, seen(member), (seen(1), seen(2)), (0, 3))
    blank = RequestView(
        request_id=KEY,
        function_id=FUNCTION,
        member=member,
        phase="observed",
        round=5,
        leader=1,
        quorum=3,
        lock=None,
        transcript=(),
        awaited=awaited,
        own_vote=None,
        votes=(),
        not_voting=(0, 1, 2, 3),
        heard_this_round=(),
        rounds_without_progress=2,
    )
    return replace(blank, **changes)


class Book:
    """One active request, any number of others."""

    def __init__(self, count: int = 1) -> None:
        self._all = [(RequestId(number.to_bytes(32, "big")), STANDING) for number in range(count - 1)]
        self._all.append((KEY, STANDING))

    shed_from = None

    @property
    def open_count(self) -> int:
        return len(self._all)

    @property
    def counts(self) -> dict[str, int]:
        return {"active": len(self._all)}

    def standing(self, request_id: RequestId) -> Standing | None:
        return dict(self._all).get(request_id)

    def standings(self, limit: int) -> list[tuple[RequestId, Standing]]:
        return self._all[:limit]


class Served:
    """The routes on a real server."""

    def __init__(self, base: str, session: aiohttp.ClientSession) -> None:
        self._base, self._session = base, session

    async def get(self, path: str):
        async with self._session.get(self._base + path) as answer:
            return answer.status, await answer.json()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """The node's journal."""
    opened = Journal(tmp_path / "journal.sqlite3")
    yield opened
    opened.close()


@pytest.fixture
async def serve(journal: Journal, tmp_path: Path) -> AsyncIterator:
    """`await serve(book, view)`; receipts lie in the test's own folder."""
    closing = []

    async def start(book: Book, told: RequestView | None) -> Served:
        app = web.Application()
        ended = EndedRequests(journal, tmp_path, lambda _epoch: 2)
        OpenRequestRoutes(book, lambda _epoch, _key: told, lambda: iter([]), ended).register(app.router)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        session = aiohttp.ClientSession()
        closing.extend([session.close, runner.cleanup])
        return Served(f"http://127.0.0.1:{runner.addresses[0][1]}", session)

    yield start
    for close in closing:
        await close()


async def test_a_request_is_told_with_all_that_is_known_of_it(serve) -> None:
    served = await serve(Book(), view())
    status, answer = await served.get(f"/v1/requests/{KEY}")
    assert status == 200
    assert from_plain(RequestView, answer["view"]) == view()
    assert "observations of slot 0 by 3 members (heard while leading: 1, 2)" in answer["waits_for"]
    status, answer = await served.get("/v1/requests")
    (line,) = answer["requests"]
    assert (status, answer["counts"]) == (200, {"active": 1})
    assert (line["request_id"], line["phase"], line["rounds_without_progress"]) == (str(KEY), "observed", 2)


async def test_what_is_not_there_or_no_id_is_refused(serve) -> None:
    served = await serve(Book(), None)
    assert (await served.get("/v1/requests/0x12"))[0] == 400
    assert (await served.get("/v1/requests?limit=-1"))[0] == 400
    status, answer = await served.get(f"/v1/requests/0x{'33' * 32}")
    assert (status, answer["error"]) == (404, f"this node has no open request 0x{'33' * 32} and no receipt of it")
    assert await served.get("/v1/evidence") == (200, [])


def remember(journal: Journal, key: RequestId, values: list[bytes]) -> None:
    """A request that was closed at block 9, of which this member saw these values, one a slot, after an error each."""
    request = make_request()
    kinds = [(slot, Observation.error("http-status")) for slot in range(len(values))]
    kinds += [(slot, Observation(Kind.VALUE, value)) for slot, value in enumerate(values)]
    said = tuple(OwnObservation(TranscriptHash(bytes(32)), slot, MEDIAN, seen) for slot, seen in kinds)
    report = Report(key, FUNCTION, TranscriptHash(bytes(32)), Status.RETURNED, 7, 1, 500, Digest(b"\x44" * 32))
    record = Record(key, FUNCTION, None, NO_VIEW, (), None, said, report, None)
    journal.save(key, "request", encode(OpenRequest(request, None, 2_000_000_000, None)))
    journal.save(key, "record", encode_record(record))
    journal.save(key, "closed", b"9")


async def test_of_a_request_that_is_closed_a_node_tells_what_it_saw_and_signed(serve, journal, tmp_path) -> None:
    """Until it is forgotten; then that its receipt is there, as long as it is."""
    key = RequestId(b"\x55" * 32)
    remember(journal, key, [b"1", b"x" * 100_000])
    served = await serve(Book(), None)
    status, answer = await served.get(f"/v1/requests/{key}")
    assert (status, answer["state"], answer["block"], answer["member"]) == (200, "closed", 9, 2)
    assert (answer["view"], answer["receipt"], answer["cut"]) == (None, False, True)
    assert answer["waits_for"] == "nothing: it is closed by block 9"
    first, second = answer["observations"]
    assert (first["slot"], first["kind"], first["value"]) == (0, "value", "0x31")
    assert len(second["value"]) == 2 + 2 * VALUE_BYTES
    assert (answer["vote"]["status"], answer["vote"]["fuel_used"]) == ("returned", 500)
    journal.save(key, "record", b"of another release")
    assert (await served.get(f"/v1/requests/{key}"))[1]["observations"] == []
    (tmp_path / f"{key}.json").write_text("{}")
    assert (await served.get(f"/v1/requests/{key}"))[1]["receipt"] is True
    for kind in ("request", "record", "closed"):
        journal.delete(key, kind)
    status, answer = await served.get(f"/v1/requests/{key}")
    assert (status, answer["error"].rpartition("; ")[2]) == (404, f"its receipt is here: GET /v1/receipts/{key}")


async def test_lists_and_values_are_bounded(serve) -> None:
    awaited = AwaitedSlot(0, b"s" * 100_000, 2, seen(0, b"v" * 100_000), (), ())
    served = await serve(Book(5 * MAX_LISTED), view(awaited=awaited))
    assert len((await served.get("/v1/requests?limit=999999"))[1]["requests"]) == MAX_LISTED
    _, answer = await served.get(f"/v1/requests/{KEY}")
    assert answer["cut"] is True
    assert len(from_plain(RequestView, answer["view"]).awaited.own.value) == VALUE_BYTES
    assert len(str(answer)) < 10 * VALUE_BYTES


async def test_one_address_looks_so_often_and_no_more(serve) -> None:
    served = await serve(Book(), view())
    answers = [await served.get("/v1/evidence") for _ in range(int(BURST) + 20)]
    assert [status for status, _ in answers].count(200) < BURST + 15
    assert answers[-1][0] == 429


@pytest.mark.parametrize(
    ("standing", "told", "words"),
    [
        (replace(STANDING, state="function-missing"), None, "the bytes of function 0x1111"),
        (replace(STANDING, state="epoch-not-served"), None, "serves epoch 1"),
        (STANDING, None, "its first run"),
        (STANDING, view(awaited=replace(view().awaited, own=None)), "this member's own observation of slot 0"),
        (STANDING, view(awaited=replace(view().awaited, observations=())), "heard while leading: none"),
        (STANDING, view(quorum=2), "a leader's proposal for slot 0"),
        (STANDING, view(awaited=None), "the run over the agreed transcript"),
        (STANDING, view(awaited=None, own_vote=votes(0), votes=(votes(0, 2),), not_voting=(1, 3)), "none of 1, 3"),
        (STANDING, view(awaited=None, own_vote=votes(0), votes=(votes(0, 1, 2),)), "a leader that attests"),
        (
            STANDING,
            view(awaited=None, awaited_draw=AwaitedDraw(1, 77, 9, 5)),
            "draw 1, drand's round 77, published in 5",
        ),
        (STANDING, view(awaited=None, awaited_draw=AwaitedDraw(1, 77, 9, 0)), "which its relays should have"),
        (STANDING, view(awaited=None, awaited_draw=AwaitedDraw(0, None, None, 0, True)), "the epoch's draw key"),
        (
            STANDING,
            view(awaited=None, awaited_draw=AwaitedDraw(0, None, None, 0, stated=(0, 2))),
            "3 members' word that the request is settled (heard while leading: 0, 2)",
        ),
        (
            STANDING,
            view(awaited=None, awaited_draw=AwaitedDraw(1, None, None, 0, released=True)),
            "draw 1 of the committee: members' parts (heard while leading: none)",
        ),
        (STANDING, view(phase="attested"), "its delivery"),
    ],
)
def test_it_is_said_what_a_request_waits_for(standing: Standing, told: RequestView | None, words: str) -> None:
    assert words in waits_for(standing, told)


async def test_a_machine_at_work_is_described_by_its_driver(committee) -> None:
    nodes = await committee(4)
    key, *_ = await asyncio.gather(*(node.see(make_request()) for node in nodes))
    await until(lambda: nodes[0].attested)
    described = nodes[0].driver.describe(key)
    assert described is not None
    assert (described.request_id, described.phase) == (key, "attested")
    assert nodes[0].driver.describe(RequestId(bytes(32))) is None


def rendered(parts) -> str:
    from rich.console import Console

    console = Console(width=200, force_terminal=False, color_system=None)
    with console.capture() as capture:
        for part in parts:
            console.print(part)
    return capture.get()


def answer(told: RequestView) -> dict:
    from executor.model.codec import to_plain

    return {"state": "active", "waits_for": "x", "cut": False, "view": to_plain(told)}


def test_observations_stand_side_by_side_with_what_others_heard_of_the_silent() -> None:
    own = view(0, awaited=replace(view().awaited, own=seen(0, b"7"), observations=(seen(2, b"9"),)))
    text = rendered(comparison(str(KEY), ["http://a", "http://b"], [answer(own), {"error": "no answer in time"}]))
    rows = {line.split("│")[1].strip(): line for line in text.splitlines() if line.startswith("│")}
    assert "'7'" in rows["0"]
    assert "'9' (heard by member 0)" in rows["2"]
    assert "none" in rows["3"]
    assert "no answer" in rows["3"]
    assert "http://b: no answer in time" in text
    assert "aggregate identical" in text


@pytest.mark.parametrize(
    "hostile",
    [
        [],
        None,
        {"view": {"member": 0}},
        {"view": [[[[[]]]]], "waits_for": "\x1b[2J\nforged", "state": "[bold]x[/bold]"},
        {"error": "\x1b]0;title\x07" * 500},
    ],
)
def test_a_nodes_answer_of_any_form_is_shown_harmlessly(hostile) -> None:
    text = rendered(comparison(str(KEY), ["http://a"], [hostile]))
    text += rendered(overview(["http://a"], [hostile]))
    line = {"request_id": "\x1b" * 500, "deadline": 1e308, "phase": {}}
    text += rendered(overview(["http://a"], [{"requests": [hostile, line]}]))
    assert all(letter.isprintable() or letter == "\n" for letter in text)
    assert len(text) < 10_000
