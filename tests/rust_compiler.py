"""The pinned Rust compiler of tools/rust, made when a test first needs it."""

from __future__ import annotations

import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
RUSTC = ROOT / ".engines" / "rust" / "rustc"
CACHE = ROOT / ".engines" / "rust-cache"


@lru_cache(maxsize=1)
def _set_up() -> tuple[int, str]:
    command = [sys.executable, str(ROOT / "tools" / "rust" / "setup.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr.strip()


def use_pinned_rustc(patch: pytest.MonkeyPatch) -> None:
    """Have `executor build` find it, and keep the compiled SDK beside it. Skipped only where there can be none."""
    code, words = _set_up()
    if code == 2:
        pytest.skip(words)  # exit code 2: no x86-64 Debian 12; the committed modules are tested all the same
    assert code == 0, words
    patch.setenv("RUSTC", str(RUSTC))
    patch.setenv("XDG_CACHE_HOME", str(CACHE))
