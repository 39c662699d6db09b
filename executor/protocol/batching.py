"""Attesting several requests under one root (protocol.md, step 7).

Rule 1. A lone report is attested at once: the votes over its leaf already are its attestation.
Rule 2. While other requests are under way, a report at quorum waits a short window for them; then the leader proposes
        the leaves of everything at quorum as one batch.
Rule 3. A member signs the root only if every leaf is the report it voted for itself and still stands by: signing a
        root is voting for every leaf in it. And only if one transaction can deliver them all, even where each callback
        burns all it may: an attestation ends agreement on its requests (delivering.py, Rule 3), also where nobody can
        deliver it, and a consumer could else take the others' reports down with its own.
Rule 4. A batch without a quorum for its root in time is split into halves, both proposed at once, with half the time
        each; so are those; what still has no quorum is attested one by one. When the round ends, everything is.
Rule 5. Members that signed no part of a batch that was split to the end are not counted on for the rest of the round:
        with more than f of them no batch can have a quorum, and reports are attested one by one at once.
Rule 6. A member signs at most MAX_SIGNED batches a round, whatever a leader proposes.
Rule 7. A vote for a batch that was given up shows that members are slow, not unwilling: later ones are waited for up to
        MAX_SLOWNESS times as long, and nobody is held for unwilling; what then comes in time takes that back.
Rule 8. A member that reaches quorums after its round leaves them to the next leader, who is sent the same votes and
        makes a batch of them, all but MAX_ALONE: so that something goes out each round however slow everybody is.
Rule 9. Requests and what triggers made are not proposed together: the router takes them in different transactions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from executor.crypto.digests import keccak256
from executor.errors import RuleBroken
from executor.model.ids import RequestId, Root
from executor.model.report import Report, Vote
from executor.protocol.attesting import Tally, check_vote_on_arrival, good_votes, settle, winner
from executor.protocol.conflicts import Ballot
from executor.protocol.delivering import attest, root_of
from executor.protocol.desk import Desk
from executor.protocol.effects import ALL, Send, Sign
from executor.protocol.leading import hear_ballot
from executor.protocol.lifecycle import Life
from executor.protocol.messages import BatchProposal, BatchVote
from executor.protocol.shape import MAX_BATCH
from executor.protocol.statements import ReportsStatement, Signatures

Lives = dict[RequestId, Life]

MAX_BATCH_BYTES = 2 * 1024 * 1024  # twice that in hex, half of what a message may have
# Packed reports: nodes' pools refuse transactions above 128 KiB. Its gas, 40 a byte (EIP-7623), is 4.8 M at most.
MAX_BATCH_DATA = 120_000
PACKED_HEAD = 115  # of a report, before its payload (docs/wire.md §6)
# Of 2^24, which is all that a transaction may have (EIP-7825): a million is left for the transaction itself, the proof
# (350,000 of 67 signatures) and what EIP-150 keeps back from the last callback (80,000 of 5 million).
MAX_BATCH_GAS = 2**24 - 1_000_000
REPORT_GAS = (
    45_000  # beside the callback: slot, account, prices, events, all cold (docs/gas.md), and a failure's reason
)
PUSH_GAS = 120_000  # more: a receiver is asked three questions of 30,000 (ERC-165), its registration is looked up
BYTE_GAS = 24  # 16 in calldata, the rest where it is hashed and handed on
MAX_SPLITS = 2  # a batch, its halves, their halves: 7 proposals and 0.875 s, in a round of 4 s
MIN_SPLIT = 3  # fewer have no part that is a batch
MAX_SLOWNESS = 8.0  # of half a second, in a round of 4 s; never more than half a round
MAX_ALONE = 4  # with this few requests there is nothing to make batches of, either
RECOVERY = 0.9
MAX_SIGNED = 128  # full batches a round: 4,096 reports, or 585 where each is split to the end


@dataclass(slots=True)
class OpenBatch:
    """A proposed batch: `splits` parents it has, `signed` whoever signed it or another part of the same first one."""

    reports: tuple[Report, ...]
    until: float
    splits: int = 0
    signed: set[int] = field(default_factory=set)
    tally: Tally = field(default_factory=Tally)


@dataclass(slots=True)
class Batcher:
    """The leader's batches: reports waiting, then proposals under way; and how often this member signed one."""

    waiting: dict[RequestId, Report] = field(default_factory=dict)
    window_ends: float | None = None
    open: dict[Root, OpenBatch] = field(default_factory=dict)
    reluctant: set[int] = field(default_factory=set)
    signatures: int = 0
    alone: int = 0
    given_up: set[Root] = field(default_factory=set)
    slowness: float = 1.0  # how much longer than its settings say a batch is waited for (Rule 7)

    def patience_s(self, desk: Desk) -> float:
        """How long a whole batch may gather votes now."""
        return min(desk.settings.batch_patience_s * self.slowness, desk.epoch.round_length_s / 2)

    def deadline(self) -> float | None:
        """When the first open batch ends, or the window: nothing new is proposed while a whole batch is open."""
        times = [batch.until for batch in self.open.values()]
        if self.window_ends is not None and not self.whole_open:
            times.append(self.window_ends)
        return min(times, default=None)

    @property
    def whole_open(self) -> bool:
        """Whether a batch is open that was not split yet."""
        return any(batch.splits == 0 for batch in self.open.values())

    def holds(self, report: Report) -> bool:
        """Whether a report waits, or is in an open batch."""
        waits = self.waiting.get(report.request_id) == report
        return waits or any(report in batch.reports for batch in self.open.values())

    def clear(self) -> None:
        """Forget everything when the round ends: every report in it is at quorum, and goes out alone (Rule 4)."""
        self.waiting.clear()
        self.open.clear()
        self.reluctant.clear()
        self.given_up.clear()
        self.window_ends, self.signatures, self.alone = None, 0, 0


