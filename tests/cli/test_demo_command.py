"""`executor demo` before anything starts."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
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


@pytest.mark.parametrize("verb", ["demo", "devnet"])
def test_without_the_embedded_chain_the_command_that_installs_it_is_named(verb: str) -> None:
    """As after a plain `pip install executor`."""
    without = f"import sys; sys.modules['eth'] = None; sys.argv = ['executor', {verb!r}]"
    command = [sys.executable, "-c", f"{without}; from executor.cli import main; main()"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    told = "executor: the embedded chain needs py-evm: pip install 'executor[devnet]'\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", told)


def test_the_list_is_told_to_programs(executor: Run) -> None:
    assert list(json.loads(executor("demo", "--list", "--json").stdout)["demos"]) == list(PLAYS)
