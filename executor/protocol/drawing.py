"""A committee's own draws: released, made of members' parts, told to all (docs/protocol.md, "Draws").

Rule 1. A member that awaits a draw over exactly its lock's transcript states that this is settled, as it would vote:
        under `lock.may_vote`, and for a finalized request only, since others are not begun.
Rule 2. q statements of one transcript and view are a release (releases.py). Before a member holds one, and holds it
        durably, no part of a draw leaves it. One release serves all draws of its transcript.
Rule 3. A member gives its part of a draw when it awaits that draw over the released transcript and the draws before it,
        and to the leader alone.
Rule 4. A proof counts when it verifies under the epoch's key, whoever brings it: there is one. So no view, lock or
        certificate counts draws, and members that went on by a proof can never differ.
Rule 5. Parts are put together first, and looked at one by one only when what comes out does not verify; a bad one
        leaves, and its sender's later ones are looked at on arrival.
Rule 6. Every leader begins anew with what members tell it in its round. A release that came in it goes to everybody;
        whoever lacks a release or proofs that were here when the round began is answered, once a round. A release is
        large, so it is told to who states or asks, and not in every round.

Theory of operation: `progress` is called after every input, at every member, and does whatever can be done now. What is
told twice is told once a round: a lost message costs a round. The awaited draw comes from the run (draws.py); what is
known of a request's draws stays when the lock moves, for it belongs to the request.
"""

from __future__ import annotations

from collections.abc import Mapping

from executor.crypto.digests import draw_digest
from executor.errors import BadSignature, InvalidValue
from executor.model.draw import CommitteeDraw
from executor.model.ids import Digest, TranscriptHash
from executor.model.view import View
from executor.protocol import lock
from executor.protocol.desk import Desk
from executor.protocol.draw_state import DrawState
from executor.protocol.draws import awaited
from executor.protocol.effects import ALL, Note, Save, Send, Sign, SignPart
from executor.protocol.lifecycle import Life
from executor.protocol.messages import DrawNews, DrawStatus, Settled
from executor.protocol.releases import Release, Stated, check_release, check_stated
from executor.protocol.statements import DrawStatement, Signatures


def progress(desk: Desk, life: Life) -> bytes | None:
    """Do what can be done now, leading or not; the proof of the awaited draw, if it is here."""
    _lead(desk, life)
    draw = awaited(life)
    if not isinstance(draw, CommitteeDraw):
        return None
    if draw != draw_of(desk, life, len(life.draws)):
        raise InvalidValue(f"execution awaits {draw}, which is none of this request's (D2)")
    if len(life.draws) < len(life.drawing.proofs):
        return life.drawing.proofs[len(life.draws)]
    _contribute(desk, life)
    return None


def draw_of(desk: Desk, life: Life, ordinal: int) -> CommitteeDraw:
    """A request's draw, by its number."""
    epoch = desk.epoch
    return CommitteeDraw(epoch.chain_id, epoch.router, life.subject.request_id, ordinal)


def enter_round(desk: Desk, life: Life) -> None:
    """A round began (Rule 6)."""
    state = life.drawing
    state.begun_with = state.announced = len(state.proofs)
    state.answered.clear()
    state.asking.clear()
    if state.release is not None or state.proofs or _own_statement(life) is not None:
        _send_status(desk, life)


# What this member gives.


def _contribute(desk: Desk, life: Life) -> None:
    """Have the signer make what the awaited draw needs of this member, once a round until it is there."""
    state, release = life.drawing, life.drawing.release
    if desk.draw_key is None and not state.waits_for_key:
        state.waits_for_key = True
        desk.emit(Note("no-draw-key", life.subject.request_id, {"epoch": desk.epoch.number}))
    if release is None:
        if _own_statement(life) is None and lock.may_vote(life.promises, life.locked):
            _ask(desk, state, "settled", life.locked.view.round, _statement(desk, life))
    elif release.transcript_hash == life.so_far and desk.draw_key is not None and not state.part:
        ask = SignPart(life.subject.function_id, draw_of(desk, life, len(state.proofs)), release)
        _ask(desk, state, "part", len(state.proofs), ask)


def _ask(desk: Desk, state: DrawState, what: str, which: int, effect: Sign | SignPart) -> None:
    asked = (desk.round, what, which)
    if state.asked != asked:
        state.asked = asked
        desk.emit(effect)


