"""Programs for commands: a module's compiled code is kept on disk (D8), so that the next command starts at once."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Final

from executor.crypto.digests import module_id, profile_id
from executor.errors import HostFault
from executor.model.function import Function
from executor.model.profile import PROFILE
from executor.vm import Program, load, self_test
from executor.worker.cache import CodeCache

DAY_S: Final = 86_400


def cache_folder() -> Path:
    """Where this user's compiled code is kept: below $XDG_CACHE_HOME, else ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "executor" / "compiled"


def tested() -> None:
    """D11's self-test, once a day for this engine and profile: what a command runs here is signed by nobody.

    `verify`, the gate, nodes and their workers make it at every start. Raises HostFault.
    """
    try:
        CodeCache(cache_folder(), PROFILE)  # the folder is this user's alone
        stamp = cache_folder() / f"{profile_id(PROFILE).hex()}-wasmtime-{version('wasmtime')}-tested"
        age_s = time.time() - stamp.stat().st_mtime
    except (HostFault, RuntimeError):
        return self_test()
    except OSError:
        age_s = DAY_S
    if not 0 <= age_s < DAY_S:
        self_test()
        with suppress(OSError):
            stamp.touch(mode=0o600)
    return None


def load_kept(function: Function) -> Program:
    """What `executor.load` gives and raises; without a folder of this user's alone nothing is kept."""
    try:
        cache = CodeCache(cache_folder(), PROFILE)
    except (HostFault, RuntimeError):  # RuntimeError: this machine knows no home folder
        return load(function)
    module = module_id(function.module)
    if (code := cache.read(module)) is not None:
        try:
            return load(function, compiled=code)
        except HostFault:  # made by another engine under this name: compiled anew
            cache.forget(module)
    program = load(function)
    with suppress(HostFault):  # a full disk costs the next command a second
        cache.write(module, program.serialize())
    return program
