"""A committee in memory: real members, simulated time, network and disks, signatures by choice; deterministic by seed.

Members are the same machines that nodes run, and messages cross the simulated network as bytes. What is simulated is
the outside: execution is a given pure function of the transcript, observations are given a node, signing and delivery
take simulated time, and a crash loses everything but the journal and the signer's record.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from executor.crypto import bls
from executor.crypto.digests import keccak256, request_id, transcript_hash
from executor.crypto.proofs import needs_bls
from executor.errors import PeerFault
from executor.model.committee import Epoch, Verifier
from executor.model.committee import Member as Keys
from executor.model.draw import Draw
from executor.model.ids import Address, Digest, FunctionId, ProfileId, RequestId
from executor.model.observation import Observation
from executor.model.outcome import Outcome
from executor.model.report import Scheme
from executor.model.request import Request
from executor.model.transcript import Transcript
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
from executor.protocol.messages import Message, decode_message, encode_message
from executor.protocol.settings import Settings
from executor.protocol.statements import ReportsStatement, Signatures, Statement, statement_digest
from executor.testing.fast_signatures import CURVES, SigningSuite

FUNCTION_ID = FunctionId(b"\x0f" * 32)
START_S = 1_700_000_000.0  # a multiple of the round length; any would do

Run: TypeAlias = Callable[[Transcript], Outcome]
Look: TypeAlias = Callable[[int, Transcript, int], "Observation | None"]
DrawFrom: TypeAlias = Callable[[int, Draw], "bytes | None"]
Tamper: TypeAlias = Callable[[int, int, Message], Iterable[Message]]


def private_key(index: int) -> bytes:
    """The key of a simulated member."""
    return keccak256(b"simulated member %d" % index)


def bls_key(index: int) -> bytes:
    """The BLS secret of a simulated member."""
    return bls.secret_from_seed(private_key(index))


def make_epoch(
    n: int = 4,
    round_length_s: int = 4,
    schemes: tuple[Scheme, ...] = (Scheme.ECDSA,),
    suite: SigningSuite = CURVES,
) -> Epoch:
    """An epoch of n members with known keys and a verifier of each scheme."""
    members = tuple(
        Keys(
            index,
            Address(bytes([index + 1]) * 20),
            suite.address_of(private_key(index)),
            suite.bls_public_key(bls_key(index)) if Scheme.BLS in schemes else bytes(96),
            bytes(32),
            f"memory://{index}",
        )
        for index in range(n)
    )
    verifiers = tuple(Verifier(scheme, Address(b"\x01" * 20)) for scheme in schemes)
    router, committee = Address(b"\x02" * 20), Address(b"\x03" * 20)
    return Epoch(31337, router, committee, 1, ProfileId(bytes(32)), round_length_s, members, verifiers)


def make_request(nonce: int = 0) -> Request:
    """A request of the simulated chain."""
    zero = Address(bytes(20))
    return Request(
        31337, Address(b"\x02" * 20), nonce, 7, int(START_S), Digest(bytes(32)), zero, 0, FUNCTION_ID, 1, b"", 0, zero
    )


@lru_cache(maxsize=64)
def _decoded(data: bytes) -> Message:
    """Messages are frozen values: what goes to many is read once."""
    return decode_message(data)


@dataclass(slots=True)
class Node:
    """One simulated node: the journal and the signer's record are durable, the member is not."""

    index: int
    member: Member
    journal: dict[RequestId, bytes] = field(default_factory=dict)
    outcomes_signed: dict[tuple[RequestId, bytes], tuple[int, int, bytes]] = field(default_factory=dict)
    alive: bool = True
    effects_done: int = 0
    crash_after: int | None = None
    notes: list[Note] = field(default_factory=list)
    attested: dict[RequestId, Attested] = field(default_factory=dict)
    evidence: list[Equivocated] = field(default_factory=list)
    faults: list[PeerFault] = field(default_factory=list)
    tick_at: float = 0.0