def at_quorum(desk: Desk, batcher: Batcher, lives: Lives, life: Life, report: Report) -> None:
    """A report reached its quorum: attest it at once, or let it wait for others (Rules 1 and 2)."""
    if life.attesting or (desk.leads and batcher.holds(report)):
        return
    others = [key for key, other in lives.items() if other is not life and other.active and other.turn.heard]
    if not desk.leads and len(lives) > MAX_ALONE:  # Rule 8
        if batcher.alone >= MAX_ALONE:
            return
        batcher.alone += 1
    if not others or not desk.leads or life.report != report or len(batcher.reluctant) > desk.epoch.f:
        attest_single(desk, life, report)
        return
    batcher.waiting[report.request_id] = report
    if batcher.window_ends is None:
        batcher.window_ends = desk.now + desk.settings.batch_window_s
    if len(batcher.waiting) >= desk.settings.batch_reports or batcher.waiting.keys() >= set(others):
        close_window(desk, batcher, lives)


def attest_single(desk: Desk, life: Life, report: Report) -> None:
    """Attest one report from the votes over its leaf, when they are whole and this member can show its payload."""
    if not life.active or life.attesting or keccak256(life.payload) != report.output_hash:
        return
    if winner(desk, life.count, report.request_id) == report:
        attest(desk, (report,), [life], good_votes(desk, life.count, report))


def close_window(desk: Desk, batcher: Batcher, lives: Lives) -> None:
    """Propose what is waiting as one batch; one report alone is attested."""
    if batcher.whole_open:
        return
    chosen = _choose(batcher, lives, desk.settings.batch_reports)
    for report in chosen:
        del batcher.waiting[report.request_id]
    batcher.window_ends = desk.now + desk.settings.batch_window_s if batcher.waiting and chosen else None
    if not chosen:
        batcher.waiting.clear()
    elif len(chosen) == 1 or len(batcher.reluctant) > desk.epoch.f:
        _one_by_one(desk, lives, tuple(chosen))
    else:
        _propose(desk, batcher, OpenBatch(tuple(chosen), desk.now + batcher.patience_s(desk)))


def _propose(desk: Desk, batcher: Batcher, batch: OpenBatch) -> None:
    batcher.open[root_of(batch.reports)] = batch
    desk.emit(Send(ALL, BatchProposal(batch.reports)))


def _choose(batcher: Batcher, lives: Lives, most: int) -> list[Report]:
    """Waiting reports in order, as many as go together; the first always."""
    chosen: list[Report] = []
    together: list[Life] = []
    for request, report in batcher.waiting.items():
        life = lives.get(request)
        if life is None or not life.active or life.report != report:
            continue
        if together and life.pushed != together[0].pushed:  # Rule 9
            continue
        together.append(life)
        if chosen and not _fit(together, most):
            break
        chosen.append(report)
    return chosen


def _fit(lives: Sequence[Life], most: int) -> bool:
    """Whether one message about these requests and one transaction with their reports can hold them (Rule 3)."""
    data = sum(PACKED_HEAD + len(life.payload) for life in lives)
    gas = BYTE_GAS * data + sum(life.callback_gas + REPORT_GAS + PUSH_GAS * life.pushed for life in lives)
    fits = len(lives) <= most and data <= MAX_BATCH_DATA and gas <= MAX_BATCH_GAS
    return fits and sum(map(_size, lives)) <= MAX_BATCH_BYTES


def _size(life: Life) -> int:
    """About what the attestation's message holds for this request, before hex."""
    prepares = len(life.lock.prepares) if life.lock else 0
    entries = sum(
        len(entry.spec) + len(entry.value) + sum(len(each.observation.value) + 200 for each in entry.observations)
        for entry in life.transcript
    )
    return 1000 + len(life.payload) + 300 * prepares + entries


