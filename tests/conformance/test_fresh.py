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
