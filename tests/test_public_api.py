"""The names that `executor` promises, and the five lines of the README."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.metadata import version
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
    declared = {node.target.id for node in stub.body if isinstance(node, ast.AnnAssign)}  # type: ignore[union-attr]
    assert imported == set(executor.__all__)
    assert declared == {"__version__"}
    assert sorted(executor.__all__) == dir(executor)


def test_other_names_do_not_exist() -> None:
    """A typing error is an AttributeError, not an import of something."""
    with pytest.raises(AttributeError, match="no attribute 'exekute'"):
        executor.exekute  # noqa: B018 (asking is the test)


HEAVY = {"wasmtime", "pydantic", "eth_abi", "web3", "aiohttp", "typer", "rich", "eth_account", "eth", "hypothesis"}
IMPORTS = {
    "import executor": HEAVY,
    "from executor import load, execute, observe": HEAVY - {"wasmtime", "pydantic"},
    "from executor import Receipt, Loader": HEAVY - {"wasmtime", "pydantic"},
    "from executor import WorkerPool": HEAVY - {"wasmtime", "pydantic"},
    "from executor import *": HEAVY - {"wasmtime", "pydantic"},
}


def in_a_new_process(code: str) -> str:
    """What code prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("statement", list(IMPORTS))
def test_an_import_brings_no_more_than_it_needs(statement: str) -> None:
    """Names are resolved on first use; the chain's, the network's and the terminal's packages never come along."""
    found = in_a_new_process(f"import sys\n{statement}\nprint(*{{name.split('.')[0] for name in sys.modules}})").split()
    assert "executor" in found
    assert set(found) & IMPORTS[statement] == set()


STATE = """
import locale, logging, os, signal, sys, threading, warnings
def state():
    signals = [signal.getsignal(number) for number in signal.valid_signals()]
    loggers = [logging.root.handlers[:], logging.root.level, logging.lastResort, logging.getLoggerClass()]
    place = [os.getcwd(), dict(os.environ), locale.setlocale(locale.LC_ALL), os.umask(0o022)]
    python = [sys.getrecursionlimit(), sys.getswitchinterval(), sys.excepthook, threading.active_count(), sys.path[:]]
    return signals, loggers, place, python, warnings.filters[:]
before = state()
from executor import *
import executor
for name in executor.__all__: getattr(executor, name)
{use}
after = state()
print([index for index, (one, other) in enumerate(zip(before, after)) if one != other])
print([name for name, logger in logging.root.manager.loggerDict.items()
       if name.startswith("executor") and getattr(logger, "handlers", None)])
"""
USE = """
program = load(Function(bytes(__import__("wasmtime").wat2wasm('''{wat}'''))))
execute(program, Request.local(program.function_id, b"hello"))
self_test()
"""


@pytest.mark.parametrize("use", ["", USE.format(wat=WAT)], ids=["imported", "used"])
def test_the_library_leaves_the_process_as_it_was(use: str) -> None:
    """No logging set-up, signal handlers, threads, environment, locale, recursion limit or warning filters."""
    assert in_a_new_process(STATE.replace("{use}", use)).splitlines() == ["[]", "[]"]


def test_the_package_is_typed() -> None:
    """PEP 561, and the version is the distribution's."""
    assert (HERE / "py.typed").exists()
    assert executor.__version__ == version("executor")


def test_a_function_of_bytearrays_is_a_function() -> None:
    """What tools such as wat2wasm give is copied: nobody can change it afterwards."""
    import wasmtime

    from executor import Function, function_id, load

    module = wasmtime.wat2wasm(WAT)
    function = Function(module, source=bytearray())
    before = function_id(function)
    assert load(function).function_id == before == function_id(Function(bytes(module)))
    module.clear()
    assert function_id(function) == before
