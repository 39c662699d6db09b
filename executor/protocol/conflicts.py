"""Finding members that voted for two outcomes of one run, while votes are counted (evidence.py says what that is).

Rule 1. Every vote whose ECDSA signature verified is heard: for a report alone, for a batch, in an attestation; also
        after the request was attested, until it is closed.
Rule 2. Of each member the latest MAX_BALLOTS votes for distinct outcomes are kept: an honest member has one outcome a
        transcript, and at most one new transcript a view. A flood pushes out its own sender's votes only.
Rule 3. A member is told of once a request; after a restart perhaps once more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from executor.crypto.digests import report_leaf
from executor.crypto.merkle import merkle_path
from executor.model.codec import Hex
from executor.model.report import Report, Vote
from executor.protocol.evidence import SignedReport, equivocates, same_run

MAX_BALLOTS = 8


@dataclass(frozen=True, slots=True)
class Ballot:
    """A vote for one report of those signed together; paths are computed only for evidence."""

    report: Report
    together: tuple[Report, ...]
    signature: Hex

    def signed_report(self) -> SignedReport:
        """The vote as evidence holds it."""
        leaves = [report_leaf(report) for report in self.together]
        return SignedReport(self.report, merkle_path(leaves, self.together.index(self.report)), self.signature)


@dataclass(slots=True)
class Ballots:
    """What was heard of each member about one request."""

    kept: dict[int, list[Ballot]] = field(default_factory=dict)
    told: set[int] = field(default_factory=set)

    def hear(self, member: int, ballot: Ballot) -> tuple[SignedReport, SignedReport] | None:
        """Keep a checked vote; the first two that are evidence (Rule 3), earlier one first."""
        if member in self.told:
            return None
        mine = self.kept.setdefault(member, [])
        for known in mine:
            if equivocates(known.report, ballot.report):
                self.told.add(member)
                return known.signed_report(), ballot.signed_report()
        if not any(same_run(known.report, ballot.report) for known in mine):  # of equal outcomes one stands for all
            mine.append(ballot)
            del mine[:-MAX_BALLOTS]
        return None

    def hear_all(self, report: Report, together: tuple[Report, ...], votes: Iterable[Vote]) -> None:
        """Keep checked votes that nothing was told of yet; for taking up an attestation from the journal."""
        for vote in votes:
            self.hear(vote.member, Ballot(report, together, vote.ecdsa))
