"""docs/compat.md says of every function of Chainlink's router whether it is served, and says so truly."""

import json
import re
from types import ModuleType
from typing import Any

import pytest

from tests.contracts.benchmarks import BENCHMARKS, load

pytestmark = pytest.mark.anvil

GUIDE = (BENCHMARKS.parent / "docs" / "compat.md").read_text()
CONTRACT = "src/compat/ChainlinkFunctionsRouter.sol"


@pytest.fixture(scope="module")
def peers() -> ModuleType:
    """benchmarks/peers.py, which compiles Chainlink's router."""
    return load("peers")


@pytest.fixture(scope="module")
def theirs(peers: ModuleType) -> set[tuple[str, str]]:
    """Kind and signature of everything in the ABI of FunctionsRouter."""
    return signatures(peers.compiled()[peers.ROUTER]["FunctionsRouter"]["abi"])


@pytest.fixture(scope="module")
def ours(peers: ModuleType) -> set[tuple[str, str]]:
    """The same of ChainlinkFunctionsRouter."""
    sources = {CONTRACT: {"content": (peers.HOME / CONTRACT).read_text()}}
    given = {"language": "Solidity", "settings": peers.SETTINGS, "sources": sources}
    compiled = peers.compiler.run(json.dumps(given))["contracts"]
    return signatures(compiled[CONTRACT]["ChainlinkFunctionsRouter"]["abi"])


def signatures(abi: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Kind and canonical signature of the functions, events and errors of an ABI."""
    named = [item for item in abi if "name" in item]
    return {(item["type"], f"{item['name']}({','.join(map(shape, item['inputs']))})") for item in named}


def shape(argument: dict[str, Any]) -> str:
    """An argument's type as selectors hash it."""
    if not argument["type"].startswith("tuple"):
        return str(argument["type"])
    return f"({','.join(map(shape, argument['components']))}){argument['type'].removeprefix('tuple')}"


def test_the_table_has_every_function_and_those_that_are_served_are(
    theirs: set[tuple[str, str]], ours: set[tuple[str, str]]
) -> None:
    """`served` is said of what has the same selector, and of nothing else."""
    section = GUIDE.split("function by function")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", section, re.MULTILINE))
    names = {signature: signature.split("(")[0] for kind, signature in theirs if kind == "function"}
    assert sorted(rows) == sorted(names.values())
    shared = [name for signature, name in names.items() if ("function", signature) in ours]
    assert [name for name, text in rows.items() if text == "served"] == shared == ["sendRequest"]


def test_the_event_for_results_is_chainlinks(theirs: set[tuple[str, str]], ours: set[tuple[str, str]]) -> None:
    """Who listens for RequestProcessed hears it: same name, same types, same topic."""
    assert [signature for kind, signature in theirs & ours if kind == "event"] == [
        "RequestProcessed(bytes32,uint64,uint96,address,uint8,bytes,bytes,bytes)"
    ]


def test_the_errors_that_are_said_to_be_chainlinks_are(
    peers: ModuleType, theirs: set[tuple[str, str]], ours: set[tuple[str, str]]
) -> None:
    """Of its router or its coordinator."""
    coordinator = signatures(peers.compiled()[peers.COORDINATOR]["FunctionsCoordinator"]["abi"])
    shared = {signature for kind, signature in (theirs | coordinator) & ours if kind == "error"}
    assert shared == {"EmptyRequestData()", "InvalidConsumer()", "UnsupportedRequestDataVersion()"}
    for signature in shared:
        assert f"| `{signature}` |" in GUIDE