class Simulation:
    """A committee, its network and its chain.

    `draw` gives a node a draw's proof, or None (by default everybody's round); `tamper` replaces each message a member
    sends by any others; `broken` members execute another function; `slow_s` is what a member's own runs and signatures
    take longer; the first `lost_deliveries` transactions never reach the chain. An `epoch` given stands for `n` and
    `schemes`; it must be made with the same `suite`, whose stand-in (FastSignatures) spares the curves.
    """

    def __init__(
        self,
        run: Run,
        look: Look,
        *,
        n: int = 4,
        schemes: tuple[Scheme, ...] = (Scheme.ECDSA,),
        epoch: Epoch | None = None,
        suite: SigningSuite = CURVES,
        seed: int = 0,
        loss: float = 0.0,
        duplication: float = 0.0,
        delay_s: tuple[float, float] = (0.005, 0.03),
        dead: Iterable[int] = (),
        draw: DrawFrom | None = None,
        tamper: Tamper | None = None,
        broken: Mapping[int, Run] | None = None,
        slow_s: Mapping[int, float] | None = None,
        lost_deliveries: int = 0,
        settings: Settings | None = None,
        start_s: float = START_S,
    ) -> None:
        self.epoch = make_epoch(n, schemes=schemes, suite=suite) if epoch is None else epoch
        self.suite = suite
        self.now = start_s
        self.nodes = [Node(index, Member(self.epoch, index, settings, suite=suite)) for index in range(self.epoch.n)]
        for index in dead:
            self.nodes[index].alive = False
        self.requests: dict[RequestId, Request] = {}
        self.delivered: dict[RequestId, float] = {}
        self.transmitted: list[Transmit] = []
        self._run, self._look = run, look
        self._draw = draw or (lambda _node, asked: suite.round_signature(asked.key, asked.round))
        self._tamper, self._settings = tamper, settings
        self._broken, self._lost_deliveries = broken or {}, lost_deliveries
        self._slow_s = slow_s or {}
        self._loss, self._duplication, self._delay_s = loss, duplication, delay_s
        self._random = random.Random(seed)  # noqa: S311  # a reproducible schedule, not a secret
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._last_sent: tuple[Message, bytes] | None = None

    def request(self, request: Request, at_s: float = 0.0) -> RequestId:
        """Have every node see a request, each a moment later than `at_s` after now."""
        key = request_id(request)
        self.requests[key] = request
        for node in self.nodes:
            self._later(at_s + self._moment(), lambda node=node: self._see(node, request))  # type: ignore[misc]
        return key

    def until(self, done: Callable[[], bool], limit_s: float = 120.0) -> bool:
        """Run until `done`, or for at most `limit_s` simulated seconds; whether it got done."""
        end = self.now + limit_s
        while not done():
            due = min(
                [event[0] for event in self._events[:1]] + [node.tick_at for node in self.nodes if node.alive],
                default=end,
            )
            if due > end:
                return False
            self.now = max(self.now, due)
            if self._events and self._events[0][0] <= self.now:
                heapq.heappop(self._events)[2]()
                continue
            for node in self.nodes:
                if node.alive and node.tick_at <= self.now:
                    self._carry_out(node, node.member.tick(self.now))
        return True

    def finish(self, limit_s: float = 120.0) -> bool:
        """Run until every request is delivered."""
        return self.until(lambda: self.requests.keys() <= self.delivered.keys(), limit_s)

    def crash(self, node: Node, restart_after_s: float = 0.2) -> None:
        """Kill a node and start it again from its journal."""
        node.alive = False
        self._later(restart_after_s, lambda: self._restart(node))

    def outcomes(self, key: RequestId) -> set[tuple[bytes, int, int, bytes]]:
        """Every outcome of a request that anybody holds an attestation of; P2: never more than one."""
        reports = [report for transmit in self.transmitted for report in transmit.attestation.reports]
        reports += [node.attested[key].report for node in self.nodes if key in node.attested]
        return {
            (bytes(report.transcript_hash), int(report.status), report.fuel_used, bytes(report.output_hash))
            for report in reports
            if report.request_id == key
        }

    def _later(self, delay_s: float, action: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._events, (self.now + delay_s, self._count, action))

    def _moment(self) -> float:
        return self._random.uniform(*self._delay_s)

    def _see(self, node: Node, request: Request) -> None:
        if node.alive:
            self._carry_out(node, node.member.seen(request, self.now))

    def _restart(self, node: Node) -> None:
        node.member, node.alive = Member(self.epoch, node.index, self._settings, suite=self.suite), True
        for key, request in self.requests.items():
            if key in self.delivered:
                continue
            if key in node.journal:
                self._carry_out(node, node.member.restore(key, node.journal[key], self.now))
            else:
                self._carry_out(node, node.member.seen(request, self.now))

    def _carry_out(self, node: Node, effects: list[Effect]) -> None:
        for effect in effects:
            if node.crash_after is not None and node.effects_done >= node.crash_after:
                node.crash_after = None
                self.crash(node)
                return
            node.effects_done += 1
            self._one(node, effect)
        node.tick_at = node.member.deadline()

    def _one(self, node: Node, effect: Effect) -> None:
        match effect:
            case Save(request, record):
                node.journal[request] = record
            case Execute(request, transcript):
                run = self._broken.get(node.index, self._run)
                outcome, hashed = run(transcript), transcript_hash(transcript)
                self._answer(node, lambda member: member.executed(request, hashed, outcome, self.now))
            case Observe(request, transcript, slot):
                seen, hashed = self._look(node.index, transcript, slot), transcript_hash(transcript)
                if seen is not None:
                    observation = seen
                    self._answer(node, lambda member: member.observed(request, hashed, slot, observation, self.now))
            case Obtain(request, draw):
                proof = self._draw(node.index, draw)
                if proof is not None:
                    found = proof
                    self._answer(node, lambda member: member.drawn(request, draw, found, self.now))
            case Sign(statement):
                if isinstance(statement, ReportsStatement) and not self._may_sign(node, statement):
                    return
                signature = self._sign(node, statement)
                self._answer(node, lambda member: member.signed(statement, signature, self.now))
            case Send(recipient, message):
                others = [other.index for other in self.nodes if other is not node]
                for to in others if recipient == ALL else [recipient]:
                    sent = [message] if self._tamper is None else self._tamper(node.index, to, message)
                    for item in sent:
                        self.post(node.index, to, item)
            case Transmit():
                self.transmitted.append(effect)
                if len(self.transmitted) > self._lost_deliveries:
                    self._later(1.0, lambda: self._deliver(effect))
            case Attested(request):
                node.attested[request] = effect
            case Equivocated():
                node.evidence.append(effect)
            case Note():
                node.notes.append(effect)

    def _sign(self, node: Node, statement: Statement) -> Signatures:
        digest = statement_digest(statement)
        ecdsa = self.suite.sign(private_key(node.index), digest)
        if isinstance(statement, ReportsStatement) and needs_bls(self.epoch):
            return Signatures(ecdsa, self.suite.bls_sign(bls_key(node.index), digest))
        return Signatures(ecdsa)

    def _may_sign(self, node: Node, statement: ReportsStatement) -> bool:
        """K1, in memory: one outcome for one (request, transcript)."""
        for report in statement.reports:
            key = (report.request_id, bytes(report.transcript_hash))
            outcome = (int(report.status), report.fuel_used, bytes(report.output_hash))
            if node.outcomes_signed.setdefault(key, outcome) != outcome:
                return False
        return True

    def _answer(self, node: Node, call: Callable[[Member], list[Effect]]) -> None:
        member = node.member

        def arrive() -> None:
            if node.alive and node.member is member:
                self._carry_out(node, call(member))

        self._later(self._moment() + self._slow_s.get(node.index, 0.0), arrive)

    def post(self, sender: int, recipient: int, message: Message) -> None:
        """Put a message on the network."""
        data = self._encoded(message)
        copies = 0 if self._random.random() < self._loss else 1 + (self._random.random() < self._duplication)
        for _ in range(copies):
            self._later(self._moment(), lambda: self._arrive(sender, recipient, data))

    def _encoded(self, message: Message) -> bytes:
        """The bytes of a message; the same message goes to many, one after the other."""
        if self._last_sent is None or self._last_sent[0] is not message:
            self._last_sent = (message, encode_message(message))
        return self._last_sent[1]

    def _arrive(self, sender: int, recipient: int, data: bytes) -> None:
        node = self.nodes[recipient]
        if not node.alive:
            return
        try:
            effects = node.member.received(sender, _decoded(data), self.now)
        except PeerFault as fault:
            node.faults.append(fault)
            node.tick_at = node.member.deadline()
            return
        self._carry_out(node, effects)

    def _deliver(self, transmit: Transmit) -> None:
        for report in transmit.attestation.reports:
            if report.request_id in self.delivered:
                continue
            self.delivered[report.request_id] = self.now
            for node in self.nodes:
                request = report.request_id
                self._answer(node, lambda member, request=request: member.delivered(request, self.now))  # type: ignore[misc]
