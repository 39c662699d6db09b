"""D1 and D12 on another processor: the real package on arm64 gives what it gives here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from conformance.vectors import FILES

from aarch64.conftest import EVERYTHING, here
from aarch64.engines import differing
from aarch64.inside import RECEIPTS
from executor.testing.engines import host_wasmtime as host

pytestmark = pytest.mark.timeout(1_800)  # an emulated minute is long on a busy machine
Rows = Mapping[str, Future[dict[str, Any]]]


SETTINGS: dict[str, dict[str, object]] = {
    "speed": {},
    "none": {"cranelift_opt_level": "none"},
    "bounds": {"signals_based_traps": False, "memory_reservation": 0, "memory_guard_size": 0},
    "pulley64": {"target": "pulley64"},
}
QUICK = ("imports", "numbers", "tables", "vectors")
COMPARED = [
    (settings, file) for settings in SETTINGS for file in FILES if EVERYTHING or (settings == "speed" and file in QUICK)
]


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


def test_every_execute_vector_ends_the_same(there: Rows) -> None:
    """The rows of fixtures/vectors/execute.json, refusals too."""
    found = rows(there, "vectors")
    assert len(found) > 50
    assert found == here("vectors")


@pytest.mark.parametrize(("settings", "file"), COMPARED)
def test_the_conformance_vectors_are_answered_byte_for_byte(arm: Path, settings: str, file: str) -> None:
    """Outputs, fuel at every host call, depth, memory: every row as it is committed, on other settings too."""
    assert differing(settings, [str(arm), str(host.__file__), json.dumps(SETTINGS[settings])], file) == []
