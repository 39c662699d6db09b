"""Runs the command as a user does, in this process because starting Python takes longer than most verbs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from cli_types import Done, Run

from executor.cli import main
from executor.receipts import Loader

LOADER = Loader()  # compiles the engine once; in test_wheel.py commands have processes of their own


@pytest.fixture
def executor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`executor ARGUMENTS` in an empty directory; `env` adds variables."""

    def run(*arguments: object, env: dict[str, str] | None = None) -> Done:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["executor", *map(str, arguments)])
            patch.chdir(tmp_path)
            for verb in ("run", "build", "simulate", "_freeze"):
                patch.setattr(f"executor.cli.{verb}.load", LOADER)
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            capsys.readouterr()
            try:
                main()
                code = 0
            except SystemExit as end:
                code = int(end.code or 0)
        printed = capsys.readouterr()
        return Done(code, printed.out, printed.err)

    return run


MANIFEST = """
[function]
name = "greet"
language = "javascript"
source = "greet.js"

[limits]
output_bytes = 256

[capabilities.http]
hosts = ["http://exchange-a.test"]
"""

SOURCE = """
import { observe, median, http, log } from "executor";
export default function (input) {
  log.info("started");
  const price = observe(median, () => http.get("http://exchange-a.test/price").json().price, { label: "price" });
  return input.bytes.length ? input.bytes : String(price);
}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A function that observes once and echoes its input if it has any."""
    folder = tmp_path / "greet"
    folder.mkdir()
    (folder / "function.toml").write_text(MANIFEST)
    (folder / "greet.js").write_text(SOURCE)
    return folder
