"""Compiles the contracts and writes the committed artifacts and bindings.

build.py          compile and write
build.py --check  compile and compare byte for byte with what is committed
build.py --fresh  compare input hashes only; needs no node
"""

import json
import sys
from pathlib import Path

import bindings
import compiler
import inputs


def outputs() -> dict[Path, str]:
    """Every generated file's path and text."""
    compiled = compiler.compile_folders("src")
    solc = json.loads((inputs.HOME / "package.json").read_text())["dependencies"]["solc"]
    files = {}
    artifacts = []
    for path, name in (contract.split(":") for contract in (*inputs.CONTRACTS, *inputs.DEMO_CONTRACTS)):
        unit = compiled[path][name]
        artifact = {
            "contract": name,
            "source": path,
            "solc": solc,
            "inputHash": inputs.input_hash(),
            "abi": unit["abi"],
            "bytecode": "0x" + unit["evm"]["bytecode"]["object"],
        }
        if f"{path}:{name}" in inputs.CONTRACTS:
            artifact["deployedBytecode"] = "0x" + unit["evm"]["deployedBytecode"]["object"]
            artifacts.append(artifact)
        files[inputs.ARTIFACTS / f"{name}.json"] = json.dumps(artifact, indent=1) + "\n"
    return files | bindings.generate(artifacts)


def stale() -> list[str]:
    """Names of what is missing or made from other inputs: artifacts by their hash, bindings by their text."""
    bound, shown = (
        [inputs.ARTIFACTS / f"{contract.split(':')[1]}.json" for contract in contracts]
        for contracts in (inputs.CONTRACTS, inputs.DEMO_CONTRACTS)
    )
    paths = bound + shown
    missing = [path.name for path in paths if not path.exists()]
    if missing:
        return missing
    artifacts = [json.loads(path.read_text()) for path in paths]
    current = inputs.input_hash()
    names = [f"{artifact['contract']}.json" for artifact in artifacts if artifact["inputHash"] != current]
    return names + different(bindings.generate(artifacts[: len(bound)]))


def different(files: dict[Path, str]) -> list[str]:
    """Names of the files that are missing or have another text."""
    return [path.name for path, text in files.items() if not path.exists() or path.read_text() != text]


def main(arguments: list[str]) -> None:
    if arguments == ["--fresh"]:
        wrong = stale()
    elif arguments == ["--check"]:
        wrong = different(outputs())
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
