"""The gate itself: other places, progress, its time, and what it needs of the machine."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace

import pytest

from executor.model.function import Function
from executor.model.request import Request
from executor.model.transcript import Transcript
from executor.testing import Trace, function_of_source, program_of, traced
from executor.testing.checking import Kind, Plan, check
from executor.testing.replies import Reply
from executor.vm import Program

URL = "https://api.example.com/a"
ECHO = function_of_source("export default (input) => input.text().slice(0, 64);", "[limits]\nobservations = 0")
OTHER = function_of_source("export default (input) => input.text().slice(0, 3);", "[limits]\nobservations = 0")


@dataclass(frozen=True)
class Elsewhere:
    """A place where another function runs than the one that was asked for."""

    function: Function
    name: str = "a broken machine"

    def run(self, program: Program, request: Request, transcript: Transcript) -> Trace:
        """The other function's run."""
        other = program_of(self.function)
        return traced(other, replace(request, function_id=other.function_id), transcript)


def test_a_place_that_computes_something_else_is_found() -> None:
    """And told from a fault of the function's."""
    report = check(program_of(ECHO), Plan((b"hello",), examples=30, seconds=600), places=(Elsewhere(OTHER),))
    assert [finding.kind for finding in report.findings] == [Kind.ENGINES_DIFFER]
    (finding,) = report.findings
    assert "here and a broken machine" in finding.summary
    assert "not of the function" in finding.advice
    assert finding.input == b"hello"


def test_progress_is_told() -> None:
    """How many scenes of how many."""
    told: list[tuple[int, int]] = []
    check(program_of(ECHO), Plan((b"7",), examples=20, seconds=600), progress=lambda *done: told.append(done))
    assert told == [(number, 20) for number in range(20)]


def test_the_time_ends_a_hunt_and_the_report_says_so() -> None:
    """A verdict on what there was time for."""
    report = check(program_of(ECHO), Plan((b"7",), examples=1_000_000, seconds=0.3))
    assert report.tried["examples"] == 1
    assert any("the time ended after" in note and "of 1000000 scenes" in note for note in report.notes)


def test_a_report_reads_and_serialises() -> None:
    """The same verdict and counts for people and programs; seconds are in neither, so that reports compare."""
    report = check(program_of(ECHO), Plan((b"7",), examples=20, seconds=600))
    assert (
        report.text()
        == report.summary()
        == "passed: nothing found; tried " + ", ".join(f"{number} {what}" for what, number in report.tried.items())
    )
    assert report.plain()["verdict"] == "passed"
    assert report.plain()["tried"] == {
        "examples": 1, "inputs": 19, "comparisons": 3, "simulated committees": 16, "runs": 20
    }  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 50_000,
        bytes(range(256)),
        b'{"price": 1.5, "name": "\\ud800"}',
        b'{"p": NaN, "q": 1e999}',
    ],
    ids=["deep lists", "deep objects", "no text", "a lone surrogate", "no JSON numbers"],
)
def test_whatever_a_reply_holds_there_is_a_verdict(body: bytes) -> None:
    """Example replies come from servers."""
    source = f'''import {{ http, identical, observe }} from "executor";
    export default () => observe(identical, () => String(http.get("{URL}").bytes()[0]));'''
    program = program_of(function_of_source(source, '[capabilities.http]\nhosts = ["api.example.com"]'))
    report = check(program, Plan(replies={URL: Reply(body=body)}, examples=60, seconds=600))
    assert [finding.kind for finding in report.findings] == [Kind.ERROR_AS_VALUE], report.text()


def test_the_command_needs_no_test_tools() -> None:
    """Hypothesis and pytest come with extras; the gate works without."""
    probe = "import sys, executor.cli.check; assert not {'hypothesis', 'pytest'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", probe], check=True, timeout=120)


@pytest.mark.parametrize("owner", ["", f'owner = "0x{"11" * 20}"'])
def test_secrets_that_nobody_may_put_are_found(owner: str) -> None:
    """Here every name has a made-up value, so that no run would show it."""
    source = """
        import { identical, observe, secrets } from "executor";
        export default () => observe(identical, () => `${secrets.get("API_KEY").length}`);
    """
    granted = f'[limits]\nobservations = 1\n[capabilities.secrets]\n{owner}\nnames = ["API_KEY", "OTHER_KEY"]'
    report = check(program_of(function_of_source(source, granted)), Plan((b"",), examples=5, seconds=600))
    expected = [] if owner else [Kind.SECRETS_WITHOUT_OWNER]
    assert [each.kind for each in report.findings] == expected
    assert all("API_KEY, OTHER_KEY" in each.summary and "owner in [" in each.advice for each in report.findings)
