"""Counting votes: per report, never first come, losers kept (P4).

Rule 1. A vote counts for the report it signs and for nothing else; a member that signs two reports counts for each.
Rule 2. Nothing is thrown away because it lost so far: the report that reaches the quorum wins whenever it does.
Rule 3. Of one member only its latest MAX_REPORTS reports are kept: an honest member votes once a view.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from executor.crypto.digests import report_leaf
from executor.model.ids import Digest
from executor.model.report import Report, Vote

MAX_REPORTS = 4


@dataclass(slots=True)
class Count:
    """The checked votes of one request."""

    reports: dict[Digest, Report] = field(default_factory=dict)
    votes: dict[Digest, dict[int, Vote]] = field(default_factory=dict)

    def add(self, report: Report, vote: Vote) -> None:
        """Count a checked vote."""
        leaf = report_leaf(report)
        if vote.member in self.votes.get(leaf, ()):
            return
        mine = [other for other, voters in self.votes.items() if vote.member in voters]
        if len(mine) >= MAX_REPORTS:
            self._forget(mine[0], vote.member)
        self.reports[leaf] = report
        self.votes.setdefault(leaf, {})[vote.member] = vote

    def winner(self, quorum: int) -> Report | None:
        """The report at quorum, if any; P2 makes it the only outcome, and views make later ones equal to it."""
        for leaf, voters in self.votes.items():
            if len(voters) >= quorum:
                return self.reports[leaf]
        return None

    def of(self, report: Report) -> tuple[Vote, ...]:
        """The votes for a report, by member."""
        voters = self.votes.get(report_leaf(report), {})
        return tuple(voters[member] for member in sorted(voters))

    def latest(self) -> Mapping[int, Report]:
        """The last report each member voted for."""
        last: dict[int, Report] = {}
        for leaf, voters in self.votes.items():
            last.update(dict.fromkeys(voters, self.reports[leaf]))
        return last

    def _forget(self, leaf: Digest, member: int) -> None:
        del self.votes[leaf][member]
        if not self.votes[leaf]:
            del self.votes[leaf], self.reports[leaf]
