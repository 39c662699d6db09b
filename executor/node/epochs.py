"""Which epochs this node serves: it follows the committee contract and keeps one session an epoch.

Rule 1. An epoch is served from the moment it stands as deep as the node reads the chain, by whoever is a member of it.
Rule 2. A replaced epoch is served until its grace is over; or, sooner, until no reorganisation can bring a request of
        it any more and none is open.
Rule 3. An epoch with a profile this release does not run, or with other keys than any signer here holds, is refused,
        loudly: no two profiles meet in one quorum. What is refused for its keys is tried again: signers come later.
Rule 4. When another epoch stands under a number than before (a reorganisation), the session of the former ends first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from executor.chain.client import Block, ChainClient
from executor.chain.epochs import load_epoch
from executor.chain.terms import Term, live_terms
from executor.chain.watcher import KEPT_BLOCKS
from executor.crypto.digests import profile_id
from executor.errors import ChainError, ChainUnavailable, InvalidValue
from executor.model.committee import Epoch
from executor.model.ids import Address, ProfileId
from executor.model.profile import PROFILE
from executor.node.conditions import Conditions
from executor.store.events import EventLog


class Opens(Protocol):
    """What the node does about epochs."""

    async def open_session(self, epoch: Epoch, index: int) -> str | None:
        """Serve an epoch; None, or why not. Raises InvalidValue when there is no room for one more."""

    async def close_session(self, number: int) -> None:
        """Serve it no more."""

    def is_done_with(self, number: int) -> bool:
        """Whether nothing of the epoch is open."""


@dataclass(slots=True)
class Watched:
    """A live epoch, how it stands with this node, and why; `final` when that can never change."""

    term: Term
    state: Literal["served", "not-a-member", "epoch-refused"]
    reason: str = ""
    final: bool = False


class EpochFollower:
    """Keeps sessions as the contract says; `refresh` is called whenever blocks were read."""

    def __init__(
        self,
        operator: Address,
        chain: ChainClient,
        opens: Opens,
        events: EventLog,
        conditions: Conditions,
        *,
        load: Callable[[ChainClient, int], Awaitable[Epoch]] = load_epoch,
    ) -> None:
        self._operator = operator
        self._chain = chain
        self._opens = opens
        self._events = events
        self._conditions = conditions
        self._load = load
        self._watched: dict[int, Watched] = {}
        self._ended: set[int] = set()  # of the live epochs those that are over for this node (Rule 2)
        self._newest = 0

    @property
    def newest(self) -> int:
        """The number of the newest epoch that stands deep enough; 0 before the first."""
        return self._newest

    @property
    def refused(self) -> dict[int, str]:
        """Live epochs that are not served, and why."""
        return {number: each.reason for number, each in self._watched.items() if each.state != "served"}

    async def refresh(self, block: Block) -> None:
        """Bring the sessions in line with the chain as of `block`; raises ChainError, and may be called again."""
        terms = {term.number: term for term in await live_terms(self._chain, block)}
        for number in sorted(set(self._watched) - set(terms)):
            await self._end(number, "its grace is over")
        for number, term in sorted(terms.items()):
            watched = self._watched.get(number)
            if watched is not None and watched.term.facts != term.facts:
                self._events.add("epoch-replaced", "", epoch=number)
                await self._end(number, "a reorganisation put another in its place")
                self._ended.discard(number)
                watched = None
            if watched is not None:
                watched.term = term
            if number not in self._ended and self._is_over(term, block):
                await self._end(number, "another one is in force and none of its requests is open")
            elif number not in self._ended and (watched is None or not watched.final):
                await self._begin(term)
        self._ended &= set(terms)
        self._newest = max(terms, default=0)
        self._tell()

    def _is_over(self, term: Term, block: Block) -> bool:
        """Rule 2."""
        replaced = term.replaced_block
        return replaced is not None and block.number >= replaced + KEPT_BLOCKS and self._opens.is_done_with(term.number)

    async def _begin(self, term: Term) -> None:
        before, watched = self._watched.get(term.number), await self._try(term)
        self._watched[term.number] = watched
        if watched.state != "served" and (before is None or before.reason != watched.reason):
            self._events.add(watched.state, "", epoch=term.number, reason=watched.reason)

    async def _try(self, term: Term) -> Watched:
        """Rules 1 and 3."""
        number, own = term.number, profile_id(PROFILE)
        if self._operator not in map(Address.from_hex, term.operators):
            reason = f"operator {self._operator} is no member of epoch {number}"
            return Watched(term, "not-a-member", reason, final=True)
        if term.profile_id != own:
            runs = ProfileId(term.profile_id)
            reason = f"epoch {number} runs profile {runs}, this release runs {own}: start the release that runs it"
            return Watched(term, "epoch-refused", reason, final=True)
        try:
            epoch = await self._load(self._chain, number)
            index = next(member.index for member in epoch.members if member.operator == self._operator)
            refusal = await self._opens.open_session(epoch, index)
        except ChainUnavailable:
            raise
        except (ChainError, InvalidValue) as error:
            refusal = str(error)
        if refusal is None:
            return Watched(term, "served", final=True)
        return Watched(term, "epoch-refused", refusal)

    async def _end(self, number: int, why: str) -> None:
        self._ended.add(number)
        watched = self._watched.pop(number, None)
        if watched is not None and watched.state == "served":
            await self._opens.close_session(number)
            self._events.add("epoch-ended", "", epoch=number, reason=why)

    def _tell(self) -> None:
        """What readiness says: an epoch that is refused though this operator is a member, or none that is served."""
        watched = self._watched.values()
        if refused := [each.reason for each in watched if each.state == "epoch-refused"]:
            self._conditions.fails("epochs", "; ".join(refused))
        elif not any(each.state == "served" for each in watched):
            self._conditions.fails("epochs", f"operator {self._operator} is no member of any epoch in force")
        else:
            self._conditions.works("epochs")
