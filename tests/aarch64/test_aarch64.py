"""D1 and D12 on another processor: the real package on arm64 gives what it gives here."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from aarch64.conftest import here
from aarch64.inside import RECEIPTS

Rows = Mapping[str, Future[dict[str, Any]]]


def rows(there: Rows, task: str) -> Any:
    """What a task found on arm64, where it says it ran."""
    found = there[task].result()
    assert found["machine"] == "aarch64"
    return found["rows"]


def test_without_canonical_nans_the_processors_differ(there: Rows) -> None:
    """The control: arm64 code really ran, and its NaNs really are others. With our metering no bit differs."""
    ours, theirs = here("nans"), rows(there, "nans")
    assert ours["raw"].keys() == ours["metered"].keys()
    assert {name for name in ours["raw"] if ours["raw"][name] != theirs["raw"][name]} >= {"f64.div", "f64.sqrt"}
    assert ours["metered"] == theirs["metered"]
    assert set(theirs["metered"].values()) <= {"7ff8000000000000", "7fc00000"}


def test_the_corpus_has_the_same_outcomes(there: Rows) -> None:
    """Every import and every kind of end: outcome, fuel and memory."""
    assert rows(there, "corpus") == here("corpus")


def test_every_recorded_receipt_replays_byte_for_byte(there: Rows) -> None:
    """Replay, signatures and proofs of every fixture are right on arm64, and say the same."""
    found = rows(there, "receipts")
    assert sorted(found) == sorted(path.stem for path in RECEIPTS.glob("*.json"))
    assert {name: row["failures"] for name, row in found.items() if row["failures"] or not row["canonical"]} == {}
    assert found == here("receipts")
