"""What a compiled language's build.py writes beside its modules, so that a test sees what belongs together.

built.json: {"toolchain": {NAME: VERSION}, "sources": {PATH: SHA-256}, "modules": {NAME: {"sha256", "size_bytes"}}}
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[3]
FILE: Final = "built.json"


def facts(toolchain: Mapping[str, str], sources: Iterable[Path], modules: Mapping[str, bytes]) -> dict[str, Any]:
    """What built.json says of these modules, made of these files of the repository."""
    return {
        "toolchain": dict(toolchain),
        "sources": {path.relative_to(ROOT).as_posix(): sha256(path.read_bytes()) for path in sorted(sources)},
        "modules": {name: {"sha256": sha256(wasm), "size_bytes": len(wasm)} for name, wasm in sorted(modules.items())},
    }


def write(folder: Path, described: Mapping[str, Any], modules: Mapping[str, bytes]) -> None:
    """NAME.wasm for each, and built.json."""
    folder.mkdir(exist_ok=True)
    for name, wasm in modules.items():
        (folder / f"{name}.wasm").write_bytes(wasm)
    (folder / FILE).write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")


def differences(folder: Path, described: Mapping[str, Any]) -> list[str]:
    """In what the folder differs from modules that were just built and described."""
    kept = json.loads((folder / FILE).read_text(encoding="utf-8"))
    wrong = [f"{FILE} has other {key}" for key in described if kept.get(key) != described[key]]
    return [*wrong, *stale(folder)]


def stale(folder: Path) -> list[str]:
    """Sources and modules that are not those of built.json: no compiler is needed to see it."""
    kept = json.loads((folder / FILE).read_text(encoding="utf-8"))
    files = {ROOT / path: digest for path, digest in kept["sources"].items()}
    files |= {folder / f"{name}.wasm": row["sha256"] for name, row in kept["modules"].items()}
    return [
        f"{path.relative_to(ROOT)} is another"
        for path, digest in files.items()
        if not path.exists() or sha256(path.read_bytes()) != digest
    ]


def sha256(content: bytes) -> str:
    """Hex."""
    return hashlib.sha256(content).hexdigest()
