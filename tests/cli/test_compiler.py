"""Compilers are run alike whatever the environment and the function's folder say, and not for ever."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from cli_types import Run

from executor.cli import _compile_rust, _compiler
from executor.cli._compiler import run_compiler
from executor.errors import HostFault

SHOW = "import json, os, sys; print(json.dumps([dict(os.environ), sys.stdin.read()]))"


def test_a_compiler_sees_where_things_are_and_nothing_that_changes_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the user's own, no CPATH, no flags; what a build sets itself is there."""
    for name in ("SECRET_KEY", "CPATH", "RUSTFLAGS", "NODE_OPTIONS"):
        monkeypatch.setenv(name, "other")
    monkeypatch.setenv("HOME", "/home/somebody")
    seen, given = json.loads(run_compiler([sys.executable, "-c", SHOW], settings={"GOOS": "wasip1"}).stdout)
    assert set(seen) <= {*_compiler.KEPT_VARIABLES, "GOOS", "LC_CTYPE"}  # Python's own, in a C locale
    assert (seen["HOME"], seen["GOOS"], given) == ("/home/somebody", "wasip1", "")


def test_a_compiler_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time, by name."""
    monkeypatch.setattr(_compiler, "COMPILE_S", 1)
    with pytest.raises(HostFault, match="did not end in 1 s"):
        run_compiler([sys.executable, "-c", "import time; time.sleep(60)"])


def test_a_compiler_that_cannot_be_run_is_named() -> None:
    """A host's fault, no traceback."""
    with pytest.raises(HostFault, match="/nowhere/rustc cannot be run"):
        run_compiler(["/nowhere/rustc"])


def test_a_functions_folder_does_not_choose_the_rust_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """rustup runs what a folder's rust-toolchain.toml names; it is asked for its default elsewhere, and passed by."""
    folder, tools, real = tmp_path / "function", tmp_path / "bin", tmp_path / "toolchain"
    libraries = real / "lib"
    for each in (folder, tools, real / "bin", libraries):
        each.mkdir(parents=True)
    (libraries / "libcore-1.rlib").touch()
    (tools / "rustup").touch()
    _script(tools / "rustc", f'[ "$PWD" = / ] || {{ touch {tmp_path}/ran; exit 1; }}; echo {real}')
    _script(real / "bin" / "rustc", f"echo {libraries}")
    monkeypatch.delenv("RUSTC", raising=False)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    assert _compile_rust.find_rustc(folder) == str(real / "bin" / "rustc")
    assert not (tmp_path / "ran").exists()


def test_a_header_that_changed_is_noticed(executor: Run, tmp_path: Path) -> None:
    """Beside the source and outside of the function's folder; the SDK's own are no part of the function's files."""
    folder = tmp_path / "given"
    folder.mkdir()
    (folder / "function.toml").write_text('[function]\nname = "given"\nlanguage = "c"\nsource = "given.c"\n')
    (folder / "given.c").write_text(
        '#include "executor.h"\n#include "near by.h"\n#include "../far.h"\nEXECUTOR_FUNCTION(in) { return NEAR FAR; }\n'
    )
    (folder / "near by.h").write_text("#define NEAR in\n")
    (tmp_path / "far.h").write_text("#define FAR\n")
    assert executor("build", folder).returncode == 0
    facts = json.loads((folder / "build" / "function.json").read_text())
    assert sorted(facts["inputs"]) == ["../far.h", "given.c", "near by.h"]
    assert executor("run", folder).returncode == 0
    for changed in (folder / "near by.h", tmp_path / "far.h"):
        text = changed.read_text()
        changed.write_text(f"{text}\n")
        assert "has changed since it was built" in executor("run", folder).stderr
        changed.write_text(text)
    assert executor("verify-build", folder).returncode == 0


def _script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
