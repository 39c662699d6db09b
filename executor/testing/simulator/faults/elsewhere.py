"""What honest members signed in another epoch or on another chain, shown in this one: whole, and of no worth here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from executor.crypto.digests import keccak256, transcript_hash
from executor.crypto.proofs import build_proof
from executor.model.committee import EpochIdentity
from executor.model.draw import is_draw
from executor.model.ids import RequestId
from executor.model.observation import Kind, Observation, SignedObservation
from executor.model.outcome import Awaiting
from executor.model.report import Attestation, Report, Status, Vote
from executor.model.transcript import Entry
from executor.model.view import NO_VIEW, Certificate, Prepare, View
from executor.protocol.messages import AttestationMessage, CertificateMessage, DrawNews, Evidence, Message, Proposal
from executor.protocol.releases import Release, Stated
from executor.protocol.statements import DrawStatement, ObservationStatement, PrepareStatement, ReportsStatement
from executor.testing.simulator.faults.fault import Fault
from executor.testing.simulator.hand import Hand
from executor.testing.simulator.programs import value_of

PAYLOAD = b"elsewhere"


class OtherEpochs(Fault):
    """Shows attestations, certificates and observations that a quorum made in another epoch, or on another chain."""

    name = "other-epochs"

    def turns(self) -> None:
        """All of them, to some members."""
        hand = self.hand
        identity = hand.epoch.identity
        there = hand.tape.one(
            [
                replace(identity, number=identity.number + 1),
                replace(identity, chain_id=identity.chain_id + 1),
                replace(identity, committee=identity.router),
            ]
        )
        for request in list(hand.memory.requests)[:2]:
            for message in _messages(hand, there, request):
                hand.post(hand.tape.one(hand.others), message, 0.1 * hand.tape.below(30))


def _messages(hand: Hand, there: EpochIdentity, request: RequestId) -> Iterator[Message]:
    function, nothing = hand.function(request), transcript_hash(())
    report = Report(request, function, nothing, Status.RETURNED, 0, 0, 1, keccak256(PAYLOAD))
    votes = []
    for member in range(hand.epoch.n):
        signatures = hand.sign_elsewhere(member, ReportsStatement(there, (report,)))
        votes.append(Vote(member, signatures.ecdsa, signatures.bls))
    scheme = hand.epoch.verifiers[0].scheme
    proof = build_proof(scheme, hand.epoch, votes, hand.suite)
    yield AttestationMessage(Attestation(scheme, (report,), proof), (Evidence(PAYLOAD, None),), tuple(votes))
    statement = DrawStatement(there, request, function, nothing, NO_VIEW)
    stated = [Stated(member, hand.sign_elsewhere(member, statement).ecdsa) for member in range(hand.epoch.n)]
    yield DrawNews(request, Release(nothing, NO_VIEW, tuple(stated)), ())
    outcome = hand.outcome(request, ())
    if not isinstance(outcome, Awaiting) or is_draw(outcome.spec):
        return
    seen = Observation(Kind.VALUE, value_of(outcome.spec, 666, "elsewhere"))
    looks = [
        SignedObservation(
            member,
            seen,
            hand.sign_elsewhere(
                member, ObservationStatement(there, request, function, nothing, 0, outcome.spec, seen)
            ).ecdsa,
        )
        for member in range(hand.epoch.n)
    ]
    transcript = (Entry(outcome.spec, Kind.VALUE, seen.value, tuple(looks[: hand.epoch.quorum])),)
    view = View(hand.round, 1)
    yield Proposal(request, view, transcript, None)
    hashed = transcript_hash(transcript)
    prepares = tuple(
        Prepare(
            member,
            view,
            hashed,
            hand.sign_elsewhere(member, PrepareStatement(there, request, function, hashed, view)).ecdsa,
        )
        for member in range(hand.epoch.n)
    )
    yield CertificateMessage(request, Certificate(view, transcript, prepares))
