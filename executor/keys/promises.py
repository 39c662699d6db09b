"""What a signature binds its signer to: rows of the record, made from the statement that is to be signed.

A promise is a key and what was said under it. The same may be said again, anything else under the same key never.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from hashlib import blake2b
from types import MappingProxyType
from typing import Final as Constant
from typing import Literal, TypeAlias, assert_never

from executor.crypto.digests import epoch_digest
from executor.model.ids import Digest, EpochDigest
from executor.model.report import Report
from executor.protocol.statements import (
    DrawStatement,
    ObservationStatement,
    PrepareStatement,
    ReportsStatement,
    Statement,
)

Cell: TypeAlias = int | bytes
Table: TypeAlias = Literal["reports", "prepares", "key_steps"]

KEY_COLUMNS: Mapping[Table, tuple[str, ...]] = MappingProxyType(
    {"reports": ("request", "transcript"), "prepares": ("request", "round", "slots"), "key_steps": ("step",)}
)
SAID_COLUMNS: Mapping[Table, tuple[str, ...]] = MappingProxyType(
    {
        "reports": ("function", "status", "slots", "fuel_used", "output_hash"),
        "prepares": ("transcript",),
        "key_steps": ("hash",),
    }
)
CONFLICTS: Mapping[Table, str] = MappingProxyType(
    {
        "reports": "another outcome of the same transcript was signed",
        "prepares": "another transcript was prepared in this view",
        "key_steps": "another one was named, made or signed for this epoch",
    }
)
AWAITS_DRAW: Constant = 255  # where a report has its status: a run over this transcript ends in none
SUM_BYTES: Constant = 16  # of a row's share in the record's sum: against damage, not against forgery


class KeyStep(IntEnum):
    """What is done once for an epoch's draw key; twice, where shares of an older key were dealt first."""

    DEALT = 0
    DEALT_ANEW = 1
    OPENED = 2
    OPENED_ANEW = 3
    SIGNED = 4
    BEGUN = 5

    @property
    def words(self) -> str:
        """For people."""
        dealing, opened = "the dealing", "the list of dealings"
        return (dealing, dealing, opened, opened, "the draw key", "the committee")[self]


@dataclass(frozen=True, slots=True)
class Promise:
    """One row of a table: values in the order of its columns."""

    table: Table
    epoch: EpochDigest
    key: tuple[Cell, ...]
    said: tuple[Cell, ...]

    @property
    def request(self) -> bytes:
        """The request it is about; empty where it is about the epoch's draw key."""
        request = self.key[0]
        return request if isinstance(request, bytes) else b""

    @property
    def subject(self) -> str:
        """What it is about, for people."""
        return f"request 0x{self.request.hex()}" if self.request else KeyStep(int(self.key[0])).words

    def share(self) -> int:
        """This row's share in the record's sum."""
        cells = [cell if isinstance(cell, bytes) else b"%d" % cell for cell in (self.epoch, *self.key, *self.said)]
        framed = b"".join(len(cell).to_bytes(4, "big") + cell for cell in (self.table.encode(), *cells))
        return int.from_bytes(blake2b(framed, digest_size=SUM_BYTES).digest(), "big")


def promises_of(statement: Statement) -> tuple[Promise, ...]:
    """What signing this statement binds to; nothing for an observation, where the journal keeps what is final.

    That a transcript is settled binds as a vote over it does, in every view: draws that it let out may be known.
    """
    epoch = epoch_digest(statement.epoch)
    match statement:
        case ObservationStatement():
            return ()
        case DrawStatement(_, request, function, transcript, view):
            outcome = (bytes(function), AWAITS_DRAW, view.slots, 0, bytes(Digest.size))
            return (Promise("reports", epoch, (bytes(request), bytes(transcript)), outcome),)
        case PrepareStatement(_, request, _, transcript, view):
            return (Promise("prepares", epoch, (bytes(request), view.round, view.slots), (bytes(transcript),)),)
        case ReportsStatement(_, reports):
            return tuple(report_promise(epoch, report) for report in reports)
        case _:
            assert_never(statement)


def report_promise(epoch: EpochDigest, report: Report) -> Promise:
    """One outcome for one (epoch, request, transcript)."""
    return Promise(
        "reports",
        epoch,
        (bytes(report.request_id), bytes(report.transcript_hash)),
        (
            bytes(report.function_id),
            int(report.status),
            report.slots,
            report.fuel_used,
            bytes(report.output_hash),
        ),
    )


def key_promise(epoch: EpochDigest, step: KeyStep, hashed: Digest) -> Promise:
    """One dealing, one list, one key for an epoch."""
    return Promise("key_steps", epoch, (int(step),), (bytes(hashed),))
