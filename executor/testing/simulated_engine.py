"""A committee in memory: real members, their wire, clock, disks, signers and chain; subclasses say what happens.

Rule 1. Effects are carried out in order, one after the other; a node may be killed before each.
Rule 2. A crash loses everything but the journal and the signer's record, answers under way included.
Rule 3. Nothing is random: what happens when is decided by the subclass, and equal times keep their order.
Rule 4. Messages cross the wire as bytes.
Rule 5. The chain takes what proves itself, and each request once.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol, TypeAlias

from executor.crypto.digests import transcript_hash
from executor.crypto.draws import committee_digest
from executor.crypto.proofs import needs_bls
from executor.errors import PeerFault
from executor.model.committee import Epoch
from executor.model.draw import CommitteeDraw, DrandDraw, Draw
from executor.model.ids import RequestId
from executor.model.observation import Observation
from executor.model.outcome import Outcome
from executor.model.report import Report
from executor.model.request import Request
from executor.model.transcript import Transcript
from executor.protocol.checks import Subject
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
    SignPart,
    Transmit,
)
from executor.protocol.member import Member
from executor.protocol.messages import AttestationMessage, Message, decode_message, encode_message
from executor.protocol.record import decode_record, empty_record
from executor.protocol.releases import check_release
from executor.protocol.settings import Settings
from executor.protocol.statements import ReportsStatement, Signatures, Statement, statement_digest
from executor.testing.fast_signatures import SigningSuite
from executor.testing.simulated_committee import bls_key, private_key
from executor.testing.simulated_proofs import proves

MOMENT_S: Final = 0.001  # at least from one tick to the next: clocks that drift are inverted roughly

Call: TypeAlias = Callable[[Member, float], list[Effect]]


@dataclass(slots=True)
class Node:
    """One simulated node: the journal and the signer's record are durable, the member is not.

    `crashes`: before which effect it is killed, and for how many seconds. `held`: every attestation it was ever told
    of; `attested` the latest of each request.
    """

    index: int
    member: Member
    journal: dict[RequestId, bytes] = field(default_factory=dict)
    outcomes_signed: dict[tuple[RequestId, bytes], tuple[int, int, int, bytes]] = field(default_factory=dict)
    known: set[RequestId] = field(default_factory=set)
    alive: bool = True
    effects_done: int = 0
    crashes: dict[int, float] = field(default_factory=dict)
    refused: int = 0
    parts_refused: int = 0
    notes: list[Note] = field(default_factory=list)
    accused: list[Equivocated] = field(default_factory=list)
    attested: dict[RequestId, Attested] = field(default_factory=dict)
    held: list[Attested] = field(default_factory=list)
    faults: list[PeerFault] = field(default_factory=list)
    restarts: int = 0
    wake: int = 0

    def attestation(self, request: RequestId) -> AttestationMessage | None:
        """The attestation of a request in the journal."""
        record = self.journal.get(request)
        return None if record is None else decode_record(record).attestation


class Outside(Protocol):
    """What a subclass has to say; mypy sees to it that whoever is made has all of it."""

    def moment_s(self, node: Node) -> float:
        """How long a node's own work takes now: a run, a look, a signature."""

    def delays_s(self, sender: int, recipient: int) -> Sequence[float]:
        """After how long each copy of a message arrives; none for a lost one."""

    def runs(self, node: Node, request: RequestId, transcript: Transcript) -> Outcome:
        """What a run gives."""

    def sees(self, node: Node, request: RequestId, transcript: Transcript, slot: int) -> Observation | None:
        """What a look shows; None for one that never ends."""


