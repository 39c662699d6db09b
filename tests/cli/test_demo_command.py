"""`executor demo` before anything starts."""

from __future__ import annotations

from cli_types import Run

from executor.demos.plays import PLAYS


def test_the_list_names_every_use_case(executor: Run) -> None:
    done = executor("demo", "--list")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(PLAYS)


def test_an_unknown_use_case_is_refused_before_anything_starts(executor: Run) -> None:
    done = executor("demo", "prices")
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean 'price'" in done.stderr
    assert done.stderr.count("\n") == 1
