"""The properties of docs/simulator.md, asked of a run that ended. P4 and blame are asked during it (simulator.py)."""

from __future__ import annotations

from collections.abc import Iterator

from executor.crypto.digests import make_report, payload, transcript_hash
from executor.model.draw import CommitteeDraw, parse_draw
from executor.model.ids import RequestId
from executor.model.observation import Kind
from executor.model.outcome import Awaiting
from executor.model.spec import parse_spec
from executor.model.transcript import Entry, Transcript, observed
from executor.model.view import View
from executor.protocol.draws import verified
from executor.protocol.effects import Attested
from executor.protocol.evidence import is_evidence
from executor.protocol.strategies import NO_AGREEMENT, OBSERVATION_FAILED, alone_member
from executor.testing.lies import is_within
from executor.testing.simulated_proofs import certifies, proves
from executor.testing.simulator.memory_limits import beyond_limits
from executor.testing.simulator.simulator import Simulator
from executor.testing.simulator.violation import Violation


def violations(run: Simulator, finished: bool) -> list[Violation]:
    """Everything that did not hold."""
    found = [*run.violations, *run.notary.violations]
    found += _attestations(run)
    found += _outcomes(run)
    found += _notes(run)
    found += _draws(run)
    found += [Violation("bounded memory", text) for node in run.nodes for text in beyond_limits(run, node)]
    if not finished:
        found += _unfinished(run)
    return list(dict.fromkeys(found))


def _attestations(run: Simulator) -> Iterator[Violation]:
    for node in run.nodes:
        if node.index in run.faults:
            continue
        for attested in node.held:
            yield from _attested(run, node.index, attested)


def _attested(run: Simulator, member: int, attested: Attested) -> Iterator[Violation]:
    request, report, transcript = attested.request_id, attested.report, attested.transcript
    reports, who = attested.attestation.reports, f"member {member}, request {request.hex()[:8]}"
    if report not in reports:
        yield Violation("P3", f"{who}: an attestation of other reports")
        return
    place = reports.index(report)
    mine = run.nodes[member].attestation(request)
    payloads = () if mine is None else tuple(item.payload for item in mine.evidence)
    if not proves(run.epoch, run.suite, attested.attestation, payloads):
        if (member, request) not in run.following.over:  # then its record is gone
            yield Violation("P5", f"{who}: cannot deliver what it holds")
    elif payloads[place] != attested.payload:
        yield Violation("P5", f"{who}: holds another payload")
    outcome = run.outcome(request, transcript)
    if isinstance(outcome, Awaiting):
        yield Violation("P3", f"{who}: attested over an incomplete transcript")
        return
    expected = make_report(
        request, run.function(request), transcript_hash(transcript), outcome, View(report.round, report.slots)
    )
    if expected != report or payload(outcome) != attested.payload:
        yield Violation("P3", f"{who}: {report} over {transcript}, honest execution gives {expected}")
    if attested.certificate is not None and not certifies(
        run.epoch, run.suite, request, run.function(request), attested.certificate
    ):
        yield Violation("P3", f"{who}: its certificate does not prove itself: {attested.certificate}")
    slots = len(observed(transcript))
    if slots != report.slots:
        yield Violation("draws", f"{who}: {slots} observations, the report says {report.slots}")
    for entry in transcript[slots:]:
        if not verified(run.suite, parse_draw(entry.spec), entry.value, run.draw_key.public_key):
            yield Violation("draws", f"{who}: a proof that does not verify")
    if run.programs[request].committee and transcript_hash(observed(transcript)) not in run.notary.released(request):
        yield Violation("settled", f"{who}: attested over another transcript than the one that was released")
    for slot in range(slots):
        yield from (
            Violation("agreement", f"{who}, slot {slot}: {text}") for text in _entry(run, request, transcript, slot)
        )


