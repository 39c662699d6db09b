"""What a node still knows of a request that is open no more: its own observations and vote, until they are forgotten.

The receipt holds the observations that the agreed values were made of; what the others saw, only they can tell.
settled.py says for how long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from executor.errors import InvalidEncoding
from executor.model.codec import Hex, Natural, Uint16, decode
from executor.model.ids import Digest, FunctionId, RequestId
from executor.model.observation import Kind
from executor.node.standing import MAX_RECORD_BYTES, OpenRequest
from executor.protocol.record import Record, decode_record


@dataclass(frozen=True, slots=True)
class OwnWord:
    """What this member said it saw."""

    slot: Uint16
    spec: Hex
    kind: str
    value: Hex


@dataclass(frozen=True, slots=True)
class OwnVote:
    """The outcome this member signed."""

    status: str
    fuel_used: Natural
    output_hash: Digest


@dataclass(frozen=True, slots=True)
class EndedRequest:
    """`state` is `closed` (delivered or expired) or `vanished`, at `block`; `member` None where the epoch is past."""

    state: str
    block: Natural
    epoch: Natural
    function_id: FunctionId
    deadline: Natural
    member: Uint16 | None
    observations: tuple[OwnWord, ...]
    vote: OwnVote | None


class Entries(Protocol):
    """The journal, as this needs it."""

    def find(self, request_id: RequestId, kind: str) -> bytes | None:
        """The value, or None."""


class EndedRequests:
    """Looks into journal and receipts; nothing is kept."""

    def __init__(self, journal: Entries, receipts: Path, member_in: Callable[[int], int | None]) -> None:
        self._journal = journal
        self._receipts = receipts
        self._member_in = member_in

    def has_receipt(self, request_id: RequestId) -> bool:
        """Whether /v1/receipts/ID answers."""
        return (self._receipts / f"{request_id}.json").is_file()

    async def find(self, request_id: RequestId) -> EndedRequest | None:
        """What is left of it, or None; records of some MB are read beside the loop."""
        marks = {state: self._journal.find(request_id, state) for state in ("closed", "vanished")}
        state = next((state for state, mark in marks.items() if mark is not None), None)
        opened = self._journal.find(request_id, "request")
        if state is None or opened is None:
            return None
        record = self._journal.find(request_id, "record")
        return await asyncio.to_thread(self._read, state, int(marks[state] or b"0"), opened, record)

    def _read(self, state: str, block: int, opened: bytes, record: bytes | None) -> EndedRequest:
        request: OpenRequest = decode(OpenRequest, opened, limit=MAX_RECORD_BYTES)
        kept = None if record is None else _record(record)
        return EndedRequest(
            state=state,
            block=block,
            epoch=request.request.epoch,
            function_id=request.request.function_id,
            deadline=request.deadline,
            member=self._member_in(request.request.epoch),
            observations=() if kept is None else _words(kept),
            vote=None if kept is None else _vote(kept),
        )


def _record(data: bytes) -> Record | None:
    try:
        return decode_record(data)
    except InvalidEncoding:  # of an older release: nothing rests on it any more
        return None


def _words(record: Record) -> tuple[OwnWord, ...]:
    """The last of each slot: a value supersedes an error."""
    last = {own.slot: own for own in record.observations}
    return tuple(
        OwnWord(slot, own.spec, Kind(own.observation.kind).name.lower(), own.observation.value)
        for slot, own in sorted(last.items())
    )


def _vote(record: Record) -> OwnVote | None:
    report = record.report
    return None if report is None else OwnVote(report.status.name.lower(), report.fuel_used, report.output_hash)
