"""What a node tells of open requests and of evidence, beside its other routes.

GET /v1/requests?limit=N       open requests, oldest first, and how many there are in each state
GET /v1/requests/{request id}  one of them: what this member saw, heard and signed, and what it waits for; of one that
                               is open no more what it saw and signed, for as long as that is kept (ended.py)
GET /v1/evidence               members that signed two outcomes of one run (executor/node/evidence.py)

Rule 1. Looking changes nothing, and answers are bounded: in number, in size, and for each address in time.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol
from typing import Final as Constant

from aiohttp import web

from executor.errors import InvalidValue
from executor.model.codec import Json, to_plain
from executor.model.ids import RequestId
from executor.node.ended import EndedRequest
from executor.node.evidence import Equivocation
from executor.node.overload import overload
from executor.node.standing import Standing
from executor.protocol.describing import AwaitedDraw, RequestView
from executor.transport.limits import Allowance
from executor.transport.sources import source_of

MAX_LISTED: Constant = 1_000
LISTED: Constant = 100
MAX_EVIDENCE: Constant = 256  # f members of each of some epochs; the journal has all
VALUE_BYTES: Constant = 4_096  # of one observation: 100 members may see 32 kB each
PER_SECOND: Constant = 5.0  # looks of one address: each may cost milliseconds
BURST: Constant = 40.0  # a person's table of a whole committee, twice
ADDRESSES: Constant = 1_024


class Book(Protocol):
    """The open requests, as far as this needs them."""

    @property
    def counts(self) -> dict[str, int]:
        """Open requests by state, and what is kept of closed ones."""

    @property
    def open_count(self) -> int:
        """Requests seen and not yet closed."""

    @property
    def shed_from(self) -> int | None:
        """The block from which requests were left out and are still to be read."""

    def standing(self, request_id: RequestId) -> Standing | None:
        """How an open request stands."""

    def standings(self, limit: int) -> list[tuple[RequestId, Standing]]:
        """Open requests, oldest first."""


class Ended(Protocol):
    """What is left of requests that are open no more (ended.py)."""

    def has_receipt(self, request_id: RequestId) -> bool:
        """Whether /v1/receipts/ID answers."""

    async def find(self, request_id: RequestId) -> EndedRequest | None:
        """What this node said of it, or None."""


class OpenRequestRoutes:
    """The routes; `describe` tells what the machine of the request's epoch knows."""

    def __init__(
        self,
        book: Book,
        describe: Callable[[int, RequestId], RequestView | None],
        evidence: Callable[[], Iterator[Equivocation]],
        ended: Ended,
    ) -> None:
        self._book = book
        self._describe = describe
        self._evidence = evidence
        self._ended = ended
        self._allowance = Allowance[str](PER_SECOND, BURST, names=ADDRESSES)

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes to an aiohttp application's router."""
        router.add_get("/v1/requests", self._list)
        router.add_get("/v1/requests/{id}", self._show)
        router.add_get("/v1/evidence", self._show_evidence)

    async def _list(self, request: web.Request) -> web.Response:
        if (refusal := self._refuse(request)) is not None:
            return refusal
        text = request.query.get("limit", str(LISTED))
        if not text.isascii() or not text.isdigit() or len(text) > 6:
            return _error(400, "limit is a number")
        listed = self._book.standings(min(int(text), MAX_LISTED))
        lines = [self._line(key, standing) for key, standing in listed]
        told = {"counts": self._book.counts, "left_out": overload(self._book), "requests": lines}
        return web.json_response(told)

    async def _show(self, request: web.Request) -> web.Response:
        if (refusal := self._refuse(request)) is not None:
            return refusal
        try:
            key = RequestId.from_hex(request.match_info["id"])
        except InvalidValue as error:
            return _error(400, str(error))
        standing = self._book.standing(key)
        if standing is None:
            return await self._show_ended(key)
        view = self._describe(standing.epoch, key)
        plain = None if view is None else to_plain(view)
        cut = plain is not None and _cut_values(plain)
        told = {**self._line(key, standing), "waits_for": waits_for(standing, view), "view": plain, "cut": cut}
        return web.json_response(told)

    async def _show_ended(self, key: RequestId) -> web.Response:
        receipt = self._ended.has_receipt(key)
        if (ended := await self._ended.find(key)) is None:
            where = f"; its receipt is here: GET /v1/receipts/{key}" if receipt else " and no receipt of it"
            if (reason := overload(self._book)) is not None:
                where += f"; it may be among those left out: {reason}"
            return _error(404, f"this node has no open request {key}{where}")
        plain = to_plain(ended)
        cut = _cut_values(plain)
        over = f"nothing: it {'is closed by' if ended.state == 'closed' else 'vanished with'} block {ended.block}"
        return web.json_response(
            {"request_id": str(key), **plain, "receipt": receipt, "waits_for": over, "view": None, "cut": cut}
        )

    async def _show_evidence(self, request: web.Request) -> web.Response:
        if (refusal := self._refuse(request)) is not None:
            return refusal
        return web.json_response([to_plain(each) for each in itertools.islice(self._evidence(), MAX_EVIDENCE)])

    def _line(self, key: RequestId, standing: Standing) -> dict[str, Json]:
        view = self._describe(standing.epoch, key)
        return {
            "request_id": str(key),
            "epoch": standing.epoch,
            "function_id": str(standing.function),
            "deadline": standing.deadline,
            "state": standing.state,
            "phase": None if view is None else view.phase,
            "rounds_without_progress": 0 if view is None else view.rounds_without_progress,
        }

    def _refuse(self, request: web.Request) -> web.Response | None:
        """Rule 1."""
        if self._allowance.spend(source_of(request), time.monotonic()):
            return None
        return _error(429, f"more than {PER_SECOND:g} looks a second")


