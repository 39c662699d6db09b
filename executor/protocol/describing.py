"""What a member knows about a request, side by side: for operators and users, above all when nothing moves.

Rule 1. Pure: describing changes nothing, and nothing depends on it.
Rule 2. A member hears observations and votes while it leads, so its picture grows with each of its turns; what it never
        heard is listed as silent, not as absent.
Rule 3. A request without progress for f + 3 rounds is told of, with this picture, and again every f + 3 rounds.
        Progress is a longer agreed transcript, or the first outcome over it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import assert_never

from executor.model.codec import Hex, Json, Natural, Uint16, Uint32, to_plain
from executor.model.draw import CommitteeDraw, DrandDraw
from executor.model.ids import Digest, FunctionId, RequestId, TranscriptHash
from executor.model.outcome import Awaiting
from executor.model.report import Report
from executor.model.view import View
from executor.protocol.desk import Desk
from executor.protocol.draws import awaited, awaits_draw, due
from executor.protocol.effects import Note
from executor.protocol.lifecycle import Life
from executor.protocol.strategies import looks_at

MAX_TOLD_BYTES = 256  # of a value in a note: 100 members may see 32 kB each; `describe` gives all of it


@dataclass(frozen=True, slots=True)
class AgreedEntry:
    """One agreed slot."""

    slot: Uint16
    spec: Hex
    kind: str
    value: Hex


@dataclass(frozen=True, slots=True)
class HeardObservation:
    """What a member says it saw. `verified` is false where the signature waits for this member's own execution."""

    member: Uint16
    kind: str
    value: Hex
    verified: bool


@dataclass(frozen=True, slots=True)
class AwaitedSlot:
    """The slot that has no entry yet; `rounds` by this member's own clock."""

    slot: Uint16
    spec: Hex
    rounds: Uint32
    own: HeardObservation | None
    observations: tuple[HeardObservation, ...]
    silent: tuple[Uint16, ...]


@dataclass(frozen=True, slots=True)
class AwaitedDraw:
    """The draw whose proof is not there yet; `waits_s` until it is published, 0 when it should be.

    `round` and `published_at` are drand's; None for the committee's own draws, which come of its members' parts: then
    `keyless` where the epoch's key is not known yet, and, heard while leading, who stated and who gave a part.
    """

    ordinal: Uint16
    round: Natural | None
    published_at: Natural | None
    waits_s: Natural
    keyless: bool = False
    released: bool = False
    stated: tuple[Uint16, ...] = ()
    parts: tuple[Uint16, ...] = ()


@dataclass(frozen=True, slots=True)
class HeardVotes:
    """Who voted for one report."""

    status: str
    transcript_hash: TranscriptHash
    round: Uint32
    fuel_used: Natural
    output_hash: Digest
    members: tuple[Uint16, ...]


@dataclass(frozen=True, slots=True)
class RequestView:
    """One request, as one member sees it now."""

    request_id: RequestId
    function_id: FunctionId
    member: Uint16
    phase: str
    round: Uint32
    leader: Uint16
    quorum: Uint16
    lock: View | None
    transcript: tuple[AgreedEntry, ...]
    awaited: AwaitedSlot | None
    own_vote: HeardVotes | None
    votes: tuple[HeardVotes, ...]
    not_voting: tuple[Uint16, ...]
    heard_this_round: tuple[Uint16, ...]
    rounds_without_progress: Uint32
    draws: tuple[AgreedEntry, ...] = ()
    awaited_draw: AwaitedDraw | None = None


def describe(desk: Desk, life: Life) -> RequestView:
    """Everything this member knows that people may ask for."""
    count = life.count
    votes = tuple(
        _votes(count.reports[leaf], tuple(sorted(tally.votes)))
        for leaf, tally in sorted(count.tallies.items(), key=lambda item: (-len(item[1].votes), item[0]))
    )
    voting = {member for each in votes for member in each.members}
    own_members = (desk.index,) if life.vote is not None else ()
    turn = life.turn
    return RequestView(
        request_id=life.subject.request_id,
        function_id=life.subject.function_id,
        member=desk.index,
        phase=life.phase.name.lower(),
        round=desk.round,
        leader=desk.leader,
        quorum=desk.epoch.quorum,
        lock=life.lock.view if life.lock else None,
        transcript=tuple(
            AgreedEntry(slot, entry.spec, entry.kind.name.lower(), entry.value)
            for slot, entry in enumerate(life.transcript)
        ),
        awaited=_awaited(desk, life),
        draws=tuple(
            AgreedEntry(slot, entry.spec, entry.kind.name.lower(), entry.value)
            for slot, entry in enumerate(life.draws, len(life.transcript))
        ),
        awaited_draw=_awaited_draw(desk, life),
        own_vote=_votes(life.report, own_members) if life.report else None,
        votes=votes,
        not_voting=tuple(member for member in range(desk.epoch.n) if member not in voting),
        heard_this_round=tuple(sorted(turn.heard)) if turn.round == desk.round else (),
        rounds_without_progress=_stuck(desk, life),
    )


