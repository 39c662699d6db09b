"""From the last needed vote to a ready attestation, at a leader: what the aggregator adds to waiting for votes.

    python benchmarks/aggregator.py [--runs N]

CPU milliseconds: one thread computes, nothing waits. Real members and signatures, one observation, q votes. `ready` is
the call that takes the last needed vote and returns the attestation to transmit, its journal record and messages
included. `bad` is the same beside f members whose BLS votes do not verify (in an ECDSA epoch: whose votes are refused
on arrival); `search` is the one call that finds them. `floor` is one check of the aggregate and the making of it, with
nothing around; for ECDSA, one recovery.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from executor.crypto import bls, secp256k1
from executor.crypto.digests import (
    attestation_digest,
    epoch_digest,
    observation_digest,
    prepare_digest,
    request_id,
    transcript_hash,
)
from executor.errors import BadSignature
from executor.model.committee import Epoch
from executor.model.observation import Kind, Observation, SignedObservation
from executor.model.outcome import Returned
from executor.model.report import Report, Scheme, Vote
from executor.model.transcript import Entry, Transcript
from executor.model.view import Certificate, Prepare, View
from executor.protocol.delivering import root_of
from executor.protocol.effects import Effect, Execute, Sign, Transmit
from executor.protocol.member import Member
from executor.protocol.messages import VoteMessage
from executor.protocol.record import Record, encode_record
from executor.protocol.statements import ObservationStatement, ReportsStatement, Signatures, statement_digest
from executor.testing.simulated_committee import FUNCTION_ID, START_S, bls_key, make_epoch, make_request, private_key

SIZES = (4, 7, 31, 100)
SPEC = b'{"aggregate":"median","label":"price"}'
REQUEST = request_id(make_request())
SCHEMES = {"ecdsa": (Scheme.ECDSA,), "bls": (Scheme.BLS, Scheme.ECDSA)}


@dataclass(frozen=True)
class Case:
    """An epoch, a request of it up to the lock, and everybody's votes."""

    epoch: Epoch
    record: bytes
    votes: tuple[Vote, ...]
    report: Report


def make_case(n: int, schemes: tuple[Scheme, ...]) -> Case:
    """Everything signed beforehand."""
    epoch = make_epoch(n, schemes=schemes)
    identity, quorum = epoch_digest(epoch.identity), range(epoch.quorum)
    seen = Observation(Kind.VALUE, b"1842.17")
    observed = observation_digest(identity, REQUEST, FUNCTION_ID, transcript_hash(()), 0, SPEC, seen)
    signed = tuple(SignedObservation(m, seen, secp256k1.sign(private_key(m), observed)) for m in quorum)
    transcript: Transcript = (Entry(SPEC, Kind.VALUE, seen.value, signed),)
    view, hashed = View(epoch.round_at(START_S), 1), transcript_hash(transcript)
    consent = prepare_digest(identity, REQUEST, FUNCTION_ID, hashed, view)
    prepares = tuple(Prepare(m, view, hashed, secp256k1.sign(private_key(m), consent)) for m in quorum)
    lock = Certificate(view, transcript, prepares)
    record = encode_record(Record(REQUEST, FUNCTION_ID, lock, view, (), None, (), None, None))
    member = Member(epoch, 0)
    report = voted(drive(member, member.restore(REQUEST, record, start_of_turn(epoch)), 0, epoch))
    digest = attestation_digest(epoch.identity, root_of((report,)))
    with_bls = Scheme.BLS in schemes
    votes = tuple(
        Vote(m, secp256k1.sign(private_key(m), digest), bls.sign(bls_key(m), digest) if with_bls else b"")
        for m in range(n)
    )
    return Case(epoch, record, votes, report)


