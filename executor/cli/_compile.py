"""Compiling functions to modules: C with the compiler from PyPI (`ziglang`), whose version decides the bytes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from executor.cli import _compile_assemblyscript as assemblyscript
from executor.cli._compile_go import compile_go
from executor.cli._compile_rust import compile_rust
from executor.cli._compile_zig import compile_zig
from executor.cli._compiler import inputs_of, named_from, run_compiler
from executor.cli._show import tell_compilers
from executor.crypto.digests import keccak256
from executor.errors import InvalidConfig, InvalidModule
from executor.model.codec import Json

# The flags of guest-sdk/c/build.py; a test builds an example both ways and compares the bytes.
FLAGS = (
    *("-target", "wasm32-freestanding", "-O2", "-std=c11", "-nostdlib", "-ffreestanding", "-fno-builtin"),
    *("-fno-sanitize=undefined", "-Wall", "-Wextra", "-Werror", "-Wl,--no-entry", "-Wl,--strip-all"),
)
_PACKAGE = Path(__file__).resolve().parents[1]
_HEADERS = (_PACKAGE / "sdk" / "c", _PACKAGE.parent / "guest-sdk" / "c")  # in a wheel; in a checkout


def compile_c(source: Path, out: Path, flags: Sequence[str] = FLAGS) -> tuple[Path, ...]:
    """Writes the module of a C source; the files it was made of.

    Raises InvalidConfig without compiler or SDK, InvalidModule for what does not compile.
    """
    ziglang = find_spec("ziglang")
    if ziglang is None:
        raise InvalidConfig("building C needs the compiler from PyPI: pip install 'executor[build]'")
    header = next((folder for folder in _HEADERS if (folder / "executor.h").exists()), None)
    if header is None:
        raise InvalidConfig("the C SDK (executor.h) is not part of this installation; use a source checkout")
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="executor-c-") as temporary:
        rules = Path(temporary) / "inputs"
        command = [sys.executable, "-m", "ziglang", "cc", *flags, f"-I{header}", "-MD", "-MF", str(rules)]
        done = run_compiler([*command, str(source), "-o", str(out)])
        if done.returncode != 0:
            out.unlink(missing_ok=True)
            tell_compilers(done.stderr)
            raise InvalidModule(f"{source} does not compile")
        library = Path(ziglang.origin or "").resolve().parent  # its own headers, which its version names
        return tuple(
            path for path in inputs_of(rules, Path()) if not any(map(path.is_relative_to, (header.resolve(), library)))
        )


def compile_module(language: str, source: Path, out: Path, folder: Path, *, own: bool = False) -> dict[str, Json]:
    """Writes the module of a source of a function's folder; what it was made of, where that is more, and by.

    With `own` no tool runs that stands in or above the function's folder: it may be a stranger's.

    Raises InvalidConfig where a tool is missing, InvalidModule for what does not compile.
    """
    match language:
        case "rust":
            made = compile_rust(source, out, folder)
            return {"inputs": _digests(folder, made.inputs), "toolchain": {"rustc": made.compiler}}
        case "go":
            built = compile_go(source, out, folder)
            return {"inputs": _digests(folder, built.inputs), "toolchain": {"go": built.compiler}}
        case "assemblyscript":
            read = assemblyscript.compile_assemblyscript(source, out, folder, own=own)
            return {"inputs": _digests(folder, read), "toolchain": {"assemblyscript": assemblyscript.VERSION}}
        case "zig":
            inputs = _digests(folder, compile_zig(source, out, folder))
            return {"inputs": inputs, "toolchain": {"ziglang": version("ziglang")}}
        case _:
            inputs = _digests(folder, (named_from(folder, path) for path in compile_c(source, out)))
            return {"inputs": inputs, "toolchain": {"ziglang": version("ziglang")}}


def _digests(folder: Path, names: Iterable[str]) -> dict[str, Json]:
    return {name: str(keccak256((folder / name).read_bytes())) for name in names}
