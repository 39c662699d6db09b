"""Tables of what nodes told about requests. What has not the right form is not shown, but said to have none."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

from rich.table import Table
from rich.text import Text

from executor.cli._show import readable
from executor.errors import InvalidValue
from executor.model.codec import from_plain
from executor.model.values import MAX_DIGITS
from executor.protocol.describing import HeardObservation, HeardVotes, RequestView

MAX_LISTED: Final = 200  # of one node's list
MAX_LINE: Final = 300  # characters of a node's words
SHOWN: Final = max(MAX_DIGITS, 64)  # characters of a value


def overview(urls: Sequence[str], answers: Sequence[Any]) -> Iterator[Text | Table]:
    """Open requests: each node's word on each."""
    listed: dict[str, dict[int, dict[str, Any]]] = {}
    for place, answer in enumerate(answers):
        if (told := _lines(answer)) is None:
            yield Text(f"{urls[place]}: {why(answer)}", style="red")
            continue
        if isinstance(answer, dict) and answer.get("left_out"):
            yield Text(f"{urls[place]}: {line(answer['left_out'])}", style="red")
        for each in told[:MAX_LISTED]:
            if isinstance(each, dict) and isinstance(each.get("request_id"), str):
                listed.setdefault(each["request_id"][:66], {})[place] = each
    if not listed:
        if any(_lines(answer) is not None for answer in answers):
            yield Text("no open requests")
        return
    table = Table("request", "epoch", "deadline", "stuck for", *(f"node {place}" for place in range(len(urls))))
    for key, lines in listed.items():
        first = next(iter(lines.values()))
        stuck = max(_number(line.get("rounds_without_progress")) for line in lines.values())
        states = [_state(lines.get(place), answers[place]) for place in range(len(urls))]
        waits = f"{stuck} rounds" if stuck else ""
        table.add_row(_text(key), _text(first.get("epoch")), _in(first.get("deadline")), waits, *states)
    yield table


def _lines(answer: Any) -> list[Any] | None:
    lines = answer.get("requests") if isinstance(answer, dict) else None
    return lines if isinstance(lines, list) else None


def comparison(request: str, urls: Sequence[str], answers: Sequence[Any]) -> Iterator[Text | Table]:
    """One request: every member's observation and vote side by side, what is agreed, what each waits for."""
    views = {view.member: view for view in map(_view, answers) if view is not None}
    yield Text(f"request {request}")
    if not views:
        for url, answer in zip(urls, answers, strict=True):
            yield Text(f"{url}: {why(answer)}")
        return
    newest = max(views.values(), key=lambda view: (len(view.transcript), view.round))
    yield Text(
        f"function {newest.function_id}, round {newest.round} led by member {newest.leader}, quorum {newest.quorum}"
    )
    for entry in newest.transcript:
        yield Text(f"slot {entry.slot} agreed: {entry.kind} {shown(entry.value)}  ({spec_line(entry.spec)})")
    if newest.awaited is not None:
        awaited = newest.awaited
        yield Text(f"slot {awaited.slot} awaited for {awaited.rounds} rounds: {spec_line(awaited.spec)}")
    yield _members(views, newest)
    for place, answer in enumerate(answers):
        view = _view(answer)
        if view is not None and isinstance(answer, dict):
            yield Text(f"member {view.member} waits for {line(answer.get('waits_for'))}")
        else:
            yield Text(f"{urls[place]}: {why(answer)}", style="red")
    if any(isinstance(answer, dict) and answer.get("cut") is True for answer in answers):
        yield Text("Long values are cut.")


def _members(views: dict[int, RequestView], newest: RequestView) -> Table:
    slot = newest.awaited.slot if newest.awaited else None
    table = Table("member", "phase", "observation" if slot is None else f"observation of slot {slot}", "vote")
    known = {member for view in views.values() for member in (*view.not_voting, *_heard(view, slot))}
    known |= {member for view in views.values() for votes in view.votes for member in votes.members} | set(views)
    for member in sorted(known):
        view = views.get(member)
        phase = Text("no answer", style="red") if view is None else Text(view.phase)
        table.add_row(str(member), phase, _observation(member, views, slot), _vote(member, views))
    return table


def _heard(view: RequestView, slot: int | None) -> dict[int, HeardObservation]:
    awaited = view.awaited
    return {} if awaited is None or awaited.slot != slot else {each.member: each for each in awaited.observations}


def _observation(member: int, views: dict[int, RequestView], slot: int | None) -> Text:
    """The member's own word; else what others heard of it, which it signed."""
    own = views[member].awaited if member in views else None
    if own is not None and own.slot == slot and own.own is not None:
        return _told(own.own)
    for view in views.values():
        if (heard := _heard(view, slot).get(member)) is not None:
            text = _told(heard)
            return text.append(f" (heard by member {view.member})", style="dim")
    return Text("" if slot is None else "none")


def _told(seen: HeardObservation) -> Text:
    return Text(f"{'' if seen.kind == 'value' else seen.kind + ' '}{shown(seen.value)}")


def _vote(member: int, views: dict[int, RequestView]) -> Text:
    own = views[member].own_vote if member in views else None
    if own is not None:
        return Text(_voted(own))
    for view in views.values():
        for votes in view.votes:
            if member in votes.members:
                return Text(_voted(votes)).append(f" (heard by member {view.member})", style="dim")
    return Text("none")


def _voted(votes: HeardVotes) -> str:
    return f"{votes.status}, output {str(votes.output_hash)[:18]}…, fuel {votes.fuel_used}"


def _view(answer: Any) -> RequestView | None:
    if not isinstance(answer, dict):
        return None
    try:
        view: RequestView = from_plain(RequestView, answer.get("view"))
    except (InvalidValue, ValueError, RecursionError):
        return None
    return view


def _state(told: dict[str, Any] | None, answer: Any) -> Text:
    if told is None:
        return Text("no answer" if _lines(answer) is None else "not open", style="dim")
    return Text(line(told.get("phase") or told.get("state")))


def shown(data: bytes) -> str:
    """A value, cut where it is long."""
    text = readable(bytes(data))
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(data)} bytes)"


def spec_line(data: bytes) -> str:
    """A spec's words."""
    try:
        plain = json.loads(bytes(data))
        return line(", ".join(f"{name} {value}" for name, value in plain.items() if isinstance(value, str)))
    except (ValueError, AttributeError, RecursionError):
        return shown(data)


def why(answer: Any) -> str:
    """What a node said instead."""
    if isinstance(answer, dict) and "error" in answer:
        return line(answer["error"])
    if isinstance(answer, dict) and "waits_for" in answer:
        return f"{line(answer.get('state'))}: waits for {line(answer['waits_for'])}"
    return "an answer of another form"


def line(value: object) -> str:
    """Words of others: one line, printable, bounded."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(value))[:MAX_LINE]


def _text(value: object) -> Text:
    return Text(line(value))


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _in(deadline: object) -> Text:
    left_s = _number(deadline) - time.time()
    if abs(left_s) > 10 * 365 * 86_400:
        return Text("?")
    return Text(f"in {left_s / 3_600:.1f} h" if left_s > 0 else "over", style="" if left_s > 0 else "red")
