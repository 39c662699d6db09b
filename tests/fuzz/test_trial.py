"""What a trial is for: it finds faults that were planted, names them, and agrees where there is none."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from executor.testing.engines import ProcessEngine, host_wasmtime, open_engine
from executor.testing.fuzz.draw import Subject
from executor.testing.fuzz.finding import diverges, write_finding
from executor.testing.fuzz.report import Report
from executor.testing.fuzz.sweep import Sweep
from executor.testing.fuzz.tape import Tape
from executor.testing.fuzz.trial import Court, Divergence

from .guests import module

TERMS = bytes(64)
ADDS_NANS = module(
    """(f32.store (i32.const 64)
         (f32.add (f32.const nan:0x412345) (f32.load (i32.const 128))))
       (i64.const 0)"""
)
LOGS = module("(call $log (i32.const 0) (i32.const 0) (i32.const 0)) (i64.const 0)")
LIAR = str(Path(__file__).with_name("lying_host.py"))


def court(*others: ProcessEngine) -> Court:
    """One engine, and the others given."""
    return Court([open_engine("wasmtime-speed"), *others])


def liar() -> ProcessEngine:
    """A process with a planted fault."""
    return ProcessEngine("liar", lambda: [sys.executable, LIAR])


def test_a_guest_of_the_abi_agrees_with_itself_everywhere() -> None:
    report = Report()
    with court(open_engine("v8")) as bench:
        assert bench.load("logs", LOGS).note == "Returned"
        bench.try_module(Subject.of("logs", LOGS), Tape(TERMS), report)

    assert report.executions == 6  # three cases on two engines
    assert report.originals == 2  # with all its fuel and with exactly what it burns
    assert report.outcomes["returned"] >= 2


def test_a_pass_that_forgets_a_nan_is_found() -> None:
    subject = Subject.of("nans", ADDS_NANS)
    canonical = b"\x43\x00\x00\xc0\x7f"
    assert canonical in subject.instrumented
    forgetful = replace(subject, instrumented=subject.instrumented.replace(canonical, b"\x43\x01\x00\xc0\x7f"))

    with court() as bench, pytest.raises(Divergence, match=r"^instrumented and original: memory"):
        bench.try_module(forgetful, Tape(TERMS), Report())


def test_a_pass_that_changes_the_meaning_is_found() -> None:
    subject = replace(Subject.of("logs", LOGS), original=module("(i64.const 1)"))

    with court() as bench, pytest.raises(Divergence, match=r"^instrumented and original: "):
        bench.try_module(subject, Tape(TERMS), Report())


def test_an_engine_that_lies_is_found_and_named() -> None:
    with court(liar()) as bench, pytest.raises(Divergence, match=r"^wasmtime-speed and liar: memory"):
        bench.try_module(Subject.of("logs", LOGS), Tape(TERMS), Report())


def test_a_process_that_dies_is_a_finding() -> None:
    dying = ProcessEngine("dying", lambda: [sys.executable, "-c", 'print(\'{"version": "1"}\', flush=True)'])

    with court(dying) as bench, pytest.raises(Divergence, match=r"engine dying: ended with 0"):
        bench.try_module(Subject.of("logs", LOGS), Tape(TERMS), Report())


def test_a_sweep_reports_what_it_finds_and_it_can_be_seen_again(tmp_path: Path) -> None:
    found: list[tuple[Divergence, bytes]] = []
    with court(liar()) as bench:
        sweep = Sweep(bench, 1, lambda divergence, _, terms: found.append((divergence, terms)), [], shrinks=False)
        sweep.part("grammar", 0, 40)

    ((divergence, terms),) = found
    assert divergence.kind == "wasmtime-speed and liar"
    assert len(sweep.report.divergences) == 1
    path = write_finding(tmp_path, divergence, "words", terms, ["wasmtime-speed"])
    assert path.with_suffix(".wat").read_text().startswith("(module")
    assert diverges(path, divergence.module) is None  # no liar among these engines


def test_a_failure_that_does_not_happen_again_is_reported_all_the_same(tmp_path: Path) -> None:
    host = "import pathlib, runpy, sys; mark = pathlib.Path(sys.argv[1]); first = not mark.exists(); mark.touch(); "
    host += "first and sys.exit(3); sys.argv = sys.argv[2:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    from_engines = Path(host_wasmtime.__file__)
    moody = ProcessEngine(
        "moody", lambda: [sys.executable, "-c", host, str(tmp_path / "mark"), str(from_engines)]
    )  # fmt: skip
    with court(moody) as bench:
        sweep = Sweep(bench, 1, lambda *_: None, [], shrinks=False)
        sweep.part("grammar", 0, 3)

    (words,) = sweep.report.divergences
    assert "once: engine moody: ended with 3" in words
