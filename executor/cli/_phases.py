"""How far a request is, by the words of the nodes: nothing is believed, each phase is told once.

What a node says is a stranger's text: what has not the form it should is left out, and what is shown is bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from executor.cli._show import one_line, readable

SHOWN: Final = 80  # characters of a value
MAX_EVENTS: Final = 10_000  # of one answer
TROUBLES: Final = frozenset(
    {"abstained", "draw-unavailable", "function-missing", "host-fault", "no-entry", "shed", "signing-refused"}
    | {"transmission-failed"}
)


class Phases:
    """Tells of each phase when the first node reports it, of an observation when each does."""

    def __init__(self, request_id: str, tell: Callable[[str], None]) -> None:
        self._request_id = request_id
        self._tell = tell
        self._told: set[str] = set()

    def take(self, node: int, answer: Any) -> int:
        """Tell what is new in a node's answer; the number of its last event, 0 where there is none."""
        last = 0
        for event in answer[:MAX_EVENTS] if isinstance(answer, list) else ():
            if not isinstance(event, dict) or not isinstance(number := event.get("number"), int):
                continue
            last = max(last, number)
            if event.get("request_id") == self._request_id:
                self._take(node, event)
        return last

    def _take(self, node: int, event: Mapping[str, Any]) -> None:
        kind = event.get("kind")
        if not isinstance(kind, str) or len(self._told) > MAX_EVENTS:
            return
        if kind in TROUBLES:
            self._once(f"{kind} {node}", f"node {node}: {kind}: {_text(event.get('reason', event.get('error', '')))}")
            return
        slot = _text(event.get("slot"))
        match kind:
            case "observed":
                what = "" if event.get("observed") == "value" else "error "
                self._once(f"observed {node} {slot}", f"observed    {slot}: {what}{_value(event)} by node {node}")
            case "agreed":
                self._once(f"agreed {slot}", f"agreed      {slot}: {_value(event)}")
            case "drawn":
                drawn = _text(event.get("ordinal"))
                own = event.get("round") is None
                source = "by the committee" if own else f"from drand's round {_text(event.get('round'))}"
                self._once(f"drawn {drawn}", f"drawn       {source}")
            case "executed" if event.get("outcome") != "awaiting":
                fuel = event.get("fuel_used")
                shown = _text(f"{fuel:,} fuel") if isinstance(fuel, int) else ""
                self._once("executed", f"executed    {_text(event.get('outcome'))}, {shown}")
            case "attested":
                votes = event.get("votes")
                members = ", ".join(_text(each) for each in votes[:100]) if isinstance(votes, list) else "?"
                self._once("attested", f"attested    by members {members}, {_text(event.get('scheme'))}")
            case "transmitting":
                self._once(f"transmitting {node}", f"transmitting by node {node}")

    def _once(self, key: str, line: str) -> None:
        if key not in self._told:
            self._told.add(key)
            self._tell(line)


def _text(value: object) -> str:
    return one_line(str(value), SHOWN)


def _value(event: Mapping[str, Any]) -> str:
    """A value as nodes write it: text, or hex of what is agreed."""
    value = event.get("value")
    if not isinstance(value, str):
        return "?"
    if value.startswith("0x"):
        try:
            return _text(readable(bytes.fromhex(value[2 : 2 + 2 * SHOWN])).strip("'"))
        except ValueError:
            return "?"
    return _text(value)