def start_of_turn(epoch: Epoch) -> float:
    """A moment at which member 0 leads."""
    cycle = epoch.n * epoch.round_length_s
    return float((int(START_S) // cycle + 1) * cycle) + 1.0


def drive(member: Member, effects: list[Effect], index: int, epoch: Epoch) -> list[Effect]:
    """Answer what the member asks of its node."""
    now, done = start_of_turn(epoch), list[Effect]()
    while effects:
        effect = effects.pop(0)
        done.append(effect)
        match effect:
            case Execute(request, transcript):
                effects += member.executed(request, transcript_hash(transcript), Returned(b"1842.17", 9_000), now)
            case Sign(statement) if not isinstance(statement, ObservationStatement):
                digest = statement_digest(statement)
                signature = bls.sign(bls_key(index), digest) if isinstance(statement, ReportsStatement) else b""
                effects += member.signed(
                    statement, Signatures(secp256k1.sign(private_key(index), digest), signature), now
                )
    return done


def voted(effects: list[Effect]) -> Report:
    """The report the member asked its signer to sign."""
    statements = [effect.statement for effect in effects if isinstance(effect, Sign)]
    return next(item.reports[0] for item in statements if isinstance(item, ReportsStatement))


def measure(case: Case, bad: int) -> tuple[float, float]:
    """Milliseconds of the last needed vote, and of the slowest call before it."""
    epoch, now = case.epoch, start_of_turn(case.epoch)
    bls._signature.cache_clear()  # nobody saw these signatures before
    member = Member(epoch, 0)
    drive(member, member.restore(REQUEST, case.record, now), 0, epoch)
    liars = [spoiled(case, member) for member in range(epoch.n - bad, epoch.n)]
    slowest = 0.0
    for vote in [*liars, *case.votes[1 : epoch.quorum]]:
        started = time.process_time()
        try:
            effects = member.received(vote.member, VoteMessage(case.report, vote), now)
        except BadSignature:
            effects = []
        took = (time.process_time() - started) * 1e3
        if any(isinstance(effect, Transmit) for effect in effects):
            return took, slowest
        slowest = max(slowest, took)
    raise AssertionError("no attestation")


def spoiled(case: Case, member: int) -> Vote:
    """A bad vote: where there is BLS, with a good ECDSA signature."""
    vote, other = case.votes[member], case.votes[member - 1]
    return Vote(member, vote.ecdsa, other.bls) if vote.bls else Vote(member, other.ecdsa)


def floor(case: Case) -> float:
    """Milliseconds of the cryptography alone."""
    epoch, votes = case.epoch, case.votes[: case.epoch.quorum]
    digest = attestation_digest(epoch.identity, root_of((case.report,)))
    if not votes[0].bls:
        return median(lambda: secp256k1.recover(digest, votes[0].ecdsa))
    signatures, keys = [vote.bls for vote in votes], [epoch.members[vote.member].bls_key for vote in votes]
    return median(lambda: bls.verify_aggregate(keys, digest, bls.aggregate(signatures)))


def median(work: Callable[[], object], runs: int = 9) -> float:
    """Milliseconds, the middle of some runs."""
    times = []
    for _ in range(runs):
        started = time.process_time()
        work()
        times.append((time.process_time() - started) * 1e3)
    return statistics.median(times)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    print(f"{'scheme':8}{'n':>5}{'q':>5}{'f':>5}{'floor ms':>10}{'ready ms':>10}{'bad: ready':>12}{'search':>9}")
    for name, schemes in SCHEMES.items():
        for n in SIZES:
            case = make_case(n, schemes)
            good = [measure(case, 0)[0] for _ in range(runs)]
            spoilt = [measure(case, case.epoch.f) for _ in range(runs)]
            figures = [floor(case), statistics.median(good), statistics.median(ready for ready, _ in spoilt)]
            search = statistics.median(slowest for _, slowest in spoilt)
            counts = (n, case.epoch.quorum, case.epoch.f)
            print(
                f"{name:8}{counts[0]:5}{counts[1]:5}{counts[2]:5}" + "".join(f"{x:10.1f}" for x in figures[:2]), end=""
            )
            print(f"{figures[2]:12.1f}{search:9.1f}")


if __name__ == "__main__":
    main()
