"""What a faulty member can do: sign with its own key and those of the others that are faulty, send, wait, choose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from executor.crypto.digests import keccak256, transcript_hash
from executor.errors import InvalidValue
from executor.model.committee import Epoch
from executor.model.draw import PROOF_BYTES, CommitteeDraw, DrandDraw, is_draw, parse_draw
from executor.model.ids import Digest, FunctionId, RequestId, TranscriptHash
from executor.model.observation import Kind, Observation, SignedObservation
from executor.model.outcome import Awaiting, Outcome
from executor.model.report import Report, Vote
from executor.model.spec import parse_spec
from executor.model.transcript import Entry, Transcript
from executor.model.view import Certificate, Prepare, View
from executor.protocol.messages import Message
from executor.protocol.releases import Stated
from executor.protocol.statements import (
    DrawStatement,
    ObservationStatement,
    PrepareStatement,
    ReportsStatement,
    Signatures,
    Statement,
)
from executor.protocol.strategies import agree, alone_member
from executor.testing.fast_signatures import SigningSuite
from executor.testing.simulator.memory import Memory
from executor.testing.simulator.programs import value_of
from executor.testing.simulator.tape import Tape


class Outside(Protocol):
    """What the simulation lets a faulty member do."""

    @property
    def epoch(self) -> Epoch:
        """The committee."""

    @property
    def suite(self) -> SigningSuite:
        """Its signatures."""

    @property
    def faulty(self) -> Sequence[int]:
        """All faulty members: they share memory and keys."""

    def round_of(self, member: int) -> int:
        """The round by a member's clock."""

    def function(self, request: RequestId) -> FunctionId:
        """The function a request names."""

    def outcome(self, request: RequestId, transcript: Transcript) -> Outcome:
        """What honest execution gives."""

    def sign_as(self, member: int, statement: Statement) -> Signatures:
        """A faulty member's signatures, whatever it signed before."""

    def sign_elsewhere(self, member: int, statement: Statement) -> Signatures:
        """What any member signed in another epoch."""

    def post(self, sender: int, recipient: int, message: Message, after_s: float = 0.0) -> None:
        """Put a message on the network."""

    def post_as_stranger(self, recipient: int, message: Message) -> None:
        """The same in the name of somebody who is no member."""

    def part(self, member: int, draw: CommitteeDraw) -> bytes | None:
        """A faulty member's part of a draw, released or not."""

    def later(self, delay_s: float, action: Callable[[], None]) -> None:
        """Have something happen after a while."""


