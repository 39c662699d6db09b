"""The names that `executor` promises, and the five lines of the README."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import executor

HERE = Path(executor.__file__).parent

WAT = """
(module
  (memory (export "memory") 1)
  (func (export "alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "run") (param $at i32) (param $length i32) (result i64)
    (i64.or (i64.shl (i64.extend_i32_u (local.get $at)) (i64.const 32)) (i64.extend_i32_u (local.get $length)))))
"""


def test_five_lines_run_a_function() -> None:
    """Embedded use: load, request, execute."""
    import wasmtime

    from executor import Function, Request, Returned, execute, load

    program = load(Function(bytes(wasmtime.wat2wasm(WAT))))
    request = Request.local(program.function_id, b"hello")
    outcome = execute(program, request, transcript=())
    assert isinstance(outcome, Returned)
    assert outcome.output == b"hello"
    assert outcome.fuel_used > 0


def test_every_public_name_exists_and_has_its_type() -> None:
    """`__all__`, the lazy table and the stub name the same things."""
    for name in executor.__all__:
        assert getattr(executor, name) is not None
    stub = ast.parse((HERE / "__init__.pyi").read_text())
    imported = {
        alias.asname or alias.name for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert imported == set(executor.__all__)
    assert sorted(executor.__all__) == dir(executor)


def test_other_names_do_not_exist() -> None:
    """A typing error is an AttributeError, not an import of something."""
    with pytest.raises(AttributeError, match="no attribute 'exekute'"):
        executor.exekute  # noqa: B018 (asking is the test)


def test_importing_executor_imports_nothing_heavy() -> None:
    """Names are resolved on first use."""
    probe = "import sys, executor; assert not {'wasmtime', 'pydantic', 'aiohttp', 'web3'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", probe], check=True, timeout=60)