def note_stalled(desk: Desk, life: Life) -> None:
    """Tell of a request that does not move (Rule 3); to be called when a round begins."""
    patience = desk.epoch.f + 3
    if not life.active or desk.round - max(life.progressed_at, life.stalled_told_at) < patience:
        return
    if due(desk, life) is not None:  # it waits for a draw, as its function says
        life.stalled_told_at = desk.round
        return
    life.stalled_told_at = desk.round
    picture: dict[str, Json] = to_plain(describe(desk, life))
    del picture["request_id"], picture["member"]  # whoever logs a note says both
    _shorten(picture)
    desk.emit(Note("stalled", life.subject.request_id, picture))


def _awaited(desk: Desk, life: Life) -> AwaitedSlot | None:
    so_far = life.so_far
    outcome = life.outcomes.get(so_far)
    if not life.active or not isinstance(outcome, Awaiting) or awaits_draw(outcome):
        return None
    heard = {
        member: HeardObservation(member, signed.observation.kind.name.lower(), signed.observation.value, verified=True)
        for member, signed in life.turn.observations.get(so_far, {}).items()
    }
    for member, items in life.turn.unchecked.items():
        for item in items:
            seen = item.signed.observation
            if item.so_far == so_far and member not in heard:
                heard[member] = HeardObservation(member, seen.kind.name.lower(), seen.value, verified=False)
    own = None
    if (mine := life.own.get(so_far)) is not None:
        own = HeardObservation(
            desk.index, mine.observation.kind.name.lower(), mine.observation.value, verified=bool(mine.signature)
        )
    return AwaitedSlot(
        slot=outcome.slot,
        spec=outcome.spec,
        rounds=desk.round - life.awaited_since.get(so_far, desk.round),
        own=own,
        observations=tuple(heard[member] for member in sorted(heard)),
        silent=tuple(
            member
            for member in range(desk.epoch.n)
            if member not in heard and looks_at(outcome.spec, life.subject.request_id, member, desk.epoch.n)
        ),
    )


def _awaited_draw(desk: Desk, life: Life) -> AwaitedDraw | None:
    if (draw := awaited(life)) is None:
        return None
    match draw:
        case DrandDraw():
            waits_s = max(0, math.ceil(draw.published_at - desk.now))
            return AwaitedDraw(draw.ordinal, draw.round, draw.published_at, waits_s)
        case CommitteeDraw():
            state = life.drawing
            stated, parts = tuple(sorted(state.statements)), tuple(sorted(state.parts))
            keyless, released = desk.draw_key is None, state.release is not None
            return AwaitedDraw(draw.ordinal, None, None, 0, keyless, released, stated, parts)
        case _:
            assert_never(draw)


def _votes(report: Report, members: tuple[int, ...]) -> HeardVotes:
    return HeardVotes(
        report.status.name.lower(), report.transcript_hash, report.round, report.fuel_used, report.output_hash, members
    )


def _stuck(desk: Desk, life: Life) -> int:
    return max(0, desk.round - life.progressed_at) if life.active else 0


def _shorten(picture: Json) -> None:
    """Cut values that are too long for a log, saying how long they are."""
    entries = list(picture["transcript"])
    if (awaited := picture["awaited"]) is not None:
        entries += awaited["observations"] + ([awaited["own"]] if awaited["own"] else [])
    for entry in entries:
        text = entry["value"]
        entry["value"] = text[: 2 + 2 * MAX_TOLD_BYTES]
        entry["bytes"] = len(text) // 2 - 1
