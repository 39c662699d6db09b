"""Runs solc from npm."""

import json
import subprocess
from functools import cache
from typing import Any

import inputs
import npm


@cache
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
