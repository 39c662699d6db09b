"""Where the arm64 machine cannot be made, that is said."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aarch64.conftest import ROOT


@pytest.fixture
def setup(tmp_path: Path) -> Path:
    """The script in a checkout of its own, in which nothing is made yet."""
    shutil.copytree(ROOT / "tools" / "aarch64", tmp_path / "tools" / "aarch64")
    (tmp_path / "requirements").mkdir()
    shutil.copy(ROOT / "requirements" / "demo.txt", tmp_path / "requirements")
    return tmp_path / "tools" / "aarch64" / "setup.py"


def test_a_machine_without_apt_is_told_so(setup: Path, tmp_path: Path) -> None:
    """Exit code 2: it is impossible here, which a test may skip; nothing is left behind."""
    done = subprocess.run([sys.executable, str(setup)], capture_output=True, text=True, env={"PATH": "/nonexistent"})
    assert done.returncode == 2
    assert done.stderr.startswith("no arm64 machine here: ")
    assert [path.name for path in (tmp_path / ".engines").iterdir()] == ["aarch64.lock"]


def test_a_mirror_that_does_not_answer_is_a_failure(setup: Path, tmp_path: Path) -> None:
    """Exit code 1 with apt's own words, and no half-made machine."""
    if shutil.which("apt-get") is None:
        pytest.skip("no apt here, whose words are tested")  # other systems; CI is a Debian
    options = tmp_path / "apt.conf"
    options.write_text(
        'Acquire::http::Proxy "http://127.0.0.1:9"; Acquire::https::Proxy "http://127.0.0.1:9"; Acquire::Retries "0";'
    )
    done = subprocess.run(
        [sys.executable, str(setup)], capture_output=True, text=True, env={**os.environ, "APT_CONFIG": str(options)}
    )
    assert done.returncode == 1, done.stderr
    assert "the arm64 machine could not be made: apt-get" in done.stderr
    assert "Is there a network" in done.stderr
    assert [path.name for path in (tmp_path / ".engines").iterdir()] == ["aarch64.lock"]