class Hand:
    """One faulty member's means."""

    def __init__(self, outside: Outside, index: int, memory: Memory, tape: Tape) -> None:
        self.index, self.memory, self.tape = index, memory, tape
        self._outside = outside
        self.epoch, self.suite = outside.epoch, outside.suite
        self.allies = tuple(outside.faulty)
        self.others = [member for member in range(self.epoch.n) if member != index]
        self.honest = [member for member in self.others if member not in self.allies]

    @property
    def round(self) -> int:
        """The current round by this member's clock."""
        return self._outside.round_of(self.index)

    @property
    def leads(self) -> bool:
        """Whether this member leads it."""
        return self.epoch.leader(self.round) == self.index

    def post(self, recipient: int, message: Message, after_s: float = 0.0) -> None:
        """Send a message as this member."""
        self._outside.post(self.index, recipient, message, after_s)

    def post_as_stranger(self, recipient: int, message: Message) -> None:
        """Send a message as no member at all."""
        self._outside.post_as_stranger(recipient, message)

    def sign_elsewhere(self, member: int, statement: Statement) -> Signatures:
        """What a member signed in another epoch."""
        return self._outside.sign_elsewhere(member, statement)

    def later(self, delay_s: float, action: Callable[[], None]) -> None:
        """Do something after a while."""
        self._outside.later(delay_s, action)

    def outcome(self, request: RequestId, transcript: Transcript) -> Outcome:
        """What honest execution gives."""
        return self._outside.outcome(request, transcript)

    def function(self, request: RequestId) -> FunctionId:
        """The function a request names."""
        return self._outside.function(request)

    def observation(
        self, request: RequestId, so_far: Transcript, spec: bytes, seen: Observation, member: int | None = None
    ) -> SignedObservation:
        """A faulty member's observation of the slot after `so_far`."""
        who, function = self.index if member is None else member, self.function(request)
        statement = ObservationStatement(
            self.epoch.identity, request, function, transcript_hash(so_far), len(so_far), spec, seen
        )
        return SignedObservation(who, seen, self._outside.sign_as(who, statement).ecdsa)

    def prepare(self, request: RequestId, transcript: Transcript, view: View, member: int | None = None) -> Prepare:
        """A faulty member's Prepare."""
        who, hashed = self.index if member is None else member, transcript_hash(transcript)
        statement = PrepareStatement(self.epoch.identity, request, self.function(request), hashed, view)
        return Prepare(who, view, hashed, self._outside.sign_as(who, statement).ecdsa)

    def vote(self, reports: tuple[Report, ...], member: int | None = None) -> Vote:
        """A faulty member's vote for a report, or for a batch."""
        who = self.index if member is None else member
        signatures = self._outside.sign_as(who, ReportsStatement(self.epoch.identity, reports))
        return Vote(who, signatures.ecdsa, signatures.bls)

    def stated(self, request: RequestId, hashed: TranscriptHash, view: View, member: int | None = None) -> Stated:
        """A faulty member's statement that a transcript is settled."""
        who = self.index if member is None else member
        statement = DrawStatement(self.epoch.identity, request, self.function(request), hashed, view)
        return Stated(who, self._outside.sign_as(who, statement).ecdsa)

    def part(self, request: RequestId, ordinal: int, member: int | None = None) -> bytes:
        """A faulty member's part of a draw, whenever it likes; nothing where it has no share."""
        draw = CommitteeDraw(self.epoch.chain_id, self.epoch.router, request, ordinal)
        return self._outside.part(self.index if member is None else member, draw) or b""

    def lie(self, spec: bytes) -> Observation:
        """Something nobody saw, by the tape: a number, a name, or an error."""
        number = self.tape.byte()
        if number % 8 == 7:
            return Observation.error("lie")
        return Observation(Kind.VALUE, value_of(spec, 37 * number, f"name-{number % 3}"))

    def extension(self, request: RequestId, base: Transcript) -> Transcript | None:
        """`base` and an entry whose set is chosen among everything known, lies of all faulty members included."""
        outcome = self.outcome(request, base)
        if not isinstance(outcome, Awaiting):
            return None
        if is_draw(outcome.spec):  # nobody's to propose, whether its proof is good or not
            draw = parse_draw(outcome.spec)
            proofs = [b"\x01" * PROOF_BYTES, bytes(PROOF_BYTES)]
            if isinstance(draw, DrandDraw):
                proofs[0] = self.suite.round_signature(draw.key, draw.round)
            return (*base, Entry(outcome.spec, Kind.DRAW, self.tape.one(proofs)))
        known = dict(self.memory.observations.get((request, transcript_hash(base)), {}))
        for ally in self.allies:
            known[ally] = self.observation(request, base, outcome.spec, self.lie(outcome.spec), ally)
        if parse_spec(outcome.spec).alone:
            told = [known.get(alone_member(request, self.epoch.n)), known[self.index], None][self.tape.byte() % 3]
            return self.entry(base, outcome.spec, [told] if told else [])
        values = [signed for signed in known.values() if signed.observation.kind is Kind.VALUE]
        for _ in range(max(0, len(values) - self.epoch.quorum)):
            values.pop(self.tape.below(len(values)))
        return self.entry(base, outcome.spec, values)

    def certificate(self, request: RequestId, transcript: Transcript, view: View) -> Certificate | None:
        """A certificate of the Prepares known and those of all faulty members; None below a quorum."""
        key = (request, view, transcript_hash(transcript))
        prepares = {**self.memory.prepares.get(key, {})}
        prepares |= {ally: self.prepare(request, transcript, view, ally) for ally in self.allies}
        if len(prepares) < self.epoch.quorum:
            return None
        return Certificate(view, transcript, tuple(prepares[member] for member in sorted(prepares)))

    def entry(self, base: Transcript, spec: bytes, values: Sequence[SignedObservation]) -> Transcript | None:
        """`base` and the entry that a set gives; None for a set that gives none."""
        chosen = tuple(sorted(values, key=lambda signed: signed.member))
        try:
            kind, value = agree(spec, [signed.observation for signed in chosen], self.epoch.n, self.epoch.f)
        except InvalidValue:
            return None
        return (*base, Entry(spec, kind, value, chosen))


def wrong(report: Report) -> Digest:
    """The hash of an output that execution did not give."""
    return keccak256(b"wrong" + report.output_hash)