def batch_proposed(desk: Desk, batcher: Batcher, lives: Lives, sender: int, message: BatchProposal) -> None:
    """Sign the root if every leaf is this member's own standing vote (Rules 3 and 6). Raises PeerFault."""
    reports = message.reports
    if sender != desk.leader:
        return  # late
    if len({report.request_id for report in reports}) != len(reports) or not 2 <= len(reports) <= MAX_BATCH:
        raise RuleBroken(f"a batch of {len(reports)} reports, or with a request twice", sender)
    if batcher.signatures >= MAX_SIGNED:
        return
    own = [lives[report.request_id] for report in reports if _stands_by(lives.get(report.request_id), report)]
    if len(own) == len(reports) and _fit(own, desk.settings.batch_reports):
        batcher.signatures += 1
        desk.emit(Sign(ReportsStatement(desk.epoch.identity, reports)))


def _stands_by(life: Life | None, report: Report) -> bool:
    """Also when somebody has attested it meanwhile: the same report may be signed under any root."""
    return life is not None and life.vote is not None and life.report == report


def batch_signed(desk: Desk, lives: Lives, statement: ReportsStatement, signatures: Signatures) -> None:
    """The signer signed a batch: send the vote, if every leaf still stands."""
    if all(_stands_by(lives.get(report.request_id), report) for report in statement.reports):
        vote = Vote(desk.index, signatures.ecdsa, signatures.bls)
        desk.to_leader(BatchVote(root_of(statement.reports), vote))


def batch_voted(desk: Desk, batcher: Batcher, lives: Lives, sender: int, message: BatchVote) -> None:
    """Count a vote for the open batch; attest it at quorum. Raises PeerFault."""
    if message.vote.member != sender:
        raise RuleBroken(f"a vote in the name of member {message.vote.member}", sender)
    batch = batcher.open.get(message.root)
    if batch is None and message.root in batcher.given_up:  # Rule 7
        batcher.given_up.discard(message.root)
        batcher.slowness = min(batcher.slowness * 2, MAX_SLOWNESS)
        batcher.reluctant.clear()
    if batch is None or sender in batch.tally.votes:
        return  # late, or repeated
    batch.tally.add(message.vote, checked=check_vote_on_arrival(desk, message.root, message.vote))
    batch.signed.add(sender)
    for report in batch.reports:
        if (life := lives.get(report.request_id)) is not None:
            hear_ballot(desk, life, sender, Ballot(report, batch.reports, message.vote.ecdsa))
    if len(batch.tally.votes) < desk.epoch.quorum:
        return
    settle(desk, message.root, batch.tally, None)
    if len(batch.tally.votes) < desk.epoch.quorum:
        return
    reports = batch.reports
    del batcher.open[message.root]
    batcher.slowness = max(1.0, batcher.slowness * RECOVERY)
    holders = [lives[report.request_id] for report in reports if _stands_by(lives.get(report.request_id), report)]
    if len(holders) == len(reports):
        attest(desk, reports, holders, batch.tally.ordered())
    else:
        _one_by_one(desk, lives, reports)


def tick(desk: Desk, batcher: Batcher, lives: Lives) -> None:
    """Close the window, or give up on open batches, when their time has come (Rule 4)."""
    for root, batch in list(batcher.open.items()):
        if desk.now >= batch.until:
            del batcher.open[root]
            batcher.given_up.add(root)
            _split(desk, batcher, lives, batch)
    if batcher.window_ends is not None and desk.now >= batcher.window_ends:
        close_window(desk, batcher, lives)


def _split(desk: Desk, batcher: Batcher, lives: Lives, batch: OpenBatch) -> None:
    """Rules 4 and 5."""
    reports = tuple(
        report
        for report in batch.reports
        if (life := lives.get(report.request_id)) is not None and life.active and _stands_by(life, report)
    )
    _one_by_one(desk, lives, tuple(report for report in batch.reports if report not in reports))
    if batch.splits >= MAX_SPLITS or len(reports) < MIN_SPLIT:
        if len(reports) > 1:
            batcher.reluctant |= set(range(desk.epoch.n)) - batch.signed
        _one_by_one(desk, lives, reports)
        return
    until = desk.now + batcher.patience_s(desk) / 2 ** (batch.splits + 1)
    half = (len(reports) + 1) // 2
    for part in (reports[:half], reports[half:]):
        if len(part) > 1:
            _propose(desk, batcher, OpenBatch(part, until, batch.splits + 1, batch.signed))
        else:
            _one_by_one(desk, lives, part)


def _one_by_one(desk: Desk, lives: Lives, reports: tuple[Report, ...]) -> None:
    for report in reports:
        life = lives.get(report.request_id)
        if life is not None:
            attest_single(desk, life, report)
