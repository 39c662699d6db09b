"""Members, time and events: the part of a simulation that knows nothing of what goes wrong.

Rule 1. Effects are carried out in order, one after the other; a node may be killed before each.
Rule 2. A crash loses everything but the journal and the signer's record, answers under way included.
Rule 3. Nothing is random: what happens when is decided by the subclass, and equal times keep their order.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from executor.errors import PeerFault
from executor.model.committee import Epoch
from executor.model.ids import FunctionId, RequestId
from executor.model.report import Report
from executor.protocol.effects import (
    ALL,
    Attested,
    Effect,
    Equivocated,
    Execute,
    Note,
    Observe,
    Obtain,
    Save,
    Send,
    Sign,
    Transmit,
)
from executor.protocol.member import Member
from executor.protocol.messages import AttestationMessage, Message
from executor.protocol.record import decode_record, empty_record
from executor.protocol.settings import Settings
from executor.protocol.statements import ReportsStatement
from executor.testing.fast_signatures import SigningSuite

MOMENT_S: Final = 0.001  # at least from one tick to the next: clocks that drift are inverted roughly


@dataclass(slots=True)
class Node:
    """One simulated node: the journal and the signer's record are durable, the member is not."""

    index: int
    member: Member
    journal: dict[RequestId, bytes] = field(default_factory=dict)
    outcomes_signed: dict[tuple[RequestId, bytes], tuple[int, int, int, bytes]] = field(default_factory=dict)
    known: set[RequestId] = field(default_factory=set)
    alive: bool = True
    effects_done: int = 0
    crashes: dict[int, float] = field(default_factory=dict)
    refused: int = 0
    notes: list[Note] = field(default_factory=list)
    accused: list[Equivocated] = field(default_factory=list)
    attested: dict[RequestId, list[Attested]] = field(default_factory=dict)
    faults: list[PeerFault] = field(default_factory=list)
    restarts: int = 0
    wake: int = 0

    def attestation(self, request: RequestId) -> AttestationMessage | None:
        """The attestation of a request in the journal."""
        record = self.journal.get(request)
        return None if record is None else decode_record(record).attestation


class Outside(Protocol):
    """What happens outside the members; mypy sees to it that whoever is made has all of it."""

    def local(self, node: Node) -> float:
        """What the node's clock shows now."""

    def when(self, node: Node, local_s: float) -> float:
        """When the node's clock will show a time."""

    def execute(self, node: Node, effect: Execute) -> None:
        """Start a run."""

    def observe(self, node: Node, effect: Observe) -> None:
        """Start a look."""

    def obtain(self, node: Node, effect: Obtain) -> None:
        """Ask for a draw's proof."""

    def sign(self, node: Node, effect: Sign) -> None:
        """Ask the signer."""

    def send(self, node: Node, recipient: int, message: Message) -> None:
        """Send one message to one member."""

    def transmit(self, node: Node, effect: Transmit) -> None:
        """Submit an attestation."""

    def take_up(self, node: Node) -> list[RequestId]:
        """The requests a restarted node finds on chain."""

    def function(self, request: RequestId) -> FunctionId:
        """The function a request names."""


