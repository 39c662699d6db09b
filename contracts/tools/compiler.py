"""Runs solc from npm."""

import json
import subprocess
from functools import cache
from typing import Any

import inputs
import npm


@cache
def compile_folders(*folders: str, only: str = "*") -> dict[str, Any]:
    """The compiler's output for these folders, {path: {contract: …}}; any error or warning of ours ends the build.

    Code is made for the file `only`, which saves minutes where one is wanted.
    """
    output = run(inputs.standard_input(*folders, only=only))
    problems = [error["formattedMessage"] for error in output.get("errors", []) if is_ours(error)]
    if problems:
        raise SystemExit("\n".join(problems))
    contracts: dict[str, Any] = output["contracts"]
    return contracts


def run(standard_input: str) -> dict[str, Any]:
    """solc's standard JSON output; imports are read below contracts/ and its node_modules."""
    npm.install()
    command = ["node", str(inputs.HOME / "tools" / "compile.mjs")]
    environment = npm.environment()
    done = subprocess.run(command, input=standard_input, capture_output=True, text=True, env=environment, check=True)
    output: dict[str, Any] = json.loads(done.stdout)
    return output


def is_ours(error: dict[str, Any]) -> bool:
    """Whether it is an error, or a warning about a file of ours; warnings about npm's packages are theirs."""
    file = error.get("sourceLocation", {}).get("file", "")
    return error["severity"] == "error" or not file.startswith("@")
