"""The contracts of contracts/test/support/life, and coins, compiled on demand: what tests send against the router."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

TOOLS = Path(__file__).resolve().parents[2] / "contracts" / "tools"
sys.path.insert(0, str(TOOLS))

import compiler  # noqa: E402 (found through the line above)
import deployment  # noqa: E402
import inputs  # noqa: E402

__all__ = ["compiled", "deployment"]

FOLDER = "test/support/life"
COINS = "test/support/Coins.sol"
SETTINGS = inputs.SETTINGS | {"viaIR": False}  # seconds, not a minute


@dataclass(frozen=True, slots=True)
class Unit:
    """A contract's interface and code."""

    abi: list[dict[str, Any]]
    bytecode: str
    deployed: str


@cache
def compiled() -> dict[str, Unit]:
    """By name."""
    texts = inputs.sources(FOLDER) | {COINS: (inputs.HOME / COINS).read_text()}
    sources = {path: {"content": text} for path, text in texts.items()}
    output = compiler.run(json.dumps({"language": "Solidity", "settings": SETTINGS, "sources": sources}))
    problems = [error["formattedMessage"] for error in output.get("errors", [])]
    if problems:
        raise SystemExit("\n".join(problems))
    found = {name: unit for path in sources for name, unit in output["contracts"][path].items()}
    return {
        name: Unit(unit["abi"], *("0x" + unit["evm"][kind]["object"] for kind in ("bytecode", "deployedBytecode")))
        for name, unit in found.items()
    }
