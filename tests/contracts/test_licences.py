"""The one package under a licence that is not free stays where contracts/LICENCES says: tests and benchmarks."""

import json
import re
from pathlib import Path

import pytest

from tests.contracts.benchmarks import load

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
PACKAGE = "@chainlink/contracts"
ARTIFACTS = CONTRACTS.parent / "executor" / "chain" / "artifacts"

# Files that are not marked MIT, as contracts/LICENCES lists them.
EXCEPTIONS = {
    "src/v0.8/vendor/@ensdomains/buffer/v0.1.0/Buffer.sol": "BSD-2-Clause",
    "src/v0.8/vendor/@arbitrum/nitro-contracts/src/precompiles/ArbGasInfo.sol": "BUSL-1.1",
}


def imports(text: str) -> list[str]:
    """What a Solidity file imports."""
    return re.findall(r'^import[^;"]*"([^"]+)"', text, re.MULTILINE)


def reached(paths: list[Path]) -> set[Path]:
    """These files and all they import, below the package."""
    found: set[Path] = set()
    while paths:
        path = paths.pop().resolve()
        if path not in found:
            found.add(path)
            paths += [path.parent / name for name in imports(path.read_text())]
    return found


def test_artifacts_are_made_of_our_sources_and_openzeppelin() -> None:
    """No file below src imports anything else."""
    names = [name for path in (CONTRACTS / "src").rglob("*.sol") for name in imports(path.read_text())]
    assert len(names) > 20
    assert [name for name in names if not name.startswith((".", "@openzeppelin/contracts/"))] == []


def test_no_artifact_names_the_package() -> None:
    """Nor does any of them say it was compiled from it."""
    assert [path.name for path in ARTIFACTS.iterdir() if PACKAGE in path.read_text()] == []


def test_the_package_is_for_development_and_comes_alone() -> None:
    """The lock holds none of what the package depends on: no test needs it, and one dependency names no registry."""
    manifest = json.loads((CONTRACTS / "package.json").read_text())
    lock = json.loads((CONTRACTS / "package-lock.json").read_text())
    entry = lock["packages"][f"node_modules/{PACKAGE}"]
    assert manifest["devDependencies"] == {PACKAGE: entry["version"]}
    assert PACKAGE not in manifest["dependencies"]
    assert sorted(entry) == ["dev", "integrity", "license", "version"]
    assert [path for path, value in lock["packages"].items() if value.get("dev")] == [f"node_modules/{PACKAGE}"]


@pytest.mark.anvil
def test_every_file_that_is_read_is_under_the_licence_that_is_recorded() -> None:
    """MIT but for two files, which contracts/LICENCES names with theirs."""
    home = CONTRACTS / "node_modules" / PACKAGE
    used = [name for path in (CONTRACTS / "test").rglob("*.sol") for name in imports(path.read_text())]
    roots = [CONTRACTS / "node_modules" / name for name in used if name.startswith(PACKAGE)]
    roots += [CONTRACTS / "node_modules" / name for name in load("peers").SOURCES if name.startswith(PACKAGE)]
    licences = {}
    for path in reached(roots):
        marked = re.search(r"SPDX-License-Identifier: (\S+)", path.read_text())
        assert marked is not None, path
        licences[str(path.relative_to(home.resolve()))] = marked[1]
    assert {path: licence for path, licence in licences.items() if licence != "MIT"} == EXCEPTIONS
    text = (CONTRACTS / "LICENCES").read_text()
    for path, licence in EXCEPTIONS.items():
        assert re.search(rf"{re.escape(path.removeprefix('src/v0.8/'))} +{licence}$", text, re.MULTILINE)
