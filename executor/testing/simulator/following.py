"""How members follow the home chain: when each takes a request up, loses it to a reorganisation, and lets it end.

Rule 1. A member takes up what stands as deep as its function asks (the node's own executor/node/depths.py).
Rule 2. What a trigger starts, each member derives for itself from what it has read, by executor/protocol/triggering.py;
        it reads again after each restart, and once the event is long over: what ended is not begun, whoever forgot it.
Rule 3. A request that ended is forgotten, with its record, once the final block that the member has read is past it.
Rule 4. What is asked of members here (docs/simulator.md) is worked out apart from the protocol.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from executor.chain.watcher import Depth
from executor.crypto.digests import request_id
from executor.errors import VerificationFailed
from executor.model.ids import RequestId
from executor.model.request import Request
from executor.model.trigger import HomeBlock
from executor.node.depths import Depths
from executor.protocol.triggering import End, check_origin
from executor.testing.replies import finished
from executor.testing.simulator.events import Event, event_of
from executor.testing.simulator.home import FINAL_BLOCKS, Branch, Home
from executor.testing.simulator.programs import PROGRAMS, depth_of, function_of, request_for
from executor.testing.simulator.violation import Violation

if TYPE_CHECKING:
    from executor.testing.simulated_engine import Node
    from executor.testing.simulator.simulator import Simulator

LAG_S: Final = 0.4  # a member reads final blocks so much after the one before it
AGAIN_S: Final = 12.0  # after an event's end it is read once more
SHORT_S: Final = 60  # events that last less are waited for
RETRY_S: Final = 0.5


class Following:
    """What the members of one run have read."""

    def __init__(self, run: Simulator) -> None:
        self._run = run
        scenario = run.scenario
        self.home = Home([(run.start_s + each.at_ms / 1_000, each.blocks) for each in scenario.reorganisations])
        self.over: set[tuple[int, RequestId]] = set()  # who let which end
        self._depths = [Depths(0, partial(self._final_number, node)) for node in run.nodes]
        self._at_s = [run.start_s + asked.at_ms / 1_000 for asked in scenario.requests]
        self._events: dict[int, Event] = {}
        self._branches: list[list[Branch]] = []
        self._blocks: list[int] = []
        self._keys: dict[tuple[int, int], RequestId] = {}  # number and branch
        self._ends: dict[RequestId, tuple[End, float]] = {}
        self._until_s = run.start_s
        for number, asked in enumerate(scenario.requests):
            at_s, block = self._at_s[number], self.home.head(self._at_s[number])
            if asked.trigger:
                event = event_of(number, asked, function_of(asked.program), self.home, at_s)
                self._events[number], block = event, event.home
                if asked.lasts_s < SHORT_S:
                    self._until_s = max(self._until_s, event.ends_s + AGAIN_S + RETRY_S)
            self._blocks.append(block)
            self._branches.append(list(self.home.branches(block, at_s)))

    def plan(self) -> None:
        """Have members read what the scenario has for them."""
        run = self._run
        for number, branches in enumerate(self._branches):
            for node in run.nodes:
                lag_s = 0.003 * node.index + sum(
                    each.later_ms / 1_000
                    for each in run.scenario.sightings
                    if (each.member, each.request) == (node.index, number)
                )
                for branch in branches:
                    self._at(branch.from_s + lag_s, partial(self.read, node, number))
                    if branch.until_s < self._branches[number][-1].until_s:
                        self._at(branch.until_s, partial(self._lose, node, number, branch.number))
                if (event := self._events.get(number)) is not None:
                    self._at(event.ends_s + AGAIN_S + 0.003 * node.index, partial(self.read, node, number))
        for gone in run.scenario.vanishings:
            node = run.nodes[gone.member]
            self._at(run.start_s + gone.at_ms / 1_000, partial(self.vanish, node, gone.request))
            self._at(run.start_s + gone.back_ms / 1_000, partial(self.read, node, gone.request))

    def read_again(self, node: Node) -> None:
        """A restarted member reads the chain from before its crash."""
        for number in self._events:
            if self._at_s[number] <= self._run.now:
                self.read(node, number)

    def read(self, node: Node, number: int) -> None:
        """The member reads the block of a request, or of an event, as it stands now (Rules 1 and 2)."""
        run, branch = self._run, self._branch(number)
        if run.now < self._at_s[number]:
            return
        if not node.alive:
            self._at(run.now + RETRY_S, partial(self.read, node, number))
            return
        asked = run.scenario.requests[number]
        if (event := self._events.get(number)) is None:
            key = self._take_down(number, branch, request_for(asked.program, number, branch), None)
        else:
            final = self._final(node)
            if (begun := event.begin(run.epoch, self.home, branch, final)) is None or begun[1].is_past(
                final.timestamp, final.number
            ):
                return
            key = self._take_down(number, branch, *begun)
        if key in node.known or (key in run.delivered and (node.index, key) not in self.over):
            return
        if event is not None and self._final(node).timestamp >= event.ends_s and node.index not in run.faults:
            run.violations.append(Violation("over", f"member {node.index} begins request {number}, which is over"))
        if self._depths[node.index].hold(key, self._blocks[number], depth_of(asked.program, asked.confirmations)):
            self._await_block(node)
        else:
            self._begin(node, key)

    def vanish(self, node: Node, number: int, branch: int | None = None) -> None:
        """A reorganisation takes a request from the member; should it come back, it goes on under its record."""
        run, key = self._run, self._keys.get((number, self._branch(number) if branch is None else branch))
        if key is None:
            return
        self._depths[node.index].discard(key)
        if key in node.known and key not in run.delivered:
            node.known.discard(key)
            if node.alive:
                run.carry_out(node, node.member.expired(key, run.local(node)))

    def stands(self, request: RequestId) -> bool:
        """Whether the router takes a report of it: a request must stand there, a push is taken at any time."""
        number, branch = next(place for place, key in self._keys.items() if key == request)
        return number in self._events or branch == self._branch(number)

    def is_final(self, request: RequestId) -> bool:
        """Whether no reorganisation can make another request of it any more."""
        number = next(number for (number, _), key in self._keys.items() if key == request)
        return self.home.head(self._run.now) - self._blocks[number] >= FINAL_BLOCKS

    def open(self) -> list[int]:
        """Of the scenario's requests those that are neither delivered nor over."""
        return [number for number in range(len(self._branches)) if not self._is_settled(number)]

    def is_done(self) -> bool:
        """Whether nothing is left to be waited for."""
        return self._run.now >= self._until_s and not self.open()

    # Inside.

    def _asked_depth(self, number: int) -> Depth | None:
        asked = self._run.scenario.requests[number]
        return "finalized" if PROGRAMS[asked.program].committee else asked.confirmations  # apart from `depth_of`

    def _at(self, when_s: float, action: partial[None]) -> None:
        self._run.later(max(0.0, when_s - self._run.now), action)

    def _branch(self, number: int) -> int:
        """Which version of a request's block is canonical."""
        standing = [branch.number for branch in self._branches[number] if branch.from_s <= self._run.now]
        return max(standing, default=0)

    def _final(self, node: Node) -> HomeBlock:
        return self.home.final(self._run.now - LAG_S * node.index)

    async def _final_number(self, node: Node) -> int:
        return self._final(node).number

    def _take_down(self, number: int, branch: int, request: Request, end: End | None) -> RequestId:
        """What a member derived: everybody derives the same (P3)."""
        run, key = self._run, request_id(request)
        if self._keys.setdefault((number, branch), key) != key:
            run.violations.append(Violation("P3", f"members derive other requests from event {number}"))
        if key in run.requests:
            return key
        run.make(key, request, number)
        if end is not None:
            ends_s = self._events[number].ends_s
            self._ends[key] = (end, ends_s)
            try:
                check_origin(request)
            except VerificationFailed as error:
                run.violations.append(Violation("P3", f"request {number} is not its event's: {error}"))
            for node in run.nodes:
                self._at(self.home.final_from_s(ends_s) + LAG_S * node.index, partial(self._end, node, key))
        return key

    def _await_block(self, node: Node) -> None:
        number = self.home.head(self._run.now) + 1
        self._at(self.home.block(number).timestamp + 0.003 * node.index, partial(self._deeper, node, number))

    def _deeper(self, node: Node, number: int) -> None:
        """One block more; whoever is down reads it later."""
        depths = self._depths[node.index]
        if node.alive:
            for key in finished(depths.reached(number)):
                self._begin(node, key)
        if len(depths):
            self._await_block(node)

    def _begin(self, node: Node, key: RequestId) -> None:
        """The member works on it from now on (Rule 4)."""
        run = self._run
        number, branch = next(place for place, kept in self._keys.items() if kept == key)
        if node.index not in run.faults:
            who, asked = f"member {node.index} begins request {number}", self._asked_depth(number)
            depth = self.home.head(run.now) - self._blocks[number]
            if depth < (FINAL_BLOCKS if asked == "finalized" else asked or 0):
                run.violations.append(Violation("depth", f"{who} with {depth} blocks on top, {asked} asked for"))
            if branch != self._branch(number):
                run.violations.append(Violation("depth", f"{who} of a block that is gone"))
        run.see(node, key)

    def _lose(self, node: Node, number: int, branch: int) -> None:
        asked = self._asked_depth(number)
        if asked == "finalized" and self._keys.get((number, branch)) in node.known:
            self._run.violations.append(Violation("depth", f"member {node.index}: request {number} was not final"))
        self.vanish(node, number, branch)

    def _end(self, node: Node, key: RequestId) -> None:
        """Rule 3."""
        run, (end, _), final = self._run, self._ends[key], self._final(node)
        if not node.alive:
            self._at(run.now + RETRY_S, partial(self._end, node, key))
        elif end.is_past(final.timestamp, final.number):
            node.known.discard(key)
            self._depths[node.index].discard(key)
            if key in node.journal:
                self.over.add((node.index, key))
            run.carry_out(node, node.member.expired(key, run.local(node)))
            node.journal.pop(key, None)

    def _is_settled(self, number: int) -> bool:
        branch = self._branches[number][-1]
        if self._run.now < branch.from_s:
            return False
        key, event = self._keys.get((number, branch.number)), self._events.get(number)
        delivered = key is not None and key in self._run.delivered
        last_s = LAG_S * self._run.epoch.n + RETRY_S
        return delivered or (event is not None and self._run.now >= self.home.final_from_s(event.ends_s) + last_s)
