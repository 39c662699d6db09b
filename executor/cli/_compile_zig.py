"""Compiling Zig functions with the compiler from PyPI (`ziglang`), whose version decides the bytes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from executor.cli._compiler import run_compiler
from executor.cli._show import tell_compilers
from executor.errors import InvalidConfig, InvalidModule

# Safety checks stay: an index out of bounds is a failure with words. The stack is 256 KiB, as Rust's: each page of it
# costs fuel in every run (docs/metering.md).
FLAGS: Final = (
    *("-target", "wasm32-freestanding", "-O", "ReleaseSafe", "-fno-entry", "-rdynamic", "-fstrip"),
    *("--stack", "262144", "--name", "function"),
)
_PACKAGE: Final = Path(__file__).resolve().parents[1]
_SDKS: Final = (_PACKAGE / "sdk" / "zig", _PACKAGE.parent / "guest-sdk" / "zig")  # in a wheel; in a checkout
_SKIPPED: Final = frozenset({".zig-cache", "build", "zig-out"})


def compile_zig(source: Path, out: Path, folder: Path, flags: Sequence[str] = FLAGS) -> tuple[str, ...]:
    """Writes the module of a Zig source; the Zig files of its folder, any of which it may have imported.

    Raises InvalidConfig without compiler or SDK, InvalidModule for what does not compile.
    """
    if find_spec("ziglang") is None:
        raise InvalidConfig("building Zig needs the compiler from PyPI: pip install 'executor[build]'")
    sdk = next((each / "src" for each in _SDKS if (each / "src" / "root.zig").exists()), None)
    if sdk is None:
        raise InvalidConfig("the Zig SDK (executor.zig) is not part of this installation; use a source checkout")
    folder = folder.resolve()
    name = source.resolve().relative_to(folder)
    out.parent.mkdir(parents=True, exist_ok=True)
    modules = ["--dep", "executor", "--dep", "function", f"-Mroot={sdk / 'root.zig'}"]
    modules += [f"-Mexecutor={sdk / 'executor.zig'}", "--dep", "executor", f"-Mfunction={name}"]
    with TemporaryDirectory(prefix="executor-zig-") as cache:
        emitted = [f"-femit-bin={out.resolve()}", "--cache-dir", cache]
        command = [sys.executable, "-m", "ziglang", "build-exe", *flags, *emitted, *modules]
        done = run_compiler(command, folder)
    if done.returncode != 0:
        out.unlink(missing_ok=True)
        tell_compilers(done.stderr)
        raise InvalidModule(f"{source} does not compile")
    found = (path.relative_to(folder) for path in source.resolve().parent.rglob("*.zig"))
    return tuple(sorted(str(path) for path in found if not _SKIPPED.intersection(path.parts)))
