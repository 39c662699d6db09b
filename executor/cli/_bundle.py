"""Bundling TypeScript and JavaScript with esbuild into one module that the engine loads.

Rule 1. The bytes depend on the files, their places below the function's folder and esbuild's version only: no
        tsconfig.json, no environment and no clock has a say.
Rule 2. A bundle of one JavaScript file is that file: what needs no bundling has the id it always had.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from executor.cli._esbuild import VERSION, find_esbuild
from executor.errors import HostFault, InvalidManifest
from executor.javascript.imports import BUILT_IN, BUNDLED_SUFFIXES
from executor.projects import MAX_INPUTS, Project, digest_of, map_of

# es2023 is what the engine knows in full. `browser` picks the variants of packages that need no Node.js.
OPTIONS: Final = (
    *("--bundle", "--format=esm", "--target=es2023", "--platform=browser", "--charset=utf8", "--legal-comments=inline"),
    *(f"--external:{BUILT_IN}", "--tsconfig-raw={}", '--define:process.env.NODE_ENV="production"'),
    *("--sourcemap=external", "--sources-content=false", "--color=false", "--log-level=error", "--log-limit=10"),
)
MINIFY: Final = ("--minify-whitespace", "--minify-syntax")  # identifiers stay: they are what stacks show
BUNDLE_S: Final = 120  # esbuild takes 0.1 s for a bundle of 1 MB
_ERROR: Final = re.compile(
    r"^\S+ \[ERROR\] (?P<text>.*)$(?:\n\n +(?P<file>[^\n]+?):(?P<line>\d+):(?P<column>\d+):$)?", re.M
)
_MISSING: Final = re.compile(r'Could not resolve "(?P<name>[^"./][^"]*)"')
_KEPT_VARIABLES: Final = ("PATH", "HOME", "TMPDIR", "TEMP", "SYSTEMROOT")  # not NODE_PATH, which would add packages


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a bundle was made of: files from the function's folder on with their digests, and by what."""

    inputs: dict[str, str]
    toolchain: dict[str, str]


def bundle(project: Project) -> Bundle:
    """Writes a project's bundle and source map; raises InvalidManifest for errors of the source, InvalidConfig
    without esbuild."""
    out = project.bundle_path
    out.parent.mkdir(parents=True, exist_ok=True)
    facts_path = out.with_suffix(".meta.json")
    esbuild = find_esbuild(project.directory, own=project.built_in is not None)
    command = [
        str(esbuild), f"./{project.manifest.function.source}", *OPTIONS,
        *(MINIFY if project.manifest.build.minify else ()),
        f"--outfile={out.resolve()}", f"--metafile={facts_path.resolve()}",
    ]  # fmt: skip
    try:
        _run(project, command)
        plain = json.loads(facts_path.read_bytes())
    except (OSError, json.JSONDecodeError, subprocess.TimeoutExpired) as error:
        raise HostFault(f"esbuild failed: {error}") from error
    finally:
        facts_path.unlink(missing_ok=True)
    if not any("default" in made.get("exports", ()) for made in plain["outputs"].values()):
        name = project.manifest.function.source
        raise InvalidManifest(f"function.source: {name} must have `export default function (input) {{ ... }}`")
    names = sorted(name for name in plain["inputs"] if not name.startswith("(disabled)"))
    if len(names) > MAX_INPUTS:
        raise InvalidManifest(f"function.source: a bundle of {len(names)} files, the limit is {MAX_INPUTS}")
    if len(names) == 1 and project.source_path.suffix not in BUNDLED_SUFFIXES and not project.manifest.build.minify:
        out.write_bytes(project.read_source())  # Rule 2
        map_of(out).unlink(missing_ok=True)
    return Bundle({name: digest_of(project, name) or "" for name in names}, {"esbuild": VERSION})


def _run(project: Project, command: list[str]) -> None:
    environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    done = subprocess.run(
        command, cwd=project.directory, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
        encoding="utf-8", errors="replace", check=False, timeout=BUNDLE_S,
    )  # fmt: skip
    if done.returncode == 0:
        return
    project.bundle_path.unlink(missing_ok=True)
    told = [_told(found, project.directory) for found in _ERROR.finditer(done.stderr)]
    if not told:
        raise HostFault(f"esbuild ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    for further in told[1:]:
        sys.stderr.write(f"{further}\n")
    raise InvalidManifest(f"function.source: {told[0]}")


def _told(error: re.Match[str], folder: Path) -> str:
    """`src/price.ts:3:7: Expected ";" but found "x"`: columns count from 1, as in the engine's words."""
    text = error["text"]
    if missing := _MISSING.search(text):
        package = "/".join(missing["name"].split("/")[: 2 if missing["name"].startswith("@") else 1])
        is_nodes = "built into node" in error.string[error.end() :].partition("[ERROR]")[0]
        text += ": a function has no Node.js" if is_nodes else f": run `npm install {package}` in {folder}"
    return f"{error['file']}:{error['line']}:{int(error['column']) + 1}: {text}" if error["file"] else text
