"""Hypothesis draws the same examples in every run of continuous integration; people's runs look further.

Which tests run in one process of `make test`, one after the other: those of one file, so that they share its chains and
compiled guests, and all of a folder in TOGETHER. Folders in FIRST take longest and wait much, so they begin.
"""

import os
from typing import Any

import pytest
from hypothesis import settings

FIRST = ("end_to_end",)
TOGETHER = (
    "end_to_end",  # one network at a time: sixteen processes each, which time rounds
    "contracts",  # one set of chains with everything deployed
)

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests."""
    items.sort(key=lambda item: _folder(item.nodeid) not in FIRST)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Groups are named here: `--dist loadgroup` writes those of marks where pytest 9 reads no more."""
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            folder = _folder(nodeid)
            return folder if folder in TOGETHER else nodeid.split("::")[0]

    return Groups(config, log)


def _folder(nodeid: str) -> str:
    """`end_to_end` of `tests/end_to_end/test_batches.py::test_one`."""
    return nodeid.removeprefix("tests/").split("/")[0]
