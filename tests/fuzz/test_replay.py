"""The committed corpus, on every engine in one go, and a slice of a sweep: zero divergences, zero crashes."""

from __future__ import annotations

from pathlib import Path

import pytest

from executor.testing.engines import NAMES, open_engine
from executor.testing.fuzz.__main__ import main
from executor.testing.fuzz.corpus import MAX_BYTES, MAX_FILES
from executor.testing.fuzz.coverage import instructions
from executor.testing.fuzz.draw import Subject
from executor.testing.fuzz.report import Report
from executor.testing.fuzz.tape import Tape
from executor.testing.fuzz.trial import Court
from executor.vm.metering.instructions import VECTOR

CORPUS = sorted((Path(__file__).resolve().parents[2] / "fixtures" / "fuzz").glob("*.wasm"))
SLICE = ["--count", "25", "--seed", "1", "--engines", "wasmtime-speed", "pulley64", "v8"]


def test_the_corpus_is_small_and_wide() -> None:
    modules = [path.read_bytes() for path in CORPUS]
    opcodes = frozenset[str]().union(*map(instructions, modules))

    assert 20 <= len(modules) <= MAX_FILES
    assert sum(map(len, modules)) <= MAX_BYTES
    assert len({f"fd.{number}" for number in VECTOR} & opcodes) >= 0.9 * len(VECTOR)


def test_every_engine_agrees_on_every_module_of_the_corpus() -> None:
    report = Report()
    with Court([open_engine(name) for name in NAMES]) as court:
        for number, path in enumerate(CORPUS):
            module = path.read_bytes()
            assert court.load(path.stem, module).instance == "ok", path.stem
            court.try_module(Subject.of(path.stem, module), Tape(bytes([number]) * 64), report)

    assert report.executions == 3 * len(CORPUS) * len(NAMES)
    assert {"returned", "OUT_OF_FUEL", "STACK", "TRAP"} <= set(report.outcomes)


def test_a_slice_of_a_sweep_finds_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main([*SLICE, "--findings", str(tmp_path)]) == 0
    assert "divergences and crashes: 0" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
