"""How far each open request is and how long it took, told from the event log alone."""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import Final as Constant

from executor.store.events import Event

PHASES: Constant = ("seen", "observed", "agreed", "executed", "attested", "delivered")
MISSING: Constant = "function-missing"  # waits for the bytes of its function
STATES: Constant = (*PHASES[:-1], MISSING)
CLOSING: Constant = frozenset({"delivered", "expired", "overdue", "vanished"})
MAX_FOLLOWED: Constant = 16_384  # more than a node works on at a time


@dataclass(slots=True)
class Followed:
    """One open request."""

    state: str
    seen_s: float
    reached_s: float


class Phases:
    """Follows requests; the longest unheard of are forgotten beyond MAX_FOLLOWED."""

    def __init__(self) -> None:
        self._followed: OrderedDict[str, Followed] = OrderedDict()

    def tell(self, event: Event) -> tuple[str, float, float] | None:
        """(phase, seconds since the phase before, seconds since seen) when the event reached a new phase."""
        phase = self._phase(event)
        known = self._followed.get(event.request_id)
        if phase in ("seen", MISSING):
            if known is None or known.state == MISSING:
                first_s = event.time_s if known is None else known.seen_s
                self._keep(event.request_id, Followed(phase, first_s, event.time_s))
            return None
        if event.kind in CLOSING and not (event.kind == "vanished" and event.fields.get("what") != "request"):
            self._followed.pop(event.request_id, None)
        if known is None or phase not in PHASES or _order(phase) <= _order(known.state):
            return None
        told = (phase, event.time_s - known.reached_s, event.time_s - known.seen_s)
        known.state, known.reached_s = phase, event.time_s
        return told

    def states(self) -> dict[str, int]:
        """Open requests by state, states without any included."""
        count = Counter(each.state for each in self._followed.values())
        return {state: count[state] for state in STATES}

    def open_since(self, time_s: float) -> bool:
        """Whether a request that was seen before `time_s` still wants work."""
        return any(each.seen_s < time_s and each.state != MISSING for each in self._followed.values())

    def _keep(self, request_id: str, followed: Followed) -> None:
        self._followed[request_id] = followed
        self._followed.move_to_end(request_id)
        if len(self._followed) > MAX_FOLLOWED:
            self._followed.popitem(last=False)

    @staticmethod
    def _phase(event: Event) -> str:
        match event.kind:
            case "restored":
                return "seen"
            case "executed":  # a run that awaits an observation is no outcome yet
                return "" if event.fields.get("outcome") == "awaiting" else "executed"
            case kind:
                return kind


def _order(state: str) -> int:
    return -1 if state == MISSING else PHASES.index(state)
