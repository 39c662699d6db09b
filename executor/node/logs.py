"""A node's events in its log: the event log feeds it, each kind at its level."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final as Constant

from executor.logs import identify, limited, say
from executor.store.events import Event, EventLog

LEVELS: Constant[Mapping[str, str]] = {
    "abstained": "error",
    "equivocated": "error",
    "receipt-damaged": "error",
    "epoch-refused": "error",
    "signing-refused": "error",
    "wrong-chain": "error",
    "bill-unknown": "warning",
    "chain-disagreement": "error",
    "chain-unavailable": "warning",
    "dropped": "warning",
    "endpoint-outvoted": "warning",
    "endpoint-stopped": "warning",
    "epoch-replaced": "warning",
    "fee-capped": "warning",
    "fault": "warning",
    "function-missing": "warning",
    "host-fault": "warning",
    "member-refused": "warning",
    "not-a-member": "warning",
    "outvoted": "warning",
    "refused": "warning",
    "shed": "warning",
    "single-endpoint": "warning",
    "signer-unavailable": "warning",
    "stalled": "warning",
    "transactions-left-behind": "warning",
    "transmission-failed": "warning",
    "transmission-lost": "warning",
    "transmitter-without-funds": "error",
    "unsendable": "warning",
    "observed-late": "debug",
}
"""What is not named here is `info`."""
BY_OTHERS: Constant = frozenset(
    {"refused", "fault", "observed-late", "outvoted", "silent", "unsendable", "endpoint-outvoted", "dropped"}
)
"""What members and endpoints can cause without end: written so often and no more (executor/logs.py, Rule 5)."""
_RENAMED: Constant = {"member": "peer", "epoch": "of_epoch"}  # the line's own say who writes it


def log_events(events: EventLog) -> None:
    """Write every event of `events` from now on; once an epoch is served, every line names it and this member."""
    events.subscribe(_tell)


def _tell(event: Event) -> None:
    if event.kind == "epoch-served":
        identify(epoch=event.fields["epoch"], member=event.fields["member"])
    fields = {_RENAMED.get(name, name): value for name, value in event.fields.items()}
    write = limited if event.kind in BY_OTHERS else say
    write(LEVELS.get(event.kind, "info"), event.kind, **{**fields, "request_id": event.request_id})