def _statement(desk: Desk, life: Life) -> Sign:
    subject = life.subject
    identity, view = desk.epoch.identity, life.locked.view
    return Sign(DrawStatement(identity, subject.request_id, subject.function_id, life.so_far, view))


def _own_statement(life: Life) -> Settled | None:
    """This member's statement of its present lock, once it is signed."""
    own = life.drawing.settled
    if own is None or (own.transcript_hash, own.view) != (life.so_far, life.locked.view):
        return None
    return own


def statement_signed(desk: Desk, life: Life, statement: DrawStatement, signatures: Signatures) -> None:
    """The signer signed a statement: tell the leader, if the lock is still the one it was made under."""
    if not life.active or (statement.transcript_hash, statement.view) != (life.so_far, life.locked.view):
        return
    life.drawing.settled = Settled(statement.transcript_hash, statement.view, signatures.ecdsa)
    _send_status(desk, life)


def part_signed(desk: Desk, life: Life, draw: CommitteeDraw, part: bytes) -> None:
    """The signer made this member's part: tell the leader, if the draw is still awaited (Rule 3)."""
    if life.active and awaited(life) == draw == draw_of(desk, life, len(life.drawing.proofs)):
        life.drawing.part = part
        _send_status(desk, life)


def _send_status(desk: Desk, life: Life, shown: Release | None = None) -> None:
    state = life.drawing
    settled = _own_statement(life) if state.release is None else None
    desk.to_leader(DrawStatus(life.subject.request_id, desk.round, settled, shown, state.proofs, state.part))


# What others tell.


def status_received(desk: Desk, life: Life, sender: int, status: DrawStatus) -> None:
    """A member told its leader what it holds. Raises PeerFault and changes nothing when any part is wrong."""
    if status.round == desk.round + 1 and desk.schedule.leader(status.round) == desk.index:
        desk.ahead.keep(sender, status)
        return
    if status.round != desk.round or not desk.leads:
        return
    state, settled = life.drawing, status.settled
    if settled is not None and settled != state.statements.get(sender):
        stated = Stated(sender, settled.signature)
        check_stated(life.subject, settled.transcript_hash, settled.view, stated)
    proofs = _checked(desk, life, sender, status.release, status.proofs)
    current = len(status.proofs) == len(proofs)
    if status.part and current and desk.draw_key is not None and sender in desk.caught:
        _check_part(desk, life, sender, status.part, len(proofs))
    # Everything is checked.
    _keep(desk, life, status.release, proofs)
    if settled is not None:
        state.statements[sender] = settled
    if status.part and current:
        state.parts.setdefault(sender, status.part)
    _answer(desk, life, sender, len(status.proofs), stated=settled is not None)
    if state.release is None and settled is None:
        _ask_for_release(desk, life, sender)


def news_received(desk: Desk, life: Life, sender: int, news: DrawNews) -> None:
    """A release or proofs came. Raises PeerFault and changes nothing when any part is wrong."""
    state = life.drawing
    _keep(desk, life, news.release, _checked(desk, life, sender, news.release, news.proofs))
    if sender == desk.leader:
        _answer(desk, life, sender, len(news.proofs), stated=False)
        if news.asks and state.release is not None and state.shown_in != desk.round:
            state.shown_in = desk.round
            _send_status(desk, life, state.release)


def _checked(
    desk: Desk, life: Life, sender: int, release: Release | None, proofs: tuple[bytes, ...]
) -> tuple[bytes, ...]:
    """The longer of the proofs known and these, all verified; what is known already is not verified again."""
    known = life.drawing.proofs
    if release is not None and life.drawing.release is None:
        check_release(life.subject, release)
    key = desk.draw_key
    if key is None:
        return known  # who has no key believes nothing, and blames nobody
    shorter = min(len(known), len(proofs))
    if proofs[:shorter] != known[:shorter]:
        raise BadSignature("another proof than the draw's", sender)
    for ordinal in range(len(known), len(proofs)):
        if not desk.suite.is_draw(key.public_key, _digest(desk, life, ordinal), proofs[ordinal]):
            raise BadSignature(f"the proof of draw {ordinal} does not verify", sender)
    return max(known, proofs, key=len)


