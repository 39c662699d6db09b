"""Everything that was ever signed, by whom: what an adversary could combine, whatever was sent.

Rule 1. An honest member signs one Prepare a view (P2), one value for a slot and no error after it, and never two
        outcomes of one transcript (K1).
Rule 2. Faulty members sign everything: an honest signature that needs only theirs to be complete is taken as complete.
Rule 3. No honest member's part of a draw is made before a release of the request could be complete.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from executor.crypto.digests import report_leaf
from executor.model.ids import RequestId, TranscriptHash
from executor.model.observation import Kind, Observation
from executor.model.report import Report
from executor.model.view import View
from executor.protocol.evidence import find_evidence, signed_reports
from executor.protocol.statements import (
    DrawStatement,
    ObservationStatement,
    PrepareStatement,
    ReportsStatement,
    Signatures,
    Statement,
)
from executor.testing.simulator.violation import Violation

Place: TypeAlias = tuple[int, RequestId, TranscriptHash, int]
Outcome: TypeAlias = tuple[bytes, bytes, int, int, int, bytes]


def outcome_of(report: Report) -> Outcome:
    """What a report says happened, without the view it was voted in."""
    return (
        report.function_id,
        report.transcript_hash,
        int(report.status),
        report.slots,
        report.fuel_used,
        report.output_hash,
    )


@dataclass(slots=True)
class Notary:
    """The signatures of one run. `needed` honest ones and those of all faulty members are a quorum."""

    honest: frozenset[int]
    careful: frozenset[int]  # whose signers keep their record: the honest ones, and who is faulty before its signer
    needed: int
    violations: list[Violation] = field(default_factory=list)
    prepares: dict[tuple[RequestId, View], dict[TranscriptHash, set[int]]] = field(default_factory=dict)
    observations: dict[Place, list[Observation]] = field(default_factory=dict)
    votes: dict[tuple[Report, ...], dict[int, bytes]] = field(default_factory=dict)
    settled: dict[RequestId, dict[tuple[TranscriptHash, View], set[int]]] = field(default_factory=dict)

    def record(self, member: int, statement: Statement, signatures: Signatures) -> None:
        """Take down one signature; honest ones are checked by Rule 1."""
        match statement:
            case ObservationStatement():
                self._observe(member, statement)
            case PrepareStatement():
                self._prepare(member, statement)
            case ReportsStatement(reports=reports):
                self.votes.setdefault(reports, {})[member] = signatures.ecdsa
            case DrawStatement(request_id=request, transcript_hash=hashed, view=view):
                self.settled.setdefault(request, {}).setdefault((hashed, view), set()).add(member)
            case _:
                assert_never(statement)

    def signed_observation(self, member: int, place: Place, observation: Observation) -> bool:
        """Whether the member signed this observation for this place."""
        return observation in self.observations.get((member, *place[1:]), ())

    def possible_outcomes(self) -> Iterator[tuple[RequestId, set[Outcome]]]:
        """Every outcome of a request that some quorum could be combined for (Rule 2); P2: one at most."""
        found: dict[RequestId, set[Outcome]] = {}
        for reports, voters in self.votes.items():
            if len(self.honest & voters.keys()) >= self.needed:
                for report in reports:
                    found.setdefault(report.request_id, set()).add(outcome_of(report))
        yield from found.items()

    def double_certificates(self) -> Iterator[tuple[RequestId, View]]:
        """Views in which two transcripts could be certified; there are none."""
        for (request, view), transcripts in self.prepares.items():
            if sum(len(self.honest & members) >= self.needed for members in transcripts.values()) > 1:
                yield request, view

    def give_part(self, member: int, request: RequestId, ordinal: int) -> None:
        """A member's signer makes a part of a draw (Rule 3)."""
        if member in self.honest and not self.released(request):
            text = f"member {member} gives its part of draw {ordinal} of {request.hex()[:8]} before a release"
            self.violations.append(Violation("foreseen", text))

    def released(self, request: RequestId) -> dict[TranscriptHash, View]:
        """What could be released of a request, in which first view; one transcript at most."""
        found: dict[TranscriptHash, View] = {}
        for (hashed, view), members in self.settled.get(request, {}).items():
            if len(self.honest & members) >= self.needed:
                found[hashed] = min(found.get(hashed, view), view)
        return found

    def unsettled(self) -> Iterator[tuple[RequestId, str]]:
        """Requests of which two transcripts could be released, or another certified after one was; there are none."""
        for request in self.settled:
            found = self.released(request)
            if len(found) > 1:
                yield request, f"{len(found)} transcripts could be released"
            for hashed, first in found.items():
                for (other, view), transcripts in self.prepares.items():
                    late = [
                        each
                        for each, members in transcripts.items()
                        if each != hashed and len(self.honest & members) >= self.needed
                    ]
                    if other == request and view > first and late:
                        yield request, f"another transcript could be certified in {view}, after {first} was released"

    def slashable(self) -> Iterator[int]:
        """Honest members that a contract would slash for two of their votes; there are none."""
        for member in sorted(self.careful):
            mine = [
                (vote, report_leaf(vote.report))
                for reports, voters in self.votes.items()
                if member in voters
                for vote in signed_reports(reports, voters[member])
            ]
            if find_evidence(vote for vote, _ in mine) is not None:
                yield member

    def _prepare(self, member: int, statement: PrepareStatement) -> None:
        transcripts = self.prepares.setdefault((statement.request_id, statement.view), {})
        others = [hashed for hashed, members in transcripts.items() if member in members]
        transcripts.setdefault(statement.transcript_hash, set()).add(member)
        if member in self.honest and any(hashed != statement.transcript_hash for hashed in others):
            self.violations.append(Violation("one Prepare a view", f"member {member} signed two in {statement.view}"))

    def _observe(self, member: int, statement: ObservationStatement) -> None:
        place = (member, statement.request_id, statement.so_far, statement.slot)
        before = self.observations.setdefault(place, [])
        if statement.observation in before:
            return
        before.append(statement.observation)
        if member in self.honest and any(seen.kind is Kind.VALUE for seen in before[:-1]):
            self.violations.append(
                Violation("a value is final", f"member {member} then signed {statement.observation}")
            )
        elif member in self.honest and [seen.kind for seen in before].count(Kind.ERROR) > 1:
            self.violations.append(Violation("a value is final", f"member {member} signed two errors: {before}"))
