"""Both machines: this one, and an arm64 Python under qemu that tools/aarch64/setup.py makes."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from aarch64.inside import TASKS

ROOT = Path(__file__).resolve().parents[2]
INSIDE = Path(__file__).with_name("inside.py")
ARM = ROOT / ".engines" / "aarch64" / "python"
EVERYTHING = "EXECUTOR_AARCH64" in os.environ  # `make test-aarch64`: the machine has to be there, and all of it runs
collect_ignore = [] if EVERYTHING else ["test_v8.py"]


def set_up(*options: str) -> None:
    """Make the machine. Skipped only where it cannot be, which is said; a failed set-up is a failure."""
    command = [sys.executable, str(ROOT / "tools" / "aarch64" / "setup.py"), *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 2 and not EVERYTHING:
        pytest.skip(done.stderr.strip())  # exit code 2: no x86-64 Debian, so there is nothing to set up from
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def arm() -> Path:
    """The arm64 Python."""
    set_up()
    return ARM


@pytest.fixture(scope="session")
def v8(arm: Path) -> Path:
    """The arm64 node."""
    set_up("--node")
    return arm.with_name("node")


def run(python: str | Path, task: str) -> dict[str, Any]:
    """What a task prints on one machine."""
    paths = f"{ROOT}{os.pathsep}{ROOT / 'tests'}"
    done = subprocess.run(
        [str(python), str(INSIDE), task],
        capture_output=True, text=True, env={"PATH": os.environ["PATH"], "PYTHONPATH": paths},
    )  # fmt: skip
    assert done.returncode == 0, f"{task} on {python}: {done.stderr}"
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="session")
def there(arm: Path) -> Iterator[Mapping[str, Future[dict[str, Any]]]]:
    """Every task, started on arm64: two at a time, the longest first."""
    with ThreadPoolExecutor(2) as threads:
        yield {task: threads.submit(run, arm, task) for task in TASKS}
        threads.shutdown(cancel_futures=True)


def here(task: str) -> dict[str, Any]:
    """What a task prints on this machine, in a process of its own."""
    found = run(sys.executable, task)
    assert found["machine"] == platform.machine() != "aarch64"
    return found["rows"]  # type: ignore[no-any-return]
