"""The pytest plugin: a marker that names the function a test is about, and fixtures that bring it.

    @pytest.mark.executor_function("../function.toml")
    def test_nodes_agree(committee):
        committee.assert_agrees(replies={"https://api.example.com/price": {"price": "1842.17"}})

Nothing of the machine, and no Hypothesis, is imported before a fixture is used.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from executor.testing.committees import Committee
    from executor.vm import Program

MARKER = "executor_function"


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, for --strict-markers and --markers."""
    config.addinivalue_line(
        "markers", f"{MARKER}(path, n=4, f=1): the function under test, relative to the test's file or the root"
    )


@pytest.fixture
def load_function(request: pytest.FixtureRequest) -> Callable[[str | Path], Program]:
    """A callable: the loaded program of a function.toml or its folder, relative to the test's file or the root."""

    def loaded(path: str | Path) -> Program:
        from executor.testing.functions import program_of

        beside, below_root = request.path.parent / path, request.config.rootpath / path
        return program_of(beside if beside.exists() else below_root)

    return loaded


@pytest.fixture
def executor_function(request: pytest.FixtureRequest, load_function: Callable[[str | Path], Program]) -> Program:
    """The loaded program that the marker `executor_function` names."""
    marker = _marker(request)
    return load_function(marker.args[0])


@pytest.fixture
def committee(request: pytest.FixtureRequest, executor_function: Program) -> Committee:
    """A committee for the marker's function: `n` nodes of which `f` may do anything."""
    from executor.testing.committees import Committee

    return Committee(executor_function, **_marker(request).kwargs)


def _marker(request: pytest.FixtureRequest) -> pytest.Mark:
    marker = request.node.get_closest_marker(MARKER)
    if marker is None or len(marker.args) != 1 or set(marker.kwargs) - {"n", "f"}:
        raise pytest.UsageError(
            f'mark the test: @pytest.mark.{MARKER}("path/of/function.toml"), with n= and f= if need be'
        )
    found: pytest.Mark = marker
    return found
