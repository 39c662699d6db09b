"""Counting votes: per report, never first come, losers kept (P4).

Rule 1. A vote counts for the report it signs and for nothing else; a member that signs two reports counts for each.
Rule 2. Nothing is thrown away because it lost so far: the report that reaches the quorum wins whenever it does.
Rule 3. Of one member only its latest MAX_REPORTS reports are kept: an honest member votes once a view.
Rule 4. A vote is counted once its ECDSA signature verified. BLS signatures, which cost a pairing each, wait until an
        attestation is to be made of them (of a report that goes into a batch, never): then all are checked by one
        equation, and only where that fails the bad are searched.
Rule 5. A bad signature is its sender's own: its vote leaves the count, the others stay. Whoever was caught has each
        later BLS signature checked on arrival, so that every member makes the others search once at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from executor.crypto.digests import report_leaf
from executor.crypto.proofs import bad_bls_votes, check_vote_ecdsa, needs_bls
from executor.errors import BadSignature
from executor.model.ids import Digest, RequestId, Root
from executor.model.report import Report, Vote
from executor.protocol.effects import Note

if TYPE_CHECKING:  # a desk's lives hold counts
    from executor.protocol.desk import Desk

MAX_REPORTS = 4


@dataclass(slots=True)
class Tally:
    """Votes of distinct members over one root; `unchecked` names those whose BLS signature nobody looked at yet."""

    votes: dict[int, Vote] = field(default_factory=dict)
    unchecked: set[int] = field(default_factory=set)

    def add(self, vote: Vote, *, checked: bool = True) -> None:
        """Count a vote; a member's second one changes nothing."""
        if vote.member not in self.votes:
            self.votes[vote.member] = vote
            if not checked:
                self.unchecked.add(vote.member)

    def forget(self, member: int) -> None:
        """Take a member's vote out."""
        del self.votes[member]
        self.unchecked.discard(member)

    def ordered(self) -> tuple[Vote, ...]:
        """The votes, by member."""
        return tuple(self.votes[member] for member in sorted(self.votes))


@dataclass(slots=True)
class Count:
    """The votes of one request."""

    reports: dict[Digest, Report] = field(default_factory=dict)
    tallies: dict[Digest, Tally] = field(default_factory=dict)

    def add(self, report: Report, vote: Vote, *, checked: bool = True) -> None:
        """Count a vote that `check_vote_on_arrival` allowed; `checked` is its answer."""
        leaf = report_leaf(report)
        if self.holds(report, vote.member):
            return
        mine = [other for other, tally in self.tallies.items() if vote.member in tally.votes]
        if len(mine) >= MAX_REPORTS:
            self.tallies[mine[0]].forget(vote.member)
            self.drop_empty(mine[0])
        self.reports[leaf] = report
        self.tallies.setdefault(leaf, Tally()).add(vote, checked=checked)

    def holds(self, report: Report, member: int) -> Vote | None:
        """A member's counted vote for a report."""
        tally = self.tallies.get(report_leaf(report))
        return tally.votes.get(member) if tally else None

    def of(self, report: Report) -> tuple[Vote, ...]:
        """The votes for a report, by member."""
        tally = self.tallies.get(report_leaf(report))
        return tally.ordered() if tally else ()

    def latest(self) -> Mapping[int, Report]:
        """The last report each member voted for."""
        last: dict[int, Report] = {}
        for leaf, tally in self.tallies.items():
            last.update(dict.fromkeys(tally.votes, self.reports[leaf]))
        return last

    def drop_empty(self, leaf: Digest) -> None:
        """Forget a report that nobody votes for any more."""
        if not self.tallies[leaf].votes:
            del self.tallies[leaf], self.reports[leaf]


def check_vote_on_arrival(desk: Desk, root: Root, vote: Vote) -> bool:
    """Raises NotAMember or BadSignature for what can be told at once; whether nothing is left to check (Rule 4)."""
    check_vote_ecdsa(desk.epoch, root, vote, desk.suite)
    if not needs_bls(desk.epoch):
        return True
    if not desk.suite.is_point(vote.bls):
        raise BadSignature("the vote's BLS signature is no point", vote.member)
    if vote.member not in desk.caught:
        return False
    if bad_bls_votes(desk.epoch, root, [vote], desk.suite):
        raise BadSignature("the vote's BLS signature does not verify", vote.member)
    return True


def settle(desk: Desk, root: Root, tally: Tally, request: RequestId | None) -> None:
    """Check what was not checked yet, all at once; bad votes leave and blame their senders (Rules 4 and 5)."""
    if not tally.unchecked:
        return
    waiting = [tally.votes[member] for member in sorted(tally.unchecked)]
    tally.unchecked.clear()
    for member in sorted(bad_bls_votes(desk.epoch, root, waiting, desk.suite)):
        tally.forget(member)
        desk.caught.add(member)
        message = "the vote's BLS signature does not verify"
        desk.emit(Note("fault", request, {"member": member, "error": BadSignature.__name__, "message": message}))


def candidate(desk: Desk, count: Count) -> Report | None:
    """The report that a quorum signed by ECDSA, the only one there can be; their BLS signatures may be bad."""
    for leaf, tally in count.tallies.items():
        if len(tally.votes) >= desk.epoch.quorum:
            return count.reports[leaf]
    return None


def winner(desk: Desk, count: Count, request: RequestId | None = None) -> Report | None:
    """The report at quorum with whole votes; P2 makes it the only outcome, and views make later ones equal to it."""
    for leaf, tally in list(count.tallies.items()):
        if len(tally.votes) < desk.epoch.quorum:
            continue
        settle(desk, Root(leaf), tally, request)
        if len(tally.votes) >= desk.epoch.quorum:
            return count.reports[leaf]
        count.drop_empty(leaf)
    return None


def good_votes(desk: Desk, count: Count, report: Report) -> tuple[Vote, ...]:
    """The votes for a report that verify whole, by member: what attestations and receipts are made of."""
    leaf = report_leaf(report)
    if (tally := count.tallies.get(leaf)) is None:
        return ()
    settle(desk, Root(leaf), tally, report.request_id)
    votes = tally.ordered()
    count.drop_empty(leaf)
    return votes
