"""Hypothesis draws the same examples in every run of continuous integration; people's runs look further.

Which tests run in one process of `make test`, one after the other: those of one file, so that they share its chains and
compiled guests, and all of a folder in TOGETHER. Folders in FIRST take longest and wait much, so they begin.
"""

import os
from pathlib import Path

import pytest
from hypothesis import settings

HERE = Path(__file__).parent
FIRST = ("end_to_end",)
TOGETHER = (
    "end_to_end",  # one network at a time: sixteen processes each, which time rounds
    "contracts",  # one set of chains with everything deployed
)

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order the tests and name their groups (pytest-xdist, `--dist loadgroup`)."""
    items.sort(key=lambda item: _folder(item) not in FIRST)
    if config.pluginmanager.hasplugin("xdist"):
        for item in items:
            folder = _folder(item)
            item.add_marker(pytest.mark.xdist_group(folder if folder in TOGETHER else str(item.path.relative_to(HERE))))


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(HERE).parts[0] if item.path.is_relative_to(HERE) else ""