def _keep(desk: Desk, life: Life, release: Release | None, proofs: tuple[bytes, ...]) -> None:
    """Keep what was checked, durably (Rule 2)."""
    state = life.drawing
    before = (state.release, len(state.proofs))
    if state.release is None and release is not None:
        state.release, state.gained_in = release, desk.round
        state.statements.clear()
    if len(proofs) > len(state.proofs):
        state.proofs, state.part = proofs, b""
        state.parts.clear()
    if before != (state.release, len(state.proofs)):
        desk.emit(Save(life.subject.request_id, life.record()))


def _answer(desk: Desk, life: Life, member: int, proofs: int, *, stated: bool) -> None:
    """Rule 6; who still states lacks the release."""
    state = life.drawing
    shown = state.release if stated and state.gained_in != desk.round else None
    lacks = proofs < state.begun_with or shown is not None
    if lacks and member not in state.answered and member != desk.index:
        state.answered.add(member)
        desk.emit(Send(member, DrawNews(life.subject.request_id, shown, state.proofs, asks=False)))


def _ask_for_release(desk: Desk, life: Life, member: int) -> None:
    """Of those who state nothing any more f + 1 are asked for what they hold: an honest one among them."""
    state = life.drawing
    if len(state.asking) <= desk.epoch.f and member not in state.asking and member != desk.index:
        state.asking.add(member)
        desk.emit(Send(member, DrawNews(life.subject.request_id, None, state.proofs, asks=True)))


def _check_part(desk: Desk, life: Life, member: int, part: bytes, ordinal: int) -> None:
    """Raises BadSignature."""
    key = desk.draw_key
    assert key is not None, "asked where there is one"
    if not desk.suite.is_part(key.shares[member], _digest(desk, life, ordinal), part):
        raise BadSignature(f"the part of draw {ordinal} does not verify", member)


def _digest(desk: Desk, life: Life, ordinal: int) -> Digest:
    return draw_digest(desk.epoch.chain_id, desk.epoch.router, life.subject.request_id, ordinal)


# What the leader makes of it.


def _lead(desk: Desk, life: Life) -> None:
    """Make release and proofs of what members told in this round; tell everybody."""
    state = life.drawing
    if not desk.leads or not life.active:
        return
    if state.release is None and (release := _released(desk, state)) is not None:
        _keep(desk, life, release, state.proofs)
    while (proof := _combined(desk, life)) is not None:
        _keep(desk, life, None, (*state.proofs, proof))
    show = state.gained_in == desk.round != state.shown_in
    if show:
        state.shown_in = desk.round
    if show or len(state.proofs) > state.announced:
        state.announced = len(state.proofs)
        release = state.release if show else None
        desk.emit(Send(ALL, DrawNews(life.subject.request_id, release, state.proofs, asks=False)))


def _released(desk: Desk, state: DrawState) -> Release | None:
    """Rule 2, of what members stated."""
    if len(state.statements) < desk.epoch.quorum:
        return None
    same: dict[tuple[TranscriptHash, View], list[Stated]] = {}
    for member in sorted(state.statements):
        each = state.statements[member]
        same.setdefault((each.transcript_hash, each.view), []).append(Stated(member, each.signature))
    found = [(about, stated) for about, stated in same.items() if len(stated) >= desk.epoch.quorum]
    return Release(*found[0][0], tuple(found[0][1][: desk.epoch.quorum])) if found else None


def _combined(desk: Desk, life: Life) -> bytes | None:
    """The proof of the draw after the last, when enough members gave good parts of it (Rule 5)."""
    state, key, needed = life.drawing, desk.draw_key, desk.epoch.f + 1
    ordinal = len(state.proofs)
    while key is not None and len(state.parts) >= needed:
        chosen = dict(list(state.parts.items())[:needed])
        try:
            proof = desk.suite.combine(chosen)
        except InvalidValue:
            proof = b""
        if proof and desk.suite.is_draw(key.public_key, _digest(desk, life, ordinal), proof):
            return proof
        for member in _bad(desk, life, chosen, ordinal) or list(chosen):
            del state.parts[member]
    return None


def _bad(desk: Desk, life: Life, parts: Mapping[int, bytes], ordinal: int) -> list[int]:
    """Whose parts do not verify; they are to blame."""
    found = []
    for member, part in parts.items():
        try:
            _check_part(desk, life, member, part, ordinal)
        except BadSignature as fault:
            found.append(member)
            desk.caught.add(member)
            details = {"member": member, "error": type(fault).__name__, "message": str(fault)}
            desk.emit(Note("fault", life.subject.request_id, details))
    return found
