"""Faults of saying different things: observations, votes, outputs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from executor.crypto.digests import transcript_hash
from executor.model.draw import is_draw
from executor.model.ids import RequestId
from executor.model.observation import Observation
from executor.model.outcome import Awaiting, Outcome, Returned
from executor.model.report import Report
from executor.model.transcript import Transcript
from executor.protocol.delivering import root_of
from executor.protocol.messages import BatchProposal, BatchVote, Message, PendingObservation, Status, VoteMessage
from executor.testing.simulator.faults.fault import Fault
from executor.testing.simulator.hand import wrong


class EquivocatingObservations(Fault):
    """Signs a new observation for the same slot whenever it tells one, true or not."""

    name = "equivocating-observations"

    def sends(self, recipient: int, message: Message) -> Iterable[Message]:  # noqa: ARG002 (the interface's)
        """Statuses with another observation."""
        if not isinstance(message, Status):
            return [message]
        return [replace(message, observations=tuple(self._other(message, item) for item in message.observations))]

    def _other(self, status: Status, item: PendingObservation) -> PendingObservation:
        base = next(
            (
                each
                for each in self._bases(status.request_id)
                if len(each) == item.slot and transcript_hash(each) == item.so_far
            ),
            None,
        )
        outcome = None if base is None else self.hand.outcome(status.request_id, base)
        if base is None or not isinstance(outcome, Awaiting) or is_draw(outcome.spec):
            return item
        seen = self.hand.lie(outcome.spec)
        return replace(item, signed=self.hand.observation(status.request_id, base, outcome.spec, seen))

    def _bases(self, request: RequestId) -> list[Transcript]:
        known = self.hand.memory.certificates.get(request, ())
        return [(), *(certificate.transcript for certificate in known)]


class LyingObservation(Fault):
    """Sees something that nobody else sees, always the same or an error, by the tape."""

    name = "lying-observation"

    def sees(self, request: RequestId, so_far: Transcript, spec: bytes, seen: Observation) -> Observation | None:  # noqa: ARG002 (the interface's)
        """A lie."""
        return self.hand.lie(spec)


class EquivocatingVotes(Fault):
    """Votes for the right report and for others: another output, another view, batches with a wrong leaf."""

    name = "equivocating-votes"

    def sends(self, recipient: int, message: Message) -> Iterable[Message]:  # noqa: ARG002 (the interface's)
        """Votes before and after the right one."""
        match message:
            case VoteMessage(report=report):
                return self._shuffled([message, *(VoteMessage(each, self.hand.vote((each,))) for each in lies(report))])
            case BatchProposal(reports=reports):
                changed = (replace(reports[0], output_hash=wrong(reports[0])), *reports[1:])
                return self._shuffled([message, BatchProposal(changed), BatchProposal(reports[::-1])])
            case BatchVote():
                known = [each.report for _, each in self.hand.memory.messages if isinstance(each, VoteMessage)][-2:]
                roots = [tuple(known)] if len(known) == 2 else []
                return [*(BatchVote(root_of(each), self.hand.vote(each)) for each in roots), message]
            case _:
                return [message]

    def _shuffled(self, messages: list[Message]) -> list[Message]:
        return messages[::-1] if self.hand.tape.byte() < 128 else messages


class WrongOutputs(Fault):
    """Observes honestly and votes for an output that execution did not give."""

    name = "wrong-output"

    def computes(self, outcome: Outcome) -> Outcome:
        """Another output."""
        return _wrong(outcome)


class UnsteadyWorker(Fault):
    """Its worker gives now the right outcome and now a wrong one; its signer is honest, and keeps it from two votes."""

    name = "unsteady-worker"
    signer_is_honest = True

    def computes(self, outcome: Outcome) -> Outcome:
        """By the tape."""
        return _wrong(outcome) if self.hand.tape.byte() % 2 else outcome


def lies(report: Report) -> list[Report]:
    """Reports beside this one: of another output, another fuel, another view."""
    return [
        replace(report, output_hash=wrong(report)),
        replace(report, fuel_used=report.fuel_used + 1),
        replace(report, round=report.round + 1),
    ]


def _wrong(outcome: Outcome) -> Outcome:
    match outcome:
        case Awaiting():
            return outcome
        case Returned(output, fuel):
            return Returned(output + b"!", fuel)
        case _:
            return Returned(b"fine", 1)
