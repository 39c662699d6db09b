"""A committee in memory that keeps everything its members ask their signers for, and every vote they are given."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

from protocol_scenarios import no_slot, one_slot, prices, two_slots

from executor.crypto.digests import attestation_digest, keccak256, report_leaf
from executor.model.committee import Epoch
from executor.model.ids import Root
from executor.model.outcome import Outcome, Returned
from executor.model.report import Report, Vote
from executor.model.transcript import Transcript
from executor.protocol.effects import Effect, Sign
from executor.protocol.evidence import SignedReport, equivocates, signed_reports
from executor.protocol.messages import Message, VoteMessage
from executor.protocol.statements import ReportsStatement, Signatures, Statement
from executor.testing.fast_signatures import CURVES, SigningSuite
from executor.testing.simulated_committee import START_S, make_epoch, make_request, private_key
from executor.testing.simulated_engine import Node
from executor.testing.simulation import Look, Run, Simulation

RUNS = (no_slot, one_slot, two_slots)


class Recorded(Simulation):
    """`asked`: the reports of every vote a member asked for; `signed`: every vote its signer made, taken apart."""

    def __init__(self, run: Run, look: Look, **options: Any) -> None:
        self.asked: dict[int, list[Report]] = {}
        self.signed: dict[int, list[SignedReport]] = {}
        super().__init__(run, look, **options)

    def carry_out_one(self, node: Node, effect: Effect) -> None:
        if isinstance(effect, Sign) and isinstance(effect.statement, ReportsStatement):
            self.asked.setdefault(node.index, []).extend(effect.statement.reports)
        super().carry_out_one(node, effect)

    def sign_as(self, member: int, statement: Statement) -> Signatures:
        signatures = super().sign_as(member, statement)
        if isinstance(statement, ReportsStatement):
            self.signed.setdefault(member, []).extend(signed_reports(statement.reports, signatures.ecdsa))
        return signatures


class TwoFaced:
    """A member that now and then also votes for another outcome of a run."""

    def __init__(self, epoch: Epoch, index: int, seed: int, suite: SigningSuite = CURVES) -> None:
        self.epoch, self.index, self.rng, self.suite = epoch, index, random.Random(seed), suite
        self.votes: list[SignedReport] = []

    def __call__(self, sender: int, _recipient: int, message: Message) -> list[Message]:
        if sender != self.index or not isinstance(message, VoteMessage) or self.rng.random() < 0.3:
            return [message]
        lie = replace(message.report, output_hash=keccak256(b"%d" % self.rng.randrange(2)))
        digest = attestation_digest(self.epoch.identity, Root(report_leaf(lie)))
        signature = self.suite.sign(private_key(self.index), digest)
        self.votes += signed_reports([lie], signature)
        return [message, VoteMessage(lie, Vote(self.index, signature))][:: self.rng.choice([1, -1])]


def play(
    seed: int, *, two_faced: bool = False, epoch: Epoch | None = None, suite: SigningSuite = CURVES
) -> tuple[Recorded, TwoFaced]:
    """A schedule drawn from a seed: requests, a bad network, restarts, a member that lies or has a bug."""
    rng = random.Random(seed)
    run, liar, epoch = rng.choice(RUNS), rng.randrange(4), epoch or make_epoch(suite=suite)
    tamper = TwoFaced(epoch, liar, seed, suite)
    simulation = Recorded(
        run,
        prices,
        epoch=epoch,
        suite=suite,
        seed=seed,
        tamper=tamper if two_faced else None,
        broken={liar: with_bug(run)} if not two_faced and rng.random() < 0.5 else None,
        start_s=START_S + 4 * rng.randrange(4) + 1.0,
        loss=rng.choice([0.0, 0.1, 0.2]),
        duplication=rng.choice([0.0, 0.2]),
        delay_s=rng.choice([(0.005, 0.03), (0.005, 0.6), (0.005, 1.2)]),
        lost_deliveries=rng.randrange(2),
    )
    for who in rng.sample(range(4), rng.randrange(3)):
        simulation.nodes[who].crashes[rng.randrange(40)] = 0.2
    for nonce in range(rng.randrange(1, 5)):
        simulation.request(make_request(nonce), 0.002 * nonce)
    simulation.finish(rng.choice([20, 600]))  # an end in the middle is an end, too
    return simulation, tamper


def equivocations(reports: list[Report]) -> list[tuple[Report, Report]]:
    """Every pair that is evidence, by looking at every pair."""
    distinct = list(dict.fromkeys(reports))
    return [pair for pair in combinations(distinct, 2) if equivocates(*pair)]


def with_bug(run: Callable[[Transcript], Outcome]) -> Callable[[Transcript], Outcome]:
    """The run as a machine with a bug does it: it ends otherwise, and always in the same way."""

    def wrong(transcript: Transcript) -> Outcome:
        outcome = run(transcript)
        return Returned(b"wrong", 1) if isinstance(outcome, Returned) else outcome

    return wrong
