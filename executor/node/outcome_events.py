"""What the log says of runs and statements."""

from __future__ import annotations

from typing import Any, assert_never

from executor.crypto.digests import payload
from executor.model.ids import RequestId
from executor.model.outcome import Awaiting, Outcome
from executor.model.transcript import Transcript
from executor.protocol.statements import (
    DrawStatement,
    ObservationStatement,
    PrepareStatement,
    ReportsStatement,
    Statement,
)


def outcome_fields(transcript: Transcript, outcome: Outcome) -> dict[str, Any]:
    """Of the event `executed`."""
    fields: dict[str, Any] = {"outcome": type(outcome).__name__.lower(), "slots": len(transcript)}
    match outcome:
        case Awaiting(slot, spec):
            return fields | {"slot": slot, "spec": readable(spec)}
        case _:
            return fields | {"fuel_used": outcome.fuel_used, "payload": "0x" + payload(outcome).hex()}


def readable(value: bytes) -> str:
    """Text where it is text, else hex."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return "0x" + value.hex()


def request_of(statement: Statement) -> RequestId:
    """The request a statement is about, of several the first."""
    match statement:
        case ObservationStatement() | PrepareStatement() | DrawStatement():
            return statement.request_id
        case ReportsStatement(reports=reports):
            return reports[0].request_id
        case _:
            assert_never(statement)
