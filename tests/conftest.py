"""Hypothesis draws the same examples in every run of continuous integration; people's runs look further.

Rule 1. Which tests run in one process of `make test`, one after the other: those of one file, so that they share its
        chains and compiled guests; of a folder in TOGETHER all that share what is started once for it, by chain.
Rule 2. What takes longest begins, so that no process is left alone with it at the end: LONGEST, by `pytest --costs`.
"""

import os
import re
import signal
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import settings

from tests.costs import Costs

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):  # started with `&` by a script: what tests start would not hear it
    signal.signal(signal.SIGINT, signal.default_int_handler)

TOGETHER = (
    "end_to_end",  # one network on the embedded chain, one after the other on two more
    "contracts",  # everything deployed, on one chain after the other
)
APART = (
    "test_commands.py",
    "test_demo_draws.py",
    "test_epochs.py",
    "test_chain_faults.py",
)  # of these: files that start networks of their own
ON_CHAIN = re.compile(r"\[(anvil|prague|osaka)\b")  # a test's parameter; without one it is on the embedded chain

LONGEST = (
    "end_to_end",
    "tests/end_to_end/test_commands.py",
    "tests/aarch64/test_aarch64.py",
    "end_to_end on anvil",
    "contracts",
    "tests/network/test_kill_sweep.py",
    "tests/end_to_end/test_epochs.py",
    "tests/end_to_end/test_chain_faults.py",
    "contracts on osaka",
    "contracts on prague",
    "tests/cli/test_functions.py",
    "tests/hostile/test_hostile_guests.py",
    "tests/test_wheel.py",
    "tests/keys/test_process.py",
    "tests/worker/test_failures.py",
    "tests/embedding/test_examples.py",
    "tests/testing/checking/test_clean.py",
    "tests/conformance/test_vectors.py",
    "tests/chain/test_delivery.py",
    "tests/vectors/test_vector_files.py",
    "tests/chain/test_embedded.py",
    "tests/testing/checking/test_planted.py",
    "tests/worker/test_pool.py",
    "tests/conformance/test_engines.py",
    "tests/embedding/test_embedding_page.py",
    "tests/chain/test_watcher.py",
    "tests/protocol/test_lock_explorer.py",
    "tests/fuzz/test_replay.py",
)
PLACES = {name: place for place, name in enumerate(LONGEST)}

settings.register_profile("people", deadline=None)  # how long an example takes is the machine's matter
settings.register_profile("ci", settings.get_profile("people"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "people")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--costs`."""
    parser.addoption("--costs", action="store_true", help="what the tests cost, by folder, file, fixture and test")


def pytest_configure(config: pytest.Config) -> None:
    """Measure only when asked."""
    if config.getoption("--costs"):
        config.pluginmanager.register(Costs(), "executor-costs")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the groups; within each the order stays."""
    items.sort(key=lambda item: PLACES.get(_group(item.nodeid), len(PLACES)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Groups are named here: `--dist loadgroup` writes those of marks where pytest 9 reads no more."""
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _group(nodeid)

    return Groups(config, log)


def _group(nodeid: str) -> str:
    """`contracts on osaka` of `tests/contracts/test_gas.py::test_one[osaka]`; most files are groups of their own."""
    file = PurePosixPath(nodeid.split("::")[0])
    folder = file.parts[1] if len(file.parts) > 1 else ""
    if folder not in TOGETHER or file.name in APART:
        return str(file)
    chain = ON_CHAIN.search(nodeid)
    return f"{folder} on {chain[1]}" if chain else folder
