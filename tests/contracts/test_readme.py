"""The README's contract compiles."""

import json
import re
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "contracts" / "tools"))

import compiler  # noqa: E402 (found through the line above)
import inputs  # noqa: E402


def test_the_contract_of_the_readme_compiles() -> None:
    """Word for word, with the import path of a user's remapping."""
    section = (ROOT / "README.md").read_text().split("## Ask from a contract")[1].split("\n## ")[0]
    (code,) = re.findall(r"^    .*\n(?:(?:    .*)?\n)*(?=\S)", section, re.MULTILINE)
    source = "pragma solidity ^0.8.37;\n" + textwrap.dedent(code)
    standard = json.loads(inputs.standard_input("src", only="README.sol"))
    standard["sources"]["README.sol"] = {"content": source}
    standard["settings"]["remappings"] = ["executor/=src/"]
    output = compiler.run(json.dumps(standard))
    assert [error for error in output.get("errors", []) if error["severity"] == "error"] == []
    assert output["contracts"]["README.sol"]["EthPrice"]["evm"]["bytecode"]["object"]