class Engine(Outside):
    """Real members over a simulated outside; subclasses say what that does."""

    def __init__(self, epoch: Epoch, suite: SigningSuite, settings: Settings | None, start_s: float) -> None:
        self.epoch, self.suite, self.settings = epoch, suite, settings
        self.start_s, self.now = start_s, start_s
        self.nodes = [Node(index, self._new_member(index)) for index in range(epoch.n)]
        self.messages = 0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    # Events.

    def later(self, delay_s: float, action: Callable[[], None]) -> None:
        """Have something happen after a while."""
        self._count += 1
        heapq.heappush(self._events, (self.now + delay_s, self._count, action))

    def until(self, done: Callable[[], bool], limit_s: float) -> bool:
        """Run until `done`, or for at most `limit_s` simulated seconds; whether it got done."""
        end = self.now + limit_s
        while not done():
            if not self._events or self._events[0][0] > end:
                return False
            due, _, action = heapq.heappop(self._events)
            self.now = max(self.now, due)
            action()
        return True

    # Nodes.

    def see(self, node: Node, request: RequestId) -> None:
        """The node sees a request on chain: whatever its journal holds about it binds, as in executor/node."""
        node.known.add(request)
        if node.alive:
            record = node.journal.get(request) or empty_record(request, self.function(request))
            self.carry_out(node, node.member.restore(request, record, self.local(node)))

    def answer(self, node: Node, delay_s: float, call: Callable[[Member], list[Effect]]) -> None:
        """Have an answer reach the node's member, unless the node was killed in between."""
        member = node.member

        def arrive() -> None:
            if node.alive and node.member is member:
                self.carry_out(node, call(member))

        self.later(delay_s, arrive)

    def arrive(self, sender: int, recipient: int, message: Message) -> None:
        """A message reaches a node."""
        node = self.nodes[recipient]
        if not node.alive:
            return
        self.messages += 1
        try:
            effects = node.member.received(sender, message, self.local(node))
        except PeerFault as fault:
            node.faults.append(fault)
            self.schedule_tick(node)
            return
        self.carry_out(node, effects)

    def carry_out(self, node: Node, effects: list[Effect]) -> None:
        """Carry effects out in order (Rule 1)."""
        for effect in effects:
            if node.effects_done in node.crashes:
                self.kill(node, node.crashes.pop(node.effects_done))
                return
            node.effects_done += 1
            self._one(node, effect)
        self.schedule_tick(node)

    def schedule_tick(self, node: Node) -> None:
        """Call `tick` when the member asks for it; earlier plans are void."""
        node.wake += 1
        wake = node.wake

        def tick() -> None:
            if node.alive and node.wake == wake:
                self.carry_out(node, node.member.tick(self.local(node)))

        self.later(max(MOMENT_S, self.when(node, node.member.deadline()) - self.now), tick)

    def kill(self, node: Node, down_s: float) -> None:
        """Kill a node and start it again from its journal (Rule 2)."""
        node.alive = False
        node.wake += 1
        self.later(down_s, lambda: self._restart(node))

    def may_sign(self, node: Node, statement: ReportsStatement) -> bool:
        """K1, in memory: one outcome for one (request, transcript)."""
        pairs = [((report.request_id, bytes(report.transcript_hash)), _outcome(report)) for report in statement.reports]
        if any(node.outcomes_signed.get(key, outcome) != outcome for key, outcome in pairs):
            node.refused += 1
            return False
        node.outcomes_signed.update(pairs)
        return True

    def _new_member(self, index: int) -> Member:
        return Member(self.epoch, index, self.settings, suite=self.suite)

    def _restart(self, node: Node) -> None:
        node.member, node.alive, node.restarts = self._new_member(node.index), True, node.restarts + 1
        self.schedule_tick(node)
        for request in self.take_up(node):
            self.see(node, request)

    def _one(self, node: Node, effect: Effect) -> None:
        match effect:
            case Save(request, record):
                node.journal[request] = record
            case Execute():
                self.execute(node, effect)
            case Observe():
                self.observe(node, effect)
            case Obtain():
                self.obtain(node, effect)
            case Sign():
                self.sign(node, effect)
            case Send(recipient, message):
                others = [other.index for other in self.nodes if other is not node]
                for to in others if recipient == ALL else [recipient]:
                    self.send(node, to, message)
            case Transmit():
                self.transmit(node, effect)
            case Attested(request):
                node.attested.setdefault(request, []).append(effect)
            case Equivocated():
                node.accused.append(effect)
            case Note():
                node.notes.append(effect)


def _outcome(report: Report) -> tuple[int, int, int, bytes]:
    return int(report.status), report.slots, report.fuel_used, bytes(report.output_hash)
