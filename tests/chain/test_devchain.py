"""Chains as child processes."""

import sys
import time
from pathlib import Path

import pytest

from executor.chain.devchain import ChainProcess
from executor.errors import ChainUnavailable

TALKS = """
import pathlib, sys, time
print("ready", flush=True)
for _ in range(100):
    sys.stdout.write("x" * 10_000)
sys.stdout.flush()
pathlib.Path(sys.argv[1]).touch()
time.sleep(60)
"""


class Talkative(ChainProcess):
    """Says that it is ready, and then a megabyte more."""

    def __init__(self, mark: Path) -> None:
        super().__init__(31337)
        self._mark = mark

    def command(self) -> list[str | Path]:
        return [sys.executable, "-c", TALKS, self._mark]

    def ready(self, output: str) -> str | None:
        return "http://127.0.0.1:1" if "ready" in output else None


class Silent(Talkative):
    """Ends without a word about its address."""

    def command(self) -> list[str | Path]:
        return [sys.executable, "-c", "print('no such option'); raise SystemExit(3)"]


def test_a_chain_that_talks_is_not_stopped_by_a_full_pipe(tmp_path: Path) -> None:
    """anvil prints a line for each call: after 64 kB that nobody read it answered no more."""
    mark = tmp_path / "said everything"
    with Talkative(mark):
        deadline = time.monotonic() + 20
        while not mark.exists():
            assert time.monotonic() < deadline, "the child hangs in a write"
            time.sleep(0.05)


def test_a_chain_that_does_not_start_says_what_it_printed(tmp_path: Path) -> None:
    with pytest.raises(ChainUnavailable, match=r"exit code 3\): no such option"):
        Silent(tmp_path / "never").start()
