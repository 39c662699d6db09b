"""Triggered requests against fixtures/vectors/triggers.json, made by other code."""

from __future__ import annotations

from typing import Any

import pytest
from vector_files import content, unhex

from executor.crypto.digests import event_hash, request_id
from executor.errors import VerificationFailed
from executor.model.cron import parse_schedule
from executor.model.ids import Address, Digest, FunctionId, RegistrationId
from executor.model.request import Request
from executor.model.trigger import HomeBlock, Registration, TriggerKind, kind_of
from executor.model.trigger_input import BlockData, CronData, HttpData, LogData, decode_input
from executor.protocol.triggering import (
    Place,
    block_request,
    check_origin,
    clock_request,
    http_request,
    log_request,
)

ROWS = content("triggers")["tests"]


def made(row: dict[str, Any]) -> Request:
    """The request that our code derives from a row's registration and event."""
    nobody = Address(bytes(20))
    registration = Registration(
        RegistrationId(unhex(row["registration"])), nobody, TriggerKind[row["kind"].upper()],
        FunctionId(unhex(row["functionId"])), None, 1, 0, bytes(10), b"{}", unhex(row["registrationInput"]),
    )  # fmt: skip
    place = Place(int(row["chainId"]), Address(unhex(row["router"])), int(row["epoch"]))
    home = HomeBlock(int(row["blockNumber"]), int(row["blockTimestamp"]), Digest(unhex(row["parentHash"])))
    match decode_input(unhex(row["input"])).event:
        case LogData() as log:
            return log_request(place, registration, log, home)
        case CronData(scheduled_time):
            return clock_request(place, registration, scheduled_time, home)
        case BlockData():
            return block_request(place, registration, home)
        case HttpData() as posted:
            return http_request(place, registration, posted, home)


@pytest.mark.parametrize("row", [row for row in ROWS if "requestId" in row], ids=lambda row: row["comment"])
def test_input_event_and_id_are_the_vectors(row: dict[str, Any]) -> None:
    """Byte for byte, for each kind; and what was derived tells the same in input and event."""
    request = made(row)
    origin = request.origin
    assert origin is not None
    home = HomeBlock(request.block_number, request.block_timestamp, request.parent_hash)
    assert unhex(row["input"]) == request.input
    assert unhex(row["eventHash"]) == event_hash(origin.event, request.input, home)
    assert unhex(row["requestId"]) == request_id(request)
    assert kind_of(origin.event).name.lower() == row["kind"]
    assert check_origin(request).startswith(f"{row['kind']}: ")


@pytest.mark.parametrize("row", [row for row in ROWS if row.get("kind")], ids=lambda row: row["comment"])
def test_an_input_of_another_event_is_found(row: dict[str, Any]) -> None:
    """The id would commit to both: who edits one is told."""
    from dataclasses import replace

    request = made(row)
    for other in ROWS:
        if other.get("kind") not in (None, row["kind"]):
            with pytest.raises(VerificationFailed):
                check_origin(replace(request, origin=made(other).origin))
    with pytest.raises(VerificationFailed):
        check_origin(replace(request, input=b"{}"))


@pytest.mark.parametrize("row", [row for row in ROWS if "schedule" in row], ids=lambda row: row["schedule"])
def test_the_next_times_of_schedules(row: dict[str, Any]) -> None:
    """As cronsim finds them."""
    schedule, time_s = parse_schedule(row["schedule"]), int(row["after"])
    for expected in row["next"]:
        time_s = schedule.next_after(time_s)
        assert int(expected) == time_s
