"""Attesting several requests under one root (protocol.md, step 7).

Rule 1. A lone report is attested at once: the votes over its leaf already are its attestation.
Rule 2. While other requests are under way, a report at quorum waits a short window for them; then the leader proposes
        the leaves of everything at quorum as one batch.
Rule 3. A member signs the root only if every leaf is the report it voted for itself and still stands by: signing a
        root is voting for every leaf in it. And only if one transaction can deliver them all: an attestation ends
        agreement on its requests (delivering.py, Rule 3), also where nobody can deliver it.
Rule 4. Without a quorum for the root in time, or when the round ends, the reports are attested one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from executor.crypto.digests import keccak256
from executor.errors import RuleBroken
from executor.model.ids import RequestId
from executor.model.report import Report, Vote
from executor.protocol.attesting import Tally, check_vote_on_arrival, good_votes, settle, winner
from executor.protocol.conflicts import Ballot
from executor.protocol.delivering import MAX_BATCH, attest, root_of
from executor.protocol.desk import Desk
from executor.protocol.effects import ALL, Send, Sign
from executor.protocol.leading import hear_ballot
from executor.protocol.lifecycle import Life
from executor.protocol.messages import BatchProposal, BatchVote
from executor.protocol.statements import ReportsStatement, Signatures

Lives = dict[RequestId, Life]

MAX_BATCH_BYTES = 2 * 1024 * 1024  # twice that in hex, half of what a message may have
# Packed reports: nodes' pools refuse transactions above 128 KiB. Its gas, 40 a byte (EIP-7623), is 4.8 M at most.
MAX_BATCH_DATA = 120_000
PACKED_HEAD = 115  # of a report, before its payload (docs/wire.md §6)


@dataclass(slots=True)
class Batcher:
    """The leader's batch: reports waiting, then one open proposal and its votes."""

    waiting: dict[RequestId, Report] = field(default_factory=dict)
    window_ends: float | None = None
    open: tuple[Report, ...] = ()
    open_until: float | None = None
    tally: Tally = field(default_factory=Tally)

    def deadline(self) -> float | None:
        """When the open batch ends, or else the window: nothing is proposed while a batch is open."""
        return self.open_until if self.open else self.window_ends

    def clear(self) -> None:
        """Forget everything when the round ends: every report in it is at quorum, and goes out alone (Rule 4)."""
        self.waiting.clear()
        self.tally = Tally()
        self.open, self.open_until, self.window_ends = (), None, None


def at_quorum(desk: Desk, batcher: Batcher, lives: Lives, life: Life, report: Report) -> None:
    """A report reached its quorum: attest it at once, or let it wait for others (Rules 1 and 2)."""
    if desk.leads and (report in batcher.open or batcher.waiting.get(report.request_id) == report):
        return
    others = [key for key, other in lives.items() if other is not life and other.active and other.turn.heard]
    if not others or not desk.leads or life.report != report:
        attest_single(desk, life, report)
        return
    batcher.waiting[report.request_id] = report
    if batcher.window_ends is None:
        batcher.window_ends = desk.now + desk.settings.batch_window_s
    if len(batcher.waiting) >= desk.settings.batch_reports or batcher.waiting.keys() >= set(others):
        close_window(desk, batcher, lives)


def attest_single(desk: Desk, life: Life, report: Report) -> None:
    """Attest one report from the votes over its leaf, when this member can show its payload."""
    if life.active and keccak256(life.payload) == report.output_hash:
        attest(desk, (report,), [life], good_votes(desk, life.count, report))


def close_window(desk: Desk, batcher: Batcher, lives: Lives) -> None:
    """Propose what is waiting as one batch; one report alone is attested."""
    if batcher.open:
        return
    chosen = _choose(batcher, lives, desk.settings.batch_reports)
    for report in chosen:
        del batcher.waiting[report.request_id]
    batcher.window_ends = desk.now + desk.settings.batch_window_s if batcher.waiting and chosen else None
    if not chosen:
        batcher.waiting.clear()
    elif len(chosen) == 1:
        attest_single(desk, lives[chosen[0].request_id], chosen[0])
    else:
        batcher.open, batcher.open_until = tuple(chosen), desk.now + desk.settings.batch_patience_s
        batcher.tally = Tally()
        desk.emit(Send(ALL, BatchProposal(batcher.open)))


