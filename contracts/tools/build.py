"""Compiles the contracts and writes the committed artifacts and bindings.

build.py          compile and write
build.py --check  compile and compare byte for byte with what is committed
build.py --fresh  compare input hashes only; needs no node
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import bindings
import inputs
import npm


def compile_folders(*folders: str) -> dict[str, Any]:
    """The compiler's output for these folders, {path: {contract: …}}; any error or warning ends the build."""
    npm.install()
    command = ["node", str(inputs.HOME / "tools" / "compile.mjs")]
    text = inputs.standard_input(*folders)
    done = subprocess.run(command, input=text, capture_output=True, text=True, env=npm.environment(), check=True)
    output = json.loads(done.stdout)
    problems = [error["formattedMessage"] for error in output.get("errors", [])]
    if problems:
        raise SystemExit("\n".join(problems))
    contracts: dict[str, Any] = output["contracts"]
    return contracts


def outputs() -> dict[Path, str]:
    """Every generated file's path and text."""
    compiled = compile_folders("src")
    solc = json.loads((inputs.HOME / "package.json").read_text())["dependencies"]["solc"]
    files = {}
    artifacts = []
    for path, name in (contract.split(":") for contract in inputs.CONTRACTS):
        unit = compiled[path][name]
        artifact = {
            "contract": name,
            "source": path,
            "solc": solc,
            "inputHash": inputs.input_hash(),
            "abi": unit["abi"],
            "bytecode": "0x" + unit["evm"]["bytecode"]["object"],
            "deployedBytecode": "0x" + unit["evm"]["deployedBytecode"]["object"],
        }
        artifacts.append(artifact)
        files[inputs.ARTIFACTS / f"{name}.json"] = json.dumps(artifact, indent=1) + "\n"
    return files | bindings.generate(artifacts)


def stale() -> list[str]:
    """The artifacts that are missing or were made from other inputs than the present ones."""
    current = inputs.input_hash()
    names = [contract.split(":")[1] for contract in inputs.CONTRACTS]
    paths = [inputs.ARTIFACTS / f"{name}.json" for name in names]
    return [path.name for path in paths if not path.exists() or json.loads(path.read_text())["inputHash"] != current]


def main(arguments: list[str]) -> None:
    if arguments == ["--fresh"]:
        wrong = stale()
    elif arguments == ["--check"]:
        wrong = [path.name for path, text in outputs().items() if not path.exists() or path.read_text() != text]
    elif not arguments:
        wrong = []
        for path, text in outputs().items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    else:
        raise SystemExit(__doc__)
    if wrong:
        raise SystemExit(f"contracts: stale, run contracts/tools/build.py: {', '.join(wrong)}")


if __name__ == "__main__":
    main(sys.argv[1:])
