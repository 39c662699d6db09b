"""What a committee's draw takes beside its messages: `python benchmarks/drawing.py [--runs N]`.

CPU milliseconds of one thread, real members, signatures and shares, nothing observed. `release` is the call at the
leader that takes the last needed statement, `taken` the one at a member that verifies the release and is ready to ask
for its part, `part` the making of it, `proof` the leader's call that takes the last needed part, `search` the same
where f parts before it were bad, `drawn` a member's that takes the proof. A draw is two messages to the leader and two
from it; each further one of the request one of each. Bytes are of the release as it travels.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from executor.crypto import bls, secp256k1
from executor.crypto.digests import request_id, transcript_hash
from executor.crypto.draws import committee_digest
from executor.model.draw import CommitteeDraw, encode_draw
from executor.model.outcome import Awaiting
from executor.model.view import NO_VIEW
from executor.protocol.effects import Effect, Execute, Send
from executor.protocol.member import Member
from executor.protocol.messages import DrawNews, DrawStatus, Settled, encode_message
from executor.protocol.statements import DrawStatement, statement_digest
from executor.testing.fast_signatures import CURVES
from executor.testing.simulated_committee import FUNCTION_ID, START_S, make_epoch, make_request, private_key

SIZES = (4, 7, 31, 100)
RAW = make_request()
REQUEST = request_id(RAW)
DRAW = CommitteeDraw(RAW.chain_id, RAW.router, REQUEST, 0)
NOTHING = transcript_hash(())

T = TypeVar("T")


@dataclass
class Committee:
    """Statements and parts of everybody, made beforehand."""

    n: int

    def __post_init__(self) -> None:
        self.epoch = make_epoch(self.n)
        self.key, self.shares = CURVES.deal_draw_key(self.n, self.epoch.f + 1)
        cycle = self.n * self.epoch.round_length_s
        self.now = float((int(START_S) // cycle + 1) * cycle) + 1.0  # member 0 leads
        self.round = self.epoch.round_at(self.now)
        digest = statement_digest(DrawStatement(self.epoch.identity, REQUEST, FUNCTION_ID, NOTHING, NO_VIEW))
        self.statements = [secp256k1.sign(private_key(member), digest) for member in range(self.n)]
        self.parts = [CURVES.sign_part(share, committee_digest(DRAW)) for share in self.shares]

    def member(self, index: int) -> Member:
        """A member that awaits the draw."""
        member = Member(self.epoch, index, draw_key=self.key)
        for effect in member.seen(RAW, self.now):
            if isinstance(effect, Execute):
                member.executed(REQUEST, NOTHING, Awaiting(0, encode_draw(DRAW)), self.now)
        return member

    def stated(self, member: int) -> DrawStatus:
        """What a member says first."""
        return DrawStatus(REQUEST, self.round, Settled(NOTHING, NO_VIEW, self.statements[member]), None, (), b"")

    def given(self, part: bytes) -> DrawStatus:
        """What it says of a released draw."""
        return DrawStatus(REQUEST, self.round, None, None, (), part)


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Milliseconds, and what came out."""
    bls._signature.cache_clear()  # nobody saw these signatures before
    started = time.process_time()
    found = work()
    return (time.process_time() - started) * 1e3, found


def news(effects: list[Effect]) -> list[DrawNews]:
    """What a leader tells everybody."""
    return [each.message for each in effects if isinstance(each, Send) and isinstance(each.message, DrawNews)]


def run(committee: Committee) -> tuple[list[float], int]:
    """One draw: release, taken, part, proof, drawn; and the release's bytes."""
    epoch, now = committee.epoch, committee.now
    leader, other = committee.member(0), committee.member(1)
    for member in range(1, epoch.quorum):
        leader.received(member, committee.stated(member), now)
    release_ms, effects = timed(lambda: leader.received(epoch.quorum, committee.stated(epoch.quorum), now))
    (released,) = news(effects)
    taken_ms, _ = timed(lambda: other.received(0, released, now))
    part_ms, _ = timed(lambda: CURVES.sign_part(committee.shares[1], committee_digest(DRAW)))
    for member in range(1, epoch.f + 1):
        leader.received(member, committee.given(committee.parts[member]), now)
    last = committee.given(committee.parts[epoch.f + 1])
    proof_ms, effects = timed(lambda: leader.received(epoch.f + 1, last, now))
    (told,) = news(effects)
    drawn_ms, _ = timed(lambda: other.received(0, told, now))
    return [release_ms, taken_ms, part_ms, proof_ms, drawn_ms], len(encode_message(released))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    print(f"{'n':>4}{'t':>4}{'release':>9}{'taken':>8}{'part':>7}{'proof':>8}{'drawn':>8}{'search':>9}{'bytes':>8}")
    for n in SIZES:
        committee = Committee(n)
        good = [run(committee) for _ in range(runs)]
        spoilt = [slowest(committee) for _ in range(runs)]
        release, taken, part, proof, drawn = (
            statistics.median(column) for column in zip(*(row for row, _ in good), strict=True)
        )
        print(
            f"{n:4}{committee.epoch.f + 1:4}{release:9.1f}{taken:8.1f}{part:7.1f}{proof:8.1f}{drawn:8.1f}"
            f"{statistics.median(spoilt):9.1f}{good[0][1]:8}",
            flush=True,
        )


def slowest(committee: Committee) -> float:
    """The dearest call where f bad parts came first: it finds them."""
    epoch, now = committee.epoch, committee.now
    leader = committee.member(0)
    for member in range(1, epoch.quorum + 1):
        leader.received(member, committee.stated(member), now)
    dearest = 0.0
    for member in range(1, committee.n):
        part = committee.parts[0 if member <= epoch.f else member]
        told = committee.given(part)
        took, effects = timed(partial(leader.received, member, told, now))
        dearest = max(dearest, took)
        if news(effects):
            return dearest
    raise AssertionError("no proof")


if __name__ == "__main__":
    main()