def _choose(batcher: Batcher, lives: Lives, most: int) -> list[Report]:
    """Waiting reports in order, as many as go together; the first always."""
    chosen: list[Report] = []
    together: list[Life] = []
    for request, report in batcher.waiting.items():
        life = lives.get(request)
        if life is None or not life.active or life.report != report:
            continue
        together.append(life)
        if chosen and not _fit(together, most):
            break
        chosen.append(report)
    return chosen


def _fit(lives: Sequence[Life], most: int) -> bool:
    """Whether one message about these requests and one transaction with their reports can hold them."""
    data = sum(PACKED_HEAD + len(life.payload) for life in lives)
    return len(lives) <= most and data <= MAX_BATCH_DATA and sum(map(_size, lives)) <= MAX_BATCH_BYTES


def _size(life: Life) -> int:
    """About what the attestation's message holds for this request, before hex."""
    prepares = len(life.lock.prepares) if life.lock else 0
    entries = sum(
        len(entry.spec) + len(entry.value) + sum(len(each.observation.value) + 200 for each in entry.observations)
        for entry in life.transcript
    )
    return 1000 + len(life.payload) + 300 * prepares + entries


def batch_proposed(desk: Desk, lives: Lives, sender: int, message: BatchProposal) -> None:
    """Sign the root if every leaf is this member's own standing vote (Rule 3). Raises PeerFault."""
    reports = message.reports
    if sender != desk.leader:
        return  # late
    if len({report.request_id for report in reports}) != len(reports) or not 2 <= len(reports) <= MAX_BATCH:
        raise RuleBroken(f"a batch of {len(reports)} reports, or with a request twice", sender)
    own = [lives[report.request_id] for report in reports if _stands_by(lives.get(report.request_id), report)]
    if len(own) == len(reports) and _fit(own, desk.settings.batch_reports):
        desk.emit(Sign(ReportsStatement(desk.epoch.identity, reports)))


def _stands_by(life: Life | None, report: Report) -> bool:
    return life is not None and life.active and life.vote is not None and life.report == report


def batch_signed(desk: Desk, lives: Lives, statement: ReportsStatement, signatures: Signatures) -> None:
    """The signer signed a batch: send the vote, if every leaf still stands."""
    if all(_stands_by(lives.get(report.request_id), report) for report in statement.reports):
        vote = Vote(desk.index, signatures.ecdsa, signatures.bls)
        desk.to_leader(BatchVote(root_of(statement.reports), vote))


def batch_voted(desk: Desk, batcher: Batcher, lives: Lives, sender: int, message: BatchVote) -> None:
    """Count a vote for the open batch; attest it at quorum. Raises PeerFault."""
    if message.vote.member != sender:
        raise RuleBroken(f"a vote in the name of member {message.vote.member}", sender)
    if not batcher.open or message.root != root_of(batcher.open):
        return  # late
    if sender in batcher.tally.votes:
        return  # repeated
    batcher.tally.add(message.vote, checked=check_vote_on_arrival(desk, message.root, message.vote))
    for report in batcher.open:
        if (life := lives.get(report.request_id)) is not None:
            hear_ballot(desk, life, sender, Ballot(report, batcher.open, message.vote.ecdsa))
    if len(batcher.tally.votes) < desk.epoch.quorum:
        return
    settle(desk, message.root, batcher.tally, None)
    if len(batcher.tally.votes) < desk.epoch.quorum:
        return
    reports, batcher.open, batcher.open_until = batcher.open, (), None
    holders = [lives[report.request_id] for report in reports if _stands_by(lives.get(report.request_id), report)]
    if len(holders) == len(reports):
        attest(desk, reports, holders, batcher.tally.ordered())
    else:
        _one_by_one(desk, lives, reports)


def tick(desk: Desk, batcher: Batcher, lives: Lives) -> None:
    """Close the window, or give up on the open batch, when their time has come (Rule 4)."""
    if batcher.open_until is not None and desk.now >= batcher.open_until:
        reports, batcher.open, batcher.open_until = batcher.open, (), None
        _one_by_one(desk, lives, reports)
    if batcher.window_ends is not None and desk.now >= batcher.window_ends:
        close_window(desk, batcher, lives)


def _one_by_one(desk: Desk, lives: Lives, reports: tuple[Report, ...]) -> None:
    for report in reports:
        life = lives.get(report.request_id)
        if life is not None and winner(desk, life.count, report.request_id) == report:
            attest_single(desk, life, report)
