"""Committed compiler output belongs to the committed sources, and the bindings to it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from eth_utils.crypto import keccak

from executor.chain.bindings import load
from executor.chain.bindings import router as router_binding

HOME = Path(__file__).resolve().parents[2]
NAMES = (
    *("Beacon", "BlsVerifier", "Committee", "EcdsaQuorumVerifier", "FunctionRegistry", "PriceConsumer", "Router"),
    "Triggers",
)
DEMOS = (
    *("ChainBeacon", "CollateralGuard", "ConstantProductPool", "DemoCrowd", "DemoToken", "DynamicNft", "GatedClaim"),
    *("ChainlinkFunctionsRouter", "CommitteeLottery", "FunctionRaffles", "IdentityGate", "JointLottery"),
    *("OnChainGuard", "Rebalancer"),
)
EIP_170_LIMIT = 24_576
EIP_3860_LIMIT = 2 * EIP_170_LIMIT


def fresh(home: Path) -> subprocess.CompletedProcess[str]:
    """Runs the check that needs no node."""
    command = [sys.executable, str(home / "contracts" / "tools" / "build.py"), "--fresh"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The contracts and what was generated from them, to spoil."""
    ignored = shutil.ignore_patterns("node_modules", "out", "cache", "__pycache__")
    shutil.copytree(HOME / "contracts", tmp_path / "contracts", ignore=ignored)
    for folder in ("artifacts", "bindings"):
        shutil.copytree(HOME / "executor" / "chain" / folder, tmp_path / "executor" / "chain" / folder)
    return tmp_path


def test_artifacts_and_bindings_are_fresh() -> None:
    """Nobody changed a source without building."""
    done = fresh(HOME)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("contracts/src/Router.sol", "Router.json"),
        ("contracts/src/Router.sol", "DynamicNft.json"),
        ("contracts/package-lock.json", "Router.json"),
        ("executor/chain/bindings/router.py", "router.py"),
    ],
)
def test_a_changed_input_or_binding_is_noticed(copy: Path, path: str, complaint: str) -> None:
    """A source, the npm lock and a generated module each end the check when edited."""
    with (copy / path).open("a") as file:
        file.write("\n")
    done = fresh(copy)
    assert done.returncode == 1
    assert complaint in done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_contracts_fit_a_transaction(name: str) -> None:
    """Runtime code is within EIP-170's limit and part of the creation code."""
    artifact = load(name)
    assert 0 < len(artifact.deployed_bytecode) // 2 - 1 <= EIP_170_LIMIT
    assert len(artifact.bytecode) > len(artifact.deployed_bytecode)


@pytest.mark.parametrize("name", DEMOS)
def test_what_demos_deploy_is_interface_and_creation_code(name: str) -> None:
    """Within EIP-3860's limit, every library linked, and nothing else in the wheel."""
    artifact = load(name)
    assert 0 < len(bytes.fromhex(artifact.bytecode[2:])) <= EIP_3860_LIMIT
    assert artifact.deployed_bytecode == ""


def test_an_unknown_artifact_is_named() -> None:
    """Loading what does not exist raises."""
    with pytest.raises(FileNotFoundError, match="Nothing"):
        load("Nothing")


def test_topics_are_those_of_the_abi() -> None:
    """Generated topics hash the event's canonical signature."""
    assert keccak(text="Delivered(bytes32,uint8,bool,address,(uint80,uint80,uint80))") == router_binding.Delivered.TOPIC


def test_the_lock_names_no_registry() -> None:
    """Packages are pinned by version and hash; where they come from is npm's configuration."""
    lock = json.loads((HOME / "contracts" / "package-lock.json").read_text())
    packages = [package for path, package in lock["packages"].items() if path]
    assert all("integrity" in package and "resolved" not in package for package in packages)


def test_structs_of_events_and_calls_are_generated_whole() -> None:
    """Nested structs become nested dataclasses, of events and of calls alike."""
    prices = router_binding.Prices(*range(7))
    assert router_binding.Prices.from_abi(range(7)) == prices
    assert router_binding.PricesChanged.from_abi([3, range(7)]) == router_binding.PricesChanged(3, prices)


def test_an_argument_named_like_a_keyword_has_an_underscore() -> None:
    """`from` is no name in Python."""
    assert router_binding.SubscriptionFunded.from_abi([1, "0x", 2]).from_ == "0x"
