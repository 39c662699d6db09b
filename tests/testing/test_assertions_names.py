"""The names that `executor.testing` promises."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from executor import testing


def test_every_public_name_exists_and_has_its_type() -> None:
    """`__all__`, the lazy table and the stub name the same things."""
    assert dir(testing) == sorted(testing.__all__)
    for name in testing.__all__:
        assert getattr(testing, name) is not None
    stub = ast.parse((Path(testing.__file__).parent / "__init__.pyi").read_text(encoding="utf-8"))
    imported = {
        alias.asname or alias.name for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert imported == set(testing.__all__)


def test_a_public_function_is_no_module_whatever_is_imported_first() -> None:
    """A module of the same name would take its place on the package."""
    probe = (
        "import importlib, pkgutil, types, executor.testing as t\n"
        "for found in pkgutil.iter_modules(t.__path__):\n"
        "    if found.name in t.__all__ and found.name != 'strategies':\n"
        "        importlib.import_module(f'executor.testing.{found.name}')\n"
        "wrong = [n for n in t.__all__ if n != 'strategies' and isinstance(getattr(t, n), types.ModuleType)]\n"
        "assert not wrong, wrong\n"
    )
    subprocess.run([sys.executable, "-c", probe], check=True, timeout=60)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As for any module."""
    with pytest.raises(AttributeError, match="assert_works"):
        testing.assert_works  # noqa: B018 (asking is the test)


def test_what_needs_no_hypothesis_does_without() -> None:
    """simulate, traces, replies, and the gate behind `executor check` work in a plain installation."""
    probe = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "from executor.testing import DoesNotAgree, Reply, first_difference, function_of_source, simulate, traced\n"
        "import executor.testing.checking.gate\n"
    )
    subprocess.run([sys.executable, "-c", probe], check=True, timeout=60)
