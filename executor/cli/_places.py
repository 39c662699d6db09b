"""The user's file and line where a compiled function ended, for languages whose errors and traps do not carry them.

For people only: the function's twin (executor/cli/_twins.py) is run again, in a process of its own, over what the host
had answered. Whatever does not work on the way costs the place and nothing else.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from executor.errors import ExecutorError
from executor.javascript.source_map import read_source_map
from executor.projects import Project, map_of
from executor.vm import Event

LANGUAGES: Final = ("assemblyscript", "c", "go", "rust", "zig")
RUN_S: Final = 20  # a few thousand million instructions
FUEL_TIMES: Final = 10  # an unoptimised module takes several instructions for one of ours
MAX_FUEL: Final = 3_000_000_000  # two or three seconds
PAGE_BYTES: Final = 65_536
ENDED_BY: Final = ("fail", "propose")  # calls that end a run
_SCRIPT: Final = Path(__file__).with_name("_frames.py")
_AT: Final = re.compile(r"^ +at (?P<file>.+?):(?P<line>[1-9]\d*)(?::(?P<column>\d+))?$", re.M)
_MAIN: Final = re.compile(r"!main\.(?:_ptr_\w+_\.)?(?P<name>\w+?)(?:\.func\d+)*$", re.M)
_TOLD: Final = re.compile(r"\((?P<file>[^():]+):\d+(?::\d+)?\)")


def has_places(project: Project) -> bool:
    """Whether errors of this project may need a twin to tell their places."""
    return project.is_compiled and project.manifest.function.language in LANGUAGES


def place_of(
    project: Project, data: bytes, events: Sequence[Event], told: str, *, fuel: int, broke_rule: bool = False
) -> str:
    """`src/price.c:12:5`, where a run over this input and these host calls ended; nothing where that is not known.

    `told` is what was said of it, which may name the place already; `fuel` what it might burn; `broke_rule` says that
    the last call was refused.
    """
    if not has_places(project) or any(_is_own(project, match["file"]) for match in _TOLD.finditer(told)):
        return ""
    given = {
        "input": data.hex(),
        "calls": [[event.name, event.result, event.answer.hex()] for event in events],
        "ends_in_call": bool(events) and (broke_rule or events[-1].name in ENDED_BY),
        "fuel": min(FUEL_TIMES * fuel, MAX_FUEL),
        "memory_bytes": (project.manifest.limits.memory_mib << 20) + 16 * PAGE_BYTES,  # for the larger stack
    }
    from executor.cli._twins import twin_of  # compilers, which a run that ends well does not need

    try:
        with twin_of(project) as twin:
            return _first_place(project, _frames({**given, "module": str(twin)}), map_of(twin))
    except (ExecutorError, OSError, ValueError, subprocess.SubprocessError):
        return ""


def _frames(given: dict[str, Any]) -> dict[str, Any]:
    command = [sys.executable, "-I", str(_SCRIPT)]
    done = subprocess.run(
        command, input=json.dumps(given), capture_output=True, encoding="utf-8", check=True, timeout=RUN_S
    )
    found = json.loads(done.stdout)
    return found if isinstance(found, dict) else {}


def _first_place(project: Project, frames: dict[str, Any], map_path: Path) -> str:
    """Of the frames, innermost first, the first in a file of the user's own."""
    if map_path.exists():
        mapped = read_source_map(map_path.read_bytes())
        for offset in frames.get("offsets", ()):
            place = mapped.place_of(0, offset)
            if place is not None and _is_own(project, place.file):
                return f"{_name(project, place.file)}:{place.line + 1}:{place.column + 1}"
        return ""
    for match in _TOLD.finditer(frames.get("said", "")):
        if _is_own(project, match["file"]):
            return match[0][1:-1]
    for match in _AT.finditer(frames.get("text", "")):
        if _is_own(project, match["file"]):
            column = f":{match['column']}" if match["column"] not in (None, "0") else ""
            return f"{_name(project, match['file'])}:{match['line']}{column}"
    return _function_of_go(project, frames.get("text", ""))


def _function_of_go(project: Project, text: str) -> str:
    """The innermost function of package main, by its name, which is all that frames of Go have."""
    for match in _MAIN.finditer(text):
        declared = re.compile(rf"^func (?:\([^)\n]*\) )?{match['name']}\(", re.M)
        for path in sorted(project.source_path.parent.glob("*.go")):
            code = path.read_text(encoding="utf-8")
            if found := declared.search(code):
                line = code.count("\n", 0, found.start()) + 1
                return f"{_name(project, str(path.resolve()))}:{line} (in {match['name']})"
    return ""


def _is_own(project: Project, file: str) -> bool:
    folder, path = project.directory.resolve(), (project.directory / file).resolve()
    return path.is_relative_to(folder) and path.is_file() and "node_modules" not in path.parts


def _name(project: Project, file: str) -> str:
    return (project.directory / file).resolve().relative_to(project.directory.resolve()).as_posix()
