"""Draws: what comes after the last observation, agreed by verification alone (protocol.md, "Draws come last").

Rule 1. A draw is asked for only over the locked transcript, and counts only when its proof verifies: there is one valid
        proof, so no two members can hold different draws of one transcript, and no certificate is needed.
Rule 2. Views, locks, certificates and `slots` count observations only; the report's transcript hash covers the draws.
Rule 3. A round is not asked for before its time by this member's own clock. Asking late costs time and nothing else.
Rule 4. Proofs are kept with the attestation. drand's are obtained again else: a restarted member gets the same.

Theory of operation: each source has a row of its own in what is asked and what is verified. drand's proof comes from
outside, by an effect (`ask`, `obtained`); a committee's is made of members' parts (drawing.py). Both end in `adopt`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from executor.crypto.digests import transcript_hash
from executor.crypto.draws import committee_digest
from executor.crypto.suite import Suite
from executor.errors import InvalidSpec
from executor.model.draw import MAX_DRAWS, PROOF_BYTES, CommitteeDraw, DrandDraw, Draw, is_draw, parse_draw
from executor.model.observation import Kind
from executor.model.outcome import Awaiting, Outcome
from executor.model.report import Report
from executor.model.transcript import Entry, Transcript
from executor.protocol.desk import Desk
from executor.protocol.effects import Note, Obtain
from executor.protocol.lifecycle import Event, Life, Phase


def awaits_draw(outcome: Outcome | None) -> bool:
    """Whether a run ended at a draw."""
    return isinstance(outcome, Awaiting) and is_draw(outcome.spec)


def verified(suite: Suite, draw: Draw, proof: bytes, key: bytes | None) -> bool:
    """Whether this proof is the draw's; pure. `key`: the epoch's draw key, which a committee's draw is under."""
    if len(proof) != PROOF_BYTES:
        return False
    match draw:
        case DrandDraw(key=group, round=round):
            return suite.is_round(group, round, proof)
        case CommitteeDraw():
            return key is not None and suite.is_draw(key, committee_digest(draw), proof)
        case _:
            assert_never(draw)


def ask(desk: Desk, life: Life) -> None:
    """Ask for the awaited draw when its time has come (Rule 3), unless that is under way."""
    draw = awaited(life)
    if not isinstance(draw, DrandDraw) or desk.now < draw.published_at:
        return
    key = ("draw", transcript_hash(life.whole))
    if key not in life.asked:
        life.asked[key] = desk.round
        desk.emit(Obtain(life.subject.request_id, draw))


def awaited(life: Life) -> Draw | None:
    """The draw that this member waits for."""
    if life.phase is not Phase.AWAITING:
        return None
    outcome = life.outcomes.get(transcript_hash(life.whole))
    return parse_draw(outcome.spec) if isinstance(outcome, Awaiting) and is_draw(outcome.spec) else None


def due(desk: Desk, life: Life) -> float | None:
    """When an awaited draw is published, while that lies ahead."""
    draw = awaited(life)
    return float(draw.published_at) if isinstance(draw, DrandDraw) and draw.published_at > desk.now else None


def obtained(desk: Desk, life: Life, draw: Draw, proof: bytes) -> bool:
    """A proof came from outside; whether it is the awaited draw's, and the run goes on (Rule 1)."""
    if awaited(life) != draw:
        return False  # late, or repeated
    if not verified(desk.suite, draw, proof, None):
        desk.emit(Note("no-draw", life.subject.request_id, {"error": "the proof obtained does not verify"}))
        return False
    adopt(life, proof)
    return True


def adopt(life: Life, proof: bytes) -> None:
    """Go on with the verified proof of the awaited draw."""
    outcome = life.outcomes[transcript_hash(life.whole)]
    assert isinstance(outcome, Awaiting), "a draw is awaited"
    life.draws = (*life.draws, Entry(outcome.spec, Kind.DRAW, proof))
    life.move(Event.DRAWN)


def completed(report: Report, base: Transcript, candidates: Sequence[Transcript]) -> Transcript | None:
    """The observations `base` with the draws that make the report's transcript, or None.

    The attested hash commits to them, so whatever hashes to it is right: a quorum verified the proofs.
    """
    for draws in ((), *candidates):
        if len(draws) > MAX_DRAWS or any(entry.kind is not Kind.DRAW for entry in draws):
            continue
        if transcript_hash((*base, *draws)) == report.transcript_hash:
            return (*base, *draws)
    return None


def check_draw(suite: Suite, spec: bytes, proof: bytes, key: bytes | None) -> Draw:
    """The draw of a transcript's entry; raises InvalidSpec when it is none, or its proof does not verify."""
    draw = parse_draw(spec)
    if not verified(suite, draw, proof, key):
        whose = "the key it names" if isinstance(draw, DrandDraw) else "the epoch's draw key"
        raise InvalidSpec(f"the proof of draw {draw.ordinal} does not verify under {whose}")
    return draw
