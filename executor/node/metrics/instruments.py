"""Every metric that is counted as things happen; what is read at a scrape is in readings.py."""

from __future__ import annotations

from typing import Final as Constant

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

LATENCY_S: Constant = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 300)
DISK_S: Constant = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1)
MAX_LABELS: Constant = 64  # of a label whose values come from a growing set of ours: event kinds, refusals, types
OTHER: Constant = "other"

disable_created_metrics()  # type: ignore[no-untyped-call]  # a series beside each counter that nobody asks for


class Instruments:
    """The instruments of one node, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry

        def counter(name: str, help: str, *labels: str) -> Counter:
            return Counter(f"executor_{name}", help, labels, registry=registry)

        def histogram(name: str, help: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(f"executor_{name}", help, labels, registry=registry, buckets=buckets)

        self.node = Gauge("executor_node_info", "Who this is; always 1.", ("member", "epoch"), registry=registry)
        self.events = counter("events_total", "Events of the node's log.", "kind")
        self.requests = Gauge("executor_requests", "Open requests by how far they are.", ("state",), registry=registry)
        self.closed = counter("requests_closed_total", "Requests that ended.", "how")
        self.phases = histogram(
            "request_phase_seconds", "From the phase before, which this node reached, to this one.", LATENCY_S, "phase"
        )
        self.whole = histogram("request_seconds", "From seen to delivered.", LATENCY_S)
        self.runs = histogram("run_seconds", "Runs of guests.", LATENCY_S, "verb")
        self.fuel = counter("fuel_total", "Fuel of runs that ended with an outcome.")
        self.host_faults = counter("host_faults_total", "Runs that failed through this machine's fault.")
        self.votes = counter("votes_total", "Votes in attestations.", "peer")
        self.outvoted = counter("outvoted_total", "Votes for another outcome than the attested one.", "peer")
        self.silent = counter("silent_total", "Attestations made without hearing this member.", "peer")
        self.messages = counter("messages_total", "Members' messages.", "direction", "peer", "type")
        self.message_bytes = counter("message_bytes_total", "Bytes of their payloads.", "direction", "peer", "type")
        self.refusals = counter("refusals_total", "Messages and calls refused.", "reason")
        self.faults = counter("faults_total", "Messages that broke a rule of the protocol.", "peer")
        self.transmissions = counter("transmissions_total", "Deliveries tried by this node.", "result")
        self.delivery_gas = counter("delivery_gas_total", "Gas that this node's deliveries used.")
        self.lost_gas = counter("lost_gas_total", "Gas of transactions that delivered nothing, which nobody pays back.")
        self.signer = histogram("signer_seconds", "Answers of the signer, with its disk.", LATENCY_S)
        self.signer_failures = counter("signer_failures_total", "Asks that the signer did not answer.")
        self.journal = histogram("journal_commit_seconds", "Commits of the journal.", DISK_S)
        self.rounds_led = counter("rounds_led_total", "Own rounds with open requests.")
        self.rounds_wasted = counter("rounds_wasted_total", "Own rounds with open requests and nothing to show for.")


class Capped:
    """Values of one label: the first MAX_LABELS as they are, then `other` (Rule 1)."""

    def __init__(self, most: int = MAX_LABELS) -> None:
        self._most = most
        self._known: set[str] = set()

    def __call__(self, value: object) -> str:
        text = str(value)[:48]
        if text in self._known:
            return text
        if len(self._known) >= self._most:
            return OTHER
        self._known.add(text)
        return text
