"""The public names of the package."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import executor


def test_every_public_name_is_there_and_typed() -> None:
    """__all__, what can be imported, and the stub name the same things."""
    stub = ast.parse(Path(executor.__file__ or "").with_suffix(".pyi").read_text())
    imported = {alias.name for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert set(executor.__all__) == imported
    assert all(getattr(executor, name) is not None for name in executor.__all__)
    assert dir(executor) == sorted(executor.__all__)


def test_importing_the_package_imports_no_engine() -> None:
    """Names are resolved on first use."""
    code = "import sys, executor; sys.exit('wasmtime' in sys.modules or 'pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_five_lines_of_the_readme() -> None:
    """Load, execute, look at the outcome."""
    from executor import Function, Request, Returned, execute, load
    from vm.guests import module

    program = load(Function(module("(i64.const 2)")))
    outcome = execute(program, Request.local(program.function_id, b"input"))
    assert isinstance(outcome, Returned)
    assert outcome.output == bytes(2)
