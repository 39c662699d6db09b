"""docs/embedding.md: its code runs, and it names what is public."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import executor

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "embedding.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_code_of_the_page_runs(tmp_path: Path) -> None:
    """All of it, from top to bottom, as one program."""
    assert len(BLOCKS) == 4
    script = tmp_path / "page.py"
    script.write_text("\n".join(BLOCKS), encoding="utf-8")
    done = subprocess.run([sys.executable, script], check=False, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr


def test_the_names_of_the_page_are_public() -> None:
    """Whatever its code imports from `executor` is in `__all__`."""
    imported = {
        name.strip()
        for block in BLOCKS
        for names in re.findall(r"^from executor import (.*)$", block, re.MULTILINE)
        for name in names.split(",")
    }
    assert imported
    assert imported <= set(executor.__all__)
