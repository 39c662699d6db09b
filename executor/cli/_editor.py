"""The types of the module `executor` where editors look for them: node_modules/executor beside the function.

Nothing is bundled from there and nothing else of node_modules is touched; `npm install` may remove the folder, the next
`executor build` writes it again.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Final

from executor.javascript.imports import BUNDLED_SUFFIXES
from executor.projects import Project

_PACKAGE: Final = Path(__file__).resolve().parents[1]
_TYPES: Final = (_PACKAGE / "sdk" / "javascript", _PACKAGE.parent / "guest-sdk" / "javascript")
_CONFIGURED: Final = ("package.json", "tsconfig.json", "jsconfig.json")
_MARK: Final = "executor-types"


def write_types(project: Project) -> None:
    """Writes the types for a TypeScript function, and for JavaScript in a folder that tools for it know."""
    if project.manifest.function.language != "javascript":
        return
    is_typed = project.source_path.suffix in BUNDLED_SUFFIXES
    types = next((folder / "index.d.ts" for folder in _TYPES if (folder / "index.d.ts").exists()), None)
    if types is None or not (is_typed or any((project.directory / name).exists() for name in _CONFIGURED)):
        return
    folder = project.directory / "node_modules" / "executor"
    package = folder / "package.json"
    if package.exists() and _MARK not in package.read_text(encoding="utf-8", errors="replace"):
        return  # a package of that name from npm: not ours to change
    plain = {
        "name": "executor", "version": version("executor"), "description": "Types of the module built into the engine.",
        "keywords": [_MARK], "types": "index.d.ts", "private": True,
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    package.write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")
    (folder / "index.d.ts").write_bytes(types.read_bytes())
