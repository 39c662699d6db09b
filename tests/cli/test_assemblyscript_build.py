"""`executor build` of AssemblyScript: its inputs, its errors, and the compiler that is found or named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_types import Run

from executor.cli import _compile_assemblyscript as assemblyscript
from executor.errors import InvalidConfig
from executor.projects import load_function

MANIFEST = '[function]\nname = "echo"\nlanguage = "assemblyscript"\nsource = "echo.ts"\n'
SOURCE = """import { twice } from "./twice";

export function main(input: Uint8Array): Uint8Array {
  return twice(input);
}
"""
TWICE = """import { join } from "executor";

export function twice(bytes: Uint8Array): Uint8Array {
  return join([bytes, bytes]);
}
"""


def test_the_lock_file_has_the_version_that_is_looked_for():
    """One version decides the bytes, and it stands in two places."""
    lock = Path(__file__).parents[2] / "guest-sdk" / "assemblyscript" / "package-lock.json"
    assert json.loads(lock.read_text())["packages"]["node_modules/assemblyscript"]["version"] == assemblyscript.VERSION


def test_a_function_of_two_files(executor: Run, tmp_path: Path):
    """Both are inputs: one that is edited has to be built again; a mistake is told with its file and line."""
    for name, text in (("function.toml", MANIFEST), ("echo.ts", SOURCE), ("twice.ts", TWICE)):
        (tmp_path / name).write_text(text)
    built = json.loads(executor("build", tmp_path, "--json").stdout)
    assert sorted(built["inputs"]) == ["echo.ts", "twice.ts"]
    assert built["toolchain"] == {"assemblyscript": assemblyscript.VERSION}
    ran = json.loads(executor("run", tmp_path, "--input", "ab", "--json").stdout)
    assert bytes.fromhex(ran["payload"][2:]) == b"abab"
    verified = executor("verify-build", tmp_path)
    assert verified.returncode == 0, verified.stderr
    (tmp_path / "twice.ts").write_text(TWICE.replace("[bytes, bytes]", "5"))
    again = executor("run", tmp_path)
    assert "has changed since it was built" in again.stderr
    refused = executor("build", tmp_path)
    assert refused.returncode != 0
    assert "twice.ts(4,15)" in refused.stderr


def test_what_is_not_built_says_so(tmp_path: Path):
    """A source alone is no function yet."""
    (tmp_path / "function.toml").write_text(MANIFEST)
    (tmp_path / "echo.ts").write_text(TWICE)
    with pytest.raises(Exception, match="is not built yet: run `executor build"):
        load_function(tmp_path)


def test_a_missing_compiler_is_named_with_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Another version is named, too; the right one is found, this machine's own before the project's."""
    monkeypatch.setattr(assemblyscript, "_SDKS", ())
    package = tmp_path / "node_modules" / "assemblyscript"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"version": "0.27.0"}')
    with pytest.raises(InvalidConfig, match=r"node_modules has 0\.27\.0\): run `npm install .* assemblyscript@0\.28"):
        assemblyscript.find_compiler(tmp_path)
    (package / "package.json").write_text(json.dumps({"version": assemblyscript.VERSION}))
    assert assemblyscript.find_compiler(tmp_path / "src") == package
    own = tmp_path / "sdk" / "node_modules" / "assemblyscript"
    own.mkdir(parents=True)
    (own / "package.json").write_text(json.dumps({"version": assemblyscript.VERSION}))
    monkeypatch.setattr(assemblyscript, "_SDKS", (tmp_path / "sdk",))
    assert assemblyscript.find_compiler(tmp_path / "src") == own