class Engine(Outside):
    """Real members over a simulated outside."""

    def __init__(self, epoch: Epoch, suite: SigningSuite, settings: Settings | None, start_s: float) -> None:
        self.epoch, self.suite, self.settings = epoch, suite, settings
        self.start_s, self.now = start_s, start_s
        self.draw_key, self.shares = suite.deal_draw_key(epoch.n, epoch.f + 1)
        self.nodes = [Node(index, self.new_member(index)) for index in range(epoch.n)]
        self.requests: dict[RequestId, Request] = {}
        self.delivered: dict[RequestId, float] = {}
        self.transmitted: list[Transmit] = []
        self.messages = 0
        self.lost_deliveries = 0  # so many first transactions never arrive, unless they are sent after `stable_s`
        self.stable_s = math.inf
        self.chain_s = 1.0  # from a transmission to its delivery
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._carried: tuple[Message, Message] | None = None

    # Events.

    def later(self, delay_s: float, action: Callable[[], None]) -> None:
        """Have something happen after a while."""
        self._count += 1
        heapq.heappush(self._events, (self.now + delay_s, self._count, action))

    def until(self, done: Callable[[], bool], limit_s: float = 120.0) -> bool:
        """Run until `done`, or for at most `limit_s` simulated seconds; whether it got done."""
        end = self.now + limit_s
        while not done():
            if not self._events or self._events[0][0] > end:
                return False
            due, _, action = heapq.heappop(self._events)
            self.now = max(self.now, due)
            action()
        return True

    def finish(self, limit_s: float = 120.0) -> bool:
        """Run until every request is delivered; whether they were."""
        return self.until(lambda: self.requests.keys() <= self.delivered.keys(), limit_s)

    # Clocks: right, unless a subclass says otherwise.

    def local(self, node: Node) -> float:  # noqa: ARG002 (the interface's)
        """What the node's clock shows now."""
        return self.now

    def when(self, node: Node, local_s: float) -> float:  # noqa: ARG002 (the interface's)
        """When the node's clock will show a time."""
        return local_s

    # Nodes.

    def see(self, node: Node, request: RequestId) -> None:
        """The node sees a request on chain: whatever its journal holds about it binds, as in executor/node."""
        node.known.add(request)
        if node.alive:
            made = self.requests[request]
            record = node.journal.get(request) or empty_record(request, made.function_id)
            pushed, gas = made.origin is not None, made.callback_gas_limit
            restored = node.member.restore(request, record, self.local(node), pushed=pushed, callback_gas=gas)
            self.carry_out(node, restored)

    def answer(self, node: Node, call: Call, late_s: float = 0.0) -> None:
        """Have an answer reach the node's member, unless the node is killed in between."""
        member = node.member

        def arrive() -> None:
            if node.alive and node.member is member:
                self.carry_out(node, call(member, self.local(node)))

        self.later(self.moment_s(node) + late_s, arrive)

    def carry_out(self, node: Node, effects: list[Effect]) -> None:
        """Carry effects out in order (Rule 1)."""
        for effect in effects:
            if node.effects_done in node.crashes:
                self.kill(node, node.crashes.pop(node.effects_done))
                return
            node.effects_done += 1
            self.carry_out_one(node, effect)
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
        self.later(down_s, partial(self.restart, node))

    def new_member(self, index: int) -> Member:
        """A member as it starts."""
        return Member(self.epoch, index, self.settings, suite=self.suite, draw_key=self.draw_key)

    def restart(self, node: Node) -> None:
        """Start a killed node from its journal."""
        node.member, node.alive, node.restarts = self.new_member(node.index), True, node.restarts + 1
        self.schedule_tick(node)
        for request in [key for key in self.requests if key in node.known and key not in self.delivered]:
            self.see(node, request)

    def carry_out_one(self, node: Node, effect: Effect) -> None:
        """Carry one effect out."""
        match effect:
            case Save(request, record):
                node.journal[request] = record
            case Execute(request, transcript):
                outcome, hashed = self.runs(node, request, transcript), transcript_hash(transcript)
                self.answer(node, lambda member, now: member.executed(request, hashed, outcome, now))
            case Observe():
                self.observe(node, effect)
            case Obtain(request, draw):
                if (proof := self.draws(node, draw)) is not None:
                    self.answer(node, partial(_drawn, request, draw, proof))
            case Sign(statement):
                if not isinstance(statement, ReportsStatement) or self.may_sign(node, statement):
                    signatures = self.sign_as(node.index, statement)
                    self.answer(node, lambda member, now: member.signed(statement, signatures, now))
            case SignPart():
                if self.may_give(node, effect) and (part := self.part(node.index, effect.draw)) is not None:
                    self.answer(node, partial(_part_signed, effect.draw, part))
            case Send(recipient, message):
                others = [other.index for other in self.nodes if other is not node]
                for to in others if recipient == ALL else [recipient]:
                    self.send(node, to, message)
            case Transmit():
                self.transmit(node, effect)
            case Attested(request):
                node.attested[request] = effect
                node.held.append(effect)
            case Equivocated():
                node.accused.append(effect)
            case Note():
                node.notes.append(effect)

    def observe(self, node: Node, effect: Observe, late_s: float = 0.0) -> None:
        """Look, and tell the member after a while."""
        request, slot, hashed = effect.request_id, effect.slot, transcript_hash(effect.transcript)
        seen = self.sees(node, request, effect.transcript, slot)
        if seen is not None:
            observation = seen
            self.answer(node, lambda member, now: member.observed(request, hashed, slot, observation, now), late_s)

    def draws(self, node: Node, draw: DrandDraw) -> bytes | None:  # noqa: ARG002 (the interface's)
        """The proof of a draw that the node's relays give: the same to everybody."""
        return self.suite.round_signature(draw.key, draw.round)

    # Signers.

    def sign_as(self, member: int, statement: Statement) -> Signatures:
        """A member's signatures."""
        digest = statement_digest(statement)
        ecdsa = self.suite.sign(private_key(member), digest)
        if isinstance(statement, ReportsStatement) and needs_bls(self.epoch):
            return Signatures(ecdsa, self.suite.bls_sign(bls_key(member), digest))
        return Signatures(ecdsa)

    def may_give(self, node: Node, effect: SignPart) -> bool:
        """Whether the signer finds the release good."""
        try:
            check_release(Subject(self.epoch, effect.draw.request, effect.function_id, self.suite), effect.release)
        except PeerFault:
            node.parts_refused += 1
            return False
        return True

    def part(self, member: int, draw: CommitteeDraw) -> bytes | None:
        """A member's part of a draw; None where it holds no share."""
        return self.suite.sign_part(self.shares[member], committee_digest(draw))

    def may_sign(self, node: Node, statement: ReportsStatement) -> bool:
        """K1, in memory: one outcome for one (request, transcript)."""
        pairs = [((report.request_id, bytes(report.transcript_hash)), _outcome(report)) for report in statement.reports]
        if any(node.outcomes_signed.get(key, outcome) != outcome for key, outcome in pairs):
            node.refused += 1
            return False
        node.outcomes_signed.update(pairs)
        return True

    # The wire.

    def send(self, node: Node, recipient: int, message: Message) -> None:
        """Send one message to one member."""
        self.post(node.index, recipient, message)

    def post(self, sender: int, recipient: int, message: Message, after_s: float = 0.0) -> None:
        """Put a message on the network (Rule 4)."""
        carried = self.carry(message)
        for delay_s in self.delays_s(sender, recipient):
            self.later(after_s + delay_s, partial(self.arrive, sender, recipient, carried))

    def carry(self, message: Message) -> Message:
        """The message as it is read from its bytes; raises InvalidEncoding, InvalidValue."""
        if self._carried is None or self._carried[0] is not message:  # the same goes to many, one after the other
            self._carried = (message, decode_message(encode_message(message)))
        return self._carried[1]

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

    # The chain.

    def transmit(self, node: Node, effect: Transmit) -> None:  # noqa: ARG002 (the interface's)
        """Submit an attestation."""
        self.transmitted.append(effect)
        if len(self.transmitted) > self.lost_deliveries or self.now >= self.stable_s:
            self.later(self.chain_s, partial(self._deliver, effect))

    def takes(self, request: RequestId) -> bool:
        """Whether the router takes a report of this request."""
        return request in self.requests

    def _deliver(self, effect: Transmit) -> None:
        """Rule 5."""
        if not proves(self.epoch, self.suite, effect.attestation, effect.payloads):
            return
        for request in (report.request_id for report in effect.attestation.reports):
            if self.takes(request) and request not in self.delivered:
                self.delivered[request] = self.now
                for node in self.nodes:
                    self.answer(node, partial(_delivered, request))


def _drawn(request: RequestId, draw: Draw, proof: bytes, member: Member, now: float) -> list[Effect]:
    return member.drawn(request, draw, proof, now)


def _part_signed(draw: CommitteeDraw, part: bytes, member: Member, now: float) -> list[Effect]:
    return member.part_signed(draw, part, now)


def _delivered(request: RequestId, member: Member, now: float) -> list[Effect]:
    return member.delivered(request, now)


def _outcome(report: Report) -> tuple[int, int, int, bytes]:
    return int(report.status), report.slots, report.fuel_used, bytes(report.output_hash)
