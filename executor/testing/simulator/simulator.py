"""A committee through one scenario: the real members over an in-memory wire and a fake clock, some of them Byzantine.

    result = simulate_scenario(Scenario(n=4, faulty=(Faulty(3, ("two-faced-leader",)),)))
    assert not result.violations

Rule 1. What happens is in the scenario and nowhere else: the same one gives the same run, message by message.
Rule 2. What a faulty member sends and does not decode is refused on the wire.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from executor.crypto.digests import transcript_hash
from executor.errors import InvalidEncoding, InvalidValue, PeerFault
from executor.model.draw import PROOF_BYTES, CommitteeDraw, DrandDraw
from executor.model.ids import FunctionId, RequestId
from executor.model.observation import Observation
from executor.model.outcome import Outcome
from executor.model.report import Report, Scheme
from executor.model.request import Request
from executor.model.transcript import Transcript
from executor.protocol.effects import Observe, Transmit
from executor.protocol.lock import Consent
from executor.protocol.member import Member
from executor.protocol.messages import BatchProposal, CertificateMessage, Message
from executor.protocol.settings import Settings
from executor.protocol.statements import DrawStatement, ReportsStatement, Signatures, Statement
from executor.testing.fast_signatures import FastSignatures, SigningSuite
from executor.testing.simulated_committee import START_S, make_epoch
from executor.testing.simulated_engine import Engine, Node
from executor.testing.simulated_proofs import proves
from executor.testing.simulator.bounds import ROUND_S, last_change_ms, rounds_to_finish
from executor.testing.simulator.clocks import LocalClock
from executor.testing.simulator.faults import FAULTS, Fault
from executor.testing.simulator.following import Following
from executor.testing.simulator.hand import Hand
from executor.testing.simulator.memory import Memory
from executor.testing.simulator.network import Network
from executor.testing.simulator.notary import Notary
from executor.testing.simulator.programs import PROGRAMS, Program, function_of, seen
from executor.testing.simulator.scenario import FOREVER, Clock, Scenario, Trouble
from executor.testing.simulator.tape import Tape
from executor.testing.simulator.violation import Violation

MAX_SENT: Final = 400  # messages of a faulty member a round: the transport lets fewer through than a machine could send
FORGED: Final = bytes(PROOF_BYTES - 1) + b"\x01"
PROBE: Final = 5  # one in so many messages of faulty members is watched for changing nothing when it is refused


class Simulator(Engine):
    """One run; `run` it once, then look."""

    def __init__(self, scenario: Scenario, suite: SigningSuite | None = None, settings: Settings | None = None) -> None:
        signatures = suite or FastSignatures()
        schemes = tuple(Scheme(name) for name in scenario.scheme.split("-"))
        epoch = make_epoch(scenario.n, ROUND_S, schemes, signatures)
        first_round = epoch.round_at(START_S)
        ahead = (scenario.first_leader - epoch.leader(first_round)) % epoch.n
        self.scenario = scenario
        super().__init__(epoch, signatures, settings, START_S + ROUND_S * ahead + 1.0)
        self.stable_s = self.start_s + scenario.stable_ms / 1_000
        self.lost_deliveries, self.chain_s = scenario.lost_deliveries, scenario.chain_ms / 1_000
        self.faulty: Sequence[int] = tuple(each.member for each in scenario.faulty)
        self.network = Network(scenario, lambda: epoch.leader(epoch.round_at(self.now)))
        self.memory = Memory()
        self.faults: dict[int, list[Fault]] = {}
        for each in scenario.faulty:
            hand = Hand(self, each.member, self.memory, Tape(each.choices))
            self.faults[each.member] = [FAULTS[name](hand) for name in each.faults]
        careful = {member for member, faults in self.faults.items() if all(fault.signer_is_honest for fault in faults)}
        honest = frozenset(scenario.honest)
        self.notary = Notary(honest, frozenset(honest | careful), epoch.n - scenario.f - len(self.faulty))
        self.violations: list[Violation] = []
        self.programs: dict[RequestId, Program] = {}
        self.seen: dict[tuple[RequestId, int], set[bytes]] = {}  # by honest members
        self.numbers: dict[RequestId, int] = {}
        self._looks: dict[tuple[int, RequestId, bytes], int] = {}
        self._asked_relays: dict[tuple[int, DrandDraw], int] = {}
        self._probes = 0
        self._sent: dict[tuple[int, int], int] = {}
        clocks = {clock.member: clock for clock in scenario.clocks}
        self._clocks = [
            LocalClock(clocks.get(member, Clock(member)), self.start_s, self.stable_s) for member in range(epoch.n)
        ]
        self.following = Following(self)
        self._plan()

    def make(self, key: RequestId, request: Request, number: int) -> None:
        """A request is made as the scenario's number so many."""
        self.requests[key], self.numbers[key] = request, number
        self.programs[key] = PROGRAMS[self.scenario.requests[number].program].about(key, request)

    def run(self) -> bool:
        """Run until every request is delivered, or until it should have been; whether it was."""
        limit_s = last_change_ms(self.scenario) / 1_000 + rounds_to_finish(self.scenario) * ROUND_S
        return self.until(self.following.is_done, limit_s)

    # What happens when.

    def _plan(self) -> None:
        scenario = self.scenario
        self.following.plan()
        for crash in scenario.crashes:
            if crash.member in self.notary.careful:
                self.nodes[crash.member].crashes[crash.after_effects] = crash.down_ms / 1_000
        for node in self.nodes:
            if scenario.key_ms:
                self.later(scenario.key_ms / 1_000 + 0.05 * node.index, partial(self._tell_key, node))
            self.schedule_tick(node)
            if node.index in self.faults:
                self._take_turns(node)
        self.later(scenario.stable_ms / 1_000, self._stabilise)

    def new_member(self, index: int) -> Member:
        """It knows the epoch's key from when its node does."""
        knows = self.now >= self.start_s + self.scenario.key_ms / 1_000 + 0.05 * index or not self.scenario.key_ms
        key = self.draw_key if knows else None
        return Member(self.epoch, index, self.settings, suite=self.suite, draw_key=key)

    def _tell_key(self, node: Node) -> None:
        if node.alive:
            self.carry_out(node, node.member.draw_key(self.draw_key, self.local(node)))

    def _stabilise(self) -> None:
        for node in self.nodes:
            node.crashes.clear()
            if node.alive:
                self.schedule_tick(node)

    def _take_turns(self, node: Node) -> None:
        for fault in self.faults[node.index]:
            fault.turns()
        clock = self._clocks[node.index]
        begins = (self.round_of(node.index) + 1) * ROUND_S
        self.later(max(0.5, clock.when(begins) - self.now + 0.001), lambda: self._take_turns(node))

    # The engine's questions.

    def local(self, node: Node) -> float:
        """What the node's clock shows now."""
        return self._clocks[node.index].shows(self.now)

    def when(self, node: Node, local_s: float) -> float:
        """When the node's clock will show a time."""
        return self._clocks[node.index].when(local_s)

    def moment_s(self, node: Node | None = None) -> float:  # noqa: ARG002 (the interface's)
        """By the tape."""
        return self.network.moment_s()

    def delays_s(self, sender: int, recipient: int) -> Sequence[float]:
        """As the scenario's weather and partitions say."""
        return self.network.delays_s(sender, recipient, (self.now - self.start_s) * 1_000)

    def runs(self, node: Node, request: RequestId, transcript: Transcript) -> Outcome:
        """Deterministic, except where a fault is."""
        outcome = self.programs[request].run(transcript)
        for fault in self.faults.get(node.index, ()):
            outcome = fault.computes(outcome)
        return outcome

    def observe(self, node: Node, effect: Observe, late_s: float = 0.0) -> None:
        """As late as the scenario's troubles say."""
        super().observe(node, effect, late_s + self._trouble(node.index, effect.slot).late_ms / 1_000)

    def sees(self, node: Node, request: RequestId, transcript: Transcript, slot: int) -> Observation | None:
        """As the scenario's troubles say."""
        hashed, spec = transcript_hash(transcript), self.programs[request].specs[slot]
        looked = self._looks[node.index, request, hashed] = self._looks.get((node.index, request, hashed), 0) + 1
        saw: Observation | None = self._view(node.index, request, slot, looked)
        if looked <= self._trouble(node.index, slot).fails:
            saw = Observation.error("timeout")
        for fault in self.faults.get(node.index, ()):
            saw = None if saw is None else fault.sees(request, transcript, spec, saw)
        return saw

    def _view(self, member: int, request: RequestId, slot: int, looked: int) -> Observation:
        """The value a member sees without trouble; prices move, so the next look shows another."""
        number = self.numbers[request]
        spread = self.scenario.requests[number].spread
        view = seen(self.programs[request].specs[slot], member, number, slot, spread, looked - 1 if spread else 0)
        if member not in self.faults:
            self.seen.setdefault((request, slot), set()).add(view.value)
        return view

    def _trouble(self, member: int, slot: int) -> Trouble:
        mine = (each for each in self.scenario.troubles if (each.member, each.slot) == (member, slot))
        return next(mine, Trouble(member, slot))

    def draws(self, node: Node, draw: DrandDraw) -> bytes | None:
        """As the scenario's troubles say; a faulty member may bring another proof to itself."""
        asked = self._asked_relays[node.index, draw] = self._asked_relays.get((node.index, draw), 0) + 1
        forged = asked <= self._trouble(node.index, draw.ordinal).fails < FOREVER
        return FORGED if forged or node.index in self.faults else super().draws(node, draw)

    def part(self, member: int, draw: CommitteeDraw) -> bytes | None:
        """Taken down by the notary; some members hold no share."""
        if member in self.scenario.shareless:
            return None
        self.notary.give_part(member, draw.request, draw.ordinal)
        return super().part(member, draw)

    def may_sign(self, node: Node, statement: ReportsStatement) -> bool:
        """The signer keeps its record (K1), unless the whole member is faulty."""
        return node.index not in self.notary.careful or super().may_sign(node, statement)

    def restart(self, node: Node) -> None:
        """And it reads the chain again."""
        super().restart(node)
        self.following.read_again(node)

    def takes(self, request: RequestId) -> bool:
        """What stands there."""
        return super().takes(request) and self.following.stands(request)

    def send(self, node: Node, recipient: int, message: Message) -> None:
        """A faulty member sends what its faults make of it."""
        if node.index not in self.faults:
            if isinstance(message, BatchProposal) and len({self._is_pushed(each) for each in message.reports}) > 1:
                self.violations.append(Violation("apart", f"member {node.index} proposes pushes with requests"))
            self.post(node.index, recipient, message)
            return
        self.memory.learn(node.index, message)
        sent = [message]
        for fault in self.faults[node.index]:
            sent = [each for one in sent for each in fault.sends(recipient, one)]
        for each in sent:
            self.post(node.index, recipient, each)

    def transmit(self, node: Node, effect: Transmit) -> None:
        """What an honest member transmits, the contract accepts (P1)."""
        if node.index not in self.faults and not proves(self.epoch, self.suite, effect.attestation, effect.payloads):
            self.violations.append(Violation("P1", f"member {node.index} transmitted what no contract accepts"))
        super().transmit(node, effect)

    # The network.

    def post(self, sender: int, recipient: int, message: Message, after_s: float = 0.0) -> None:
        """Put a message on the network; an answer to a stranger goes nowhere."""
        if recipient >= self.epoch.n:
            return
        if sender in self.faults:
            key = (sender, self.round_of(sender))
            self._sent[key] = self._sent.get(key, 0) + 1
            if self._sent[key] > MAX_SENT or recipient == sender:
                return
            try:
                self.carry(message)
            except (InvalidEncoding, InvalidValue):
                return  # Rule 2
        super().post(sender, recipient, message, after_s)

    def post_as_stranger(self, recipient: int, message: Message) -> None:
        """A message of no member."""
        self.later(self.network.moment_s(), partial(self.arrive, self.epoch.n, recipient, message))

    def arrive(self, sender: int, recipient: int, message: Message) -> None:
        """A message reaches a node: a faulty one's faults hear it first; at an honest one it is watched."""
        node = self.nodes[recipient]
        if recipient in self.faults:
            self.memory.learn(sender, message)
            heard = [fault.hears(sender, message) for fault in self.faults[recipient]]  # by every one of them
            if not all(heard):
                return
            super().arrive(sender, recipient, message)
            node.faults.clear()
            return
        if not node.alive:
            return
        from_faulty = sender in self.faults or sender >= self.epoch.n
        self._probes += from_faulty
        probed = from_faulty and self._probes % PROBE == 0
        certificate = isinstance(message, CertificateMessage)
        if probed or certificate:
            self.carry_out(node, node.member.tick(self.local(node)))
            if not node.alive:
                return
        before = _state(node) if probed else ""
        locks = _locks(node) if certificate else {}
        known = len(node.faults)
        super().arrive(sender, recipient, message)
        for fault in node.faults[known:]:
            self._judge(sender, recipient, fault, changed=probed and before != _state(node))
        if sender == self.epoch.n and len(node.faults) == known:
            self.violations.append(Violation("P4", f"member {recipient} took a message of no member"))
        if certificate and sender != node.member._desk.leader and locks != _locks(node):
            self.violations.append(
                Violation("certificates from the leader only", f"member {recipient} moved its lock for member {sender}")
            )

    def _is_pushed(self, report: Report) -> bool:
        return self.requests[report.request_id].origin is not None

    def _judge(self, sender: int, recipient: int, fault: PeerFault, *, changed: bool) -> None:
        if sender not in self.faults and sender < self.epoch.n:
            text = f"member {recipient} blames honest member {sender}: {type(fault).__name__}: {fault}"
            self.violations.append(Violation("nobody honest is blamed", text))
        if changed:
            self.violations.append(Violation("P4", f"refused by member {recipient} and yet it changed: {fault}"))

    # What a faulty member's hand reaches.

    def round_of(self, member: int) -> int:
        """The round by a member's clock."""
        return self.epoch.round_at(self._clocks[member].shows(self.now))

    def outcome(self, request: RequestId, transcript: Transcript) -> Outcome:
        """What honest execution gives; nothing is awaited of a request that nobody made."""
        program = self.programs.get(request)
        return Program().run(()) if program is None else program.run(transcript)

    def function(self, request: RequestId) -> FunctionId:
        """The function a request names."""
        known = self.requests.get(request)
        return function_of("pure") if known is None else known.function_id

    def sign_as(self, member: int, statement: Statement) -> Signatures:
        """A member's signatures, taken down by the notary."""
        signatures = super().sign_as(member, statement)
        self.notary.record(member, statement, signatures)
        if member not in self.faults and any((member, key) in self.following.over for key in _about(statement)):
            self.violations.append(Violation("over", f"member {member} signs for a request that it let end"))
        if self._is_early(member, statement):
            self.violations.append(Violation("depth", f"member {member} states what is not final to be settled"))
        return signatures

    def _is_early(self, member: int, statement: Statement) -> bool:
        draws = isinstance(statement, DrawStatement) and member not in self.faults
        return draws and not self.following.is_final(_about(statement)[0])

    def sign_elsewhere(self, member: int, statement: Statement) -> Signatures:
        """A member's signatures in another epoch: nobody's business here."""
        return super().sign_as(member, statement)


def _about(statement: Statement) -> list[RequestId]:
    if isinstance(statement, ReportsStatement):
        return [report.request_id for report in statement.reports]
    return [statement.request_id]


def _state(node: Node) -> str:
    member = node.member
    return f"{member._lives!r}{member._inbox._queues!r}{member._desk.ahead._queues!r}{member._batcher!r}"


def _locks(node: Node) -> dict[RequestId, Consent]:
    return {request: life.locked for request, life in node.member._lives.items()}
