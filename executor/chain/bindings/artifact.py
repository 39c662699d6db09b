"""Committed compiler output: executor/chain/artifacts, written by contracts/tools/build.py."""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True)
class Artifact:
    """One compiled contract, as web3 takes it; `deployed_bytecode` is empty where only demos deploy it."""

    name: str
    abi: list[dict[str, Any]]
    bytecode: str
    deployed_bytecode: str
    solc: str
    input_hash: str


@cache
def load(name: str) -> Artifact:
    """The artifact of a contract, by its Solidity name; FileNotFoundError for a name there is none of."""
    text = resources.files("executor.chain").joinpath("artifacts", f"{name}.json").read_text("utf-8")
    raw = json.loads(text)
    return Artifact(
        name=raw["contract"],
        abi=raw["abi"],
        bytecode=raw["bytecode"],
        deployed_bytecode=raw.get("deployedBytecode", ""),
        solc=raw["solc"],
        input_hash=raw["inputHash"],
    )