def waits_for(standing: Standing, view: RequestView | None) -> str:
    """What would bring the request on, as this member sees it."""
    match standing.state:
        case "function-missing":
            return f"the bytes of function {standing.function}: upload them to this node (PUT /v1/functions)"
        case "epoch-not-served":
            return f"a node of this operator that serves epoch {standing.epoch}"
        case "not-deep-enough":
            return f"more blocks over block {standing.block}: its function asks for them ([capabilities.chain])"
        case "not-admitted":
            return "nothing here: this node takes no part in its function (event abstained says why)"
        case "queued":
            return "its turn: this node works on as many requests as it may"
        case "too-late":
            return "its end: its deadline is past, and anybody may have the router refund it (Router.expire)"
        case _:
            return "its first run" if view is None else _awaited(view)


def _awaited(view: RequestView) -> str:
    if view.phase == "attested":
        return "its delivery: the attestation is there, its transaction is not seen yet"
    if (slot := view.awaited) is not None:
        if slot.own is None:
            return f"this member's own observation of slot {slot.slot}"
        if len(slot.observations) < view.quorum:
            heard = _names(each.member for each in slot.observations) or "none"
            return f"observations of slot {slot.slot} by {view.quorum} members (heard while leading: {heard})"
        return f"a leader's proposal for slot {slot.slot} and {view.quorum} Prepares; a quorum's observations are there"
    if (draw := view.awaited_draw) is not None:
        if draw.round is None:
            return f"draw {draw.ordinal} of the committee: {_of_committee(draw, view.quorum)}"
        when = f"published in {draw.waits_s} s" if draw.waits_s else "which its relays should have"
        return f"draw {draw.ordinal}, drand's round {draw.round}, {when}"
    if view.own_vote is None:
        return "the run over the agreed transcript"
    best = max((len(votes.members) for votes in view.votes), default=0)
    if best >= view.quorum:
        return "a leader that attests: a quorum of equal votes is there"
    return f"{view.quorum} equal votes; {best} were heard, none of {_names(view.not_voting)}"


def _of_committee(draw: AwaitedDraw, quorum: int) -> str:
    if draw.keyless:
        return "the epoch's draw key, which its members are making"
    if not draw.released:
        heard = _names(draw.stated) or "none"
        return f"{quorum} members' word that the request is settled (heard while leading: {heard})"
    return f"members' parts (heard while leading: {_names(draw.parts) or 'none'})"


def _names(members: Any) -> str:
    listed = list(members)
    return ", ".join(map(str, listed[:12])) + (" …" if len(listed) > 12 else "")


def _cut_values(plain: Json) -> bool:
    """Cut long values (still whole bytes of hex); whether any was."""
    was_cut = False
    items = list(plain.values()) if isinstance(plain, dict) else plain if isinstance(plain, list) else []
    if isinstance(plain, dict):
        for name in ("value", "spec"):
            text = plain.get(name)
            if isinstance(text, str) and len(text) > 2 + 2 * VALUE_BYTES:
                plain[name] = text[: 2 + 2 * VALUE_BYTES]
                was_cut = True
    for item in items:
        was_cut = _cut_values(item) or was_cut
    return was_cut


def _error(status: int, message: str) -> web.Response:
    return web.json_response({"error": message}, status=status)
