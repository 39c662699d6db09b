"""A divergence on disk: the module, its text, what differs, and how to see it again."""

from __future__ import annotations

import json
from pathlib import Path

from executor.testing.fuzz.smith import printed
from executor.testing.fuzz.trial import Divergence, digest_name


def write_finding(folder: Path, divergence: Divergence, words: str) -> Path:
    """Write the files of a finding; the path of its JSON file."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / f"finding-{digest_name(divergence.module)}"
    stem.with_suffix(".wasm").write_bytes(divergence.module)
    stem.with_suffix(".wat").write_text(printed(divergence.module))
    value = {"message": words, "case": divergence.case.terms() if divergence.case else None}
    path = stem.with_suffix(".json")
    path.write_text(json.dumps(value, indent=1) + "\n")
    return path
