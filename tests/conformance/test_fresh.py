"""What is generated is what is committed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .vectors import ROOT


@pytest.mark.parametrize("script", ["fixtures/conformance/generate.py", "guest-sdk/web/rules.py"])
def test_generated_files_are_fresh(script: str) -> None:
    """The documented command makes the committed files."""
    done = subprocess.run([sys.executable, script, "--check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_any_command_can_be_held_to_the_vectors() -> None:
    """The runner takes an engine's name or a command, and says what differs."""
    runner = [sys.executable, "fixtures/conformance/run.py", "--files", "control,tables"]
    host = ["--", sys.executable, "executor/testing/engines/host_wasmtime.py"]
    for extra in (["v8-liftoff"], host):
        done = subprocess.run([*runner, *extra], cwd=ROOT, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert "34 vectors, 0 differ" in done.stdout


def test_a_host_that_counts_otherwise_is_told_so() -> None:
    """One unit of fuel more is a difference in every row that shows fuel."""
    program = """
import json, subprocess, sys
host = subprocess.Popen([sys.executable, sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
print(host.stdout.readline(), end="", flush=True)
for line in sys.stdin:
    host.stdin.write(line)
    host.stdin.flush()
    row = json.loads(host.stdout.readline())
    for call in row["calls"]:
        if "fuel" in call:
            call["fuel"] = str(int(call["fuel"]) + 1)
    print(json.dumps(row), flush=True)
"""
    command = [sys.executable, "-c", program, "executor/testing/engines/host_wasmtime.py"]
    runner = [sys.executable, "fixtures/conformance/run.py", "--files", "control", "--"]
    done = subprocess.run([*runner, *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "20 vectors, 18 differ" in done.stdout  # two have traps only
