"""What README.md shows is what happens."""

from __future__ import annotations

import doctest
import shlex
from pathlib import Path

import pytest
from cli_types import Run

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"


def test_the_shown_session_is_real(executor: Run) -> None:
    """Each `$ executor run …` prints exactly the lines below it."""
    blocks = [block for block in README.read_text().split("\n\n") if block.startswith("    $ executor run ")]
    assert blocks
    for block in blocks:
        command, *shown = [line.removeprefix("    ") for line in block.splitlines()]
        verb, path, *options = shlex.split(command.removeprefix("$ executor "))
        done = executor(verb, ROOT / path, *options)
        assert done.stdout.splitlines() == shown


def test_the_python_lines_are_real(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded use, as typed from the checkout's root."""
    monkeypatch.chdir(ROOT)
    result = doctest.testfile(str(README), module_relative=False)
    assert result.attempted == 5
    assert result.failed == 0
