"""Running other people's compilers: alike whatever the user's environment holds, and not for ever.

Rule 1. A compiler sees the variables that say where things are, and none that could change the bytes it makes (`env!`
        of Rust, CPATH of C).
Rule 2. It reads nothing from the terminal, and has so many seconds.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from executor.cli._show import waiting
from executor.errors import HostFault

COMPILE_S: Final = 600  # a function takes seconds; a compiler's own library, once, a minute
KEPT_VARIABLES: Final = (
    *("PATH", "LD_LIBRARY_PATH", "HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "XDG_CACHE_HOME"),
    *("PYTHONPATH", "VIRTUAL_ENV", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "CARGO_HOME", "GOROOT", "GOPATH", "GOCACHE"),
    *("GOMODCACHE", "ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"),
)


def inputs_of(rules: Path, folder: Path) -> tuple[Path, ...]:
    """The files that a compiler read, by the first rule it wrote for make; paths count from the folder."""
    first = rules.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()[0].split(": ", 1)[-1]
    names = (name.replace("\\ ", " ") for name in re.split(r"(?<!\\)\s+", first) if name)
    return tuple(sorted({(folder / name).resolve() for name in names}))


def named_from(folder: Path, path: Path) -> str:
    """A file's name from the function's folder on; one outside of it begins with `..`."""
    return Path(os.path.relpath(path, folder.resolve())).as_posix()


def run_compiler(
    command: Sequence[str], folder: Path | None = None, settings: Mapping[str, str] = MappingProxyType({})
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, to its end; raises HostFault where it cannot be run or takes too long."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    try:
        with waiting("compiling the source"):
            return subprocess.run(
                command, cwd=folder, env={**kept, **settings}, stdin=subprocess.DEVNULL, capture_output=True,
                encoding="utf-8", errors="replace", check=False, timeout=COMPILE_S,
            )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise HostFault(f"{command[0]} did not end in {COMPILE_S} s") from error
    except OSError as error:
        raise HostFault(f"{command[0]} cannot be run: {error}") from error