def _entry(run: Simulator, request: RequestId, transcript: Transcript, slot: int) -> Iterator[str]:
    """What is wrong with an agreed entry: its set's shape, forged members, values beyond their bound."""
    entry, so_far = transcript[slot], transcript_hash(transcript[:slot])
    for signed in entry.observations:
        if signed.member not in run.faults and not run.notary.signed_observation(
            signed.member, (signed.member, request, so_far, slot), signed.observation
        ):
            yield f"member {signed.member} never signed {signed.observation}"
    if entry.observations and not parse_spec(entry.spec).alone:
        yield from _shape(run, entry)
    spec, alone = parse_spec(entry.spec), alone_member(request, run.epoch.n)
    if spec.alone and entry.observations and [signed.member for signed in entry.observations] != [alone]:
        yield f"observed by others than member {alone}, which looks alone"
    if spec.alone and alone in run.faults:
        return  # whatever it says is agreed
    honest = sorted(run.seen.get((request, slot), ()))
    if entry.kind is Kind.VALUE and not is_within(spec.aggregate, entry.value, honest):
        yield f"{entry.value!r} is beyond what honest members saw: {honest}"
    if entry.kind is Kind.ERROR and entry.value.split(b":")[0] not in (NO_AGREEMENT, OBSERVATION_FAILED):
        failed = [trouble for trouble in run.scenario.troubles if trouble.slot == slot and trouble.fails]
        if not failed:
            yield f"{entry.value!r}, which no honest member saw"


def _shape(run: Simulator, entry: Entry) -> Iterator[str]:
    n, f = len(run.epoch.members), run.scenario.f
    members = [signed.member for signed in entry.observations]
    errors = sum(signed.observation.kind is Kind.ERROR for signed in entry.observations)
    if len(set(members)) != len(members):
        yield f"a set that counts a member twice: {members}"
    all_values, all_errors = len(members) == n - f and errors == 0, errors == len(members) == f + 1
    mixed = len(members) == n - f and 1 <= errors <= f
    if not (all_values or all_errors or mixed):
        yield f"a set of {len(members)} observations with {errors} errors"
    if entry.kind is Kind.VALUE and not all_values:
        yield f"a value agreed over a set with {errors} errors"


def _outcomes(run: Simulator) -> Iterator[Violation]:
    for request, outcomes in run.notary.possible_outcomes():
        if len(outcomes) > 1:
            yield Violation(
                "P2", f"{len(outcomes)} outcomes of request {request.hex()[:8]} could be attested: {outcomes}"
            )
    for request, view in run.notary.double_certificates():
        yield Violation("P2", f"two transcripts of request {request.hex()[:8]} could be certified in {view}")
    for member in run.notary.slashable():
        yield Violation("K1", f"member {member}'s signer signed two outcomes of one transcript")
    for node in run.nodes:
        if node.refused and node.index not in run.faults:
            yield Violation("K1", f"member {node.index} asked its signer for a second outcome of one transcript")


def _notes(run: Simulator) -> Iterator[Violation]:
    honest = set(run.scenario.honest)
    for node in run.nodes:
        for accused in node.accused if node.index not in run.faults else ():
            signer = run.epoch.members[accused.member].signer
            if not is_evidence(run.epoch.identity, signer, accused.first, accused.second, run.suite):
                yield Violation("K1", f"member {node.index} accuses member {accused.member} of what is no evidence")
    for node in run.nodes:
        if node.index in run.faults:
            continue
        for note in node.notes:
            if note.kind in ("fault", "outvoted") and note.details.get("member") in honest - {node.index}:
                yield Violation(
                    "nobody honest is blamed", f"member {node.index} notes {note.kind}: {dict(note.details)}"
                )


def _draws(run: Simulator) -> Iterator[Violation]:
    """A committee's draws: settled before they are known, and the same at every member."""
    for request, text in run.notary.unsettled():
        yield Violation("settled", f"request {request.hex()[:8]}: {text}")
    held: dict[RequestId, tuple[bytes, ...]] = {}
    for node in run.nodes:
        if node.index in run.faults:
            continue
        if node.parts_refused:
            yield Violation("foreseen", f"member {node.index} asked its signer for a part without a release")
        for request, life in node.member._lives.items():
            proofs = life.drawing.proofs
            longest = held.setdefault(request, proofs)
            if longest[: len(proofs)] != proofs[: len(longest)]:
                yield Violation("draws", f"members hold different proofs of request {request.hex()[:8]}")
            held[request] = max(longest, proofs, key=len)
            for ordinal, proof in enumerate(proofs):
                draw = CommitteeDraw(run.epoch.chain_id, run.epoch.router, request, ordinal)
                if not verified(run.suite, draw, proof, run.draw_key.public_key):
                    yield Violation("draws", f"member {node.index} holds a proof of draw {ordinal} that is none")


def _unfinished(run: Simulator) -> Iterator[Violation]:
    for number in run.following.open():
        phases = [
            [life.phase.name for key, life in run.nodes[member].member._lives.items() if run.numbers[key] == number]
            for member in run.scenario.honest
        ]
        yield Violation("liveness", f"request {number} is not delivered; honest members are {phases}")
