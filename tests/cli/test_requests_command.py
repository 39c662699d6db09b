"""`executor requests ID` of a request that was answered: asked of real servers that hold its receipt, or do not."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from aiohttp import web
from cli_types import Run

from executor.crypto.digests import keccak256, request_id
from executor.model.codec import encode, to_plain
from executor.model.ids import RequestId
from executor.model.receipt import Receipt
from executor.node.ended import EndedRequest, OwnWord
from executor.receipts import read_receipt

RECEIPT = read_receipt(Path(__file__).resolve().parents[2] / "fixtures" / "receipts" / "no_agreement.json")
ID = request_id(RECEIPT.request)
Serve = Callable[..., list[str]]
T = TypeVar("T")


@pytest.fixture
def serve() -> Iterator[Serve]:
    """`serve((answer about the request, receipt), …)`: the URLs of nodes that answer so, beside the command's loop."""
    loop, runners = asyncio.new_event_loop(), list[web.AppRunner]()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def beside(work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, loop).result(10)

    def start(*nodes: tuple[Any, Receipt | None]) -> list[str]:
        runners.extend(web.AppRunner(node(*each)) for each in nodes)
        return [beside(listen(runner)) for runner in runners]

    yield start
    for runner in runners:
        beside(runner.cleanup())
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def node(told: Any, receipt: Receipt | None) -> web.Application:
    """What it says of the request, and of its receipt."""

    async def about(_request: web.Request) -> web.Response:
        return web.json_response(told, status=404 if "error" in told else 200)

    async def kept(_request: web.Request) -> web.Response:
        if receipt is None:
            return web.json_response({"error": f"this node has no receipt of request {ID}"}, status=404)
        return web.Response(body=encode(receipt), content_type="application/json")

    app = web.Application()
    app.router.add_get(f"/v1/requests/{ID}", about)
    app.router.add_get(f"/v1/receipts/{ID}", kept)
    return app


async def listen(runner: web.AppRunner) -> str:
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


NOTHING = {"error": f"this node has no open request {ID} and no receipt of it"}


def closed(member: int, value: bytes) -> dict[str, Any]:
    """What a node tells of it that saw this."""
    word = OwnWord(0, RECEIPT.transcript[0].spec, "value", value)
    ended = EndedRequest("closed", 9, 1, RECEIPT.request.function_id, 2_000_000_000, member, (word,), None)
    receipt = {"request_id": str(ID), "receipt": True, "waits_for": "nothing", "view": None, "cut": False}
    return {**to_plain(ended), **receipt}


def typed(executor: Run, urls: list[str], *more: str) -> Any:
    return executor("requests", ID, *(part for url in urls for part in ("--node", url)), *more)


def rows(text: str) -> dict[str, str]:
    """The table's rows by member."""
    cells = [line.split("│")[1:3] for line in text.splitlines() if line.startswith("│")]
    return {member.strip(): said.strip() for member, said in cells}


def test_an_answered_request_is_shown_from_receipts_with_what_each_member_saw(executor: Run, serve: Serve) -> None:
    """The one that is in no receipt's observation set tells from its own record; who knows nothing is named."""
    seen = {one.member: one.observation.value.decode() for one in RECEIPT.transcript[0].observations}
    (other,) = {0, 1, 2, 3} - set(seen)
    urls = serve((closed(min(seen), b"x"), RECEIPT), (closed(other, b"77"), None), (NOTHING, None))
    done = typed(executor, urls)
    assert done.returncode == 0
    told = rows(done.stdout)
    assert {member: told[str(member)] for member in seen} == {member: repr(value) for member, value in seen.items()}
    assert told[str(other)] == "'77' (its own record)"
    assert "slot 0 agreed: error 'no-agreement: identical needs 2 equal of 3, had 1'" in done.stdout
    assert f"function {RECEIPT.request.function_id}, epoch 1: 4 members, quorum 3" in done.stdout
    assert f"{urls[0]}: closed at block 9; has its receipt" in done.stdout
    assert f"{urls[2]}: shows no receipt: this node has no receipt of request {ID}" in done.stdout
    assert f"{urls[0]}/v1/receipts/{ID} is the receipt: `executor verify`" in done.stdout


def test_programs_are_told_the_same(executor: Run, serve: Serve) -> None:
    done = typed(executor, serve((NOTHING, RECEIPT), (NOTHING, None)), "--json")
    first, second = json.loads(done.stdout)["nodes"]
    assert first["receipt"]["status"] == "returned"
    assert first["receipt"]["payload"] == f"0x{RECEIPT.payload.hex()}"
    assert set(first["receipt"]["observations"][0]["members"]) == {
        str(one.member) for one in RECEIPT.transcript[0].observations
    }
    assert "no receipt" in second["receipt"]["error"]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (replace(RECEIPT, payload=b"another"), "its receipt does not hold: report"),
        (
            replace(RECEIPT, request=replace(RECEIPT.request, input=b"another")),
            "it gave the receipt of another request",
        ),
        (replace(RECEIPT, votes=RECEIPT.votes[::-1]), "its receipt does not hold: votes"),
    ],
)
def test_a_receipt_that_does_not_hold_is_not_shown(executor: Run, serve: Serve, given: Receipt, why: str) -> None:
    urls = serve((NOTHING, given), (NOTHING, RECEIPT))
    shown = typed(executor, urls).stdout
    assert f"{urls[0]}: shows no receipt: {why}" in shown
    assert f"{urls[1]}: has its receipt" in shown


def test_a_request_that_nobody_knows_is_said_so_by_each(executor: Run, serve: Serve) -> None:
    urls = serve((NOTHING, None), (NOTHING, None))
    done = typed(executor, urls)
    assert done.returncode == 0
    assert [f"{url}: this node has no open request {ID} and no receipt of it" in done.stdout for url in urls] == [
        True,
        True,
    ]


@pytest.mark.parametrize(
    "hostile",
    [
        [],
        {"view": [], "state": "\x1b[2J"},
        {**closed(0, b"x"), "observations": [{"slot": 10**9}]},
        {"error": "\x1b" * 99},
    ],
)
def test_an_answer_of_any_form_does_no_harm(executor: Run, serve: Serve, hostile: Any) -> None:
    answer = hostile if isinstance(hostile, dict) else {"error": "", "list": hostile}
    done = typed(executor, serve((answer, RECEIPT)))
    assert all(letter.isprintable() or letter == "\n" for letter in done.stdout)
    assert "slot 0 agreed" in done.stdout


def test_two_receipts_of_different_outcomes_are_told(executor: Run, serve: Serve) -> None:
    """They cannot both hold, and whoever shows one of them is found out; the other is shown."""
    other = RequestId(keccak256(b"another"))
    lie = replace(RECEIPT.attestation, reports=(replace(RECEIPT.attestation.reports[0], request_id=other),))
    shown = typed(executor, serve((NOTHING, RECEIPT), (NOTHING, replace(RECEIPT, attestation=lie)))).stdout
    assert "its receipt does not hold" in shown
    assert "slot 0 agreed" in shown
