"""The AssemblyScript compiler: installs what package-lock.json pins, compiles one function.

python guest-sdk/assemblyscript/assemblyscript.py SOURCE.ts OUT.wasm
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent
LOCK = HOME / "package-lock.json"
sys.path.insert(0, str(HOME.parents[1] / "contracts" / "tools"))

import npm  # noqa: E402  # contracts/tools/npm.py finds node, installs locked packages


def locked_version() -> str:
    """The compiler's version."""
    packages = json.loads(LOCK.read_text(encoding="utf-8"))["packages"]
    return str(packages["node_modules/assemblyscript"]["version"])


def compile_function(source: Path, out: Path) -> bytes:
    """The module of a function; raises CalledProcessError after the compiler told what is wrong."""
    npm.install(HOME)
    command = ["node", str(HOME / "build.mjs"), str(source), str(out)]
    subprocess.run(command, env=npm.environment(), check=True, stdout=subprocess.DEVNULL)
    return out.read_bytes()


if __name__ == "__main__":
    compile_function(*map(Path, sys.argv[1:3]))
