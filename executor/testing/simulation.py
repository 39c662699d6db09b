"""A committee in memory whose runs and looks are given functions, on a network drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from executor.crypto.digests import request_id
from executor.model.committee import Epoch
from executor.model.draw import CommitteeDraw, DrandDraw
from executor.model.ids import RequestId
from executor.model.observation import Observation
from executor.model.outcome import Outcome
from executor.model.report import Scheme
from executor.model.request import Request
from executor.model.transcript import Transcript
from executor.protocol.messages import Message
from executor.protocol.settings import Settings
from executor.testing.fast_signatures import CURVES, SigningSuite
from executor.testing.simulated_committee import START_S, make_epoch
from executor.testing.simulated_engine import Engine, Node

Run: TypeAlias = Callable[[Transcript], Outcome]
Look: TypeAlias = Callable[[int, Transcript, int], "Observation | None"]
DrawFrom: TypeAlias = Callable[[int, DrandDraw], "bytes | None"]
Tamper: TypeAlias = Callable[[int, int, Message], Iterable[Message]]


class Simulation(Engine):
    """Every request runs `run` and sees what `look` gives a member.

    `draw` gives a node a draw's proof, or None (by default everybody's round); `tamper` replaces each message a member
    sends by any others; `broken` members execute another function; `slow_s` is what a member's own runs and signatures
    take longer; parts that members of `wrong_parts` give are of another draw than is asked for; the first
    `lost_deliveries` transactions never reach the chain. An `epoch` given stands for `n` and `schemes`; it must be made
    with the same `suite`, whose stand-in (FastSignatures) spares the curves.
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
        wrong_parts: Iterable[int] = (),
        lost_deliveries: int = 0,
        settings: Settings | None = None,
        start_s: float = START_S,
    ) -> None:
        super().__init__(epoch or make_epoch(n, schemes=schemes, suite=suite), suite, settings, start_s)
        self.lost_deliveries = lost_deliveries
        self._run, self._look, self._draw, self._tamper = run, look, draw, tamper
        self._broken, self._slow_s = broken or {}, slow_s or {}
        self._wrong_parts = frozenset(wrong_parts)
        self._loss, self._duplication, self._delay_s = loss, duplication, delay_s
        self._random = random.Random(seed)  # noqa: S311  # a reproducible schedule, not a secret
        for index in dead:
            self.nodes[index].alive = False
        for node in self.nodes:
            self.schedule_tick(node)

    def request(self, request: Request, at_s: float = 0.0) -> RequestId:
        """Have every node see a request, each a moment later than `at_s` after now."""
        key = request_id(request)
        self.requests[key] = request
        for node in self.nodes:
            self.later(at_s + self._moment_s(), lambda node=node: self.see(node, key))  # type: ignore[misc]
        return key

    def outcomes(self, key: RequestId) -> set[tuple[bytes, int, int, bytes]]:
        """Every outcome of a request that anybody holds an attestation of; P2: never more than one."""
        reports = [report for transmit in self.transmitted for report in transmit.attestation.reports]
        reports += [attested.report for node in self.nodes for attested in node.held]
        return {
            (bytes(report.transcript_hash), int(report.status), report.fuel_used, bytes(report.output_hash))
            for report in reports
            if report.request_id == key
        }

    # The engine's questions.

    def moment_s(self, node: Node) -> float:
        """Slow nodes take longer."""
        return self._moment_s() + self._slow_s.get(node.index, 0.0)

    def delays_s(self, sender: int, recipient: int) -> Sequence[float]:  # noqa: ARG002 (the interface's)
        """By the seed."""
        copies = 0 if self._random.random() < self._loss else 1 + (self._random.random() < self._duplication)
        return [self._moment_s() for _ in range(copies)]

    def runs(self, node: Node, request: RequestId, transcript: Transcript) -> Outcome:  # noqa: ARG002 (the interface's)
        """The given function, or a broken member's own."""
        return self._broken.get(node.index, self._run)(transcript)

    def sees(self, node: Node, request: RequestId, transcript: Transcript, slot: int) -> Observation | None:  # noqa: ARG002 (the interface's)
        """What is given to this member."""
        return self._look(node.index, transcript, slot)

    def draws(self, node: Node, draw: DrandDraw) -> bytes | None:
        """Everybody's round, unless something else is given."""
        return super().draws(node, draw) if self._draw is None else self._draw(node.index, draw)

    def part(self, member: int, draw: CommitteeDraw) -> bytes | None:
        """A member's own, of this draw or the one after it."""
        return super().part(member, replace(draw, ordinal=draw.ordinal + 1) if member in self._wrong_parts else draw)

    def send(self, node: Node, recipient: int, message: Message) -> None:
        """Whatever `tamper` makes of it."""
        for each in [message] if self._tamper is None else self._tamper(node.index, recipient, message):
            self.post(node.index, recipient, each)

    def _moment_s(self) -> float:
        return self._random.uniform(*self._delay_s)
