"""Turns what happens into metrics: events, messages, refusals, rounds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeAlias
from typing import Final as Constant

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import Counter
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from executor.model.committee import Epoch
from executor.node.metrics.instruments import Capped, Instruments
from executor.node.metrics.phases import CLOSING, Phases
from executor.store.events import Event, EventLog

Traffic: TypeAlias = Callable[[Literal["in", "out"], int, str, int], None]
"""(direction, the other member, message type, payload bytes) of each message of the protocol."""

EVERYONE: Constant = 65_535
LEADS: Constant = frozenset(
    {"proposal", "certificate", "batch-proposal", "attestation"}
)  # what only a leader's work is
MAX_PEERS: Constant = 100  # Committee.MAX_MEMBERS
MAX_REASON_BYTES: Constant = 512  # of a refusal's body, in which its code stands


class Meters:
    """All metrics of one node."""

    def __init__(self) -> None:
        self.instruments = Instruments()
        self.phases = Phases()
        self._kinds, self._types, self._reasons = Capped(), Capped(), Capped()
        self._led = False  # whether this node did a leader's work in the present round

    def identify(self, member: int, epoch: int) -> None:
        """Say who this is."""
        self.instruments.node.clear()
        self.instruments.node.labels(member, epoch).set(1)

    def follow(self, events: EventLog) -> None:
        """Count every later event."""
        events.subscribe(self._tell)

    def read(self, reading: Callable[[], Iterable[Metric]]) -> None:
        """Have `reading` give further metrics at each scrape."""
        self.instruments.registry.register(_Reading(reading))

    def traffic(self, direction: Literal["in", "out"], peer: int, type: str, size: int) -> None:
        """Count one message (the type `Traffic`)."""
        self._led = self._led or (direction == "out" and type in LEADS)
        labels = (direction, "all" if peer == EVERYONE else _peer(peer), self._types(type))
        self.instruments.messages.labels(*labels).inc()
        self.instruments.message_bytes.labels(*labels).inc(size)

    def refused(self, reason: str) -> None:
        """Count a message or call that was refused before anything read it."""
        self.instruments.refusals.labels(self._reasons(reason)).inc()

    def watch_http(self, app: web.Application) -> None:
        """Count the refusals that `app` answers; before it starts."""

        @web.middleware
        async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
            response = await handler(request)
            if response.status >= 400:
                is_message = request.path == "/v1/messages"
                self.refused(_code(response) if is_message else f"http-{response.status}")
            return response

        app.middlewares.append(count)

    def end_round(self, epoch: Epoch, index: int, round: int) -> None:
        """A round is over: count it when this node led it and there was something to do."""
        led, self._led = self._led, False
        if round % epoch.n == index and self.phases.open_since(round * epoch.round_length_s):
            self.instruments.rounds_led.inc()
            if not led:
                self.instruments.rounds_wasted.inc()

    def _tell(self, event: Event) -> None:
        self.instruments.events.labels(self._kinds(event.kind)).inc()
        if (reached := self.phases.tell(event)) is not None:
            phase, since_last_s, since_seen_s = reached
            self.instruments.phases.labels(phase).observe(max(0.0, since_last_s))
            if phase == "delivered":
                self.instruments.whole.observe(max(0.0, since_seen_s))
        self._count(event.kind, event.fields)

    def _count(self, kind: str, fields: dict[str, Any]) -> None:
        our = self.instruments
        match kind:
            case "executed":
                our.runs.labels("execute").observe(fields.get("seconds", 0.0))
                our.fuel.inc(fields.get("fuel_used", 0))
            case "observed":
                our.runs.labels("observe").observe(fields.get("seconds", 0.0))
            case "host-fault":
                our.host_faults.inc()
            case "attested":
                _each(our.votes, fields.get("votes"))
            case "silent":
                _each(our.silent, fields.get("members"))
            case "outvoted":
                _each(our.outvoted, [fields.get("member")])
            case "fault":
                _each(our.faults, [fields.get("member")])
            case "refused":
                _each(our.faults, [fields.get("sender")])
            case "transmitted":
                our.transmissions.labels("delivered").inc()
                our.delivery_gas.inc(fields.get("gas_used", 0) / max(1, fields.get("batch", 1)))
            case "transmission-lost":
                our.lost_gas.inc(fields.get("gas_used", 0))
            case "transmission-failed" | "transmitter-without-funds":
                our.transmissions.labels("failed").inc()
            case _ if kind in CLOSING:
                our.closed.labels(kind).inc()

    def count_states(self) -> None:
        """Bring the gauges of request states up to date; before each scrape."""
        for state, count in self.phases.states().items():
            self.instruments.requests.labels(state).set(count)


class _Reading(Collector):
    """Metrics made at a scrape."""

    def __init__(self, reading: Callable[[], Iterable[Metric]]) -> None:
        self._reading = reading

    def collect(self) -> Iterable[Metric]:
        """The metrics now."""
        return self._reading()

    def describe(self) -> Iterable[Metric]:
        """Nothing: else registering would read at once."""
        return []


def _each(counter: Counter, peers: Any) -> None:
    for peer in peers if isinstance(peers, (list, tuple)) else []:
        if isinstance(peer, int):
            counter.labels(_peer(peer)).inc()


def _peer(index: int) -> str:
    return str(index) if 0 <= index < MAX_PEERS else "none"


def _code(response: web.StreamResponse) -> str:
    """The stable code in a refusal's body (transport), by its shape: {"error": CODE, …}."""
    body = response.body if isinstance(response, web.Response) else None
    if not isinstance(body, bytes) or not body.startswith(b'{"error": "'):
        return f"http-{response.status}"
    code = body[11 : 11 + MAX_REASON_BYTES].split(b'"', 1)[0].decode("ascii", "replace")
    return code if code.replace("-", "").isalnum() else f"http-{response.status}"


def no_traffic(_direction: str, _peer: int, _type: str, _size: int) -> None:
    """For drivers that nobody measures."""


def round_at(epoch: Epoch, now: float | None = None) -> int:
    """The round of a time."""
    return int((time.time() if now is None else now) // epoch.round_length_s)
