"""What fuzzing found most instructive, on this machine beside arm64."""

from __future__ import annotations

from pathlib import Path

import pytest

from aarch64.conftest import EVERYTHING, ROOT
from executor.testing.engines import ProcessEngine, open_engine
from executor.testing.engines import host_wasmtime as host
from executor.testing.fuzz.draw import Subject
from executor.testing.fuzz.report import Report
from executor.testing.fuzz.tape import Tape
from executor.testing.fuzz.trial import Court

pytestmark = pytest.mark.timeout(1_800)
CORPUS = sorted((ROOT / "fixtures" / "fuzz").glob("*.wasm"))[:: 1 if EVERYTHING else 8]


def test_the_fuzzers_corpus_runs_the_same_on_both_processors(arm: Path) -> None:
    """Any difference in results, fuel, host calls, depth or memory raises Divergence, naming it."""
    report = Report()
    there = ProcessEngine("aarch64", lambda: [str(arm), str(host.__file__), "{}"], timeout_s=600)
    with Court([open_engine("wasmtime-speed"), there]) as court:
        for number, path in enumerate(CORPUS):
            court.try_module(Subject.of(path.stem, path.read_bytes()), Tape(bytes([number]) * 64), report)
    assert report.executions == 3 * len(CORPUS) * 2 > 0
